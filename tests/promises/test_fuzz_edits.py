"""Files that hypothesis edits byte by byte: read right, or refused in words that name them."""

import pytest
from fuzz_files import TEXTS, write_intact
from fuzz_reading import lost_rows, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# What is read without compiled code, so that nothing can end the process that tests.
KINDS = [*TEXTS, "bigwig", "regions"]
TELLING = [b"\t", b",", b"\n", b"\r", b'"', b";", b" ", b"\x00", b"-", b".", b"1e999", b"nan"]

EDITS = st.lists(
    st.tuples(
        st.integers(0, 2**20),
        st.integers(0, 40),
        st.one_of(st.binary(max_size=8), st.sampled_from(TELLING)),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module", params=KINDS)
def intact(request, tmp_path_factory):
    """A kind, a place, the bytes of an intact file and what is read of it."""
    path = tmp_path_factory.mktemp(request.param) / "a.file"
    write_intact(request.param, path)
    return request.param, path, path.read_bytes(), read(request.param, path)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_edited_files_are_read_right_or_refused_by_name(intact, edits):
    kind, path, content, expected = intact
    for at, n_taken, put in edits:
        at %= len(content) + 1
        content = content[:at] + put + content[at + n_taken :]
    path.write_bytes(content)
    try:
        found = read(kind, path)
    except (ValueError, TypeError, FileNotFoundError) as error:
        if path.name not in str(error):
            raise
        return
    assert not lost_rows(kind, intact[2], content, expected, found)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_by_name(tmp_path, kind, content):
    path = tmp_path / "a.file"
    path.write_bytes(content)
    try:
        read(kind, path)
    except (ValueError, TypeError, FileNotFoundError) as error:
        if path.name not in str(error):
            raise

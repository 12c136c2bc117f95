"""Downloads: resumed, checked, one at a time, and clear without a connection."""

import fcntl
import gzip
import hashlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pooch
import pytest
from local_server import closed_port, serving

from skchromo.datasets import clear_data_home, fetch_contacts, get_data_home
from skchromo.datasets.public import _fetch_http
from skchromo.datasets.public._fetch_file import fetch_file

BODY = np.random.default_rng(0).bytes(1_000_000)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(_fetch_http, "_WAIT", 0)
    with serving() as server:
        server.files["data.bin"] = BODY
        yield server


def fetch(server, folder, **options):
    return fetch_file(f"{server.url}/data.bin", folder / "data.bin", progress=False, **options)


def test_a_file_is_downloaded_once_and_leaves_no_traces(server, tmp_path):
    path = fetch(server, tmp_path / "new" / "folder")
    assert path.read_bytes() == BODY
    assert fetch(server, tmp_path / "new" / "folder") == path
    assert len(server.requests) == 1
    assert sorted(file.name for file in path.parent.iterdir()) == ["data.bin", "data.bin.sha256"]
    digest = hashlib.sha256(BODY).hexdigest()
    assert path.with_name("data.bin.sha256").read_text() == f"{digest}  data.bin\n"


def test_dropped_connections_are_continued(server, tmp_path):
    server.faults = ["drop:300000", "status:503", "drop:200000", "drop:0"]
    assert fetch(server, tmp_path).read_bytes() == BODY
    starts = [None, "bytes=300000-", "bytes=300000-", "bytes=500000-", "bytes=500000-"]
    assert server.ranges_asked() == starts


def test_more_drops_than_attempts_do_no_harm_while_something_arrives(server, tmp_path):
    server.faults = ["drop:50000"] * 12
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_the_next_call_continues_and_the_error_says_so(server, tmp_path):
    server.faults = ["drop:300000"] + ["status:500"] * 4
    with pytest.raises(ConnectionError, match="300000 bytes are kept and continued by the next"):
        fetch(server, tmp_path)
    assert not (tmp_path / "data.bin").exists()
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges_asked()[-1] == "bytes=300000-"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data.bin", "data.bin.sha256"]


def test_a_file_that_changed_meanwhile_is_started_over(server, tmp_path):
    server.faults = ["drop:300000"] + ["status:500"] * 4
    with pytest.raises(ConnectionError):
        fetch(server, tmp_path)
    server.files["data.bin"] = new = BODY[::-1]
    assert fetch(server, tmp_path).read_bytes() == new
    assert server.ranges_asked()[-1] == "bytes=300000-"


@pytest.mark.parametrize("ranges", [True, False])
def test_without_tag_or_ranges_a_download_starts_over(server, tmp_path, ranges):
    server.ranges = ranges
    if ranges:
        server.etag = lambda body: ""
    server.faults = ["drop:300000"]
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert len(server.requests) == 2


def test_endless_drops_that_bring_nothing_new_end(server, tmp_path):
    server.faults = ["drop:0"] * 4
    with pytest.raises(ConnectionError):
        fetch(server, tmp_path)
    assert list(tmp_path.iterdir()) == []
    server.etag = lambda body: ""
    server.faults = ["drop:300000"] * 10
    with pytest.raises(ConnectionError) as caught:
        fetch(server, tmp_path)
    assert "are kept" not in str(caught.value)
    assert len(server.faults) > 0


@pytest.mark.parametrize("extra", [b"", b"x"])
def test_a_part_that_has_nothing_missing_is_started_over(server, tmp_path, extra):
    (tmp_path / "data.bin.part").write_bytes(BODY + extra)
    (tmp_path / "data.bin.part.tag").write_text(server.etag(BODY))
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges_asked() == [f"bytes={len(BODY + extra)}-", None]


def test_what_a_server_calls_compressed_is_kept_as_it_is(server, tmp_path):
    server.files["data.bin"] = packed = gzip.compress(b"text")
    server.headers = {"Content-Encoding": "gzip"}
    assert fetch(server, tmp_path).read_bytes() == packed
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


def test_the_publishers_checksum(server, tmp_path):
    good = f"md5:{hashlib.md5(BODY).hexdigest()}"
    with pytest.raises(ValueError, match=r"data\.bin as told by its publisher \(md5:0000"):
        fetch(server, tmp_path, checksum="md5:" + "0" * 32)
    assert list(tmp_path.iterdir()) == []
    path = fetch(server, tmp_path, checksum=good)
    assert [file.name for file in tmp_path.iterdir()] == ["data.bin"]
    path.write_bytes(BODY[:-1] + b"!")
    with pytest.raises(ValueError, match=r"damaged or was changed: .* delete the file"):
        fetch(server, tmp_path, checksum=good)


def test_the_recorded_checksum(server, tmp_path):
    path = fetch(server, tmp_path)
    path.write_bytes(BODY[:-1] + b"!")
    with pytest.raises(ValueError, match=r"not the one recorded in .*data\.bin\.sha256"):
        fetch(server, tmp_path)
    path.unlink()
    assert fetch(server, tmp_path).read_bytes() == BODY
    path.unlink()
    server.files["data.bin"] = b"another"
    with pytest.raises(ValueError, match="as told by an earlier download"):
        fetch(server, tmp_path)
    assert not path.exists()


def test_answers_that_are_no_file(server, tmp_path):
    del server.files["data.bin"]
    with pytest.raises(FileNotFoundError, match=r"no file at http.*/data\.bin \(HTTP status 404"):
        fetch(server, tmp_path)
    server.files["data.bin"] = b"<html>log in</html>"
    server.faults = ["status:403"]
    with pytest.raises(PermissionError, match="not open to everyone"):
        fetch(server, tmp_path)
    server.faults = ["status:418"]
    with pytest.raises(OSError, match="HTTP status 418"):
        fetch(server, tmp_path)
    server.headers = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(ValueError, match="gave a web page where a file was expected"):
        fetch(server, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(server.requests) == 4


def test_offline_names_file_address_and_place_and_a_file_put_there_is_taken(monkeypatch, tmp_path):
    monkeypatch.setattr(_fetch_http, "_WAIT", 0)
    url, path = f"{closed_port()}/data.bin", tmp_path / "data.bin"
    with pytest.raises(ConnectionError) as caught:
        fetch_file(url, path, progress=False)
    for part in ("data.bin", url, f"put the file at {path} by hand"):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(BODY)
    assert fetch_file(url, path, progress=False) == path
    assert (tmp_path / "data.bin.sha256").exists()


def test_many_at_once_download_once(server, tmp_path):
    with ThreadPoolExecutor(6) as pool:
        tasks = [pool.submit(fetch, server, tmp_path) for _ in range(6)]
        assert all(task.result().read_bytes() == BODY for task in tasks)
    assert len(server.requests) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data.bin", "data.bin.sha256"]


def test_who_waited_for_a_failed_download_goes_on_with_it(server, tmp_path):
    server.faults = ["drop:400000"] + ["status:500"] * 4
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(fetch, server, tmp_path) for _ in range(2)]
        errors = [task.exception() for task in tasks]
    assert sorted(type(error).__name__ for error in errors) == ["ConnectionError", "NoneType"]
    assert (tmp_path / "data.bin").read_bytes() == BODY
    assert server.ranges_asked()[-1] == "bytes=400000-"


def test_progress_is_a_bar_and_nothing_else(server, tmp_path, capfd):
    fetch_file(f"{server.url}/data.bin", tmp_path / "data.bin", progress=True)
    shown = capfd.readouterr()
    assert "data.bin" in shown.err
    assert "known_hash" not in shown.err
    assert shown.out == ""
    (tmp_path / "data.bin").unlink()
    fetch(server, tmp_path)
    assert capfd.readouterr().err == ""


def test_data_home(monkeypatch, tmp_path):
    monkeypatch.setenv("SKCHROMO_DATA", str(tmp_path / "env"))
    assert get_data_home() == tmp_path / "env"
    assert get_data_home(tmp_path) == tmp_path
    monkeypatch.delenv("SKCHROMO_DATA")
    assert get_data_home().name == "skchromo"


def test_clearing_leaves_what_is_not_ours(tmp_path):
    for name in ("roadmap", "encode", "contacts", "chromoformer", "thesis"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    (tmp_path / "notes.txt").write_text("x")
    clear_data_home(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "thesis"]
    clear_data_home(tmp_path / "absent")


def test_without_pooch_what_to_install_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match="pip install pooch"):
        fetch_contacts("H1", data_home=tmp_path)
    monkeypatch.delenv("SKCHROMO_DATA", raising=False)
    with pytest.raises(ImportError, match="pip install pooch"):
        get_data_home()


def test_who_comes_while_the_checksum_is_made_waits(server, tmp_path, monkeypatch):
    checking, go_on = threading.Event(), threading.Event()
    matches = pooch.core.hash_matches

    def slow(*args, **options):
        checking.set()
        assert go_on.wait(10)
        return matches(*args, **options)

    monkeypatch.setattr(pooch.core, "hash_matches", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch, server, tmp_path)
        assert checking.wait(10)
        with open(tmp_path / "data.bin.lock") as handle, pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        second = pool.submit(fetch, server, tmp_path)
        go_on.set()
        assert first.result() == second.result() == tmp_path / "data.bin"
    assert len(server.requests) == 1

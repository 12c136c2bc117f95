"""Files on disk and at addresses: read in order and at any place, by threads and after forks."""

import ast
import gzip
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import numpy as np
import pytest
from joblib import Parallel, delayed
from local_server import serving

import skchromo
from skchromo._files import RemoteFile, file_state, open_at, open_binary

CONTENT = np.random.default_rng(0).bytes(300_000) + b"chr1\t10\t20\n" * 20_000


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with serving() as server:
        server.files["a"] = CONTENT
        yield server


@pytest.fixture(params=["disk", "http", "memory"])
def place(request, server, tmp_path):
    """Function that puts content at a path or an address and returns that."""

    def put(content, name="a"):
        if request.param == "disk":
            Path(tmp_path, name).write_bytes(content)
            return str(tmp_path / name)
        if request.param == "http":
            server.files[name] = content
            return f"{server.url}/{name}"
        fsspec.filesystem("memory").pipe(f"/files/{name}", content)
        return f"memory://files/{name}"

    return put


@pytest.mark.parametrize("name", ["a.txt", "a.gz"])
@pytest.mark.parametrize("form", ["plain", "gzip", "members"])
def test_binary_file_is_decompressed_by_its_content(place, monkeypatch, name, form):
    monkeypatch.setattr(RemoteFile, "longest_range", 30_000)
    stored = {
        "plain": CONTENT,
        "gzip": gzip.compress(CONTENT),
        "members": gzip.compress(CONTENT[:1000]) + gzip.compress(CONTENT[1000:]),  # as bgzip
    }[form]
    with open_binary(place(stored, name)) as file:
        assert file.read(3) == CONTENT[:3]
        assert b"".join(file) == CONTENT[3:]


def test_empty_file_is_read(place):
    with open_binary(place(b"")) as file:
        assert file.read() == b""


@pytest.mark.parametrize("hidden", [(), ("preadv",), ("preadv", "pread")])
def test_file_is_read_at_any_place_whatever_the_system_has(place, monkeypatch, hidden):
    for name in hidden:
        monkeypatch.delattr(os, name)
    file = open_at(place(CONTENT))
    assert file.size == len(CONTENT)
    assert file.read_at(100_000, 50) == CONTENT[100_000:100_050]
    assert file.read_at(len(CONTENT) - 5, 50) == CONTENT[-5:]
    starts, stops = [7, 200_000, 90_000], [100_007, 200_001, 90_900]
    expected = [CONTENT[start:stop] for start, stop in zip(starts, stops, strict=True)]
    assert [bytes(content) for content in file.read_ranges(starts, stops)] == expected
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda at: file.read_at(at, 9), range(0, 40_000, 100))
        assert list(found) == [CONTENT[at : at + 9] for at in range(0, 40_000, 100)]
    file.close()


def test_state_changes_with_the_file(place):
    before = file_state(place(CONTENT))
    assert before[1] == len(CONTENT)
    assert file_state(before[0]) == before
    assert file_state(place(CONTENT[::-1])) != before


@pytest.mark.parametrize("other", [CONTENT[1:], CONTENT[:10], b""])
def test_replaced_file_is_an_error(server, other):
    fsspec.filesystem("memory").pipe("/files/a", CONTENT)
    files = [RemoteFile(f"{server.url}/a"), RemoteFile("memory://files/a")]
    server.files["a"] = other
    fsspec.filesystem("memory").pipe("/files/a", other)
    for file in files:
        with pytest.raises(ValueError, match=f"{file.url}: the file was replaced on the server"):
            file.fetch([400_000], [400_010])


def test_missing_file_is_an_error(server, tmp_path):
    for path in f"{server.url}/b", "memory://files/b", str(tmp_path / "b"):
        with pytest.raises(FileNotFoundError, match=r"K4: .* check"):
            file_state(path, "K4")


def test_several_ranges_are_fetched_at_the_same_time(server):
    file = RemoteFile(f"{server.url}/a")
    server.hold_until(3)
    assert file.fetch([0, 5, 9], [1, 7, 12]) == [CONTENT[0:1], CONTENT[5:7], CONTENT[9:12]]


def read_again(file, url, sender):
    sender.send(file.fetch([5], [8]) + RemoteFile(url).fetch([5], [8]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_remote_file_is_read_after_a_fork_and_by_other_processes(server):
    url = f"{server.url}/a"
    file = RemoteFile(url)
    context = multiprocessing.get_context("fork")
    for _ in range(2):
        receiver, sender = context.Pipe(duplex=False)
        with receiver, sender:
            child = context.Process(target=read_again, args=(file, url, sender))
            child.start()
            assert receiver.poll(30)
            assert receiver.recv() == [CONTENT[5:8]] * 2
            child.join()
        assert file.fetch([5], [8]) == [CONTENT[5:8]]
    states = Parallel(n_jobs=2)(delayed(file_state)(url) for _ in range(2))
    assert states == [file.state] * 2


def test_nothing_is_left_at_exit(server):
    code = f"from skchromo._files import RemoteFile; RemoteFile({server.url + '/a'!r})"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True
    )
    # asyncio tells in this mode what took long, as on a busy machine.
    told = [line for line in done.stderr.splitlines() if not line.startswith("Executing ")]
    assert (done.returncode, done.stdout, told) == (0, "", [])


WRITERS = {"write_text", "write_bytes", "savez", "savez_compressed", "savetxt", "tofile"}
WRITERS |= {"NamedTemporaryFile", "mkstemp", "touch"}


def writes(call):
    """Return whether a call of open() or of a method writes to a path."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name == "open":
        place = slice(1, 2) if isinstance(call.func, ast.Name) else slice(1)  # or Path.open
        modes = [each.value for each in call.args[place] if isinstance(each, ast.Constant)]
        modes += [each.value.value for each in call.keywords if each.arg == "mode"]
        return any(set(str(mode)) & set("wax+") for mode in modes)
    owner = getattr(getattr(call.func, "value", None), "id", "")
    return name in WRITERS or (owner, name) in {("os", "replace"), ("pd", "ExcelWriter")}


def test_files_are_written_in_one_place():
    """Downloads write parts of their own, which can be continued."""
    package = Path(skchromo.__file__).parent
    found = {
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and writes(node)
    }
    assert found == {"_files.py", "_fetch.py"}

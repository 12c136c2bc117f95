"""Downloads: continued, checked, one at a time, and clear without a connection."""

import gzip
import hashlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from local_server import closed_port

from skchromo.datasets import clear_data_home, fetch_contacts, get_data_home

BODY = np.random.default_rng(0).bytes(5_000_000)
SMALL = BODY[:50_000]


@pytest.fixture
def server(server):
    server.files = {"data.bin": BODY, "small.bin": SMALL}
    return server


def fetch(server, folder, name="data.bin", progress=False):
    return fetch_contacts(f"{server.url}/{name}", data_home=folder, progress=progress)


def names_in(folder):
    """Names of the files in a data home, without the number that stands for the address."""
    paths = (folder / "contacts").glob("*")
    return sorted(path.name.partition("-")[2] for path in paths)


def interrupt(server, folder):
    """Break off a download after the first 2 MB, if the server has ranges; return the error."""
    server.faults = ["", *["status:500"] * 50]
    with pytest.raises(ConnectionError) as caught:
        fetch(server, folder)
    server.faults = []
    server.requests.clear()
    return str(caught.value)


def test_file_is_downloaded_once_and_leaves_no_traces(server, tmp_path):
    path = fetch(server, tmp_path / "new" / "folder", "small.bin")
    assert path.read_bytes() == SMALL
    assert fetch(server, tmp_path / "new" / "folder", "small.bin") == path
    assert len(server.requests) == 1
    assert names_in(tmp_path / "new" / "folder") == ["small.bin", "small.bin.sha256"]
    digest = hashlib.sha256(SMALL).hexdigest()
    assert path.with_name(f"{path.name}.sha256").read_text() == f"{digest}  {path.name}\n"


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("fault", ["drop:30000", "drop:0", "status:503"])
def test_broken_connections_are_tried_again(server, tmp_path, ranges, fault):
    server.ranges = ranges
    server.faults = [fault] * 3
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_more_drops_than_attempts_do_no_harm_while_ranges_arrive(server, tmp_path):
    server.faults = [*["drop:5000"] * 3, "", *["drop:5000"] * 3]
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_next_call_continues_and_the_error_says_so(server, tmp_path):
    said = interrupt(server, tmp_path)
    assert f"{2 << 20} bytes are kept and continued by the next call" in said
    assert names_in(tmp_path) == ["data.bin.part", "data.bin.part.tag"]
    assert fetch(server, tmp_path).read_bytes() == BODY
    first, *rest = (int(text[6:].split("-")[0]) for text in server.ranges_asked())
    assert (first, min(rest)) == (0, 2 << 20)
    assert names_in(tmp_path) == ["data.bin", "data.bin.sha256"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of files on this system")
@pytest.mark.parametrize("ranges", [True, False])
def test_full_disk_is_reported_as_one(server, tmp_path, ranges):
    import resource

    server.ranges = ranges
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"cannot save to .*data\.bin: File too large.*room"):
            fetch(server, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_file_that_changed_meanwhile_is_started_over(server, tmp_path):
    interrupt(server, tmp_path)
    server.files["data.bin"] = new = BODY[::-1]
    assert fetch(server, tmp_path).read_bytes() == new


@pytest.mark.parametrize("ranges", [True, False])
def test_nothing_is_kept_that_cannot_be_continued(server, tmp_path, ranges):
    server.ranges = ranges
    server.etag = lambda body: ""
    assert "are kept" not in interrupt(server, tmp_path)
    assert names_in(tmp_path) == []
    assert fetch(server, tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("part", [BODY, BODY + b"x", b""])
def test_odd_parts_are_completed(server, tmp_path, part):
    path = fetch(server, tmp_path)
    path.rename(path.with_name(f"{path.name}.part")).write_bytes(part)
    path.with_name(f"{path.name}.part.tag").write_text(server.etag(BODY))
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert names_in(tmp_path) == ["data.bin", "data.bin.sha256"]


@pytest.mark.parametrize("ranges", [True, False])
def test_files_that_a_server_calls_compressed_are_kept_as_they_are(server, tmp_path, ranges):
    server.ranges = ranges
    server.files["data.bin"] = packed = gzip.compress(b"text")
    server.headers = {"Content-Encoding": "gzip"}
    assert fetch(server, tmp_path).read_bytes() == packed
    assert {headers["Accept-Encoding"] for _, headers in server.requests} == {"identity"}


def test_recorded_checksum_is_compared(server, tmp_path):
    path = fetch(server, tmp_path)
    path.write_bytes(BODY[:-1] + b"!")
    with pytest.raises(
        ValueError, match=r"damaged or was changed.*recorded in .*data\.bin\.sha256"
    ):
        fetch(server, tmp_path)
    path.unlink()
    assert fetch(server, tmp_path).read_bytes() == BODY
    path.unlink()
    server.files["data.bin"] = b"another"
    with pytest.raises(ValueError, match=r"checksum of .*data\.bin from an earlier download"):
        fetch(server, tmp_path)
    assert names_in(tmp_path) == ["data.bin.sha256"]


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("status:404", FileNotFoundError, r"http.*/data\.bin: .*no such file \(HTTP 404"),
        ("status:403", PermissionError, "refuses access .*HTTP 403"),
        ("status:418", OSError, "HTTP 418"),
    ],
)
def test_answers_without_a_file_are_not_tried_again(server, tmp_path, fault, error, message):
    server.faults = [fault]
    with pytest.raises(error, match=message):
        fetch(server, tmp_path)
    assert names_in(tmp_path) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_web_pages_are_refused(server, tmp_path, ranges):
    server.ranges = ranges
    server.files["data.bin"] = b"\n<!DOCTYPE html><html>log in</html>"
    with pytest.raises(ValueError, match="gave a web page where a file was expected"):
        fetch(server, tmp_path)
    assert names_in(tmp_path) == []


def test_offline_error_names_file_address_and_place(server, tmp_path):
    there = fetch(server, tmp_path / "other")
    url = f"{closed_port()}/data.bin"
    with pytest.raises(ConnectionError) as caught:
        fetch_contacts(url, data_home=tmp_path, progress=False)
    assert names_in(tmp_path) == []
    place = str(caught.value).rpartition("put the file at ")[2].removesuffix(" by hand")
    assert url in str(caught.value)
    there.rename(place)
    path = fetch_contacts(url, data_home=tmp_path, progress=False)
    assert (str(path), path.read_bytes()) == (place, BODY)
    assert names_in(tmp_path) == ["data.bin", "data.bin.sha256"]


def test_many_at_once_download_once(server, tmp_path):
    with ThreadPoolExecutor(6) as pool:
        tasks = [pool.submit(fetch, server, tmp_path, "small.bin") for _ in range(6)]
        assert all(task.result().read_bytes() == SMALL for task in tasks)
    assert len(server.requests) == 1
    assert names_in(tmp_path) == ["small.bin", "small.bin.sha256"]


def test_waiting_call_continues_a_failed_download(server, tmp_path):
    server.faults = ["status:500"] * 4
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(fetch, server, tmp_path) for _ in range(2)]
        errors = [task.exception() for task in tasks]
    assert sorted(type(error).__name__ for error in errors) == ["ConnectionError", "NoneType"]
    assert names_in(tmp_path) == ["data.bin", "data.bin.sha256"]


def test_call_waits_while_another_checks_its_download(server, tmp_path, monkeypatch):
    checking, continued = threading.Event(), threading.Event()
    digest = hashlib.file_digest

    def slow(*args):
        checking.set()
        assert continued.wait(10)
        return digest(*args)

    monkeypatch.setattr(hashlib, "file_digest", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch, server, tmp_path, "small.bin")
        assert checking.wait(10)
        second = pool.submit(fetch, server, tmp_path, "small.bin")
        continued.set()
        assert first.result() == second.result()
    assert len(server.requests) == 1


def test_files_are_downloaded_without_locks(server, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert names_in(tmp_path) == ["data.bin", "data.bin.sha256"]
    assert "are kept" not in interrupt(server, tmp_path / "other")
    assert names_in(tmp_path / "other") == []


def test_progress_is_a_bar_and_nothing_else(server, tmp_path, capfd):
    path = fetch(server, tmp_path, progress=True)
    shown = capfd.readouterr()
    assert "data.bin" in shown.err
    assert shown.out == ""
    path.unlink()
    fetch(server, tmp_path)
    assert capfd.readouterr().err == ""


def test_data_home_is_taken_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SKCHROMO_DATA", str(tmp_path / "env"))
    assert get_data_home() == tmp_path / "env"
    assert get_data_home(tmp_path) == tmp_path
    monkeypatch.delenv("SKCHROMO_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert get_data_home() == tmp_path / "skchromo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert get_data_home().parts[-2:] == (".cache", "skchromo")


def test_clearing_leaves_other_files(tmp_path):
    for name in ("roadmap", "encode", "contacts", "chromoformer", "models", "thesis"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    (tmp_path / "notes.txt").write_text("x")
    clear_data_home(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "thesis"]
    clear_data_home(tmp_path / "absent")

"""bigWigs on a web server: the same signal in few requests, over every kind of bad connection."""

import base64
import functools
import pickle
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from skchromo.features import BigWigTransformer
from skchromo.genome import read_bins
from skchromo.genome import read_chromsizes as chromsizes_of
from skchromo.genome.bigwig import BigWigFile, BinCache
from skchromo.genome.bigwig import _file as _bigwig
from skchromo.genome.bigwig import _remote as _bigwig_remote
from skchromo.genome.bigwig._file import OverlappingRunsError
from skchromo.genome.bigwig._index import Layout

SIZES = {"chr1": 2_000_000, "chr2": 900_000}
HEAD = 1 << 14


class QuietServer(ThreadingHTTPServer):
    """Says nothing of clients that hang up."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class RangeServer(QuietServer):
    """Serves bytes by path, in ranges; what is set below goes wrong."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), RangeHandler)
        self.files, self.redirects = {}, {}
        self.validators = {"ETag": '"1"'}
        self.n_drops, self.statuses, self.login = 0, [], None
        self.requests = []

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"


class RangeHandler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server, path = self.server, self.path[1:]
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
        server.requests.append((path, first, last + 1))
        if server.statuses:
            return self.send_error(server.statuses.pop(0))
        if path in server.redirects:
            self.send_response(307)
            self.send_header("Location", server.url(server.redirects[path]))
            return self.end_headers()
        if server.login and self.headers["Authorization"] != server.login:
            return self.send_error(401)
        if path not in server.files:
            return self.send_error(404)
        whole = server.files[path]
        content = whole[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{first + len(content) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(len(content)))
        for name, value in server.validators.items():
            self.send_header(name, value)
        self.end_headers()
        if server.n_drops:
            server.n_drops -= 1
            content = content[: len(content) // 2]
        return self.wfile.write(content)


def run(server):
    """Serve in a thread until the test ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No proxy, no pauses, pieces as small as the files here, and nothing known of any server."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(_bigwig_remote, "_PAUSES", (0, 0, 0))
    monkeypatch.setattr(_bigwig_remote, "_HEAD", HEAD)
    monkeypatch.setattr(_bigwig_remote, "_AHEAD", 1 << 12)
    monkeypatch.setattr(_bigwig_remote, "_GAP", 1 << 12)
    monkeypatch.setattr(_bigwig_remote, "_LONGEST", 1 << 15)
    monkeypatch.setattr(_bigwig, "_REMOTE_LAYOUTS", {})


def write(path, seed):
    rng = np.random.default_rng(seed)
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader(list(SIZES.items()))
        for chrom, size in SIZES.items():
            start = np.sort(rng.choice(size // 50, size // 100, replace=False)) * 50
            values = rng.gamma(1, 3, len(start)).astype(np.float32)
            handle.addEntries([chrom] * len(start), start, ends=start + 30, values=values)
    return str(path)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    return [write(folder / f"{seed}.bw", seed) for seed in range(3)]


@pytest.fixture
def server(paths):
    server = RangeServer()
    for number, path in enumerate(paths):
        with open(path, "rb") as file:
            server.files[f"{number}.bw"] = file.read()
    yield from run(server)


@pytest.fixture
def url(server):
    return server.url("0.bw")


@pytest.fixture
def genes():
    rng = np.random.default_rng(0)
    n = 400
    chrom = rng.choice(list(SIZES), n)
    return pd.DataFrame(
        {
            "gene_id": [f"g{i}" for i in range(n)],
            "chrom": chrom,
            "tss": [int(rng.integers(SIZES[name])) for name in chrom],
            "strand": rng.choice(["+", "-"], n),
        }
    )


def transformer(tracks, **options):
    return BigWigTransformer(tracks, window=2_000, **options)


def index_of(path):
    """Where the index of a file's blocks begins."""
    with open(path, "rb") as file:
        return Layout(file)._header.index


def is_of(request, place):
    return request[1] <= place < request[2]


@pytest.mark.parametrize("n_jobs", [None, 3])
def test_files_of_a_server_and_on_disk_give_the_same_in_few_requests(server, paths, genes, n_jobs):
    here = {"K4": paths[:2], "K27": paths[2]}
    there = {"K4": [server.url("0.bw"), paths[1]], "K27": server.url("2.bw")}
    expected = transformer(here).fit_transform(genes)
    assert transformer(there, n_jobs=n_jobs).fit_transform(genes).equals(expected)
    # 400 genes, two files of a dozen of the longest pieces each.
    assert 4 < len(server.requests) < 80


def test_index_and_chromosomes_are_read_once_whatever_the_tasks(
    server, url, paths, genes, monkeypatch
):
    monkeypatch.setattr("skchromo.features._signal_reading._REGIONS_AT_ONCE", 20)
    expected = transformer({"K4": paths[0]}).fit_transform(genes)
    for n_jobs in (4, 1):
        signal = transformer({"K4": url}, n_jobs=n_jobs).fit(genes)
        assert signal.transform(genes).equals(expected)
    place = index_of(paths[0])
    assert place > HEAD
    assert sum(is_of(request, place) for request in server.requests) == 1
    # All else that is read anew is the first bytes, which tell whether the file is the same.
    assert sum(first == 0 for _, first, _ in server.requests) == 2 * (1 + 1 + 20)
    assert len(server.requests) < 44 + 2 * 20 * 10


@pytest.mark.parametrize(("gap", "longest"), [(0, 1), (0, 1 << 20), (1 << 20, 1), (500, 5000)])
def test_pieces_of_any_size_give_the_same(url, paths, monkeypatch, gap, longest):
    monkeypatch.setattr(_bigwig_remote, "_GAP", gap)
    monkeypatch.setattr(_bigwig_remote, "_LONGEST", longest)
    start = np.random.default_rng(1).integers(0, SIZES["chr1"], 60)
    regions = ["chr1"] * 60, start, start + 3_000
    np.testing.assert_array_equal(
        read_bins(url, *regions, 100)[0], read_bins(paths[0], *regions, 100)[0]
    )


def test_near_blocks_come_in_one_request_and_no_byte_twice(server, url):
    read_bins(url, ["chr1"], [0], [10], 10)
    server.requests.clear()
    read_bins(url, ["chr1"] * 100, np.arange(100) * 20_000, np.arange(100) * 20_000 + 500, 100)
    pieces = sorted((first, last) for _, first, last in server.requests if first)
    assert 1 < len(pieces) < 25
    assert all(left[1] <= right[0] for left, right in pairwise(pieces))


def test_dropped_connections_and_busy_servers_are_tried_again(server, url, paths):
    expected = read_bins(paths[0], ["chr1"], [0], [90_000], 100)[0]
    server.n_drops = 2
    server.statuses = [503, 429]
    with pytest.raises(ConnectionError):
        read_bins(url, ["chr1"], [0], [90_000], 100)
    assert not server.n_drops
    server.n_drops, server.statuses = 2, [502]
    np.testing.assert_array_equal(read_bins(url, ["chr1"], [0], [90_000], 100)[0], expected)
    with BigWigFile(url) as bigwig:
        assert bigwig.chromsizes == SIZES
        server.n_drops = 3
        runs = list(bigwig.runs("chr1", np.array([0]), np.array([1000])))
    assert len(runs) == 1


def test_a_connection_that_always_drops_is_an_error_that_names_track_and_address(server, url):
    server.n_drops = 1000
    with pytest.raises(
        ConnectionError,
        match=rf"track K4 \({url}\): the server cannot be read from \(.*; tried 4 times\): check",
    ):
        chromsizes_of(url, "K4")
    assert server.n_drops == 996


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (404, FileNotFoundError, r"the server has no such file \(HTTP 404\): check the address"),
        (403, PermissionError, r"refuses access \(HTTP 403\): .*download the file with your login"),
        (416, ConnectionError, r"answers HTTP 416: check the address"),
        (500, ConnectionError, r"cannot be read from \(HTTP 500; tried 4 times\)"),
    ],
)
def test_refusals_are_named(server, url, genes, status, error, message):
    server.statuses = [status] * 4
    with pytest.raises(error, match=rf"track K4 \({url}\): .*{message}"):
        transformer({"K4": url}).fit(genes)
    assert len(server.requests) == (4 if status == 500 else 1)


def test_a_server_that_is_not_there(genes):
    with socket.socket() as taken:  # bound, so that no one else gets the port, but not listening
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/0.bw"
        with pytest.raises(ConnectionError, match=rf"track K4 \({url}\): .*refused.* check the ad"):
            transformer({"K4": url}).fit(genes)


@pytest.fixture
def plain_server(paths):
    """Python's own server, which sends whole files only."""
    folder = paths[0].rpartition("/")[0]

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=folder)
    yield from run(QuietServer(("127.0.0.1", 0), handler))


def test_a_server_without_ranges_needs_a_download(plain_server, genes):
    url = f"http://127.0.0.1:{plain_server.server_port}/0.bw"
    with pytest.raises(ValueError, match=rf"track K4 \({url}\): the server sends whole.*download"):
        transformer({"K4": url}).fit(genes)


def test_a_file_that_is_replaced_meanwhile_is_an_error_once(server, url, paths, genes):
    signal = transformer({"K4": url}).fit(genes)
    with BigWigFile(url, "K4") as bigwig:
        assert bigwig.chromsizes == SIZES
        server.files["0.bw"], server.validators = server.files["1.bw"], {"ETag": '"2"'}
        with pytest.raises(ValueError, match=rf"track K4 \({url}\): the file was replaced on the"):
            list(bigwig.runs("chr1", np.array([0]), np.array([1000])))
    expected = transformer({"K4": paths[1]}).fit_transform(genes)
    assert signal.transform(genes).equals(expected)


def test_a_page_instead_of_the_file_is_called_one(server, url):
    server.files["0.bw"] = b"<!DOCTYPE html><html>Please log in</html>"
    with pytest.raises(
        ValueError, match=r"0\.bw: not a bigWig file: it is a web page, .*logged in"
    ):
        chromsizes_of(url)


def test_a_file_that_is_cut_on_the_server_is_incomplete(server, url):
    server.files["0.bw"] = server.files["0.bw"][:-50]
    with pytest.raises(ValueError, match=r"0\.bw: the file is incomplete or damaged"):
        chromsizes_of(url)


def test_redirects_are_followed_once_until_they_run_out(server, paths):
    server.redirects["latest"] = "0.bw"
    with BigWigFile(server.url("latest")) as bigwig:
        assert bigwig.chromsizes == SIZES
        list(bigwig.runs("chr1", np.array([0]), np.array([1000])))
        assert sum(path == "latest" for path, _, _ in server.requests) == 1
        server.files["moved.bw"] = server.files.pop("0.bw")
        server.redirects["latest"] = "moved.bw"
        assert len(list(bigwig.runs("chr2", np.array([0]), np.array([1000])))) == 1
    assert server.requests[-1][0] == "moved.bw"


def test_a_login_in_the_address_is_sent_and_not_shown(server, url):
    server.login = "Basic " + base64.b64encode(b"me:s@cret").decode()
    mine = url.replace("http://", "http://me:s%40cret@")
    assert chromsizes_of(mine) == SIZES
    with pytest.raises(PermissionError, match="HTTP 401"):
        chromsizes_of(url)
    server.files.clear()
    with pytest.raises(FileNotFoundError) as caught:
        chromsizes_of(mine, "K4")
    assert str(caught.value).startswith(f"track K4 ({url}): ")


def test_overlapping_runs_need_a_download(url, monkeypatch):
    def overlapping(*arguments):
        raise OverlappingRunsError

    monkeypatch.setattr(BigWigFile, "runs", overlapping)
    with pytest.raises(ValueError, match=r"track K4 .*in which runs overlap .*download the file"):
        read_bins(url, ["chr1"], [0], [1000], 100, track="K4")


def test_a_remote_file_pickles_as_its_address(url):
    with BigWigFile(url, "K4") as bigwig:
        assert bigwig.chromsizes == SIZES
        twin = pickle.loads(pickle.dumps(bigwig))
    assert str(twin) == f"track K4 ({url})"
    assert twin.chromsizes == SIZES


def test_memory_keeps_what_was_read_until_the_file_is_replaced(server, url, paths, genes, tmp_path):
    signal = transformer({"K4": url}, memory=tmp_path / "cache").fit(genes)
    expected = transformer({"K4": paths[0]}).fit_transform(genes)
    assert signal.transform(genes).equals(expected)
    server.requests.clear()
    assert signal.transform(genes[::-1]).equals(expected[::-1])
    assert {(first, last) for _, first, last in server.requests} == {(0, HEAD)}
    server.files["0.bw"], server.validators = server.files["1.bw"], {"Last-Modified": "later"}
    expected = transformer({"K4": paths[1]}).fit_transform(genes)
    assert signal.transform(genes).equals(expected)


def test_memory_needs_a_server_that_tells_versions(server, url, tmp_path):
    server.validators = {}
    assert chromsizes_of(url) == SIZES
    with pytest.raises(ValueError, match=r"neither ETag nor Last-Modified, .*set memory=None"):
        BinCache(tmp_path, url, 100)
    server.files.clear()
    with pytest.raises(FileNotFoundError, match=rf"{url}: the server has no such file"):
        BinCache(tmp_path, url, 100)

"""bigWigs on a web server: the same signal in few requests, over every kind of bad connection."""

import base64
import pickle
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import fsspec
import numpy as np
import pandas as pd
import pyBigWig
import pytest
from local_server import closed_port, serving

from skchromo._files import RemoteFile
from skchromo.features import BigWigTransformer
from skchromo.genome import read_bins, read_chromsizes
from skchromo.genome.bigwig import BigWigFile, BinCache

SIZES = {"chr1": 2_000_000, "chr2": 900_000}
# Bytes that are read of a file when it is opened.
HEAD = 1 << 16


@pytest.fixture(autouse=True)
def short_ranges(pauses, monkeypatch):
    """Ranges as small as the files here."""
    monkeypatch.setattr(RemoteFile, "widest_gap", 1 << 12)
    monkeypatch.setattr(RemoteFile, "longest_range", 1 << 15)


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
    with serving() as server:
        for number, path in enumerate(paths):
            with open(path, "rb") as file:
                server.files[f"{number}.bw"] = file.read()
        yield server


@pytest.fixture
def url(server):
    return f"{server.url}/0.bw"


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


def first_runs(bigwig, chrom="chr1"):
    """Read the block that holds the first runs of a chromosome."""
    (runs,) = bigwig.runs(chrom, np.array([0]), np.array([1000]))
    return runs


@pytest.mark.parametrize("n_jobs", [None, 3])
def test_files_of_a_server_and_on_disk_give_the_same_in_few_requests(server, paths, genes, n_jobs):
    here = {"K4": paths[:2], "K27": paths[2]}
    there = {"K4": [f"{server.url}/0.bw", paths[1]], "K27": f"{server.url}/2.bw"}
    expected = transformer(here).fit_transform(genes)
    assert transformer(there, n_jobs=n_jobs).fit_transform(genes).equals(expected)
    # 400 genes, two files of a dozen of the longest ranges each.
    assert 4 < len(server.requests) < 80


def test_index_is_read_once_whatever_the_number_of_reads(server, url, paths):
    (index,) = struct.unpack_from("<Q", server.files["0.bw"], 24)
    assert index > HEAD
    start = np.arange(0, SIZES["chr1"], 20_000)
    expected = [read_bins(paths[0], ["chr1"], [at], [at + 2_000], 100)[0] for at in start]
    assert read_chromsizes(url) == SIZES
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda at: read_bins(url, ["chr1"], [at], [at + 2_000], 100)[0], start)
        np.testing.assert_array_equal(list(found), expected)
    places = server.places_read()
    assert sum(first <= index < last for first, last in places) == 1
    # Each read repeats only the first bytes, whose answer says that the file is the same.
    assert sum(first == 0 for first, _ in places) == 1 + len(start)
    assert len(places) <= 3 + 2 * len(start)


@pytest.mark.parametrize(("gap", "longest"), [(0, 1), (0, 1 << 20), (1 << 20, 1), (500, 5000)])
def test_ranges_of_any_size_give_the_same(url, paths, monkeypatch, gap, longest):
    monkeypatch.setattr(RemoteFile, "widest_gap", gap)
    monkeypatch.setattr(RemoteFile, "longest_range", longest)
    start = np.random.default_rng(1).integers(0, SIZES["chr1"], 60)
    regions = ["chr1"] * 60, start, start + 3_000
    np.testing.assert_array_equal(
        read_bins(url, *regions, 100)[0], read_bins(paths[0], *regions, 100)[0]
    )


def test_near_blocks_come_in_one_request_and_no_byte_twice(server, url):
    read_bins(url, ["chr1"], [0], [10], 10)
    server.requests.clear()
    read_bins(url, ["chr1"] * 100, np.arange(100) * 20_000, np.arange(100) * 20_000 + 500, 100)
    places = sorted(place for place in server.places_read() if place[0])
    assert 1 < len(places) < 25
    assert all(left[1] <= right[0] for left, right in pairwise(places))


def test_dropped_connections_and_busy_servers_are_tried_again(server, url, paths, pauses):
    expected = read_bins(paths[0], ["chr1"], [0], [90_000], 100)[0]
    server.faults = ["drop:9", "drop:9", "status:503", "status:429"]
    with pytest.raises(ConnectionError):
        read_bins(url, ["chr1"], [0], [90_000], 100)
    assert pauses == [0.3, 1, 3]
    server.faults = ["drop:9", "drop:0", "status:502"]
    np.testing.assert_array_equal(read_bins(url, ["chr1"], [0], [90_000], 100)[0], expected)
    with BigWigFile(url) as bigwig:
        assert bigwig.chromsizes == SIZES
        server.faults = ["drop:9"] * 3
        first_runs(bigwig)
    assert not server.faults


def test_pause_that_a_server_names_is_kept(server, url, pauses):
    server.headers["Retry-After"] = "2"
    server.faults = ["status:503", "status:429"]
    assert read_chromsizes(url) == SIZES
    assert pauses == [2, 2]


def test_connection_that_always_drops_is_an_error_that_names_track_and_address(server, url):
    server.faults = ["drop:9"] * 10
    with pytest.raises(
        ConnectionError,
        match=rf"track K4 \({url}\): the server cannot be read from \(.*; tried 4 times\): check",
    ):
        read_chromsizes(url, "K4")
    assert len(server.faults) == 6


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (404, FileNotFoundError, r"the server has no such file \(HTTP 404\): check the address"),
        (403, PermissionError, r"refuses access \(HTTP 403\): .*download the file with your login"),
        (416, ConnectionError, r"cannot be read from \(HTTP 416\): check the address"),
        (500, ConnectionError, r"cannot be read from \(HTTP 500; tried 4 times\)"),
    ],
)
def test_refusals_are_named(server, url, genes, status, error, message):
    server.faults = [f"status:{status}"] * 4
    with pytest.raises(error, match=rf"track K4 \({url}\): .*{message}"):
        transformer({"K4": url}).fit(genes)
    assert len(server.requests) == (4 if status == 500 else 1)


def test_server_that_does_not_exist_is_an_error(genes):
    url = f"{closed_port()}/0.bw"
    with pytest.raises(ConnectionError, match=rf"track K4 \({url}\): .*refused.* check the addr"):
        transformer({"K4": url}).fit(genes)


def test_server_without_ranges_needs_a_download(server, url, genes):
    server.ranges = False
    with pytest.raises(ValueError, match=rf"track K4 \({url}\): the server sends whole.*download"):
        transformer({"K4": url}).fit(genes)


def test_file_that_is_replaced_while_it_is_read_is_an_error_once(server, url, paths, genes):
    signal = transformer({"K4": url}).fit(genes)
    with BigWigFile(url, "K4") as bigwig:
        assert bigwig.chromsizes == SIZES
        server.files["0.bw"] = server.files["1.bw"]
        with pytest.raises(ValueError, match=rf"track K4 \({url}\): the file was replaced on the"):
            first_runs(bigwig)
    expected = transformer({"K4": paths[1]}).fit_transform(genes)
    assert signal.transform(genes).equals(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: b"<!DOCTYPE html><html>Please log in</html>", "a web page, .*logged in"),
        (lambda content: content[:-50], "the file is incomplete or damaged"),
        (lambda content: b"", "an empty file"),
    ],
)
def test_another_file_is_refused(server, url, change, message):
    server.files["0.bw"] = change(server.files["0.bw"])
    with pytest.raises(ValueError, match=rf"0\.bw: .*{message}"):
        read_chromsizes(url)


def test_redirects_are_followed_once_until_they_expire(server):
    server.redirects["latest"] = "0.bw"
    with BigWigFile(f"{server.url}/latest") as bigwig:
        assert bigwig.chromsizes == SIZES
        first_runs(bigwig)
        assert sum(path == "latest" for path, _ in server.requests) == 1
        server.files["moved.bw"] = server.files.pop("0.bw")
        server.redirects["latest"] = "moved.bw"
        apart = np.array([0, 700_000])
        assert len(list(bigwig.runs("chr2", apart, apart + 1000))) == 1
    assert [path for path, _ in server.requests[-2:]] == ["moved.bw"] * 2


def test_login_in_the_address_is_sent_and_not_shown(server, url):
    server.login = "Basic " + base64.b64encode(b"me:s@cret").decode()
    mine = url.replace("http://", "http://me:s%40cret@")
    assert read_chromsizes(mine) == SIZES
    with pytest.raises(PermissionError, match="HTTP 401"):
        read_chromsizes(url)
    server.files.clear()
    with pytest.raises(FileNotFoundError) as caught:
        read_chromsizes(mine, "K4")
    assert str(caught.value).startswith(f"track K4 ({url}): ")


def test_file_of_another_protocol_gives_the_same(paths, genes):
    with open(paths[0], "rb") as file:
        fsspec.filesystem("memory").pipe("/tracks/0.bw", file.read())
    expected = transformer({"K4": paths[0]}).fit_transform(genes)
    assert transformer({"K4": "memory://tracks/0.bw"}).fit_transform(genes).equals(expected)


def test_protocols_need_their_packages(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ImportError, match=r"track K4 \(s3://a/b\.bw\): .*pip install s3fs"):
        read_chromsizes("s3://a/b.bw", "K4")
    with pytest.raises(ValueError, match=r"nowhere:// cannot be read: download the file"):
        read_chromsizes("nowhere://a/b.bw")


def test_remote_file_pickles_as_its_address(url):
    with BigWigFile(url, "K4") as bigwig:
        assert bigwig.chromsizes == SIZES
        twin = pickle.loads(pickle.dumps(bigwig))
    assert str(twin) == f"track K4 ({url})"
    assert twin.chromsizes == SIZES


def test_memory_keeps_signal_until_the_file_is_replaced(server, url, paths, genes, tmp_path):
    signal = transformer({"K4": url}, memory=tmp_path / "cache").fit(genes)
    expected = transformer({"K4": paths[0]}).fit_transform(genes)
    assert signal.transform(genes).equals(expected)
    server.requests.clear()
    assert signal.transform(genes[::-1]).equals(expected[::-1])
    assert set(server.places_read()) == {(0, HEAD)}
    server.files["0.bw"], server.etag = server.files["1.bw"], lambda body: None
    server.headers["Last-Modified"] = "later"
    expected = transformer({"K4": paths[1]}).fit_transform(genes)
    assert signal.transform(genes).equals(expected)


def test_memory_needs_a_server_that_sends_versions(server, url, tmp_path):
    server.etag = lambda body: None
    assert read_chromsizes(url) == SIZES
    with pytest.raises(ValueError, match=r"neither ETag nor Last-Modified, .*set memory=None"):
        BinCache(tmp_path, url, 100)
    server.files.clear()
    with pytest.raises(FileNotFoundError, match=rf"{url}: the server has no such file"):
        BinCache(tmp_path, url, 100)

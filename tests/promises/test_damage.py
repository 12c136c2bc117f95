"""Damage that claims to be something else: endless, huge, or without content."""

import gzip
import io
import json
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from fuzz_files import (
    rewrite_archive,
    write_bigwig,
    write_checkpoint,
    write_cool,
    write_hic,
    write_model,
    write_regions,
)
from fuzz_reading import read

from skchromo import RegionArray, load_model
from skchromo.genome import read_bins, read_contacts, read_genes
from skchromo.genome.text import TextFile
from skchromo.nn import load_checkpoint


@pytest.fixture
def track(tmp_path):
    write_bigwig(tmp_path / "a.bw")
    return str(tmp_path / "a.bw")


@contextmanager
def peak_below(n_bytes):
    """Fail if more memory than this is taken at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < n_bytes
    finally:
        tracemalloc.stop()


def test_block_that_inflates_without_end_is_damage(track):
    content = bytearray(Path(track).read_bytes())
    bomb = zlib.compress(bytes(200 << 20), 9)
    first_leaf = struct.unpack_from("<Q", content, 24)[0] + 48 + 4
    struct.pack_into("<QQ", content, first_leaf + 16, len(content) - 4, len(bomb))
    content[-4:] = bomb + content[-4:]
    Path(track).write_bytes(content)
    with (
        peak_below(20 << 20),
        pytest.raises(ValueError, match=r"a\.bw: cannot be read at chr1:.* is damaged"),
    ):
        read_bins(track, ["chr1"], [0], [40_000], 100)


@pytest.mark.parametrize(
    ("reader", "name", "line", "number"),
    [
        (read_genes, "genes.gtf.gz", b"chr1\tx\tgene\t", 1),
        (read_contacts, "a.bedpe.gz", b"chr1\t1\t9\tchr1\t20\t30\tx\t2.5\nchr1\t1\t9\tchr1\t", 2),
    ],
)
def test_line_without_end_is_refused(tmp_path, monkeypatch, reader, name, line, number):
    monkeypatch.setattr(TextFile, "longest_line", 1 << 20)
    # pandas would take the memory, which is not counted as Python's
    monkeypatch.setattr(pd, "read_csv", lambda *args, **options: pytest.fail("read by pandas"))
    (tmp_path / name).write_bytes(gzip.compress(line + b"1" * (100 << 20)))
    message = rf"{name}', line {number}: this line has more than 1048576 bytes"
    with peak_below(30 << 20), pytest.raises(ValueError, match=message):
        reader(tmp_path / name)


def read_right_or_refuse(track, intact):
    """A field that no value depends on may hold anything."""
    try:
        values, _ = read_bins(track, ["chr1"], [0], [40_000], 100)
    except ValueError as error:
        if "a.bw" not in str(error):
            raise
        return
    Path(track).write_bytes(intact)
    np.testing.assert_array_equal(values, read_bins(track, ["chr1"], [0], [40_000], 100)[0])


def test_block_that_claims_most_of_a_large_file_is_damaged(track):
    content = bytearray(Path(track).read_bytes())
    first_leaf = struct.unpack_from("<Q", content, 24)[0] + 48 + 4
    struct.pack_into("<QQ", content, first_leaf + 16, 1000, 1 << 32)
    with open(track, "wb") as file:
        file.write(content[:-4])
        file.seek(1 << 33)  # a hole, which takes no space
        file.write(content[-4:])
    with (
        peak_below(20 << 20),
        pytest.raises(ValueError, match=r"a\.bw: cannot be read at chr1:.* is damaged"),
    ):
        read_bins(track, ["chr1"], [0], [40_000], 100)


def test_index_of_more_nodes_than_the_file_can_hold_is_damaged(track):
    """Nodes that overlap, each of which claims as many children as one can have."""
    content = bytearray(Path(track).read_bytes())
    index = struct.unpack_from("<Q", content, 24)[0]
    node = len(content)
    places = node + 4 + np.arange(2000) * 4
    children = b"".join(struct.pack("<IIIIQ", 0, 0, 0, 9, place) for place in places.tolist())
    nodes = struct.pack("<BBH", 0, 0, 2000) + children
    struct.pack_into("<BBH", content, index + 48, 0, 0, 1)
    struct.pack_into("<IIIIQ", content, index + 52, 0, 0, 0, 9, node)
    Path(track).write_bytes(content + nodes + content[-4:])
    with peak_below(20 << 20), pytest.raises(ValueError, match=r"a\.bw: .* is damaged"):
        read_bins(track, ["chr1"], [0], [40_000], 100)


@pytest.mark.parametrize("n_claimed", [2**31, 2**60])
def test_bigwig_that_claims_to_be_huge_is_damaged(track, n_claimed):
    content = Path(track).read_bytes()
    chroms, data, index = struct.unpack_from("<QQQ", content, 8)
    for at, kind in ((chroms + 16, "<Q"), (index + 8, "<Q"), (data, "<I"), (52, "<I")):
        if kind == "<I" and n_claimed >= 2**32:
            continue
        changed = bytearray(content)
        struct.pack_into(kind, changed, at, n_claimed)
        Path(track).write_bytes(changed)
        with peak_below(30 << 20):
            read_right_or_refuse(track, content)


@pytest.mark.parametrize("n_claimed", [2**31, 2**60])
def test_model_that_claims_to_be_huge_is_refused(tmp_path, n_claimed):
    write_model(tmp_path / "m")
    content = bytearray((tmp_path / "m").read_bytes())
    struct.pack_into("<Q", content, 0, n_claimed)
    (tmp_path / "m").write_bytes(content)
    with peak_below(5 << 20), pytest.raises(ValueError, match=r"is no.* file that save"):
        load_model(tmp_path / "m")
    shape = {"dtype": "F32", "shape": [n_claimed, 1], "data_offsets": [0, 4 * n_claimed]}
    header = json.dumps({"x": shape}).encode()
    (tmp_path / "m").write_bytes(struct.pack("<Q", len(header)) + header + bytes(100))
    with peak_below(5 << 20), pytest.raises(ValueError, match=r"is no.* file that save"):
        load_model(tmp_path / "m")


def test_checkpoint_that_unpacks_without_end_is_refused_first(tmp_path):
    write_checkpoint(tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/bomb", bytes(100 << 20))
    with (
        peak_below(50 << 20),
        pytest.raises(ValueError, match=r"a\.pt cannot be .*it unpacks into"),
    ):
        load_checkpoint(tmp_path / "a.pt")


def test_device_is_not_a_saved_array():
    with pytest.raises(ValueError, match="/dev/zero is not a regular file"):
        RegionArray.load("/dev/zero")


@pytest.mark.parametrize("n_claimed", [2**31, 2**40, 2**60])
@pytest.mark.parametrize("name", ["weights", "index", "start", "signal"])
@pytest.mark.parametrize("mmap_mode", ["r", None])
def test_arrays_that_claim_to_be_huge_are_refused(tmp_path, n_claimed, name, mmap_mode):
    write_regions(tmp_path / "X.npz")
    buffer = io.BytesIO()
    claimed = {"descr": "<f4", "fortran_order": False, "shape": (n_claimed, 2)}
    np.lib.format.write_array_header_1_0(buffer, claimed)
    rewrite_archive(tmp_path / "X.npz", {f"{name}.npy": buffer.getvalue() + b"x" * 100})
    with peak_below(1 << 20), pytest.raises(ValueError, match=r"X\.npz is damaged"):
        RegionArray.load(tmp_path / "X.npz", mmap_mode)


def test_packed_members_are_refused_before_they_are_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "X.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("about.json", b" " * (50 << 20))
    with peak_below(20 << 20), pytest.raises(ValueError, match=r"X\.npz is not .*compressed"):
        RegionArray.load(tmp_path / "X.npz")


def test_bigwig_without_index_is_damaged(track):
    content = bytearray(Path(track).read_bytes())
    content[24:32] = bytes(8)
    Path(track).write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.bw: the file is incomplete or damaged"):
        read_bins(track, ["chr1"], [0], [40_000], 100)


def test_index_without_blocks_is_damaged(track):
    content = bytearray(Path(track).read_bytes())
    node = struct.unpack_from("<Q", content, 24)[0] + 48
    n_blocks = struct.unpack_from("<H", content, node + 2)[0]
    assert n_blocks > 1
    struct.pack_into("<H", content, node + 2, n_blocks - 1)
    Path(track).write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.bw: cannot be read at .* is damaged"):
        read_bins(track, ["chr1"], [0], [40_000], 100)


def test_hic_that_ends_in_zeros_is_damaged(tmp_path):
    path = tmp_path / "a.hic"
    write_hic(path)
    content = path.read_bytes()
    directory = struct.unpack_from("<q", content, 8)[0]
    path.write_bytes(content[:directory] + bytes(len(content) - directory))
    with pytest.raises(ValueError, match=r"a\.hic' cannot be read \(its directory is damaged"):
        read("hic", path)


@pytest.mark.parametrize("name", ["bin2_id", "count"])
def test_cool_without_a_part_is_damaged(tmp_path, name):
    path = tmp_path / "a.cool"
    write_cool(path)
    with h5py.File(path, "r+") as file:
        shape, kind = file[f"pixels/{name}"].shape, file[f"pixels/{name}"].dtype
        del file[f"pixels/{name}"]
        # A part that was never written is read as zeros.
        file["pixels"].create_dataset(name, shape=shape, dtype=kind, chunks=True)
    with pytest.raises(ValueError, match=r"a\.cool'"):
        read("cool", path)


def test_json_of_another_kind_is_not_a_saved_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "X.npz", "w") as archive:
        archive.writestr("about.json", json.dumps([1, 2]))
    with pytest.raises(ValueError, match=r"X\.npz is not a file of RegionArray\.save"):
        RegionArray.load(tmp_path / "X.npz")

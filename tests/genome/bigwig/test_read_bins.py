"""Bin means of single files with known values, and every bad file."""

import multiprocessing
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from skchromo.genome import read_bins, read_chromsizes
from skchromo.genome.bigwig import BigWigFile

SIZES = {"chr1": 1000, "chr2": 500, "chrEmpty": 300}
MARKS = ("H3K27ac", "H3K27me3", "H3K36me3", "H3K4me1", "H3K4me3", "H3K9ac", "H3K9me3")


def write_bigwig(path, sizes, runs):
    """Write runs (chrom, start, end, value), sorted, as bedGraph intervals."""
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader(list(sizes.items()))
        if runs:
            chroms, starts, ends, values = (list(column) for column in zip(*runs, strict=True))
            handle.addEntries(chroms, starts, ends=ends, values=[float(v) for v in values])
    return str(path)


@pytest.fixture
def bigwig(tmp_path):
    runs = [("chr1", 100, 150, 3.0), ("chr1", 150, 200, 0.0), ("chr1", 990, 1000, 2.0)]
    return write_bigwig(tmp_path / "H3K4me3.bw", SIZES, [*runs, ("chr2", 0, 500, 1.0)])


def test_variable_and_fixed_steps_are_read(tmp_path):
    path = str(tmp_path / "steps.bw")
    with pyBigWig.open(path, "w") as handle:
        handle.addHeader([("chr1", 1000)])
        handle.addEntries("chr1", [0, 40], values=[1.0, 2.0], span=20)
        handle.addEntries("chr1", 100, values=[3.0, 5.0], span=30, step=50)
    values, _ = read_bins(path, ["chr1"], [0], [200], 50)
    np.testing.assert_allclose(values, [(20 + 20) / 50, 20 / 50, 90 / 50, 150 / 50], rtol=1e-6)


def test_last_bin_is_divided_by_its_own_width(bigwig):
    values, offsets = read_bins(bigwig, ["chr2"], [10], [260], 100)
    assert offsets.tolist() == [0, 3]
    assert values.tolist() == [1.0, 1.0, 1.0]


def test_positions_beyond_the_ends_are_not_covered(bigwig):
    zero, _ = read_bins(bigwig, ["chr2"] * 2, [-50, 450], [50, 550], 100)
    ignore, _ = read_bins(bigwig, ["chr2"] * 2, [-50, 450], [50, 550], 100, gaps="ignore")
    assert zero.tolist() == [0.5, 0.5]
    assert ignore.tolist() == [1.0, 1.0]
    outside, _ = read_bins(bigwig, ["chr2"] * 2, [-200, 600], [-100, 700], 100, gaps="ignore")
    assert outside.tolist() == [0.0, 0.0]


def test_explicit_zeros_count_as_covered(bigwig):
    assert read_bins(bigwig, ["chr1"], [100], [300], 200)[0].tolist() == [0.75]
    assert read_bins(bigwig, ["chr1"], [100], [300], 200, gaps="ignore")[0].tolist() == [1.5]


def test_file_without_any_interval_has_no_signal(tmp_path):
    path = write_bigwig(tmp_path / "none.bw", SIZES, [])
    assert read_bins(path, ["chr1"], [0], [200], 100)[0].tolist() == [0.0, 0.0]


def test_where_runs_overlap_regions_are_read_once_in_bounded_pieces(tmp_path, monkeypatch):
    path = tmp_path / "long.bw"
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", 4_000_000)])
        runs = {"ends": [4_000_000] * 2, "values": [1.0, 2.0], "validate": False}
        handle.addEntries(["chr1"] * 2, [0, 0], **runs)
    reads = []
    read_values = BigWigFile.values

    def counted(self, chrom, start, end):
        reads.append((start, end))
        return read_values(self, chrom, start, end)

    monkeypatch.setattr(BigWigFile, "values", counted)
    values, _ = read_bins(path, ["chr1"] * 4, [500, 100, 3_000, 500], [900, 600, 3_100, 900], 100)
    assert reads == [(100, 900), (3_000, 3_100)]
    assert (values == 2).all()
    reads.clear()
    start = np.arange(0, 3_900_000, 50_000)
    values, _ = read_bins(path, ["chr1"] * len(start), start, start + 100_000, 1000)
    assert (values == 2).all()
    assert 3 <= len(reads) <= 6
    assert max(last - first for first, last in reads) < 1_100_000


@pytest.mark.parametrize("mark", MARKS)
def test_real_tracks_equal_the_readers_bases(h1_e003, mark):
    path = str(h1_e003 / f"{mark}.bw")
    start = np.array([3_546_667, 3_008_934, 3_556_667, 3_008_934])
    end = np.array([3_586_667, 3_016_866, 3_566_700, 3_016_866])
    values, offsets = read_bins(path, ["chr1"] * 4, start, end, 100)
    with pyBigWig.open(path) as handle:
        for region in range(4):
            bases = handle.values("chr1", int(start[region]), int(end[region]), numpy=True)
            bases = np.nan_to_num(bases).astype(np.float64)
            expected = [bases[i : i + 100].mean() for i in range(0, len(bases), 100)]
            mine = values[offsets[region] : offsets[region + 1]]
            np.testing.assert_allclose(mine, expected, atol=1e-6)
    assert values.max() > 0


def test_missing_file_is_named_with_its_track():
    with pytest.raises(FileNotFoundError, match=r"track H3K4me3 \(/nowhere/a\.bw\): no such file"):
        read_bins("/nowhere/a.bw", ["chr1"], [0], [1], 1, track="H3K4me3")


def test_files_of_another_format_are_refused(tmp_path):
    contents = {
        "text.bw": (b"chr1\t0\t100\t1.5\n" * 20, "not a bigWig file: "),
        "bed.bw": (struct.pack("<I", 0x8789F2EB) + bytes(500), "a bigBed file"),
        "empty.bw": (b"", "an empty file"),
    }
    for name, (content, message) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}: .*{message}"):
            read_chromsizes(tmp_path / name)
    with pytest.raises(ValueError, match="is a folder"):
        read_chromsizes(tmp_path)


@pytest.mark.parametrize("zooms", [0, 3])
def test_file_cut_anywhere_is_incomplete(tmp_path, zooms):
    path = tmp_path / "whole.bw"
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", 100_000)], maxZooms=zooms)
        start = np.arange(0, 100_000, 10)
        handle.addEntries("chr1", start, values=np.sqrt(start), span=5)
    content = path.read_bytes()
    assert read_chromsizes(path) == {"chr1": 100_000}
    cut = tmp_path / "cut.bw"
    for length in {*range(4, 600, 9), *range(600, len(content), 97), len(content) - 1}:
        cut.write_bytes(content[:length])
        with pytest.raises(
            ValueError, match=rf"cut\.bw: the file is incomplete .*\({length} bytes"
        ):
            read_chromsizes(cut)


def test_real_file_cut_or_padded_with_zeros_is_incomplete(h1_e003, tmp_path):
    content = (h1_e003 / "H3K27ac.bw").read_bytes()
    cut = tmp_path / "cut.bw"
    for length in (10, 100, 250, 300, 100_000, 327_018, 328_000, 416_900, len(content) - 1):
        for padding in (b"", bytes(len(content) - length)):
            cut.write_bytes(content[:length] + padding)
            with pytest.raises(ValueError, match=r"cut\.bw: the file is incomplete or damaged"):
                read_chromsizes(cut)


@pytest.mark.parametrize("place", [5_000, 327_100])
def test_damage_in_the_middle_is_named(h1_e003, tmp_path, place):
    content = bytearray((h1_e003 / "H3K27ac.bw").read_bytes())
    content[place : place + 2000] = bytes(byte ^ 0x5A for byte in content[place : place + 2000])
    path = tmp_path / "bad.bw"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.bw: cannot be read at chr1:.* damaged"):
        read_bins(path, ["chr1"] * 2, [3_008_934, 25_271_501], [3_016_866, 25_311_501], 100)


def test_stored_nan_is_distinguished_from_a_gap(tmp_path):
    runs = [("chr1", 0, 50, 1.0), ("chr1", 100, 200, np.nan), ("chr1", 300, 400, 2.0)]
    path = write_bigwig(tmp_path / "nan.bw", SIZES, runs)
    with pytest.raises(ValueError, match=r"nan\.bw: NaN stored at chr1:100-200"):
        read_bins(path, ["chr1"], [0], [400], 100)
    values, _ = read_bins(path, ["chr1"], [210], [410], 100)
    np.testing.assert_allclose(values, [10 * 2 / 100, 90 * 2 / 100], rtol=1e-6)


@pytest.mark.parametrize(("value", "word"), [(-1.5, "negative"), (np.inf, "infinite")])
def test_signal_without_a_logarithm_names_track_position_and_remedy(tmp_path, value, word):
    runs = [("chr1", 0, 50, 1.0), ("chr1", 100, 200, value)]
    path = write_bigwig(tmp_path / "log2.bw", SIZES, runs)
    message = rf"track H3K9ac \(.*log2\.bw\): {word} signal .* at chr1:100: .*fold change"
    with pytest.raises(ValueError, match=message):
        read_bins(path, ["chr1"], [0], [400], 100, track="H3K9ac")


def test_absent_chromosomes_are_counted_and_the_files_listed(bigwig):
    with pytest.raises(
        ValueError,
        match="no chromosome chr8, chr9 in the file, needed for 3 of 4 regions; it lists chr1, "
        "chr2, chrEmpty; set missing_chrom='zero'",
    ):
        read_bins(bigwig, ["chr9", "chr1", "chr8", "chr9"], [0] * 4, [100] * 4, 100)


def test_absent_chromosomes_can_count_as_zero(bigwig):
    values, offsets = read_bins(
        bigwig, ["chr9", "chr1"], [0, 100], [250, 200], 100, missing_chrom="zero"
    )
    assert values.tolist() == [0.0, 0.0, 0.0, 1.5]
    assert offsets.tolist() == [0, 3, 4]


def test_names_without_prefix_get_a_hint_and_can_be_matched(bigwig):
    with pytest.raises(ValueError, match="set chrom_names='match'"):
        read_bins(bigwig, ["1"], [100], [200], 100)
    assert read_bins(bigwig, ["1"], [100], [200], 100, chrom_names="match")[0].tolist() == [1.5]
    with pytest.raises(ValueError, match="set missing_chrom='zero'"):
        read_bins(bigwig, ["9"], [100], [200], 100, chrom_names="match")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gaps": "nan"}, "gaps must be 'zero' or 'ignore'"),
        ({"missing_chrom": "skip"}, "missing_chrom must be 'error' or 'zero'"),
        ({"chrom_names": "fuzzy"}, "chrom_names must be"),
        ({"bin_size": 0}, "bin_size must be an integer of at least 1"),
        ({"bin_size": 10.0}, "bin_size must be an integer of at least 1"),
        ({"bin_size": True}, "bin_size must be an integer of at least 1"),
        ({"end": [0]}, r"regions are empty or reversed, the first is chr1:0-0"),
        ({"end": [1, 2]}, "one length"),
    ],
)
def test_bad_options_and_regions_are_named(bigwig, options, message):
    arguments = {"path": bigwig, "chrom": ["chr1"], "start": [0], "end": [10], "bin_size": 5}
    with pytest.raises(ValueError, match=message):
        read_bins(**{**arguments, **options})


def test_file_pickles_as_its_path(bigwig):
    with BigWigFile(bigwig, track="H3K4me3") as file:
        assert file.chromsizes == SIZES
        with pickle.loads(pickle.dumps(file)) as twin:
            assert str(twin) == str(file)
            np.testing.assert_array_equal(twin.values("chr1", 148, 151), [3.0, 3.0, 0.0])
            np.testing.assert_array_equal(twin.values("chr1", 98, 101), [np.nan, np.nan, 3.0])


def _read_after_fork(file, sender):
    sender.send(file.values("chr1", 149, 151).tolist())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_open_file_is_read_after_a_fork(bigwig):
    context = multiprocessing.get_context("fork")
    with BigWigFile(bigwig) as file:
        assert file.values("chr1", 149, 151).tolist() == [3.0, 0.0]
        receiver, sender = context.Pipe(duplex=False)
        with receiver, sender:
            child = context.Process(target=_read_after_fork, args=(file, sender))
            child.start()
            assert receiver.poll(30)
            assert receiver.recv() == [3.0, 0.0]
            child.join()
        assert file.values("chr1", 149, 151).tolist() == [3.0, 0.0]


def test_no_file_stays_open(bigwig):
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc: open files cannot be listed")

    def n_open():
        return len(os.listdir("/proc/self/fd"))

    before = n_open()
    for _ in range(5):
        read_bins(bigwig, ["chr1"], [0], [100], 100)
        with pytest.raises(ValueError, match="no chromosome"):
            read_bins(bigwig, ["chr9"], [0], [100], 100)
    assert n_open() == before

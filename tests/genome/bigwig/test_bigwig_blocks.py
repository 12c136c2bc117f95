"""Reading runs from a bigWig's blocks: against pyBigWig's bases, and every kind of bad block."""

import math
import pickle
import re
import struct
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skchromo.genome import read_bins, read_chromsizes
from skchromo.genome.bigwig import BigWigFile

SIZES = {"chr1": 3000, "chr2": 900, "chr10": 1500, "chrEmpty": 400}
BED_GRAPH, VARIABLE, FIXED = 1, 2, 3


def bases_of(path, chrom, start, end):
    """Values of a region, base by base; NaN where nothing is covered."""
    bases = np.full(end - start, np.nan)
    with pyBigWig.open(str(path)) as handle:
        low, high = max(start, 0), min(end, handle.chroms()[chrom])
        if low < high:
            found = handle.values(chrom, low, high, numpy=True)
            bases[low - start : high - start] = found if len(found) else np.nan
    return bases


def true_means(path, chrom, start, end, bin_size, gaps):
    """Means of a region's bins, added up without rounding."""
    bases = bases_of(path, chrom, start, end)
    means = []
    for first in range(0, len(bases), bin_size):
        inside = bases[first : first + bin_size]
        covered = inside[~np.isnan(inside)]
        width = len(inside) if gaps == "zero" else max(len(covered), 1)
        means.append(math.fsum(covered) / width)
    return means


def assert_true(path, places, bin_size, gaps):
    values, offsets = read_bins(path, *zip(*places, strict=True), bin_size, gaps=gaps)
    expected = [true_means(path, *place, bin_size, gaps) for place in places]
    assert values.dtype == np.float32
    assert np.diff(offsets).tolist() == [len(means) for means in expected]
    # No absolute tolerance: a low mean keeps its digits beside the highest signal.
    np.testing.assert_allclose(values, np.concatenate(expected), rtol=2e-7, atol=1e-44)


signal = st.one_of(
    st.just(0.0), st.floats(0, 50, width=32), st.sampled_from([2.0**-140, 1e-30, 1e30, 3e38])
)


@st.composite
def entries(draw):
    """Arguments of addEntries in its three forms, for each chromosome but the last."""
    calls = []
    for chrom, size in list(SIZES.items())[:-1]:
        position = 0
        for form in draw(st.lists(st.sampled_from([BED_GRAPH, VARIABLE, FIXED]), max_size=5)):
            position += draw(st.integers(0, 100))
            n = draw(st.integers(1, 8))
            values = draw(st.lists(signal, min_size=n, max_size=n))
            span = draw(st.integers(1, 60))
            gaps = np.array(draw(st.lists(st.integers(0, 40), min_size=n, max_size=n)))
            if form == FIXED:
                gaps[:] = gaps[0]
            lengths = np.full(n, span)
            if form == BED_GRAPH:
                lengths = np.array(draw(st.lists(st.integers(1, 300), min_size=n, max_size=n)))
            ends = position + np.cumsum(lengths + gaps) - gaps
            if ends[-1] > size:
                break
            starts, position = ends - lengths, int(ends[-1] + gaps[-1])
            if form == BED_GRAPH:
                calls.append((([chrom] * n, starts), {"ends": ends, "values": values}))
            elif form == VARIABLE:
                calls.append(((chrom, starts), {"values": values, "span": span}))
            else:
                step = span + int(gaps[0])
                calls.append(
                    ((chrom, int(starts[0])), {"values": values, "span": span, "step": step})
                )
    return calls


@st.composite
def places(draw):
    found = []
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(-400, 3200))
        end = start + draw(st.integers(1, 2500))
        found.append((draw(st.sampled_from(list(SIZES))), start, end))
    return [*found, found[0], (found[0][0], found[0][1] + 1, found[0][2] + 1)]


@settings(max_examples=120)
@given(
    entries(),
    places(),
    st.integers(1, 400),
    st.sampled_from(["zero", "ignore"]),
    st.booleans(),
)
def test_means_equal_those_of_the_bases(calls, regions, bin_size, gaps, overlap):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "a.bw")
        with pyBigWig.open(path, "w") as handle:
            handle.addHeader(list(SIZES.items()))
            for arguments, options in calls:
                handle.addEntries(*arguments, **options)
                if overlap and "ends" in options:
                    (*_, chrom), (*_, start) = arguments
                    again = {"ends": options["ends"][-1:], "values": [7.0], "validate": False}
                    handle.addEntries([chrom], [start], **again)
        assert_true(path, regions, bin_size, gaps)


@settings(max_examples=30)
@given(
    st.integers(0, 2**32 - 1), places(), st.integers(1, 400), st.sampled_from(["zero", "ignore"])
)
def test_files_of_another_writer_are_read(seed, regions, bin_size, gaps):
    pybigtools = pytest.importorskip("pybigtools")
    rng = np.random.default_rng(seed)
    runs = []
    for chrom in sorted(SIZES):
        edges = np.unique(rng.integers(0, SIZES[chrom], 400))
        kept = rng.random(len(edges) - 1) < 0.8
        values = rng.gamma(1, 1, len(edges) - 1).astype(np.float32)
        columns = (edges[:-1][kept], edges[1:][kept], values[kept])
        runs.extend(zip([chrom] * int(kept.sum()), *(c.tolist() for c in columns), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "a.bw")
        pybigtools.open(path, "w").write(SIZES, iter(runs))
        assert read_chromsizes(path) == SIZES
        assert_true(path, regions, bin_size, gaps)


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("gaps", ["zero", "ignore"])
def test_long_regions_of_many_blocks_are_read_in_pieces(tmp_path, gaps, overlap):
    size, path = 3_000_000, str(tmp_path / "a.bw")
    rng = np.random.default_rng(0)
    starts = np.flatnonzero(rng.random(size // 10) < 0.9) * 10
    ends, values = starts + rng.integers(1, 11, len(starts)), rng.gamma(1, 1, len(starts))
    with pyBigWig.open(path, "w") as handle:
        handle.addHeader([("chr1", size)])
        handle.addEntries(["chr1"] * len(starts), starts, ends=ends, values=values)
        if overlap:
            handle.addEntries(["chr1"], starts[-1:], ends=ends[-1:], values=[7.0], validate=False)
    start, end = np.array([-100, 1_000_003, 5]), np.array([size + 50, 2_900_000, 90])
    found, offsets = read_bins(path, ["chr1"] * 3, start, end, 7, gaps=gaps)
    bases = bases_of(path, "chr1", -100, size + 50)
    covered = ~np.isnan(bases)
    for region, (first, last) in enumerate(zip(start + 100, end + 100, strict=True)):
        edges = np.arange(0, last - first, 7)
        sums = np.add.reduceat(np.where(covered, bases, 0)[first:last].astype(float), edges)
        widths = np.diff(np.append(edges, last - first))
        if gaps == "ignore":
            widths = np.maximum(np.add.reduceat(covered[first:last].astype(float), edges), 1)
        mine = found[offsets[region] : offsets[region + 1]]
        np.testing.assert_allclose(mine, sums / widths, rtol=2e-7, atol=1e-44)


def section(chrom, kind, items, *, step=0, span=0, start=None, end=None, count=None):
    """A data block, not compressed, with its place; every number of its head can be falsified."""
    first = items[0][0] if kind != FIXED else start
    last = {
        BED_GRAPH: lambda: items[-1][1],
        VARIABLE: lambda: items[-1][0] + span,
        FIXED: lambda: start + step * (len(items) - 1) + span,
    }[kind]()
    form = {BED_GRAPH: "<IIf", VARIABLE: "<If", FIXED: "<f"}[kind]
    end = last if end is None else end
    start = first if start is None else start
    head = struct.pack(
        "<IIIIIBBH", chrom, start, end, step, span, kind, 0, len(items) if count is None else count
    )
    return (chrom, start, chrom, end), head + b"".join(struct.pack(form, *item) for item in items)


def tree_bytes(place, items, branch, fanout):
    """Nodes of a tree over packed leaf items, the root first; `branch` packs a child's entry."""
    groups = [items[i : i + fanout] for i in range(0, len(items), fanout)]
    if len(groups) == 1:
        return struct.pack("<BBH", 1, 0, len(items)) + b"".join(packed for _, packed in items)
    width = len(branch(groups[0], 0))
    inside, children = b"", b""
    begin = place + 4 + width * len(groups)
    for group in groups:
        inside += branch(group, begin + len(children))
        children += tree_bytes(begin + len(children), group, branch, fanout)
    return struct.pack("<BBH", 0, 0, len(groups)) + inside + children


def write_raw(path, sizes, sections, *, compress=False, fanout=2, total=1, version=4):
    """Write a bigWig byte by byte, its trees as deep as a small `fanout` makes them."""
    names = [
        (name, name.encode().ljust(8, b"\0") + struct.pack("<II", number, size))
        for number, (name, size) in enumerate(sizes.items())
    ]
    begin = 64 + 40
    tree = struct.pack("<IIIIQQ", 0x78CA8C91, fanout, 8, 8, len(sizes), 0)
    tree += tree_bytes(
        begin + 32, names, lambda group, at: group[0][1][:8] + struct.pack("<Q", at), fanout * 20
    )
    data = begin + len(tree)
    body, leaves = struct.pack("<Q", len(sections)), []
    for bounds, content in sections:
        stored = zlib.compress(content) if compress else content
        place = struct.pack("<IIIIQQ", *bounds, data + len(body), len(stored))
        leaves.append((bounds, place))
        body += stored
    index = data + len(body)
    spans = [bounds for bounds, _ in leaves]
    head = struct.pack(
        "<IIQIIIIQII",
        *(0x2468ACE0, fanout, len(leaves), *spans[0][:2], *spans[-1][2:], index, 1, 0),
    )
    nodes = tree_bytes(
        index + 48,
        leaves,
        lambda group, at: struct.pack("<IIIIQ", *group[0][0][:2], *group[-1][0][2:], at),
        fanout,
    )
    largest = max(len(content) for _, content in sections) if compress else 0
    # Version 2 brought the summary, version 3 compression, version 4 the signature at the end.
    summary_at, end = 64 * (version > 1), struct.pack("<I", 0x888FFC26) * (version > 3)
    header = struct.pack(
        "<IHHQQQHHQQIQ",
        *(0x888FFC26, version, 0, begin, data, index, 0, 0, 0, summary_at, largest, 0),
    )
    summary = struct.pack("<Q4d", 1, 0, 1, total, 1)
    Path(path).write_bytes(header + summary + tree + body + head + nodes + end)
    return str(path)


def many_sections():
    """Seven blocks of all three kinds on two chromosomes."""
    return [
        section(0, BED_GRAPH, [(0, 10, 1.0), (10, 25, 2.5)]),
        section(0, FIXED, [(3.0,), (4.0,), (5.0,)], start=40, step=30, span=20),
        section(0, VARIABLE, [(200, 0.5), (220, 1.5), (300, 7.0)], span=15),
        section(0, BED_GRAPH, [(400, 1000, 0.25)]),
        section(0, BED_GRAPH, [(1000, 1001, 1e30), (1001, 1100, 1e-20)]),
        section(1, VARIABLE, [(0, 1.0)], span=900),
        section(2, FIXED, [(1.0,)] * 15, start=0, step=100, span=100),
    ]


WHOLE = [("chr1", 0, 3000), ("chr2", 0, 900), ("chr10", 0, 1500), ("chrEmpty", 0, 400)]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("fanout", [2, 3, 50])
@pytest.mark.parametrize("gaps", ["zero", "ignore"])
def test_uncompressed_files_and_deep_trees_are_read(tmp_path, compress, fanout, gaps):
    path = write_raw(tmp_path / "a.bw", SIZES, many_sections(), compress=compress, fanout=fanout)
    assert read_chromsizes(path) == SIZES
    for bin_size in (1, 7, 100, 5000):
        assert_true(path, WHOLE, bin_size, gaps)
    values, _ = read_bins(path, ["chr1"], [0], [1100], 1)
    assert values[[0, 24, 25, 40, 59, 60, 100, 119, 314, 1000]].tolist() == [
        *(1.0, 2.5, 0.0, 3.0, 3.0, 0.0, 5.0, 5.0, 7.0),
        np.float32(1e30),
    ]


def test_chromosomes_are_listed_in_the_order_of_the_file(tmp_path):
    sizes = {f"c{(7 * i) % 100:03d}": 100 + i for i in range(100)}
    path = write_raw(tmp_path / "a.bw", sizes, [section(3, BED_GRAPH, [(0, 10, 1.0)])], fanout=2)
    assert list(read_chromsizes(path).items()) == list(sizes.items())
    assert read_bins(path, ["c021"], [0], [20], 10)[0].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    "overlapping",
    [
        [section(0, BED_GRAPH, [(0, 30, 1.0), (20, 50, 2.0)])],
        [section(0, BED_GRAPH, [(0, 30, 1.0)]), section(0, VARIABLE, [(20, 2.0)], span=30)],
    ],
    ids=["in one block", "in two blocks"],
)
def test_where_runs_overlap_the_last_one_counts(tmp_path, overlapping):
    path = write_raw(tmp_path / "a.bw", SIZES, overlapping)
    values, _ = read_bins(path, ["chr1"], [0], [60], 20)
    assert values.tolist() == [1.0, 2.0, 1.0]
    assert_true(path, WHOLE, 10, "zero")


@pytest.mark.parametrize(
    "bad",
    [
        section(0, BED_GRAPH, [(100, 100, 1.0)]),
        section(0, BED_GRAPH, [(110, 100, 1.0)]),
        section(0, BED_GRAPH, [(100, 200, 1.0)], start=101),
        section(0, BED_GRAPH, [(100, 200, 1.0)], end=199),
        section(0, BED_GRAPH, [(100, 200, 1.0)], count=2),
        section(0, VARIABLE, [(100, 1.0)], span=0, end=200),
        section(0, VARIABLE, [(100, 1.0)], span=2**32 - 50, end=200),
        section(0, FIXED, [(1.0,), (1.0,)], start=100, step=2**32 - 50, span=1, end=200),
        ((0, 100, 0, 200), b""),
        ((0, 100, 0, 200), bytes(24)),
        ((0, 100, 0, 200), section(1, BED_GRAPH, [(100, 200, 1.0)])[1]),
        (
            (0, 100, 0, 200),
            section(0, BED_GRAPH, [(100, 200, 1.0)])[1].replace(b"\1\0\1", b"\4\0\1"),
        ),
    ],
)
@pytest.mark.parametrize("compress", [False, True])
def test_blocks_that_make_no_sense_are_damage(tmp_path, bad, compress):
    good = [section(0, BED_GRAPH, [(0, 50, 1.0)]), section(0, BED_GRAPH, [(300, 350, 2.0)])]
    path = write_raw(tmp_path / "bad.bw", SIZES, [good[0], bad, good[1]], compress=compress)
    start, end = bad[0][1], bad[0][3]
    message = rf"track K4 \(.*bad\.bw\): cannot be read at chr1:{start}-{end}: the file is damaged"
    with pytest.raises(ValueError, match=message):
        read_bins(path, ["chr1"], [0], [1000], 100, track="K4")
    assert read_bins(path, ["chr1"] * 2, [0, 290], [50, 400], 110)[0].tolist() == [
        1.0,
        np.float32(100 / 110),
    ]


@pytest.mark.parametrize(
    "bounds", [(0, 400, 0, 500), (0, 0, 1, 50)], ids=["not in order", "two chromosomes"]
)
def test_index_that_makes_no_sense_is_damage(tmp_path, bounds):
    sections = [
        (bounds, section(0, BED_GRAPH, [(0, 50, 1.0)])[1]),
        section(0, BED_GRAPH, [(300, 350, 2.0)]),
    ]
    path = write_raw(tmp_path / "bad.bw", SIZES, sections)
    assert read_chromsizes(path) == SIZES
    with pytest.raises(ValueError, match=r"cannot be read at chr1:20-70: the file is damaged"):
        read_bins(path, ["chr1"], [20], [70], 10)


def test_tree_that_leads_back_to_itself_is_damage(tmp_path):
    path = Path(write_raw(tmp_path / "bad.bw", SIZES, many_sections(), fanout=2))
    content = bytearray(path.read_bytes())
    root = struct.unpack_from("<Q", content, 24)[0] + 48
    assert content[root] == 0
    content[root + 20 : root + 28] = struct.pack("<Q", root)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="the file is damaged"):
        read_bins(path, ["chr1"], [0], [70], 10)


@pytest.fixture(scope="module")
def compressed(tmp_path_factory):
    """A file of several blocks, its bytes, and where the first begins and the last ends."""
    path = tmp_path_factory.mktemp("blocks") / "a.bw"
    rng = np.random.default_rng(0)
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", 1_000_000)])
        edges = np.unique(rng.integers(0, 1_000_000, 30_000))
        values = rng.gamma(1, 1, len(edges) - 1)
        handle.addEntries(["chr1"] * len(values), edges[:-1], ends=edges[1:], values=values)
    content = path.read_bytes()
    data, index = struct.unpack_from("<QQ", content, 16)
    return path, content, data + 8, index


@settings(max_examples=150)
@given(st.data())
def test_damaged_blocks_are_an_error_or_do_no_harm(compressed, data):
    path, content, first, last = compressed
    expected, _ = read_bins(path, ["chr1"], [0], [1_000_000], 1000)
    broken = bytearray(content)
    for place in data.draw(st.lists(st.integers(first, last - 1), min_size=1, max_size=5)):
        broken[place] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(first, last)))
    if cut is not None:
        broken[cut:last] = bytes(last - cut)
    with tempfile.TemporaryDirectory() as folder:
        bad = Path(folder) / "bad.bw"
        bad.write_bytes(broken)
        error, values = None, expected
        try:
            values, _ = read_bins(bad, ["chr1"], [0], [1_000_000], 1000)
        except ValueError as found:
            error = str(found)
        np.testing.assert_array_equal(values, expected)
        assert error is None or re.search(r"bad\.bw: cannot be read at chr1:.* is damaged", error)


def test_file_that_shrinks_while_it_is_open_is_refused(compressed, tmp_path):
    _, content, first, _ = compressed
    bad = tmp_path / "bad.bw"
    bad.write_bytes(content)
    with BigWigFile(bad) as bigwig:
        assert bigwig.chromsizes == {"chr1": 1_000_000}
        with bad.open("r+b") as file:
            file.truncate(first + 100)
        with pytest.raises(ValueError, match=r"bad\.bw: the file was replaced while it was read"):
            list(bigwig.runs("chr1", np.array([0]), np.array([1_000_000])))


def test_each_block_is_inflated_once_and_only_where_needed(compressed):
    path = str(compressed[0])
    with mock.patch("zlib.decompressobj", side_effect=zlib.decompressobj) as counted:
        read_bins(path, ["chr1"], [0], [1_000_000], 100)
        n_blocks = counted.call_count
        assert n_blocks > 10
        counted.reset_mock()
        start = np.arange(0, 960_000, 10_000)
        read_bins(path, ["chr1"] * 288, np.tile(start, 3), np.tile(start, 3) + 40_000, 100)
        assert counted.call_count == n_blocks
        counted.reset_mock()
        read_bins(path, ["chr1"] * 2, [10, 999_000], [20, 1_000_500], 100)
        assert counted.call_count == 2


@pytest.mark.parametrize(
    "overlapping", [[], [(60, 70, 0.0), (60, 70, 0.0)]], ids=["runs", "overlapping runs"]
)
def test_only_bad_values_inside_the_regions_matter(tmp_path, overlapping):
    items = [(0, 10, 1.0), (10, 20, np.nan), (20, 30, -2.0), (30, 40, np.inf), (40, 50, 3.0)]
    sections = [section(0, BED_GRAPH, [*items, *overlapping])]
    path = write_raw(tmp_path / "bad.bw", SIZES, sections, total=math.nan)
    values, _ = read_bins(path, ["chr1"] * 2, [0, 40], [10, 90], 10)
    assert values.tolist() == [1.0, 3.0, 0.0, 0.0, 0.0, 0.0]
    for start, end, message in (
        (5, 11, "NaN stored at chr1:10-20"),
        (19, 25, "NaN stored at chr1:10-20"),
        (25, 27, r"negative signal \(-2\) at chr1:25"),
        (20, 90, r"negative signal \(-2\) at chr1:20"),
        (35, 90, r"infinite signal \(inf\) at chr1:35"),
    ):
        with pytest.raises(ValueError, match=message):
            read_bins(path, ["chr1"] * 2, [0, start], [10, end], 10)


@pytest.mark.parametrize(("version", "compress"), [(1, False), (2, False), (3, True), (4, True)])
def test_every_version_of_the_format_is_read(tmp_path, version, compress):
    settings = {"version": version, "compress": compress}
    path = write_raw(tmp_path / "a.bw", SIZES, many_sections(), **settings)
    whole = Path(path).read_bytes()
    truth = write_raw(tmp_path / "b.bw", SIZES, many_sections())
    places = ["chr1", "chr2"], [0, 0], [500, 500]
    np.testing.assert_array_equal(read_bins(path, *places, 7)[0], read_bins(truth, *places, 7)[0])
    for lost in (4, 30) if version > 3 else (30, len(whole) // 2):
        Path(path).write_bytes(whole[:-lost])
        with pytest.raises(ValueError, match=r"a\.bw: .* damaged"):
            read_bins(path, *places, 7)


@pytest.mark.parametrize(
    "overlapping", [[], [(60, 70, 4.0), (60, 65, np.nan)]], ids=["runs", "overlapping runs"]
)
def test_stored_nan_may_be_a_gap(tmp_path, overlapping):
    items = [(0, 10, 1.0), (10, 20, np.nan), (20, 30, 3.0), (30, 40, -1.0), *overlapping]
    path = write_raw(tmp_path / "nan.bw", SIZES, [section(0, BED_GRAPH, items)], total=math.nan)
    place = ["chr1"], [0], [30]
    assert read_bins(path, *place, 20, nan="gap")[0].tolist() == [0.5, 3.0]
    assert read_bins(path, *place, 20, nan="gap", gaps="ignore")[0].tolist() == [1.0, 3.0]
    assert read_bins(path, ["chr1"], [10], [20], 10, nan="gap")[0].tolist() == [0.0]
    if overlapping:
        assert read_bins(path, ["chr1"], [60], [70], 5, nan="gap")[0].tolist() == [0.0, 4.0]
    with pytest.raises(ValueError, match=r"NaN stored at chr1:10-20: set nan='gap'"):
        read_bins(path, *place, 20)
    with pytest.raises(ValueError, match="negative signal"):
        read_bins(path, ["chr1"], [0], [40], 20, nan="gap")
    with pytest.raises(ValueError, match="nan must be 'error' or 'gap'"):
        read_bins(path, *place, 20, nan="zero")


def test_runs_beyond_the_chromosomes_end_do_not_count(tmp_path):
    path = write_raw(tmp_path / "a.bw", SIZES, [section(1, BED_GRAPH, [(800, 1200, 2.0)])])
    for gaps, last in (("zero", 1.0), ("ignore", 2.0)):
        values, _ = read_bins(path, ["chr2"], [700], [1000], 200, gaps=gaps)
        np.testing.assert_array_equal(values, [last, 0.0])


def test_index_may_promise_more_than_a_block_holds(tmp_path):
    items = [(first, first + 1, 2.0) for first in range(200, 210)]
    path = write_raw(tmp_path / "a.bw", SIZES, [section(0, BED_GRAPH, items, start=100, end=300)])
    assert read_bins(path, ["chr1"], [100], [120], 10)[0].tolist() == [0.0, 0.0]
    assert read_bins(path, ["chr1"] * 2, [205, 100], [215, 120], 10)[0].tolist() == [1.0, 0.0, 0.0]
    assert_true(path, [("chr1", 50, 203), ("chr1", 204, 206), ("chr1", 209, 400)], 7, "ignore")


def test_threads_share_one_file(compressed):
    def read(bigwig, start):
        runs = list(bigwig.runs("chr1", np.array([start]), np.array([start + 500_000])))
        return np.concatenate([batch.start for batch in runs]).sum()

    starts = [0, 250_000, 500_000] * 8
    with BigWigFile(compressed[0]) as bigwig:
        expected = [read(bigwig, start) for start in starts]
    with BigWigFile(compressed[0]) as bigwig, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda start: read(bigwig, start), starts)) == expected
        twin = pickle.loads(pickle.dumps(bigwig))
    with twin:
        assert read(twin, 0) == expected[0]

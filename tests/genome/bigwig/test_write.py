"""bigWigs that are written here, read by pyBigWig and by the package."""

import numpy as np
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skchromo.genome import read_bins
from skchromo.genome.bigwig import BigWigFile, write_bigwig


def write(path, sizes, signal):
    with open(path, "wb") as file:
        write_bigwig(file, sizes, signal)
    return str(path)


def draw(rng, size, n_runs, apart):
    """Runs between random places: side by side, or every other one."""
    cuts = np.unique(rng.integers(0, size + 1, 2 * n_runs))
    start, end = cuts[:-1], cuts[1:]
    step = 2 if apart else 1
    return start[::step], end[::step], rng.gamma(1.0, size=len(start[::step]))


@given(seed=st.integers(0, 2**32 - 1), n_runs=st.integers(1, 3_000), apart=st.booleans())
@settings(max_examples=25)
def test_written_runs_are_read_by_pybigwig(tmp_path_factory, seed, n_runs, apart):
    rng = np.random.default_rng(seed)
    sizes = {"chr2": 50_000, "chr10": 3_000_000, "chr1": 100, "é": 7}
    signal = {name: draw(rng, sizes[name], n_runs, apart) for name in ("chr10", "chr1")}
    path = write(tmp_path_factory.mktemp("written") / "a.bw", sizes, signal)
    file = pyBigWig.open(path)
    assert file.chroms() == sizes
    assert file.intervals("chr2") is None
    for name, columns in signal.items():
        if not len(columns[0]):
            assert file.intervals(name) is None
            continue
        found = map(np.array, zip(*file.intervals(name)))
        for one, expected in zip(found, columns):
            np.testing.assert_array_equal(
                one, expected.astype(np.float32 if one.dtype == float else int)
            )
        assert file.stats(name, type="max", exact=True) == [np.float32(columns[2].max())]
    header = file.header()
    lengths = [end - start for start, end, _ in signal.values()]
    assert header["nBasesCovered"] == sum(map(np.sum, lengths))


@pytest.mark.parametrize("name", ["mean", "min", "max", "coverage"])
def test_zoom_levels_hold_the_numbers_of_their_bins(tmp_path, name):
    rng = np.random.default_rng(0)
    size = 40 * 2_560  # bins of all levels end here
    start = np.arange(0, size, 10)
    values = rng.normal(size=len(start)).astype(np.float32)
    kept = rng.random(len(start)) < 0.7
    signal = {"chr1": (start[kept], start[kept] + 10, values[kept])}
    file = pyBigWig.open(write(tmp_path / "a.bw", {"chr1": size}, signal))
    assert file.header()["nLevels"] >= 4
    for n_bins in (8, 32, 40):
        exact = file.stats("chr1", type=name, nBins=n_bins, exact=True)
        # bins of 12,800, 3,200 and 2,560 bp; the levels are of 100, 400, 1,600 and 6,400 bp
        found = file.stats("chr1", type=name, nBins=n_bins)
        tolerance = {"mean": 0.1, "coverage": 0.05}.get(name, 0 if n_bins < 40 else 9)
        np.testing.assert_allclose(found, exact, atol=tolerance + 1e-6)


def test_many_chromosomes_and_blocks_are_found_through_their_trees(tmp_path):
    rng = np.random.default_rng(0)
    sizes = {f"scaffold_{i}": 2_000 + i for i in range(700)} | {"chr1": 4_000_000}
    signal = {name: draw(rng, size, 3, True) for name, size in sizes.items()}
    signal["chr1"] = draw(rng, 4_000_000, 310_000, False)
    path = write(tmp_path / "a.bw", sizes, signal)
    file = pyBigWig.open(path)
    with BigWigFile(path) as ours:
        assert file.chroms() == ours.chromsizes == sizes
        assert list(ours.chromsizes) == list(sizes)
    for name in ("scaffold_0", "scaffold_699", "scaffold_300"):
        start, end, _ = signal[name]
        assert [run[:2] for run in file.intervals(name)] == [*zip(start, end)]
    start, end, value = signal["chr1"]
    for i in (0, 150_000, len(start) - 1):
        where = "chr1", int(start[i]), int(end[i])
        assert file.intervals(*where) == ((*where[1:], np.float32(value[i])),)
        assert read_bins(path, ["chr1"], [where[1]], [where[2]], 10**6)[0] == np.float32(value[i])


def test_track_without_signal_is_whole(tmp_path):
    path = write(tmp_path / "a.bw", {"chr1": 1_000}, {"chr1": [np.zeros(0, int)] * 3})
    assert pyBigWig.open(path).stats("chr1", exact=True) == [None]
    assert read_bins(path, ["chr1"], [0], [1_000], 500)[0].tolist() == [0, 0]


def test_chromosome_beyond_the_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot hold a chromosome"):
        write(tmp_path / "a.bw", {"chr1": 1 << 32}, {})

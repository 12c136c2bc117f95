"""RegionArrays in files: what is written is what is opened, mapped, sliced and pickled."""

import gc
import io
import json
import os
import pickle
import tempfile
import tracemalloc
import weakref
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import TINY, changed, make_regions

from skchromo import ChromoformerRegressor, RegionArray, WindowSummary

FINEST = 10


@st.composite
def region_arrays(draw):
    """A few random genes that share regions, of one or two conditions."""
    n_genes, n_regions = draw(st.integers(0, 5)), draw(st.integers(1, 4))
    n_bins, n_tracks, n_distinct = (
        draw(st.integers(1, 9)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 8)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (n_genes, n_regions) if draw(st.booleans()) else (n_genes, 2, n_regions)
    lengths = rng.integers(1, n_bins * FINEST + 1, n_distinct)
    offsets = np.concatenate([[0], np.cumsum(-(-lengths // FINEST))])
    start = rng.integers(-100, 10**6, n_distinct)
    index = rng.integers(-1, n_distinct, shape)
    index[..., 0] = np.maximum(index[..., 0], 0)
    weights = rng.normal(size=index[..., 1:].shape)
    weights[index[..., 1:] < 0] = 0
    chroms = np.array(["chr1", "chrX", "chrUn_é", ""], dtype=object)
    return RegionArray(
        signal=rng.gamma(1.0, 3.0, (offsets[-1], n_tracks)),
        offsets=offsets,
        chrom=rng.choice(chroms, n_distinct),
        start=start,
        end=start + lengths,
        index=index,
        weights=weights,
        missing=rng.random((*shape[:-1], n_tracks)) < draw(st.sampled_from([0.0, 0.3])),
        genes={"gene_id": np.array([f"g{i}" for i in range(n_genes)], dtype=object)},
        tracks=[f"track {i}" for i in range(n_tracks)],
        bin_size=FINEST,
        n_bins=n_bins,
        window=n_bins * FINEST,
        chromsizes={"chr1": 248_956_422},
    )


@pytest.fixture(scope="module")
def large():
    """300 genes, where every two share a pCRE: several times the bins worked on at a time."""
    lengths = np.append(np.full(300, 400), np.arange(150) + 100)
    offsets = np.append(0, np.cumsum(lengths))
    index = np.stack([np.arange(300), 300 + np.arange(300) // 2], axis=1)
    return RegionArray(
        signal=np.random.default_rng(0).gamma(1.0, 3.0, (offsets[-1], 2)),
        offsets=offsets,
        chrom=["chr1"] * 450,
        start=10 * offsets[:-1],
        end=10 * offsets[1:] - 3,
        index=index,
        weights=np.ones((300, 1)),
        tracks=["ATAC", "H3K4me3"],
        bin_size=10,
        n_bins=400,
        window=4000,
    )


@pytest.fixture(scope="module")
def X():
    """Six genes that share a pCRE, and columns of every kind."""
    genes = {
        "gene_id": np.array(["A", "B", "C", "D", "E", "F"], dtype=object),
        "tss": np.arange(6),
        "strand": np.array(["+", "-"] * 3),
        "expression": np.array([0.5, np.nan, 2, 3, 4, np.inf]),
        "coding": np.arange(6) % 2 == 0,
        "sample": np.array(["H1", None, "K562", float("nan"), "trailing\0", "é\ud800"], object),
        "mixed": np.array([1, 2.5, True, np.int64(3), np.float32(0.5), np.str_("a")], object),
        "when": np.arange(6).astype("M8[D]"),
        7: np.zeros(6, np.int8),
    }
    rng = np.random.default_rng(0)
    lengths = np.array([40, 40, 40, 40, 40, 40, 33])
    return RegionArray(
        signal=rng.random((28, 3)),
        offsets=4 * np.arange(8),
        chrom=["chr1"] * 3 + ["chr2"] * 4,
        start=np.arange(7) * 1000,
        end=np.arange(7) * 1000 + lengths,
        index=np.stack([np.arange(6), [6, -1, 6, 6, -1, 6]], axis=1),
        weights=[[2.0], [0.0], [1.5], [3.0], [0.0], [1.0]],
        genes=genes,
        tracks=["H3K4me3", "ATAC", "H3K27ac"],
        bin_size=10,
        n_bins=5,
        window=50,
        chromsizes={"chr1": 10_000, "chr2": np.int64(9_000)},
    )


@pytest.fixture
def path(X, tmp_path):
    X.save(tmp_path / "X.npz")
    return tmp_path / "X.npz"


@given(region_arrays(), st.sampled_from(["r", None]), st.data())
def test_load_returns_the_saved_array(X, mmap_mode, data):
    rows = data.draw(st.lists(st.integers(0, len(X) - 1), max_size=6) if len(X) else st.just([]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.npz"
        X.save(path)
        whole = RegionArray.load(path, mmap_mode)
        X[rows].save(str(path))
        part = RegionArray.load(str(path), mmap_mode)
        for got, expected in ((whole, X), (part, X[rows])):
            assert got.equals(expected)
            assert got.n_bins == expected.n_bins
            assert got.compact().nbytes == expected.compact().nbytes
            for ours, theirs in zip(got.to_dense(), expected.to_dense()):
                np.testing.assert_array_equal(ours, theirs)
        assert os.listdir(folder) == ["X.npz"]


@given(region_arrays(), st.data())
def test_rows_of_an_opened_file(X, data):
    numbers = st.lists(st.integers(0, len(X) - 1), max_size=6) if len(X) else st.just([])
    rows = data.draw(numbers)
    with tempfile.TemporaryDirectory() as folder:
        X.save(Path(folder) / "X.npz")
        opened = RegionArray.load(Path(folder) / "X.npz")
        part = pickle.loads(pickle.dumps(opened[rows]))
        assert part.equals(X[rows])
        assert part.stored_at == opened.stored_at
        assert part.signal is opened.signal
        assert repr(part) == repr(X[rows])
        assert opened[rows].compact().equals(X[rows].compact())
        again = RegionArray.concatenate([part, opened])
        assert again.signal is opened.signal
        assert again.equals(RegionArray.concatenate([X[rows], X]))
        mixed = RegionArray.concatenate([part, X])
        assert mixed.stored_at is None
        assert mixed.equals(again)
        assert len(mixed.lengths) <= len(X.lengths) + len(part.compact().lengths)


@given(region_arrays(), st.sampled_from([1, 2, 3, 20]), st.data())
def test_pooled_regions_are_those_of_all(X, factor, data):
    regions = data.draw(st.lists(st.integers(0, len(X.lengths) - 1), max_size=9))
    assert_pooled_alike(X, factor * FINEST, np.array(regions, int))


def assert_pooled_alike(X, bin_size, regions):
    values, offsets = X.pool(bin_size)
    some, places = X.pool(bin_size, regions)
    assert some.dtype == np.float32
    assert len(places) == len(regions) + 1
    for place, region in enumerate(regions):
        np.testing.assert_array_equal(
            some[places[place] : places[place + 1]], values[offsets[region] : offsets[region + 1]]
        )


@pytest.mark.parametrize("bin_size", [10, 50, 4000])
def test_many_regions_are_pooled_as_one(large, bin_size):
    assert_pooled_alike(large, bin_size, np.arange(450)[::-1])
    for region in (0, 299, 449):
        assert_pooled_alike(large, bin_size, np.array([region]))


def test_a_large_array_is_written_joined_and_compared_whole(large, tmp_path):
    rows = np.random.default_rng(0).permutation(300)
    large[rows].save(tmp_path / "X.npz")
    opened = RegionArray.load(tmp_path / "X.npz")
    for got in (opened, RegionArray.load(tmp_path / "X.npz", None), opened.compact()):
        assert got[np.argsort(rows)].equals(large)
    joined = RegionArray.concatenate([opened[:150], large[rows[150:]]])
    assert joined.equals(opened)
    joined.signal[-1] += 1
    assert not joined.equals(opened)


@pytest.mark.parametrize(
    ("regions", "error", "message"),
    [
        ([-1], IndexError, "between 0 and 6"),
        ([7], IndexError, "between 0 and 6"),
        ([[1]], ValueError, "1-D array of int.* 2-D"),
        ([0.5], ValueError, "float64"),
        ([True], ValueError, "bool"),
    ],
)
def test_pool_refuses_numbers_of_absent_regions(X, regions, error, message):
    with pytest.raises(error, match=message):
        X.pool(20, regions)


@pytest.mark.parametrize("mmap_mode", ["r", None])
def test_columns_come_back_as_they_were(X, path, mmap_mode):
    got = RegionArray.load(path, mmap_mode)
    assert list(got.genes) == list(X.genes)
    for name, column in X.genes.items():
        assert got.genes[name].dtype == column.dtype
    assert got.genes["sample"].tolist()[:3] == ["H1", None, "K562"]
    assert np.isnan(got.genes["sample"][3])
    assert got.genes["sample"].tolist()[4:] == ["trailing\0", "é\ud800"]
    assert [type(value) for value in got.genes["mixed"]] == [int, float, bool, int, float, str]
    assert got.chromsizes == X.chromsizes
    assert got.equals(X)


def test_missing_values_are_compared_as_values(X):
    assert X.equals(X[:])
    for name, change in [("sample", "NA"), ("expression", 5.0)]:
        column = X.genes[name].copy()
        column[[1, 3]] = change
        assert not X.equals(changed(X, genes={**X.genes, name: column}))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array([1, 2, 3, (4,), 5, 6], dtype=object), r"genes\['a'\] holds a tuple at place 3"),
        (np.zeros(6, dtype=[("x", int)]), r"genes\['a'\] is of dtype .* cannot be saved"),
    ],
)
def test_columns_that_json_cannot_hold_are_named(X, tmp_path, column, message):
    with pytest.raises(ValueError, match=message):
        changed(X, genes={"a": column}).save(tmp_path / "X.npz")
    assert os.listdir(tmp_path) == []


def test_the_signal_stays_in_the_file(X, path):
    opened = RegionArray.load(str(path))
    assert opened.stored_at == str(path)
    assert not opened.signal.flags.writeable
    assert opened.signal.flags.aligned
    assert opened.signal.ctypes.data % 64 == 0
    assert opened.nbytes == X.nbytes
    assert np.shares_memory(opened[2:4].signal, opened.signal)
    assert RegionArray.load(path).signal is opened.signal
    inside = RegionArray.load(path, mmap_mode=None)
    assert inside.stored_at is None
    assert inside.signal.flags.writeable


def test_numpy_opens_it_without_this_package(X, path):
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["signal"], X.signal)
        np.testing.assert_array_equal(file["index"], X.index)
        assert json.loads(file["about.json"])["tracks"] == list(X.tracks)


def test_parts_that_were_set_are_pickled(X, path):
    opened = RegionArray.load(path)
    for part, value in [
        ("tracks", ("a", "b", "c")),
        ("weights", -opened.weights),
        ("start", opened.start - 1),
        ("signal", opened.signal * 2),
    ]:
        other = opened[:]
        setattr(other, part, value)
        assert not other.equals(opened)
        assert pickle.loads(pickle.dumps(other)).equals(other)


def test_pickle_of_rows_is_small_and_takes_little_memory(tmp_path):
    signal = np.random.default_rng(0).random((4000, 400, 2), dtype=np.float32)
    RegionArray.from_dense(signal).save(tmp_path / "X.npz")
    tracemalloc.start()
    opened = RegionArray.load(tmp_path / "X.npz")
    content = pickle.dumps(opened[::40])
    part = pickle.loads(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(content) < 4_000
    assert peak < 0.15 * signal.nbytes
    np.testing.assert_array_equal(part.to_dense().values[:, 0], signal[::40])


def test_pickles_name_a_file_that_is_gone_or_replaced(X, path):
    content = pickle.dumps(RegionArray.load(path)[1:3])
    X[1:].save(path)
    with pytest.raises(ValueError, match=r"X\.npz, which has been replaced since: .*compact"):
        pickle.loads(content)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"X\.npz, which is gone: .*compact"):
        pickle.loads(content)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"X\.npz is not a file of RegionArray\.save"):
        pickle.loads(content)


def test_opened_array_outlives_its_file(X, path):
    opened = RegionArray.load(path)
    X[:2].save(path)
    assert opened.equals(X)
    assert RegionArray.load(path).equals(X[:2])
    opened.save(path)
    assert RegionArray.load(path).equals(X)


def test_an_opened_file_can_be_saved_onto_itself(X, path):
    RegionArray.load(path)[2:].save(path)
    assert RegionArray.load(path).equals(X[2:])


def test_unused_maps_are_released(path):
    opened = RegionArray.load(path)
    signal = weakref.ref(opened[1:].signal)
    assert signal() is opened.signal
    del opened
    gc.collect()
    assert signal() is None


def test_the_folder_may_be_left(path, monkeypatch, tmp_path):
    monkeypatch.chdir(path.parent)
    opened = RegionArray.load("X.npz")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert pickle.loads(pickle.dumps(opened)).equals(opened)


def test_joblib_round_trip(X, path, tmp_path):
    joblib.dump(RegionArray.load(path)[1:], tmp_path / "rows.joblib")
    assert joblib.load(tmp_path / "rows.joblib").equals(X[1:])
    assert joblib.hash(RegionArray.load(path)[1:]) == joblib.hash(RegionArray.load(path)[1:])


def test_arrays_that_joblib_mapped(X, tmp_path):
    joblib.dump(X[:4], tmp_path / "X.joblib")
    mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    assert isinstance(mapped.signal, np.memmap)
    assert mapped.stored_at is None
    assert mapped.equals(X[:4])
    assert pickle.loads(pickle.dumps(mapped[1:3])).equals(X[1:3])
    assert RegionArray.concatenate([mapped[:2], mapped[2:]]).equals(X[:4])
    np.testing.assert_array_equal(mapped.pool(20)[0], X[:4].compact().pool(20)[0])
    mapped[:3].save(tmp_path / "X.npz")
    assert RegionArray.load(tmp_path / "X.npz").equals(X[:3])


@pytest.mark.parametrize("found", ["a file", "an npz", "a folder"])
def test_only_saved_arrays_are_overwritten(X, tmp_path, found):
    path = tmp_path / "X.npz"
    if found == "a file":
        path.write_text("notes")
    elif found == "an npz":
        np.savez(path, signal=np.ones(3))
    else:
        path.mkdir()
    with pytest.raises(OSError, match=r"X\.npz.* is there and is not a RegionArray|it is a folder"):
        X.save(path)
    assert os.listdir(tmp_path) == ["X.npz"]
    if found != "a folder":
        X.save(path, overwrite=True)
        assert RegionArray.load(path).equals(X)


def test_saving_needs_a_folder(X, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        X.save(tmp_path / "nowhere" / "X.npz")


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
def test_interrupted_save_leaves_the_old_file(X, path, monkeypatch, error):
    def fail(*args):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        X[:1].save(path)
    assert os.listdir(path.parent) == ["X.npz"]
    assert RegionArray.load(path).equals(X)


def test_negative_signal_is_not_saved(tmp_path):
    X = RegionArray.from_dense(np.ones((2, 4)), tracks=["ATAC"])
    X.signal[3] = -1
    with pytest.raises(ValueError, match=r"Negative values.* track ATAC"):
        X.save(tmp_path / "X.npz")


def spoil(path, X, name, value):
    """Put one value in a saved array, under a checksum that agrees; return the file's path."""
    array = getattr(X, name).copy()
    array.flat[-1] = value
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, np.lib.format.header_data_from_array_1_0(array))
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    members[f"{name}.npy"] = content.getvalue() + array.tobytes()
    with zipfile.ZipFile(path, "w") as archive:
        for member, stored in members.items():
            archive.writestr(member, stored)
    return path


@pytest.mark.parametrize("mmap_mode", ["r", None])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_when_loaded(X, path, mmap_mode, value):
    with pytest.raises(ValueError, match=r"X\.npz is damaged: save .*weights must be finite"):
        RegionArray.load(spoil(path, X, "weights", value), mmap_mode)


USES = {
    "pool": lambda X: X.pool(X.bin_size),
    "coarser": lambda X: X.pool(2 * X.bin_size),
    "dense": RegionArray.to_dense,
    "compact": RegionArray.compact,
    "joined": lambda X: RegionArray.concatenate([X, make_regions()]),
    "summary": lambda X: WindowSummary().fit_transform(X),
    "fit": lambda X: ChromoformerRegressor(**TINY).fit(X, np.arange(float(len(X)))),
}


@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_bad_signal_is_refused_when_loaded_or_where_it_is_mapped_when_used(tmp_path, value):
    X = make_regions()
    X.save(tmp_path / "X.npz")
    path = spoil(tmp_path / "X.npz", RegionArray.load(tmp_path / "X.npz"), "signal", value)
    message = r"X\.npz is damaged: save the array again .*track"
    with pytest.raises(ValueError, match=message):
        RegionArray.load(path, mmap_mode=None)
    opened = RegionArray.load(path)
    for use in USES.values():
        with pytest.raises(ValueError, match=message):
            use(opened)


def test_rows_without_the_bad_signal_are_used(tmp_path):
    X = make_regions()
    X.save(tmp_path / "X.npz")
    path = spoil(tmp_path / "X.npz", RegionArray.load(tmp_path / "X.npz"), "signal", np.nan)
    opened = RegionArray.load(path)
    last = len(opened.offsets) - 2
    without = np.flatnonzero((opened.index != last).all(axis=1))
    assert opened[without].compact().equals(X[without])


@settings(max_examples=150)
@given(st.data())
def test_damage_is_reported_or_changes_nothing(X, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.npz"
        X[:3].save(path)
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del content[place:]
        path.write_bytes(content)
        for mmap_mode in (None, "r"):
            message = ""
            try:
                loaded = RegionArray.load(path, mmap_mode)
            except ValueError as error:
                message = str(error)
            assert str(path) in message or mmap_mode == "r" or loaded.equals(X[:3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, r"X\.npz is in format 2 of RegionArray\.save, .* reads format 1: update"),
        ({"format": "other"}, r"X\.npz is not a file of RegionArray\.save"),
        ({"window": 20}, r"X\.npz is damaged.*window=20"),
    ],
)
def test_other_formats_are_refused(path, change, message):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["about.json"] = json.dumps({**json.loads(members["about.json"]), **change})
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=message):
        RegionArray.load(path)


def test_compressed_file_is_refused(X, path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"X\.npz is .*compressed"):
        RegionArray.load(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"X\.npz"):
        RegionArray.load(tmp_path / "X.npz")


@pytest.mark.parametrize("mmap_mode", ["r+", "w+", "c", "", True])
def test_other_modes_are_refused(path, mmap_mode):
    with pytest.raises(ValueError, match='mmap_mode must be "r" or None'):
        RegionArray.load(path, mmap_mode=mmap_mode)

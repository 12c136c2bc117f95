"""RegionArray against a dense NumPy twin."""

import pickle
import sys

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold, cross_val_predict
from small_models import changed

from skchromo import RegionArray

FINEST = 10


@st.composite
def dense_twins(draw, conditions=False):
    """Values (NaN outside regions), weights and lengths of a few random genes."""
    n_genes, n_regions = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    n_bins, n_tracks = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = (n_genes, 2, n_regions) if conditions else (n_genes, n_regions)
    lengths = rng.integers(0, n_bins * FINEST + 1, rows)
    lengths[..., 0] = np.maximum(lengths[..., 0], 1)
    values = rng.gamma(1.0, 3.0, (*rows, n_bins, n_tracks)).astype(np.float32)
    values[np.arange(n_bins) * FINEST >= lengths[..., None]] = np.nan
    weights = rng.random((*rows[:-1], n_regions - 1), dtype=np.float32)
    weights[lengths[..., 1:] == 0] = 0
    return values, weights, lengths


def build(twin):
    values, weights, lengths = twin
    ids = np.array([f"g{i}" for i in range(len(values))], dtype=object)
    return RegionArray.from_dense(
        values,
        weights,
        lengths,
        bin_size=FINEST,
        genes={"gene_id": ids, "tss": np.arange(len(ids))},
    )


def assert_dense_equal(X, twin):
    dense = X.to_dense()
    for got, expected in zip(dense, twin):
        np.testing.assert_array_equal(got, expected)
    assert X.shape == twin[0].shape
    assert X.ndim == twin[0].ndim
    assert len(X) == len(twin[0])


row_keys = st.one_of(
    st.integers(-5, 4),
    st.slices(5),
    st.lists(st.integers(-5, 4), max_size=6),
    st.lists(st.booleans(), min_size=5, max_size=5),
)


@given(dense_twins(), st.booleans())
def test_dense_round_trip(twin, writable):
    X = build(twin)
    X.signal.flags.writeable = writable
    assert_dense_equal(X, twin)


@given(dense_twins(conditions=True))
def test_dense_round_trip_with_conditions(twin):
    X = build(twin)
    assert X.ndim == 5
    assert_dense_equal(X[::-1], [part[::-1] for part in twin])


@given(dense_twins(), row_keys)
def test_rows_are_those_of_the_dense_twin(twin, key):
    X = build(twin)
    n = len(X)
    if isinstance(key, list):
        key = [k % n if not isinstance(k, bool) else k for k in key]
        key = key[:n] + [False] * (n - len(key)) if key and isinstance(key[0], bool) else key
        key = np.array(key, dtype=bool if key and isinstance(key[0], bool) else int)
    elif isinstance(key, int):
        key %= n
    rows = [key] if isinstance(key, int) else key
    expected = [part[rows] for part in twin]
    for got in (X[key], X[key, ...], X[key, :]):
        assert_dense_equal(got, expected)
        assert np.shares_memory(got.signal, X.signal)
        np.testing.assert_array_equal(got.genes["tss"], np.arange(n)[rows])


@given(dense_twins(), st.sampled_from([1, 2, 3, 7, 20]))
def test_pool_is_the_mean_over_base_pairs(twin, factor):
    X = build(twin)
    pooled, offsets = X.pool(factor * FINEST)
    for region in range(len(X.lengths)):
        bins = X.signal[X.offsets[region] : X.offsets[region + 1]].astype(float)
        bases = np.repeat(bins, FINEST, axis=0)[: X.lengths[region]]
        expected = [
            bases[start : start + factor * FINEST].mean(axis=0)
            for start in range(0, len(bases), factor * FINEST)
        ]
        got = pooled[offsets[region] : offsets[region + 1]]
        np.testing.assert_allclose(got, expected, rtol=2e-6)


@given(dense_twins(), st.data())
def test_concatenate_and_equals(twin, data):
    X = build(twin)
    cut = data.draw(st.integers(0, len(X)))
    rows = data.draw(st.permutations(range(len(X))))
    shuffled = X[rows]
    parts = [pickle.loads(pickle.dumps(shuffled[:cut])), shuffled[cut:]]
    together = RegionArray.concatenate(parts)
    assert_dense_equal(together, [part[rows] for part in twin])
    assert together.equals(shuffled)
    assert shuffled.equals(together)
    assert together[np.argsort(rows)].equals(X)
    again = RegionArray.concatenate([shuffled[:cut], shuffled[cut:]])
    assert again.signal is X.signal
    if len(X) > 1:
        assert not X.equals(X[1:])
        assert not X.equals(X[::-1])


@given(dense_twins(conditions=True), st.booleans())
def test_conditions_are_taken_apart_and_stacked_again(twin, share):
    X = build(twin)
    a, b = X.condition("a"), X.condition("b")
    assert_dense_equal(b, [part[:, 1] for part in twin])
    stacked = RegionArray.stack(a, b if share else pickle.loads(pickle.dumps(b)))
    assert (stacked.signal is X.signal) == share
    assert_dense_equal(stacked, twin)
    assert stacked.equals(X)


def test_stack_keeps_the_sample_of_each_condition(X):
    a, b = (
        changed(X, genes={**X.genes, "sample": np.array([sample] * 3)}) for sample in ("H1", "K562")
    )
    stacked = RegionArray.stack(a, b)
    assert list(stacked.genes) == ["gene_id", "sample_a", "sample_b"]
    assert stacked.condition("a").equals(a)
    assert stacked.condition("b").equals(b)


def test_stack_refuses_other_genes(X):
    with pytest.raises(ValueError, match="cannot stack: gene_id of the genes differs"):
        RegionArray.stack(X, X[::-1])
    with pytest.raises(ValueError, match=r"same number of genes .*3 and 2 genes"):
        RegionArray.stack(X, X[1:])
    both = RegionArray.stack(X, X)
    with pytest.raises(ValueError, match="no conditions axis"):
        RegionArray.stack(both, both)


@pytest.fixture
def X():
    """Three genes; the first two share a pCRE, the third has none."""
    return RegionArray(
        signal=np.arange(22, dtype=np.float32).reshape(11, 2),
        offsets=[0, 2, 4, 6, 9, 11],
        chrom=["chr1", "chr1", "chr2", "chr1", "chr1"],
        start=[0, 40, -5, 100, 300],
        end=[20, 60, 15, 125, 315],
        index=[[0, 3, 4], [1, 3, -1], [2, -1, -1]],
        weights=[[3.0, 2.0], [4.0, 0.0], [0.0, 0.0]],
        genes={"gene_id": np.array(["A", "B", "C"], dtype=object)},
        tracks=["ATAC", "H3K4me3"],
        bin_size=10,
        n_bins=4,
        window=20,
        chromsizes={"chr1": 1000, "chr2": 500},
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda X: changed(X, weights=X.weights + np.float32(1) * (X.index[:, 1:] >= 0)),
        lambda X: changed(X, signal=X.signal + np.float32(1)),
        lambda X: changed(X, start=X.start - 1, end=X.end - 1),
        lambda X: changed(X, tracks=("H3K4me3", "ATAC")),
        lambda X: changed(X, genes={"gene_id": np.array(["A", "B", "D"], dtype=object)}),
        lambda X: changed(X, genes={}),
        lambda X: changed(X, chromsizes={}),
        lambda X: changed(X, window=30),
        lambda X: changed(X, missing=~X.missing),
        lambda X: changed(X, bin_size=5, end=X.start + X.lengths // 2),
        lambda X: changed(X, index=X.index[:, [0, 2, 1]], weights=X.weights[:, ::-1]),
        lambda X: X.to_dense(),
    ],
)
def test_equals_sees_every_difference(X, change):
    assert X.equals(X)
    assert not X.equals(change(X))


def test_dense_arrays_are_copies(X):
    for part in X.to_dense():
        part[...] = 0
    assert X.signal.max() == 21
    assert X.weights.max() == 4


def test_a_pickle_holds_only_the_regions_of_its_rows(X):
    part = pickle.loads(pickle.dumps(X[[2, 1]]))
    assert part.equals(X[[2, 1]])
    assert part.signal.shape == (7, 2)
    assert part.chrom.tolist() == ["chr1", "chr2", "chr1"]


def test_a_full_array_pickles_without_a_copy(X):
    buffers = []
    pickle.dumps(X[::-1], protocol=5, buffer_callback=buffers.append)
    assert any(np.shares_memory(np.frombuffer(b, np.float32), X.signal) for b in buffers)


def test_joblib_round_trip(X, tmp_path):
    joblib.dump(X, tmp_path / "X.joblib")
    assert joblib.load(tmp_path / "X.joblib").equals(X)


def test_repr_counts_regions_and_contacts(X):
    assert repr(X) == (
        "RegionArray(3 genes x 3 regions x 4 bins x 2 tracks; distinct regions: 5, contacts: 3,\n"
        "    window: 20 bp, bin_size: 10 bp, tracks: ATAC, H3K4me3)"
    )
    assert "1 genes" in repr(X[2])
    assert "distinct regions: 1, contacts: 0" in repr(X[2])


def test_conversion_to_an_ndarray_is_refused(X):
    with pytest.raises(TypeError, match="to_dense"):
        np.asarray(X)
    with pytest.raises(TypeError, match="to_dense"):
        np.log1p(X)


class RowMean(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        assert isinstance(X, RegionArray)
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_) + X.genes["tss"]


def test_scikit_learn_splits_it_by_rows():
    X = build((np.ones((6, 1, 2, 1)), None, None))
    groups = [0, 0, 1, 1, 2, 2]
    y = np.repeat([0.0, 3.0, 6.0], 2)
    got = cross_val_predict(RowMean(), X, y, groups=groups, cv=GroupKFold(3))
    np.testing.assert_allclose(got, np.repeat([4.5, 3.0, 1.5], 2) + np.arange(6))


@pytest.mark.parametrize("key", [3, -4, (0, 1), (slice(None), 0), [[0]], [5], 1.5, "A"])
def test_bad_rows_are_refused(X, key):
    with pytest.raises(IndexError):
        X[key]


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("signal", np.ones((11, 3)), "one column for each of the 2 names in tracks"),
        ("signal", np.ones((12, 2)), "offsets end at 11"),
        ("signal", np.where(np.arange(22).reshape(11, 2) == 5, -1, 1), "track H3K4me3.*log-ratio"),
        ("signal", np.where(np.arange(22).reshape(11, 2) == 4, np.nan, 1), "track ATAC.*NaN"),
        ("signal", np.where(np.arange(22).reshape(11, 2) == 4, np.inf, 1), "track ATAC.*infinite"),
        ("tracks", ["ATAC", "ATAC"], "distinct"),
        ("offsets", [0, 1, 4, 6, 9, 11], "ceil"),
        ("end", [30, 60, 15, 125, 315], "ceil"),
        ("n_bins", 2, "3 bins, more than n_bins=2"),
        ("bin_size", 0, "at least 1 bp"),
        ("index", [[0, 3, 5], [1, 3, -1], [2, -1, -1]], "between -1 and 4"),
        ("index", [[0, 3, 4], [-1, 3, -1], [2, -1, -1]], "promoter"),
        ("index", [0, 1, 2], "shape"),
        ("weights", [[3.0], [4.0], [0.0]], "weights must have shape"),
        ("weights", [[3.0, 2.0], [4.0, 1.0], [0.0, 0.0]], "absent"),
        ("weights", [[3.0, np.nan], [4.0, 0.0], [0.0, 0.0]], "finite"),
        ("missing", [[True, False]] * 2, r"missing must be bool of shape \(3, 2\)"),
        ("missing", [[0, 1]] * 3, "missing must be bool"),
        ("genes", {"gene_id": ["A"]}, "gene_id"),
        ("window", 10, "window=10 bp must hold every promoter"),
        ("window", 50, "fit in n_bins=4 bins"),
        ("chrom", ["chr1"], "5 entries"),
    ],
)
def test_parts_that_do_not_fit_are_refused(X, part, value, message):
    parts = {**X.__dict__, part: value}
    with pytest.raises(ValueError, match=message):
        RegionArray(**parts)


def test_concatenate_refuses_arrays_that_differ(X):
    for other in (changed(X, tracks=("a", "b")), changed(X, window=40), changed(X, genes={})):
        with pytest.raises(ValueError, match="cannot concatenate"):
            RegionArray.concatenate([X, other])
    with pytest.raises(ValueError, match="two different lengths"):
        RegionArray.concatenate([X, changed(X, chromsizes={"chr1": 5})])
    with pytest.raises(ValueError, match="at least one"):
        RegionArray.concatenate([])


def test_pool_refuses_a_bin_size_that_is_not_a_multiple(X):
    with pytest.raises(ValueError, match="25 is not a multiple of the finest, 10 bp"):
        X.pool(25)


def test_from_dense_refuses_bad_shapes():
    for shape in [(3,), (2, 2, 2, 3, 1, 1)]:
        with pytest.raises(ValueError, match="values must have shape"):
            RegionArray.from_dense(np.ones(shape))
    with pytest.raises(ValueError, match="between 0 and 300 bp"):
        RegionArray.from_dense(np.ones((1, 1, 3, 1)), lengths=[[301]])
    with pytest.raises(ValueError, match="lengths must have shape"):
        RegionArray.from_dense(np.ones((1, 1, 3, 1)), lengths=[301])
    with pytest.raises(ValueError, match="NaN"):
        RegionArray.from_dense(np.array([1, np.nan, 1.0]).reshape(1, 1, 3, 1))
    absent = np.ones((2, 2, 3, 1))
    absent[1, 1] = np.nan
    assert RegionArray.from_dense(absent).to_dense().lengths.tolist() == [[300, 300], [300, 0]]


def test_arrays_of_fewer_axes_are_promoters():
    values = np.arange(24.0).reshape(2, 1, 4, 3)
    tracks, lengths = ["ATAC", "H3K4me3", "H3K27ac"], [[400], [350]]
    expected = RegionArray.from_dense(values, lengths=lengths, tracks=tracks)
    assert RegionArray.from_dense(values[:, 0], lengths=lengths, tracks=tracks).equals(expected)
    one = RegionArray.from_dense(values[:, 0, :, 1])
    assert one.equals(RegionArray.from_dense(values[..., 1:2]))
    assert one.shape == (2, 1, 4, 1)


def test_nbytes_counts_stored_arrays(X):
    assert X.nbytes == 11 * 2 * 4 + 9 * 8 + 6 * 4


def test_size_is_that_of_its_pickle(tmp_path):
    rng = np.random.default_rng(0)
    X = RegionArray.from_dense(rng.random((60, 3, 200, 4), np.float32))
    X.save(tmp_path / "x.npz")
    for array in (X, X[:6], RegionArray.load(tmp_path / "x.npz")[:6]):
        size = len(pickle.dumps(array))
        assert sys.getsizeof(array) == pytest.approx(size, rel=0.3, abs=5_000)
    assert sys.getsizeof(X[:6]) < sys.getsizeof(X) / 9

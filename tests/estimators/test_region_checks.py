"""A second suite of common checks, on RegionArrays: scikit-learn's data never have pCREs."""

import gc
import pickle
import weakref

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from small_models import TINY, changed, make_regions

from skchromo import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    RegionArray,
    WindowSummary,
)
from skchromo.nn import DeviceRegions

SMALL = {**TINY, "n_threads": 1}
CASES = {
    "classifier": ChromoformerClassifier(**SMALL),
    "classifier with a skip": ChromoformerClassifier(**SMALL, linear_skip=True, dropout=0.3),
    "regressor": ChromoformerRegressor(**SMALL),
    "regressor with a skip": ChromoformerRegressor(**SMALL, linear_skip=True, scale_target=True),
    "difference": ChromoformerDiffRegressor(**SMALL),
    "both heads and a skip": ChromoformerDiffRegressor(**SMALL, combine="both", linear_skip=True),
    "summary": WindowSummary(core=400),
}
MODELS = [name for name in CASES if name != "summary"]
ATOL = 1e-6


def n_conditions(estimator):
    return 2 if isinstance(estimator, ChromoformerDiffRegressor) else 1


def data_for(estimator, **options):
    """Regions and a target of the kind that an estimator takes."""
    X = make_regions(n_conditions=n_conditions(estimator), **options)
    y = np.random.default_rng(1).normal(0.0, 1.0, len(X))
    y -= y.mean()
    if isinstance(estimator, ChromoformerClassifier):
        y = np.where(y > 0, "high", "low")
    return X, y


def outcome(estimator, X):
    """Predictions or columns of a fitted estimator for each gene."""
    for name in ("predict_proba", "predict", "transform"):
        if hasattr(estimator, name):
            return getattr(estimator, name)(X)
    raise AssertionError(f"{type(estimator).__name__} does not predict")


class Case:
    """An estimator, not fitted and fitted, with data and its outcome."""

    def __init__(self, name):
        self.estimator = CASES[name]
        self.X, self.y = data_for(self.estimator)
        self.fitted = self.fit(self.X)
        self.expected = outcome(self.fitted, self.X)

    def fit(self, X, y=None):
        return clone(self.estimator).fit(X, self.y if y is None else y)


@pytest.fixture(scope="module")
def made():
    return {}


@pytest.fixture(params=CASES)
def case(request, made):
    return made.setdefault(request.param, Case(request.param))


@pytest.fixture(params=MODELS)
def model_case(request, made):
    return made.setdefault(request.param, Case(request.param))


def equal(ours, expected):
    np.testing.assert_array_equal(ours, expected)


def close(ours, expected):
    np.testing.assert_allclose(ours, expected, rtol=0, atol=ATOL)


def content(X):
    """Bytes of all that an array of regions holds."""
    return [np.asarray(part).tobytes() for part in (X.signal, X.index, X.weights, X.offsets)]


def test_a_clone_is_not_fitted_and_fits_the_same(case):
    fresh = clone(case.fitted)
    assert fresh.get_params() == case.estimator.get_params()
    with pytest.raises(NotFittedError):
        outcome(fresh, case.X)
    equal(outcome(fresh.fit(case.X, case.y), case.X), case.expected)


def test_fitting_again_is_fitting_once(case):
    model = case.fit(case.X[:20], case.y[:20])
    params = dict(model.get_params())
    equal(outcome(model.fit(case.X, case.y), case.X), case.expected)
    assert model.get_params() == params


def test_a_fit_on_other_regions_leaves_nothing_behind(case):
    other = data_for(case.estimator, n_bins=8, n_regions=2, tracks=("ATAC",))[0]
    model = case.fit(other)
    state = set(vars(model))
    equal(outcome(model.fit(case.X, case.y), case.X), case.expected)
    assert set(vars(model)) == state == set(vars(case.fitted))
    assert model.tracks_ == case.X.tracks
    assert model.n_features_in_ == case.X.shape[1]


def test_names_of_columns_are_forgotten(model_case):
    frame = pd.DataFrame(np.ones((40, 16)), columns=[f"bin{i}" for i in range(16)])
    model = model_case.fit(frame)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    assert not hasattr(model.fit(model_case.X, model_case.y), "feature_names_in_")


def test_neither_x_nor_y_is_changed(case):
    before, y = content(case.X), case.y.copy()
    outcome(case.fit(case.X), case.X)
    assert content(case.X) == before
    equal(case.y, y)


def test_pickles_of_model_and_regions_predict_the_same(case, tmp_path):
    joblib.dump((case.fitted, case.X), tmp_path / "both.joblib")
    pairs = [
        pickle.loads(pickle.dumps((case.fitted, case.X))),
        joblib.load(tmp_path / "both.joblib"),
        (pickle.loads(pickle.dumps(case.estimator)).fit(case.X, case.y), case.X),
    ]
    for model, X in pairs:
        equal(outcome(model, X), case.expected)
        equal(outcome(model, X[7:9]), outcome(case.fitted, case.X[7:9]))


def test_predictions_do_not_depend_on_batch_mates(case):
    order = np.random.default_rng(2).permutation(len(case.X))
    without_pcres = np.flatnonzero((case.X.index[..., 1:] < 0).reshape(40, -1).all(axis=1))
    assert len(without_pcres)
    some = case.X.index[..., 0].ravel()[:40] % 2 == 0
    for rows in (order, [3], [5, 5, 0], slice(30, None), some, without_pcres, without_pcres[:1]):
        equal(outcome(case.fitted, case.X[rows]), case.expected[rows])


def test_predictions_of_a_classifier_agree(made):
    case = made.setdefault("classifier", Case("classifier"))
    for rows in (slice(None), [3], np.arange(39, -1, -1)):
        p, X = case.fitted.predict_proba(case.X[rows]), case.X[rows]
        close(p, case.expected[rows])
        close(np.exp(case.fitted.predict_log_proba(X)), p)
        equal(case.fitted.predict(X), case.fitted.classes_[p.argmax(axis=1)])


def test_how_regions_are_numbered_does_not_matter(case):
    dense = case.X.to_dense()
    apart = RegionArray.from_dense(*dense, tracks=case.X.tracks)
    halves = RegionArray.concatenate([apart[25:], apart[:25]])
    equal(outcome(case.fitted, apart), case.expected)
    close(outcome(case.fitted, halves), np.concatenate([case.expected[25:], case.expected[:25]]))
    equal(outcome(case.fit(apart), case.X), case.expected)


def test_the_order_of_pcres_does_not_matter(case):
    order = np.array([2, 0, 1])
    turned = changed(
        case.X, index=case.X.index[..., [0, *(1 + order)]], weights=case.X.weights[..., order]
    )
    assert not (turned.index == case.X.index).all()
    np.testing.assert_allclose(outcome(case.fitted, turned), case.expected, rtol=1e-5, atol=1e-6)


def test_room_for_absent_pcres_changes_nothing(case):
    none = [(0, 0)] * (case.X.index.ndim - 1)
    wider = changed(
        case.X,
        index=np.pad(case.X.index, [*none, (0, 3)], constant_values=-1),
        weights=np.pad(case.X.weights, [*none, (0, 3)]),
    )
    close(outcome(case.fitted, wider), case.expected)
    np.testing.assert_allclose(outcome(case.fit(wider), wider), case.expected, rtol=1e-4, atol=1e-5)


def test_genes_without_pcres_may_be_all_there_are(model_case):
    absent = changed(
        model_case.X,
        index=np.where(np.arange(4), -1, model_case.X.index),
        weights=np.zeros_like(model_case.X.weights),
    )
    alone = changed(absent, index=absent.index[..., :1], weights=absent.weights[..., :0])
    np.testing.assert_allclose(
        outcome(model_case.fit(absent), absent), outcome(model_case.fit(alone), alone), atol=1e-5
    )


def test_padding_never_leaks(case):
    """Values beyond a region's length, and in absent regions, are not read."""
    values, weights, lengths = case.X.to_dense()
    is_padding = np.arange(values.shape[-2]) * case.X.bin_size >= lengths[..., None]
    assert is_padding.any(axis=-1).sum() > 40
    for filling in (np.nan, 0.0, 1e6):
        values[is_padding] = filling
        X = RegionArray.from_dense(values, weights, lengths, tracks=case.X.tracks)
        equal(outcome(case.fitted, X), case.expected)


def test_room_around_short_promoters_changes_nothing(model_case):
    values, weights, lengths = model_case.X.to_dense()
    lengths[..., 0], values[..., 0, 8:, :] = 800, np.nan
    short = RegionArray.from_dense(values, weights, lengths, tracks=model_case.X.tracks)
    wide = changed(short, window=1600)
    assert short.window == 800
    model = clone(model_case.estimator).set_params(dropout=0.0)
    predicted = [outcome(clone(model).fit(X, model_case.y), X) for X in (short, wide)]
    np.testing.assert_allclose(predicted[0], predicted[1], rtol=1e-3, atol=1e-4)


def test_regions_that_no_row_uses_do_not_leak(case):
    some, signal = case.X[10:30], case.X.signal.copy()
    used = np.unique(some.index[some.index >= 0])
    for region in np.setdiff1d(np.arange(len(case.X.chrom)), used):
        signal[case.X.offsets[region] : case.X.offsets[region + 1]] = 1e6
    spoilt = changed(some, signal=signal)
    y = case.y[10:30]
    equal(outcome(case.fitted, spoilt), outcome(case.fitted, some))
    equal(outcome(case.fit(spoilt, y), some), outcome(case.fit(some, y), some))


def test_every_value_that_is_there_counts(model_case):
    """The counterpart: no bin of a promoter, and no pCRE, goes unread."""
    values, weights, lengths = model_case.X.to_dense()
    for place in (0, 1):
        for bin_ in (0, 5, 15):
            changed = values.copy()
            there = lengths[..., place] > bin_ * 100
            changed[..., place, bin_, 0] += 50
            X = RegionArray.from_dense(changed, weights, lengths, tracks=model_case.X.tracks)
            moved = np.abs(outcome(model_case.fitted, X) - model_case.expected)
            moved = moved.reshape(len(X), -1).max(axis=1)
            there = there.reshape(len(X), -1)
            assert (moved[~there.any(axis=1)] == 0).all()
            if n_conditions(model_case.estimator) == 1:
                assert (moved[there[:, 0]] > 0).all()
            else:
                assert (moved[there.sum(axis=1) == 1] > 0).all()


@pytest.mark.parametrize("kind", ["read-only", "mapped by joblib", "opened"])
def test_regions_that_cannot_be_written_to_are_taken(case, kind, tmp_path):
    X = changed(case.X, signal=case.X.signal.copy(), index=case.X.index.copy())
    if kind == "read-only":
        for part in (X.signal, X.index, X.weights, X.offsets):
            part.setflags(write=False)
    elif kind == "mapped by joblib":
        joblib.dump(X, tmp_path / "X.joblib")
        X = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    else:
        X.save(tmp_path / "X.npz")
        X = RegionArray.load(tmp_path / "X.npz")
    assert not X.signal.flags.writeable
    equal(outcome(case.fitted, X), case.expected)
    close(outcome(case.fit(X, case.y), X), case.expected)


def test_mapped_plain_arrays_are_taken(tmp_path):
    values = np.random.default_rng(0).poisson(2.0, (30, 16, 2)).astype(np.float32)
    np.save(tmp_path / "values.npy", values)
    mapped = np.load(tmp_path / "values.npy", mmap_mode="r")
    y = values[:, 7, 0]
    model = ChromoformerRegressor(**SMALL)
    expected = clone(model).fit(values, y).predict(values)
    equal(clone(model).fit(mapped, y).predict(mapped), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, ">f4"])
def test_signal_of_other_types_predicts_the_same(case, dtype):
    X = changed(case.X, signal=case.X.signal.astype(dtype))
    assert X.signal.dtype == np.float32
    equal(outcome(case.fitted, X), case.expected)


def test_plain_arrays_of_other_types_and_orders_predict_the_same(case):
    two = n_conditions(case.estimator) == 2
    values = np.random.default_rng(3).poisson(3.0, (40, 2, 16, 2) if two else (40, 16, 2))
    regions = RegionArray.from_dense(values[..., None, :, :] if two else values)
    expected = outcome(case.fit(regions), regions)
    read_only = values.astype(np.float64)
    read_only.setflags(write=False)
    half = values.astype(np.float16)
    for plain in (read_only, half, values.astype(np.int32), np.asarray(half, order="F")):
        model = case.fit(plain)
        equal(outcome(model, plain), expected)
        equal(outcome(model, plain[::-1]), expected[::-1])


def test_half_precision_that_overflowed_is_refused(case):
    values = np.full((40, 2, 16, 2) if n_conditions(case.estimator) == 2 else (40, 16, 2), np.inf)
    with pytest.raises(ValueError, match="infinity"):
        case.fit(values.astype(np.float16))


@pytest.mark.parametrize("n_genes", [1, 2])
def test_few_genes_are_enough(case, n_genes):
    X, y = case.X[:n_genes], case.y[:n_genes]
    model = case.fit(X, y - y.mean() if n_conditions(case.estimator) == 2 else y)
    assert len(outcome(model, X)) == n_genes
    assert np.isfinite(outcome(model, case.X)).all()


def test_no_gene_is_refused(case):
    with pytest.raises(ValueError, match="no genes"):
        case.fit(case.X[[]], case.y[:0])
    with pytest.raises(ValueError, match="no genes"):
        outcome(case.fitted, case.X[[]])


@pytest.mark.parametrize("linear_skip", [False, True])
def test_a_single_class_is_certain(linear_skip):
    X = make_regions()
    model = ChromoformerClassifier(**SMALL, linear_skip=linear_skip).fit(X, ["high"] * len(X))
    assert model.classes_.tolist() == ["high"]
    assert (model.predict(X) == "high").all()
    equal(model.predict_proba(X), np.ones((40, 1)))
    equal(model.predict_log_proba(X), np.zeros((40, 1)))


@pytest.mark.parametrize(
    "options",
    [{"tracks": ("ATAC",)}, {"n_bins": 4, "n_regions": 2}, {"n_regions": 1}],
    ids=["one mark", "few bins", "no pCREs"],
)
def test_small_regions_are_enough(case, options):
    X, y = data_for(case.estimator, **options)
    predicted = outcome(case.fit(X, y), X)
    assert np.isfinite(predicted).all()
    assert np.ptp(predicted, axis=0).max() > 0


@pytest.mark.parametrize("bin_size", [100, 400, 1600])
def test_one_bin_size_is_enough(model_case, bin_size):
    model = clone(model_case.estimator).set_params(bin_sizes=(bin_size,))
    predicted = outcome(model.fit(model_case.X, model_case.y), model_case.X)
    assert np.isfinite(predicted).all()
    assert np.ptp(predicted, axis=0).max() > 0


def test_signal_on_the_device_is_let_go(model_case, monkeypatch):
    """Without waiting for the garbage collector, also after a fit that fails."""
    kept, make = [], DeviceRegions.__init__

    def watched(self, *args):
        kept.append(weakref.ref(self))
        make(self, *args)

    monkeypatch.setattr(DeviceRegions, "__init__", watched)
    gc.collect()
    gc.disable()
    try:
        model = model_case.fit(model_case.X)
        outcome(model, model_case.X)
        assert len(kept) >= 2
        assert [regions() for regions in kept] == [None] * len(kept)
    finally:
        gc.enable()

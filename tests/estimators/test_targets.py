"""Labels and targets: their kinds and containers, and those that are refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.frozen import FrozenEstimator
from small_models import TINY, changed, make_regions

from skchromo import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    load_model,
)

CLASSIFIER = ChromoformerClassifier(**TINY, n_threads=1)
REGRESSOR = ChromoformerRegressor(**TINY, n_threads=1)
LABELS = np.where(np.arange(40) % 3, "high", "low")


@pytest.mark.parametrize(
    ("y", "twin"),
    [
        (LABELS.tolist(), LABELS),
        (pd.Series(LABELS, index=np.arange(40)[::-1]), LABELS),
        (pd.Series(LABELS, dtype="category"), LABELS),
        (pd.Series(LABELS, dtype="string"), LABELS),
        (pd.Series(LABELS == "high", dtype="boolean"), LABELS == "high"),
        (pd.Series(LABELS == "high").astype("Int64"), LABELS == "high"),
    ],
    ids=["list", "series", "category", "string", "boolean", "Int64"],
)
def test_labels_in_any_container(X, y, twin):
    model, expected = (clone(CLASSIFIER).fit(X, labels) for labels in (y, twin))
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    assert model.score(X, y) == expected.score(X, twin)


@pytest.mark.parametrize("dtype", ["float32", "float16", "Float64", "int64", "Int64", "object"])
def test_targets_in_any_container(X, dtype):
    y = pd.Series(np.arange(40) % 7, index=np.arange(40)[::-1])
    said = [clone(REGRESSOR).fit(X, target).predict(X) for target in (y.astype(dtype), y.tolist())]
    np.testing.assert_array_equal(*said)


@pytest.mark.parametrize("dtype", ["Float64", "boolean", "Int64"])
def test_missing_values_of_pandas_are_named(X, dtype):
    y = pd.Series([pd.NA, *(np.arange(39) % 2)], dtype=dtype)
    for estimator in (CLASSIFIER, REGRESSOR):
        with pytest.raises(ValueError, match=r"NaN: 1 of 40 values, at row 0 \(GENE0\)"):
            clone(estimator).fit(X, y)


def test_labels_of_any_kind(X, y):
    for labels in (np.array(["low", "high"]), np.array([3, 7]), np.array([False, True])):
        model = ChromoformerClassifier(**TINY).fit(X, labels[(y > 3).astype(int)])
        assert model.classes_.tolist() == sorted(labels.tolist())
        assert set(model.predict(X)) <= set(labels)
        p = model.predict_proba(X)
        assert p.shape == (40, 2)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), p)
        np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])
        assert 0 <= model.score(X, labels[(y > 3).astype(int)]) <= 1


def test_three_classes(X, y):
    model = ChromoformerClassifier(**TINY).fit(X, np.digitize(y, [2.5, 3.5]))
    assert model.predict_proba(X).shape == model.predict_log_proba(X).shape == (40, 3)


def test_column_y_trains_the_same_model(X, y):
    fitted = clone(REGRESSOR).fit(X, y)
    with pytest.warns(DataConversionWarning):
        column = clone(REGRESSOR).fit(X, y[:, None])
    np.testing.assert_array_equal(column.predict(X), fitted.predict(X))
    assert fitted.predict(X).shape == (40,)
    assert isinstance(fitted.score(X, y), float)


def test_nan_in_y_is_counted_and_named(X, y):
    y = y.copy()
    y[[4, 9]] = np.nan
    for model in (ChromoformerRegressor(**TINY), ChromoformerClassifier(**TINY)):
        with pytest.raises(ValueError, match=r"2 of 40 values, at row 4 \(GENE4\), 9 \(GENE9\)"):
            model.fit(X, y)
    with pytest.raises(ValueError, match=r"1 of 3 values, at row 1\. Drop"):
        ChromoformerClassifier(**TINY).fit(np.ones((3, 4)), np.array(["a", None, "b"], object))


def test_y_must_be_there_and_as_long(X, y):
    with pytest.raises(ValueError, match="requires y"):
        clone(REGRESSOR).fit(X, None)
    with pytest.raises(ValueError, match="inconsistent"):
        clone(REGRESSOR).fit(X, y[:-1])
    with pytest.raises(ValueError, match="infinity"):
        clone(REGRESSOR).fit(X, np.where(y > 3, np.inf, y))
    with pytest.raises(ValueError, match="Unknown label type"):
        clone(CLASSIFIER).fit(X, y)


def test_dates_are_refused(X):
    y = np.arange(len(X)).astype("datetime64[D]")
    with pytest.raises(ValueError, match="Input y holds dates or durations"):
        ChromoformerRegressor(**TINY).fit(X, y)


SCALED = ChromoformerRegressor(**{**TINY, "max_epochs": 6, "lr": 0.01}, scale_target=True)


@pytest.mark.parametrize("linear_skip", [False, True])
@pytest.mark.parametrize(
    ("scale", "offset"), [(1, 1e9), (1, -1e12), (1e-9, 0), (1e-9, 1), (1e15, 0)]
)
def test_targets_of_any_scale_and_offset_are_learned_alike(X, y, scale, offset, linear_skip):
    y = (
        y - y.mean()
    )  # where the offset is 0 the bias starts at the mean, which Adam treats otherwise
    model = clone(SCALED).set_params(linear_skip=linear_skip)
    expected = clone(model).fit(X, y).predict(X)
    assert expected.std() > 0.1
    precision = np.finfo(float).eps * abs(offset) / scale
    got = (model.fit(X, y * scale + offset).predict(X) - offset) / scale
    np.testing.assert_allclose(got, expected, atol=2e-4 + 4 * precision)


def test_extreme_targets_are_scaled_without_being_told(X, y):
    y = y - y.mean()
    expected = clone(SCALED).fit(X, y).predict(X)
    for scale in (1e-9, 1e9):
        plain = clone(SCALED).set_params(scale_target=False).fit(X, y * scale)
        np.testing.assert_allclose(plain.predict(X) / scale, expected, atol=2e-4)


def test_usual_targets_have_no_offset(X, y):
    for target in (y, y * 100, np.full(len(y), 7.0)):
        assert clone(SCALED).fit(X, target).y_offset_ == 0


def test_a_far_target_stays_with_its_model(X, y, tmp_path):
    far = y + 1e9
    model = clone(SCALED).fit(X, far)
    assert model.y_offset_ == far.mean()
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    again = clone(SCALED).set_params(warm_start=True, max_epochs=3).fit(X, far)
    again.set_params(max_epochs=6).fit(X, far)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    tuned = clone(SCALED).set_params(lr=1e-12, init_from=FrozenEstimator(model)).fit(X, far + 1)
    np.testing.assert_allclose(tuned.predict(X), model.predict(X), atol=1e-4)
    X, model = changed(X, n_bins=400), clone(SCALED)
    model.fit(X, y + 5000).save_checkpoint(tmp_path / "a.pt")
    again = ChromoformerRegressor.from_checkpoint(tmp_path / "a.pt", tracks=X.tracks, window=1600)
    np.testing.assert_allclose(again.predict(X), model.predict(X), atol=1e-2)


def test_a_far_fold_change_is_learned_by_a_head_of_its_own():
    X = make_regions(n_conditions=2)
    y = np.random.default_rng(0).normal(size=len(X))
    params = {**TINY, "combine": "both", "scale_target": True, "linear_skip": True}
    near, far = (ChromoformerDiffRegressor(**params).fit(X, y + offset) for offset in (0, 1e9))
    np.testing.assert_allclose(far.predict(X) - 1e9, near.predict(X), atol=0.01)

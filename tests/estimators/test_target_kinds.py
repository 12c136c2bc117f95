"""Labels and targets in whatever container the user has them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from small_models import TINY, make_regions

from skchromo import ChromoformerClassifier, ChromoformerRegressor

CLASSIFIER = ChromoformerClassifier(**TINY, n_threads=1)
REGRESSOR = ChromoformerRegressor(**TINY, n_threads=1)


@pytest.fixture(scope="module")
def X():
    return make_regions()


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

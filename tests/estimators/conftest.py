"""Regions and targets that several files of tests share, and a fitted model."""

import numpy as np
import pytest
from small_models import TINY, changed, make_regions

from skchromo import ChromoformerClassifier, ChromoformerRegressor


@pytest.fixture(scope="session")
def X():
    return make_regions()


@pytest.fixture(scope="session")
def y(X):
    return np.random.default_rng(1).normal(3.0, 1.0, len(X))


@pytest.fixture(scope="session")
def fitted(X, y):
    return ChromoformerRegressor(**TINY).fit(X, y)


@pytest.fixture(scope="session")
def model(X):
    """A fitted classifier with everything that a saved model may hold."""
    sizes = {"chr1": 5_000_000, "chr2": 4_000_000, "chrM": 16_571}
    X = changed(X, chromsizes=sizes)
    labels = np.where(np.arange(len(X)) % 3, "high", "low")
    params = {"linear_skip": True, "class_weight": "balanced"}
    return ChromoformerClassifier(**TINY, **params).fit(X, labels)


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "h1.safetensors")
    return tmp_path / "h1.safetensors"

"""Regions, a target and an estimator that the tests of inspection share."""

import numpy as np
import pytest
from small_models import TINY, make_regions

from skchromo import ChromoformerRegressor


@pytest.fixture(scope="module")
def X():
    return make_regions()


@pytest.fixture(scope="module")
def y(X):
    return np.random.default_rng(1).normal(3.0, 1.0, len(X))


@pytest.fixture(scope="module")
def fitted(X, y):
    return ChromoformerRegressor(**TINY).fit(X, y)

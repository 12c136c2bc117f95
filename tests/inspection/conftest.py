"""Regions and a target that the tests of inspection share."""

import numpy as np
import pytest
from small_models import make_regions


@pytest.fixture(scope="module")
def X():
    return make_regions()


@pytest.fixture(scope="module")
def y(X):
    return np.random.default_rng(1).normal(3.0, 1.0, len(X))

"""A fitted model and its file, which several files of tests share."""

import numpy as np
import pytest
from small_models import TINY, changed

from skchromo import ChromoformerClassifier


@pytest.fixture(scope="module")
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

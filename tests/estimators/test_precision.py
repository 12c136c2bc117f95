"""Fits, predictions and inspection where torch is set to another precision."""

import numpy as np
import pytest
import torch
from small_models import TINY, make_regions

from skchromo import ChromoformerClassifier, ChromoformerDiffRegressor, ChromoformerRegressor
from skchromo.inspection import Perturbation, attention, attributions, perturb

CLASSES = [ChromoformerClassifier, ChromoformerRegressor, ChromoformerDiffRegressor]


@pytest.fixture(params=["bfloat16", "autocast with float16", "float64"])
def precision(request):
    """Another precision than float32, in the block of a with statement or by default."""
    if request.param == "float64":
        torch.set_default_dtype(torch.float64)
        yield
        torch.set_default_dtype(torch.float32)
    else:
        kind = torch.bfloat16 if request.param == "bfloat16" else torch.float16
        with torch.autocast("cpu", dtype=kind):
            yield


@pytest.fixture(scope="module", params=CLASSES, ids=lambda cls: cls.__name__)
def fitted(request):
    """A model with its data, fitted in float32 before."""
    cls = request.param
    X = make_regions(n_conditions=1 + (cls is ChromoformerDiffRegressor))
    y = np.arange(len(X)) % 2 if cls is ChromoformerClassifier else np.linspace(-1, 1, len(X))
    model = cls(**TINY, linear_skip=True, dropout=0.1).fit(X, y)
    return model, X, y, model.predict(X)


def test_fit_and_predict_give_the_same_bits(fitted, precision):
    model, X, y, expected = fitted
    np.testing.assert_array_equal(model.predict(X), expected)
    again = type(model)(**model.get_params(deep=False)).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), expected)


def inspected(model, X):
    """Numbers of three kinds of inspection."""
    maps = attention(model, X)
    parts = [*maps.embedding.values(), *maps.regulation.values()]
    parts += [attributions(model, X, n_steps=4).values]
    parts += [perturb(model, X, Perturbation("knock_out", tracks="ATAC")).change]
    return np.concatenate([np.ravel(part) for part in parts])


def test_inspection_gives_the_same_bits(fitted, precision):
    model, X, _, _ = fitted
    if isinstance(model, ChromoformerDiffRegressor):
        pytest.skip("its regressor inside is inspected")
    got = inspected(model, X[:6])
    torch.set_default_dtype(torch.float32)
    with torch.autocast("cpu", enabled=False):
        expected = inspected(model, X[:6])
    np.testing.assert_array_equal(got, expected)

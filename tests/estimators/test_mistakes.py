"""Warnings of fit: the commonest mistakes in coordinates, strands and expression."""

import warnings

import numpy as np
import pytest
from mistaken_genomes import MISTAKES, make_genome
from small_models import TINY

from skchromo import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    RegionArray,
)

SMALL = TINY | {"bin_sizes": (4_000,), "max_epochs": 1}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return make_genome(tmp_path_factory.mktemp("genome"))


def fit(model, X, y):
    """Fit, and return the texts of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("rows", [slice(None), slice(100), slice(64)])
def test_fit_on_right_genes_does_not_warn(genome, rows):
    X, y = genome.X[rows], genome.y[rows]
    assert fit(ChromoformerRegressor(**SMALL), X, y) == []
    assert fit(ChromoformerRegressor(**SMALL), X, (y - y.mean()) / y.std()) == []
    assert fit(ChromoformerClassifier(**SMALL), X, np.where(y > np.median(y), "high", "low")) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_fit_on_mistaken_genes_warns_once(genome, mistake):
    X, words = genome.mistaken(mistake), MISTAKES[mistake][1]
    (message,) = fit(ChromoformerRegressor(**SMALL), X, genome.y)
    assert words in message
    assert "check_data" in message
    (message,) = fit(ChromoformerClassifier(**SMALL), X, genome.y > np.median(genome.y))
    assert words in message
    change = np.random.default_rng(0).normal(size=len(X))
    change -= change.mean()
    (message,) = fit(ChromoformerDiffRegressor(**SMALL), RegionArray.stack(X, X), change)
    assert words in message


def test_fit_on_expression_that_is_not_logged_warns(genome):
    counts = np.round(100 * (2**genome.y - 1))
    (message,) = fit(ChromoformerRegressor(**SMALL), genome.X, counts)
    assert "log2(y + 1)" in message
    plain = np.ones((len(counts), 10))
    assert "log2" in fit(ChromoformerRegressor(**SMALL | {"bin_sizes": (100,)}), plain, counts)[0]
    (message,) = fit(ChromoformerRegressor(**SMALL), genome.mistaken("50 kb off"), counts)
    assert "TSS" in message
    assert "log2" in message


def test_fit_that_continues_does_not_warn_again(genome):
    X = genome.mistaken("50 kb off")
    model = ChromoformerRegressor(**SMALL, warm_start=True)
    assert len(fit(model, X, genome.y)) == 1
    assert fit(model.set_params(max_epochs=2), X, genome.y) == []

"""The regressor learns a planted function of promoters, pCREs and contact weights."""

import numpy as np
import pytest
from small_models import promoters_alone

from skchromo import ChromoformerRegressor, RegionArray

N_TRAIN = 600


def plant(n_genes=900, seed=0):
    """RegionArray, planted function and noisy expression; the function scores r of about 0.85.

    An active promoter has the first track at its centre, a silent one the second all over; an
    active pCRE has the third, and counts by its contact weight.
    """
    rng = np.random.default_rng(seed)
    active, silent = rng.random(n_genes), rng.random(n_genes)
    distal = rng.random((n_genes, 2))
    weights = np.sort(rng.uniform(1.5, 6.0, (n_genes, 2)))[:, ::-1]
    peak = np.exp(-0.5 * ((np.arange(40) - 20) / 4) ** 2)
    rate = np.full((n_genes, 3, 40, 3), 0.3)
    rate[:, 0, :, 0] += 8 * active[:, None] * peak
    rate[:, 0, :, 1] += 2 * silent[:, None]
    rate[:, 1:, :, 2] += 4 * distal[:, :, None]
    lengths = np.full((n_genes, 3), 4000)
    lengths[:, 1:] = rng.integers(1000, 4000, (n_genes, 2))
    lengths[rng.random(n_genes) < 0.2, 2] = 0
    weights = np.where(lengths[:, 1:] > 0, weights, 0)
    planted = 3 * active - 2 * silent + 0.4 * (weights * distal).sum(axis=1)
    noise = planted.std() * np.sqrt(1 / 0.85**2 - 1) * rng.normal(size=n_genes)
    X = RegionArray.from_dense(rng.poisson(rate), weights, lengths)
    return X, planted, planted + noise + 5


@pytest.fixture(scope="module")
def problem():
    return plant()


def held_out_r(model, X, y):
    model.fit(X[:N_TRAIN], y[:N_TRAIN])
    return np.corrcoef(model.predict(X[N_TRAIN:]), y[N_TRAIN:])[0, 1]


def test_held_out_r_exceeds_nine_tenths_of_the_planted_functions_own(problem):
    X, planted, y = problem
    own = np.corrcoef(planted[N_TRAIN:], y[N_TRAIN:])[0, 1]
    model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), random_state=0)
    r = held_out_r(model, X, y)
    print(f"held-out r {r:.3f}, of the planted function {own:.3f}")
    assert 0.8 < own < 0.9
    assert r > 0.9 * own
    assert model.predict(X[N_TRAIN:]).std() > 0.3 * y.std()


def test_without_pcres_less_is_learned(problem):
    X, _, y = problem
    model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), random_state=0)
    r, r_alone = held_out_r(model, X, y), held_out_r(model, promoters_alone(X), y)
    print(f"held-out r {r:.3f}, without pCREs {r_alone:.3f}")
    assert r_alone < r - 0.05

"""Training with tracks dropped at random, and the warning of tracks that a model never missed."""

import copy
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from small_models import TINY, changed, make_regions

from skchromo import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    load_model,
)
from skchromo.inspection import attention
from skchromo.nn import DeviceRegions

MESSAGE = r"X lacks tracks .*: ATAC in K562\. .*track_dropout=0\.1"


def without_atac(X, rows):
    """X as of the sample K562, whose rows lack ATAC."""
    missing = np.zeros((len(X), 2), bool)
    missing[rows, 1] = True
    sample = np.full(len(X), "K562", dtype=object)
    return changed(X, missing=missing, genes={**X.genes, "sample": sample})


@pytest.fixture(scope="module")
def y(X):
    return np.random.default_rng(0).normal(size=len(X))


def test_dropped_tracks_are_as_signal_of_zero(X):
    dropped = np.random.default_rng(0).random((12, 2)) < 0.5
    rows = np.arange(12)
    dense = X[rows].to_dense()
    values = np.where(dropped[:, None, None, :], 0 * dense.values, dense.values)
    zeroed = type(X).from_dense(values, *dense[1:], tracks=X.tracks)
    batch, expected = (DeviceRegions(of, (400, 100)).batch(rows) for of in (X, zeroed))
    batch.drop_tracks(torch.from_numpy(dropped))
    assert len(batch.pairs) > 1
    for group, others in zip(
        [batch.promoters, *batch.pairs], [expected.promoters, *expected.pairs], strict=True
    ):
        for bins, other in zip(group, others, strict=True):
            there = ~bins.absent
            torch.testing.assert_close(bins.features[there], other.features[there], rtol=0, atol=0)


def test_dropout_of_tracks_is_seeded_and_off_in_prediction(X, y):
    model = ChromoformerRegressor(**TINY, track_dropout=0.5)
    first, again = (clone(model).fit(X, y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, ChromoformerRegressor(**TINY).fit(X, y).predict(X))
    fitted = model.fit(X, y)
    np.testing.assert_array_equal(fitted.predict(X), fitted.predict(X))
    longer = clone(model).set_params(max_epochs=1, warm_start=True).fit(X, y)
    longer = copy.deepcopy(longer).set_params(max_epochs=2).fit(X, y)
    np.testing.assert_array_equal(longer.predict(X), first)


@pytest.fixture
def seen(monkeypatch):
    """The batches that were used, as they were left."""
    used, original = [], DeviceRegions.batches

    def batches(self, parts, fixed=False):
        for batch in original(self, parts, fixed):
            used.append(batch)
            yield batch

    monkeypatch.setattr(DeviceRegions, "batches", batches)
    return used


def test_share_of_genes_and_tracks_is_dropped_in_training_alone(seen):
    X = make_regions(400, n_regions=1, tracks=tuple("ABCDEFG"))
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 1}, track_dropout=0.3)
    model.fit(X, np.arange(400.0))
    lost = [(made.promoters[0].features[..., :7] == 0).all(dim=1) for made in seen]
    lost = torch.cat(lost).float()
    assert len(lost) == 400
    assert lost.mean().item() == pytest.approx(0.3, abs=0.04)
    assert lost.mean(dim=0).std() < 0.06
    seen.clear()
    model.predict(X)
    assert not any((made.promoters[0].features[..., :7] == 0).all(dim=1).any() for made in seen)


def test_conditions_of_a_gene_lose_the_same_tracks(seen):
    X = make_regions(n_conditions=2)
    model = ChromoformerDiffRegressor(**{**TINY, "max_epochs": 1}, track_dropout=0.4)
    model.fit(X, np.random.default_rng(0).normal(size=len(X)))
    lost = [
        torch.cat([(pair[i].promoters[0].features[..., :2] == 0).all(dim=1) for pair in seen])
        for i in (0, 1)
    ]
    assert torch.equal(*lost)
    assert lost[0].any()


def test_no_dropout_draws_no_random_numbers(X, y, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(torch, "rand", refuse)
    ChromoformerRegressor(**TINY, dropout=0.2).fit(X, y)
    with pytest.raises(AssertionError):
        ChromoformerRegressor(**TINY, track_dropout=0.2).fit(X, y)


def test_gene_keeps_at_least_one_track():
    X = np.random.default_rng(0).poisson(3.0, (40, 16)).astype(float)  # one track at the promoter
    y = X.mean(axis=1)
    model = ChromoformerRegressor(**TINY, track_dropout=0.9).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


def test_plain_arrays_lose_tracks_too():
    X = np.random.default_rng(0).poisson(3.0, (40, 16, 3)).astype(float)
    y = np.arange(40) % 2
    with_all, dropped = (
        ChromoformerClassifier(**TINY, track_dropout=rate).fit(X, y).predict_proba(X)
        for rate in (0.0, 0.5)
    )
    assert not np.allclose(with_all, dropped)


def test_prediction_without_a_track_warns_and_names_it(X, y, tmp_path):
    model = ChromoformerRegressor(**TINY).fit(X, y)
    lacking = without_atac(X, slice(20))
    with pytest.warns(UserWarning, match=MESSAGE) as caught:
        predicted = model.predict(lacking)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(predicted, model.predict(X))
    with pytest.warns(UserWarning, match=MESSAGE):
        attention(model, lacking[:2])
    model.save(tmp_path / "model.safetensors")
    with pytest.warns(UserWarning, match=MESSAGE):
        load_model(tmp_path / "model.safetensors").predict(lacking)


@pytest.mark.parametrize("settings", [{"track_dropout": 0.2}, {}])
def test_model_that_learned_without_the_track_does_not_warn(X, y, tmp_path, settings):
    """With dropout, or because genes of its training lacked the track."""
    lacking = without_atac(X, slice(20))
    model = ChromoformerRegressor(**TINY, **settings, warm_start=True)
    model.fit(X if settings else lacking, y)
    assert model.missing_tracks_ == (() if settings else ("ATAC",))
    model.save(tmp_path / "model.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(lacking)
        load_model(tmp_path / "model.safetensors").predict(lacking)
        model.set_params(max_epochs=3).fit(X, y).predict(lacking)


def test_difference_and_the_regressor_inside_warn_alike():
    X = make_regions(n_conditions=2)
    X = changed(
        X, genes={"sample_a": np.full(40, "H1", object), "sample_b": np.full(40, "K562", object)}
    )
    missing = np.zeros((40, 2, 2), bool)
    missing[:, 1, 1] = True
    lacking = changed(X, missing=missing)
    y = np.random.default_rng(0).normal(size=40)
    model = ChromoformerDiffRegressor(**TINY).fit(X, y)
    with pytest.warns(UserWarning, match=MESSAGE):
        model.predict(lacking)
    with pytest.warns(UserWarning, match=MESSAGE):
        model.as_regressor().predict(lacking.condition("b"))
    taught = ChromoformerDiffRegressor(**TINY).fit(lacking, y).as_regressor()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        taught.predict(lacking.condition("b"))

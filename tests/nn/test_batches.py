"""Batches are the same whether regions stay on the device or are sent batch by batch."""

import numpy as np
import pytest
import torch

from skchromo import ChromoformerRegressor, RegionArray
from skchromo.nn import DeviceRegions, _batches

BIN_SIZES = (500, 100)


@pytest.fixture(scope="module")
def X():
    """Forty genes that share pCREs, and regions that no gene uses."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 2001, (60, 4))
    lengths[:, 0] = 2000
    lengths[np.arange(4) > rng.integers(0, 4, 60)[:, None]] = 0
    values, weights = rng.poisson(2.0, (60, 4, 20, 3)), rng.random((60, 3)) * (lengths[:, 1:] > 0)
    X = RegionArray.from_dense(values, weights, lengths)
    index = X.index.copy()
    index[:, 1] = np.where(index[:, 1] >= 0, index[index[:, 1] >= 0, 1][0], -1)
    return X._replace(index=index)[rng.permutation(60)[:40]]


@pytest.fixture(params=["opened", "too large"])
def elsewhere(request, X, tmp_path, monkeypatch):
    """The same genes, whose regions are not to be kept on the device."""
    if request.param == "opened":
        X.save(tmp_path / "X.npz")
        return RegionArray.load(tmp_path / "X.npz")
    monkeypatch.setattr(_batches, "_fits", lambda *args: False)
    return X


def tensors(batch):
    """All tensors of a batch by name."""
    found = dict(batch.layout._asdict())
    for number, group in enumerate([batch.promoters, *batch.pairs]):
        for size, bins in zip(BIN_SIZES, group):
            found |= {f"{name} {size} of {number}": part for name, part in bins._asdict().items()}
    return {name: part for name, part in found.items() if isinstance(part, torch.Tensor)}


@pytest.mark.parametrize("fixed", [False, True])
def test_batches_are_the_same(X, elsewhere, fixed):
    sent = DeviceRegions(elsewhere, BIN_SIZES)
    assert not sent.resident
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_batches, "_fits", lambda *args: True)
        kept = DeviceRegions(X, BIN_SIZES)
    assert kept.resident
    for rows in (np.arange(40), [3], [7, 7, 0]):
        expected, got = (tensors(regions.batch(rows, fixed)) for regions in (kept, sent))
        assert expected.keys() == got.keys()
        for name, part in expected.items():
            assert torch.equal(part, got[name]), name


def test_fit_and_predict_are_the_same(X, elsewhere):
    y = np.arange(40.0)
    params = {"bin_sizes": BIN_SIZES, "max_epochs": 2, "device": "cpu", "random_state": 0}
    model = ChromoformerRegressor.small_data(**params).fit(elsewhere, y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_batches, "_fits", lambda *args: True)
        expected = ChromoformerRegressor.small_data(**params).fit(X, y).predict(X)
    np.testing.assert_array_equal(model.predict(elsewhere), expected)


def test_regions_that_no_gene_uses_are_not_kept(X):
    regions = DeviceRegions(X, BIN_SIZES)
    used = np.unique(X.index[X.index >= 0])
    assert len(used) < len(X.lengths)
    assert len(regions._pooled.features[-1]) == (-(-X.lengths[used] // 100)).sum()


def test_half_of_a_gpu_s_free_memory_may_be_taken(X, monkeypatch):
    n_bytes = sum(-(-X.lengths // size).sum() for size in BIN_SIZES) * 4 * 4
    for free, fits in [(2 * n_bytes, False), (2 * n_bytes + 2, True)]:
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, free))
        assert _batches._fits(X, BIN_SIZES, torch.device("cuda")) == fits

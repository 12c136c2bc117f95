"""Batches of genes: layout, two conditions, on the device or sent batch by batch."""

import pickle
import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_models import changed

from skchromo import ChromoformerRegressor, RegionArray
from skchromo.nn import DeviceRegions

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
    return changed(X, index=index)[rng.permutation(60)[:40]]


@pytest.fixture
def opened(X, tmp_path):
    """The same genes in an opened file, whose regions are not kept on the device."""
    X.save(tmp_path / "X")
    return RegionArray.load(tmp_path / "X")


def tensors(batch):
    """All tensors of a batch by name."""
    layout = batch.layout
    found = {"gene": layout.gene}
    for name, blocks in (("genes", layout.genes), ("blocks", layout.blocks)):
        found |= {f"{field} of {name}": part for field, part in vars(blocks).items()}
    for number, group in enumerate([batch.promoters, *batch.pairs]):
        for size, bins in zip(BIN_SIZES, group):
            found |= {f"{name} {size} of {number}": part for name, part in bins._asdict().items()}
    return {name: part for name, part in found.items() if isinstance(part, torch.Tensor)}


def assert_same_tensors(batch, expected):
    found, wanted = tensors(batch), tensors(expected)
    assert found.keys() == wanted.keys()
    for name, part in wanted.items():
        assert torch.equal(part, found[name]), name


@pytest.mark.parametrize("fixed", [False, True])
def test_batches_are_the_same_on_the_device_and_sent(X, opened, fixed):
    kept, sent = DeviceRegions(X, BIN_SIZES), DeviceRegions(opened, BIN_SIZES)
    assert (kept.resident, sent.resident) == (True, False)
    for rows in (np.arange(40), [3], [7, 7, 0]):
        assert_same_tensors(sent.batch(rows, fixed), kept.batch(rows, fixed))


@pytest.mark.parametrize("n_conditions", [1, 2])
def test_batches_come_in_the_order_of_their_parts(X, tmp_path, n_conditions):
    X = RegionArray.stack(X[:20], X[20:]) if n_conditions == 2 else X
    X.save(tmp_path / "both.npz")
    parts = [np.arange(20), [3], [7, 7, 0]]
    for array in (X, RegionArray.load(tmp_path / "both.npz")):
        regions = DeviceRegions(array, BIN_SIZES)
        for batch, rows in zip(regions.batches(iter(parts)), parts, strict=True):
            of_conditions = batch, regions.batch(rows)
            for found, wanted in zip(*of_conditions) if n_conditions == 2 else [of_conditions]:
                assert_same_tensors(found, wanted)


def test_next_regions_are_pooled_while_a_batch_is_in_use(opened, monkeypatch):
    pooled, log1p = threading.Semaphore(0), np.log1p

    def noted(means, out):
        pooled.release()
        return log1p(means, out=out)

    monkeypatch.setattr(np, "log1p", noted)
    next(DeviceRegions(opened, BIN_SIZES).batches([[0], [1]]))
    assert all(pooled.acquire(timeout=60) for _ in range(2 * len(BIN_SIZES)))


def test_thread_ends_with_the_batches(opened):
    before = set(threading.enumerate())
    batches = DeviceRegions(opened, BIN_SIZES).batches([[0], [1], [2]])
    next(batches)
    assert len(set(threading.enumerate()) - before) == 1
    batches.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(IndexError):
        list(DeviceRegions(opened, BIN_SIZES).batches([[0], [len(opened)]]))
    assert set(threading.enumerate()) <= before


def test_fit_and_predict_are_the_same_on_the_device_and_sent(X, opened):
    y = np.arange(40.0)
    params = {"bin_sizes": BIN_SIZES, "max_epochs": 2, "device": "cpu", "random_state": 0}
    here, there = (ChromoformerRegressor.small_data(**params).fit(part, y) for part in (X, opened))
    np.testing.assert_array_equal(there.predict(opened), here.predict(X))


@pytest.mark.parametrize("fixed", [False, True])
def test_batches_of_two_conditions_are_those_of_each(X, fixed):
    both = DeviceRegions(RegionArray.stack(X[:20], X[20:]), BIN_SIZES)
    assert len(both) == 20
    for rows in (np.arange(20), [3, 0, 0]):
        for batch, part in zip(both.batch(rows, fixed), (X[:20], X[20:]), strict=True):
            assert_same_tensors(batch, DeviceRegions(part, BIN_SIZES).batch(rows, fixed))


def test_regions_that_no_gene_uses_are_not_kept(X):
    used = X.compact()
    assert len(used.lengths) < len(X.lengths)
    kept, wanted = (len(pickle.dumps(DeviceRegions(array, BIN_SIZES))) for array in (X, used))
    assert kept == wanted


def test_half_of_a_gpu_s_free_memory_is_taken(X, monkeypatch):
    n_bytes = sum(-(-X.lengths // size).sum() for size in BIN_SIZES) * 4 * 4
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *args, **kwargs: self)
    monkeypatch.setattr(torch, "empty", lambda size, **kwargs: torch.zeros(size, dtype=torch.uint8))
    for free, fits in [(2 * n_bytes, False), (2 * n_bytes + 2, True)]:
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, free))
        assert DeviceRegions(X, BIN_SIZES, "cuda").resident == fits


def test_layout_names_the_regions_of_each_gene():
    lengths = [[800, 0], [800, 90], [800, 400]]
    X = RegionArray.from_dense(np.ones((3, 2, 8, 1)), lengths=lengths)
    batch = DeviceRegions(X, (100,)).batch([2, 1, 0])
    assert [group[0].features.shape[:2] for group in batch.pairs] == [(1, 2), (1, 4)]
    layout = batch.layout
    assert layout.gene.tolist() == [1, 0]
    assert layout.genes.token[:, :2].tolist() == [[0, 4], [1, 3], [2, 0]]
    assert layout.genes.absent[2, 0, :2].tolist() == [False, True]
    assert layout.blocks.token[0, :6].tolist() == [0, 4, 1, 3, 2, 0]
    tokens = torch.arange(10.0).view(1, 5, 2)  # 3 promoters, 2 pCREs, two heads
    slots = layout.genes.to_slots(tokens, 2, n_heads=2)
    assert slots[:3].tolist() == [[[0], [8]], [[2], [6]], [[4], [0]]]
    assert torch.equal(slots[3:], slots[:3] + 1)
    assert torch.equal(layout.genes.to_tokens(slots, 5, n_heads=2), tokens)
    assert torch.equal(layout.genes.to_tokens(slots, 3, n_heads=2), tokens[:, :3])
    assert layout.to_pairs(tokens[:, :3]).tolist() == [[[2, 3], [0, 1]]]


@given(
    there=st.lists(st.lists(st.booleans(), max_size=40), min_size=1, max_size=40),
    fixed=st.booleans(),
    weight=st.sampled_from([0.5, -1.0]),
)
def test_tokens_of_a_block_attend_to_those_of_their_gene(there, fixed, weight):
    there = np.array([[True, *row, *[False] * (40 - len(row))] for row in there])
    X = RegionArray.from_dense(np.ones((*there.shape, 1, 1)), weight * there[:, 1:], 100 * there)
    layout = DeviceRegions(X, (100,)).batch(range(len(X)), fixed).layout
    for blocks in (layout.genes, layout.blocks):
        tokens = torch.arange(len(blocks.slot))
        if fixed:
            tokens = tokens[~blocks.padding]
        assert len(tokens) >= there.sum()
        assert torch.equal(blocks.token[blocks.block, blocks.slot][tokens], tokens)
        real = torch.zeros_like(blocks.token, dtype=torch.bool)
        real[blocks.block[tokens], blocks.slot[tokens]] = True
        n_queries = blocks.absent.shape[1]
        owner = torch.where(real, layout.genes.block[blocks.token], -1)
        assert torch.equal(blocks.absent, owner[:, :n_queries, None] != owner[:, None])
        place = torch.where(real, layout.genes.slot[blocks.token], 0)
        of_promoter = (real & (place == 0))[:, :n_queries, None] & (place > 0)[:, None]
        assert torch.equal(blocks.weights, weight * (of_promoter & ~blocks.absent))
    blocks, n_slots = layout.blocks, 41 - np.argmax(there[:, ::-1], axis=1)
    used = np.bincount(blocks.block[: len(X)], n_slots)
    if fixed:
        assert used.tolist() == n_slots.tolist() + [1] * (len(used) - len(X))
    else:  # no two blocks could be one
        assert len(used) == 1 or np.sort(used)[:2].sum() > blocks.token.shape[1]

"""Dropout acts where it should: attention probabilities, residuals and feed-forward layers."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skchromo import RegionArray
from skchromo.nn import DeviceRegions
from skchromo.nn.layers import (
    BinAttention,
    Bins,
    FeedForward,
    RegionAttention,
    sinusoidal_positions,
)


@pytest.fixture
def dropped(monkeypatch):
    """Shape of every tensor that dropout is applied to with a rate, while training."""
    shapes = []
    dropout, attention = F.dropout, F.scaled_dot_product_attention

    def looking(x, p=0.5, training=True, inplace=False):
        if training and p == 0.25:
            shapes.append(tuple(x.shape))
        return dropout(x, p, training, inplace)

    def attending(query, key, value, *args, dropout_p=0.0, **kwargs):
        if dropout_p == 0.25:
            shapes.append((*query.shape[:-1], key.shape[-2]))
        return attention(query, key, value, *args, dropout_p=dropout_p, **kwargs)

    monkeypatch.setattr(F, "dropout", looking)
    monkeypatch.setattr(F, "scaled_dot_product_attention", attending)
    return shapes


def run(kind, train):
    """One forward pass of 5 regions of 20 bins, or of 5 genes of 4 regions."""
    bins = Bins(torch.rand(5, 20, 8), torch.zeros(5, 20, dtype=torch.bool))
    if kind == "feed-forward":
        layer = FeedForward(1, 8, 16, dropout=0.25).train(train)
        layer(torch.rand(1, 5, 8))
    elif kind == "regions":
        layer = RegionAttention(1, 8, 2, 16, 16, dropout=0.25).train(train)
        X = RegionArray.from_dense(np.ones((5, 4, 8, 1)))
        layer(torch.rand(1, 20, 8), DeviceRegions(X, (100,)).batch(range(5)).layout)
    else:
        layer = BinAttention(1, 8, 2, 16, dropout=0.25).train(train)
        if kind == "every bin":
            layer.every_bin(bins, 0)
        else:
            factors = layer.factors(torch.rand(1, 8, 8))
            layer(torch.rand(1, 5, 8), [[bins]], [[sinusoidal_positions(20, 8)]], factors)


EXPECTED = {
    "feed-forward": [(1, 5, 16), (1, 5, 8)],
    "centre": [(5, 2, 20), (1, 5, 8), (1, 5, 16), (1, 5, 8)],
    "every bin": [(5, 2, 20, 20), (100, 8), (100, 16), (100, 8)],
    "regions": [(2 * 1, 32, 32), (1, 20, 8), (1, 20, 16), (1, 20, 8)],
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_dropout_is_on_in_training_and_off_after(dropped, kind):
    run(kind, train=True)
    assert dropped == EXPECTED[kind]
    dropped.clear()
    run(kind, train=False)
    assert dropped == []

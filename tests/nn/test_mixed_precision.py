"""The network under torch.autocast: what it computes is lower in precision, and as right."""

import numpy as np
import pytest
import torch
from small_models import TINY, make_regions

from skchromo.nn import ChromoformerNetwork, DeviceRegions

SIZES = {name: value for name, value in TINY.items() if name.startswith(("d_", "pair", "regul"))}


@pytest.mark.parametrize("params", [{}, {"embedding_n_layers": 2}, {"linear_skip": True}], ids=str)
def test_outputs_and_gradients_are_those_of_float32(params):
    X = make_regions()
    batch = DeviceRegions(X, (400, 100)).batch(np.arange(len(X)))
    torch.manual_seed(0)
    network = ChromoformerNetwork(2, (4, 16), bin_sizes=(400, 100), **SIZES, **params)
    for parameter in network.parameters():  # none that starts at 0 hides the others
        torch.nn.init.normal_(parameter, std=0.3)

    def outputs_and_gradients():
        network.zero_grad()
        output = network(batch)
        output.float().square().mean().backward()
        return output, [parameter.grad for parameter in network.parameters()]

    expected, wanted = outputs_and_gradients()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, gradients = outputs_and_gradients()
    assert not torch.equal(found, expected)
    assert (found - expected).abs().max() < 0.03 * expected.abs().max()
    for gradient, value in zip(gradients, wanted, strict=True):
        assert gradient.dtype == torch.float32
        assert (gradient - value).norm() <= 0.3 * value.norm()

"""Derivatives that are written out, against those that torch takes, and finite differences."""

import numpy as np
import pytest
import torch

from skchromo import RegionArray
from skchromo.nn import DeviceRegions
from skchromo.nn.layers import RegionAttention, _region_attention, scale_linear


def layout_of(n_pcres=3, fixed=False):
    """Seven genes with 0 to `n_pcres` pCREs, the first of them sometimes absent."""
    lengths = np.array([[400] * 4, [400, 0, 0, 0], [400, 90, 0, 0], [400, 0, 90, 0], [400] * 4])
    lengths = np.concatenate([lengths, lengths[1:3]])[:, : 1 + n_pcres]
    weights = np.arange(1.0, 22.0).reshape(7, 3)[:, :n_pcres] * (lengths[:, 1:] > 0) / 4
    X = RegionArray.from_dense(np.ones((7, 1 + n_pcres, 4, 1)), weights, lengths)
    layout = DeviceRegions(X, (100,)).batch(range(7), fixed=fixed).layout
    return layout._replace(weights=layout.weights.double())


@pytest.mark.parametrize("has_bias", [True, False])
def test_scale_linear(has_bias):
    torch.manual_seed(0)
    parts = [torch.rand(2, 4, 3), torch.rand(2, 5, 3), torch.rand(2, 1, 5)]
    parts = [part.double().requires_grad_() for part in parts[: 2 + has_bias]]
    assert torch.autograd.gradcheck(scale_linear, parts)
    expected = torch.einsum("sni,soi->sno", *parts[:2])
    expected = expected + parts[2] if has_bias else expected
    torch.testing.assert_close(scale_linear(*parts), expected)
    with torch.no_grad():
        torch.testing.assert_close(scale_linear(*parts), expected)


@pytest.mark.parametrize("n_pcres", [3, 0])
@pytest.mark.parametrize("promoter_only", [True, False])
def test_attention_among_regions(n_pcres, promoter_only):
    torch.manual_seed(0)
    layout = layout_of(n_pcres)
    n_tokens, n_asking = len(layout.place), 1 if promoter_only else layout.n_regions
    shapes = [(2, 7 if promoter_only else n_tokens, 8), (2, n_tokens, 16), (2, 2)]
    parts = [torch.rand(shape, dtype=torch.double, requires_grad=True) for shape in shapes]

    def mix(*parts):
        return _region_attention._Mix.apply(*parts, layout, n_asking, 0.0)

    assert torch.autograd.gradcheck(mix, parts)
    torch.testing.assert_close(mix(*parts), mix_plainly(*parts, layout, promoter_only))


def mix_plainly(query, both, gamma, layout, promoter_only):
    """The same gene by gene, on all of its tokens."""
    mixed = torch.zeros_like(query)
    for gene in range(len(layout.token)):
        tokens = layout.token[gene][~layout.absent[gene]]
        bias = layout.weights[gene][~layout.absent[gene]]
        asking = tokens[:1] if promoter_only else tokens
        for scale in range(2):
            for head in range(2):
                part = slice(4 * head, 4 * head + 4)
                logits = query[scale, asking, part] @ both[scale, tokens, part].T / 2
                logits[0] = logits[0] + gamma[scale, head] * bias
                value = both[scale, tokens, 8 + 4 * head : 12 + 4 * head]
                mixed[scale, asking, part] = logits.softmax(dim=1) @ value
    return mixed


def test_dropped_attention_has_the_derivative_of_what_was_kept():
    layout = layout_of()
    shapes = [(2, len(layout.place), 8), (2, len(layout.place), 16), (2, 2)]
    parts = [torch.rand(shape, dtype=torch.double, requires_grad=True) for shape in shapes]

    def mix(*parts):
        torch.manual_seed(1)
        return _region_attention._Mix.apply(*parts, layout, layout.n_regions, 0.5)

    assert torch.autograd.gradcheck(mix, parts)
    assert not torch.allclose(mix(*parts), mix_plainly(*parts, layout, False))


def test_promoters_of_pairs():
    layout = layout_of()
    promoters = torch.rand(2, 7, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(layout.to_pairs, promoters)
    torch.testing.assert_close(layout.to_pairs(promoters), promoters[:, layout.gene])


def test_padding_has_no_part_in_a_derivative():
    torch.manual_seed(0)
    layer = RegionAttention(2, 8, 2, 8, 8).double()
    tight, padded = layout_of(), layout_of(fixed=True)
    tokens = torch.rand(2, len(padded.place), 8, dtype=torch.double)
    here = padded.token[:7][~padded.absent[:7]]
    there = tight.token[~tight.absent]
    few = torch.zeros(2, len(tight.place), 8, dtype=torch.double)
    few[:, there] = tokens[:, here]
    gradients = []
    for x, layout in [(tokens, padded), (few, tight)]:
        x = x.clone().requires_grad_()
        layer(x, layout, promoter_only=True)[:, :7].sum().backward()
        gradients.append(x.grad)
    torch.testing.assert_close(gradients[0][:, here], gradients[1][:, there])
    padding = torch.ones(len(padded.place), dtype=torch.bool)
    padding[here] = False
    assert not gradients[0][:, padding & (padded.row < 7)].any()

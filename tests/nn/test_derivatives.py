"""Derivatives that are written out, against torch and finite differences."""

import numpy as np
import pytest
import torch

from skchromo import RegionArray
from skchromo.nn import DeviceRegions
from skchromo.nn.layers import RegionAttention, scale_linear


def layout_of(n_pcres=3, fixed=False):
    """Seven genes with 0 to `n_pcres` pCREs, the first of them sometimes absent."""
    lengths = np.array([[400] * 4, [400, 0, 0, 0], [400, 90, 0, 0], [400, 0, 90, 0], [400] * 4])
    lengths = np.concatenate([lengths, lengths[1:3]])[:, : 1 + n_pcres]
    weights = np.arange(1.0, 22.0).reshape(7, 3)[:, :n_pcres] * (lengths[:, 1:] > 0) / 4
    X = RegionArray.from_dense(np.ones((7, 1 + n_pcres, 4, 1)), weights, lengths)
    return DeviceRegions(X, (100,)).batch(range(7), fixed=fixed).layout


@pytest.mark.parametrize("has_bias", [True, False])
def test_scale_linear_equals_einsum_with_its_gradient(has_bias):
    torch.manual_seed(0)
    parts = [torch.rand(2, 4, 3), torch.rand(2, 5, 3), torch.rand(2, 1, 5)]
    parts = [part.double().requires_grad_() for part in parts[: 2 + has_bias]]
    assert torch.autograd.gradcheck(scale_linear, parts)
    expected = torch.einsum("sni,soi->sno", *parts[:2])
    expected = expected + parts[2] if has_bias else expected
    torch.testing.assert_close(scale_linear(*parts), expected)
    with torch.no_grad():
        torch.testing.assert_close(scale_linear(*parts), expected)


def attention_layer(dropout=0.0):
    torch.manual_seed(0)
    return RegionAttention(2, 4, 2, d_attention=8, d_ff=4, dropout=dropout).double()


def check_gradients(layer, layout, promoter_only):
    """Check the derivatives by the tokens and all parameters of the attention itself."""
    x = torch.rand(2, len(layout.genes.slot), 4, dtype=torch.double, requires_grad=True)

    def run(x, weight, gamma):
        torch.manual_seed(1)
        parts = {"att.weight": weight, "gamma": gamma}
        return torch.func.functional_call(layer, parts, (x, layout, promoter_only))

    assert torch.autograd.gradcheck(run, (x, layer.att.weight, layer.gamma))
    return x, run(x, layer.att.weight, layer.gamma)


@pytest.mark.parametrize("n_pcres", [3, 0])
@pytest.mark.parametrize("promoter_only", [True, False])
def test_region_attention_equals_attention_gene_by_gene(n_pcres, promoter_only):
    layer, layout = attention_layer(), layout_of(n_pcres)
    x, found = check_gradients(layer, layout, promoter_only)
    torch.testing.assert_close(found, attend_plainly(layer, x, layout, promoter_only))


def attend_plainly(layer, x, layout, promoter_only):
    """The same gene by gene, on all of its tokens."""
    query, key, value, gate = (x @ part.transpose(1, 2) for part in layer.att.weight.chunk(4, 1))
    mixed = torch.zeros_like(query)
    genes = layout.genes
    for gene in range(len(genes.token)):
        tokens = genes.token[gene][~genes.absent[gene, 0]]
        bias = genes.weights[gene, 0][~genes.absent[gene, 0]].double()
        for scale in range(2):
            for head in range(2):
                part = slice(4 * head, 4 * head + 4)
                logits = query[scale, tokens, part] @ key[scale, tokens, part].T / 2
                logits[0] = logits[0] + layer.gamma[scale, head] * bias
                mixed[scale, tokens, part] = logits.softmax(dim=1) @ value[scale, tokens, part]
    updated = layer.ff(layer.ln(x + layer.out(mixed * gate.sigmoid())))
    return updated[:, : len(genes.token)] if promoter_only else updated


def test_dropped_attention_has_the_derivative_of_the_kept_part():
    layer, layout = attention_layer(dropout=0.5), layout_of()
    x, found = check_gradients(layer, layout, False)
    assert not torch.allclose(found, attend_plainly(layer.eval(), x, layout, False))


def test_promoters_are_copied_to_their_pairs():
    layout = layout_of()
    promoters = torch.rand(2, 7, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(layout.to_pairs, promoters)
    torch.testing.assert_close(layout.to_pairs(promoters), promoters[:, layout.gene])


@pytest.mark.parametrize("promoter_only", [True, False])
def test_padding_has_no_gradient(promoter_only):
    torch.manual_seed(0)
    layer = RegionAttention(2, 8, 2, 8, 8).double()
    tight, padded = layout_of(), layout_of(fixed=True)
    tokens = torch.rand(2, len(padded.genes.slot), 8, dtype=torch.double)
    here = padded.genes.token[:7][~padded.genes.absent[:7, 0]]
    there = tight.genes.token[~tight.genes.absent[:, 0]]
    few = torch.zeros(2, len(tight.genes.slot), 8, dtype=torch.double)
    few[:, there] = tokens[:, here]
    gradients = []
    for x, layout, real in [(tokens, padded, here), (few, tight, there)]:
        x = x.clone().requires_grad_()
        y = layer(x, layout, promoter_only)
        (y[:, :7] if promoter_only else y[:, real]).square().sum().backward()
        gradients.append(x.grad)
    torch.testing.assert_close(gradients[0][:, here], gradients[1][:, there])
    padding = torch.ones(len(padded.genes.slot), dtype=torch.bool)
    padding[here] = False
    assert not gradients[0][:, padding & (padded.genes.block < 7)].any()

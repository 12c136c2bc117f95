"""Gated attention among the regions of each gene."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from ._scale_layers import FeedForward, ScaleLayerNorm, ScaleLinear, scale_linear


class RegionAttention(nn.Module):
    """Sigmoid-gated attention among the regions of a gene, then a feed-forward layer.

    Queries, keys, values and gates are `d_attention` wide over all heads, a multiple of `n_heads`.
    ``gamma * weight`` is added to the promoter's logits, with the contact weight and a learned
    gamma for each head. `dropout` acts on attention probabilities, residual and feed-forward layer.
    """

    def __init__(self, n_scales, d_model, n_heads, d_attention, d_ff, dropout=0.0):
        super().__init__()
        self.n_heads, self.dropout = n_heads, dropout
        self.att = ScaleLinear(n_scales, d_model, 4 * d_attention, bias=False)
        self.gamma = nn.Parameter(torch.ones(n_scales, n_heads, dtype=torch.float32))
        self.out = ScaleLinear(n_scales, d_attention, d_model)
        self.ln = ScaleLayerNorm(n_scales, d_model)
        self.ff = FeedForward(n_scales, d_model, d_ff, dropout)

    def _weights(self):
        """Matrices of the queries, of keys and values together, and of the gates."""
        d = self.out.weight.shape[2]
        return self.att.weight.split([d, 2 * d, d], dim=1)

    def forward(self, x, layout, promoter_only=False):
        """Update each region's embedding from all regions of its gene.

        `x` has shape (n_scales, n_tokens, d_model). With `promoter_only` the promoters alone are
        updated and returned, (n_scales, n_genes, d_model).
        """
        blocks, updated = layout.blocks, x
        if promoter_only:
            blocks, updated = layout.genes, x[:, : len(layout.genes.token)]
        query, key_value, gate = self._weights()
        mixed = _Mix.apply(
            scale_linear(updated, query),
            scale_linear(x, key_value),
            scale_linear(updated, gate),
            self.gamma,
            blocks,
            self.dropout if self.training else 0.0,
        )
        update = self.out(mixed)
        return self.ff(self.ln(updated + F.dropout(update, self.dropout, self.training)))

    def probabilities(self, x, layout, promoter_only=True):
        """Return attention from promoters, (n_scales, n_heads, n_genes, n_regions).

        Without `promoter_only` from every region: (n_scales, n_heads, n_genes, n_regions,
        n_regions).
        """
        (n_scales, n_heads), genes = self.gamma.shape, layout.genes
        n_genes, n_keys = genes.token.shape
        n_queries = 1 if promoter_only else layout.n_regions
        query, key_value, _ = self._weights()
        query, key = (
            genes.to_slots(scale_linear(x, weight), n, n_heads)
            for weight, n in ((query, n_queries), (key_value.chunk(2, dim=1)[0], n_keys))
        )
        weights = F.pad(genes.weights, (0, 0, 0, n_queries - 1))
        p = _probabilities(query, key, self.gamma, weights, genes.absent)[..., : layout.n_regions]
        p = p.unflatten(0, (n_heads, n_scales, n_genes)).transpose(0, 1)
        return p[..., 0, :] if promoter_only else p


class _Mix(torch.autograd.Function):
    """Values of each gene's regions weighted by attention and gated, from tokens to tokens.

    Written out with its derivative: the matrices of a block and head are so small that the time is
    spent in passes over memory.
    """

    @staticmethod
    def forward(ctx, query, key_value, gate, gamma, blocks, dropout):
        """Mix values.

        `query` and `gate` are (n_scales, n, d), n tokens with a query; `key_value` (n_scales,
        n_tokens, 2 d).
        """
        n_heads, (_, n_queries, n_keys) = gamma.shape[1], blocks.absent.shape
        ctx.n_tokens = query.shape[1], key_value.shape[1]
        query, gate = (blocks.to_slots(part, n_queries, n_heads) for part in (query, gate))
        key, value = blocks.to_slots(key_value, n_keys, 2 * n_heads).chunk(2)
        gate = gate.sigmoid_()
        p = _probabilities(query, key, gamma, blocks.weights, blocks.absent)
        p = p.to(value.dtype)  # autocast gives float32
        kept = F.dropout(torch.ones_like(p), dropout) if dropout else None
        mixed = torch.bmm(p if kept is None else p * kept, value)
        ctx.save_for_backward(query, key, value, gate, mixed, p, kept)
        ctx.blocks, ctx.n_heads = blocks, n_heads
        return blocks.to_tokens(mixed * gate, ctx.n_tokens[0], n_heads)

    @staticmethod
    def backward(ctx, grad):
        query, key, value, gate, mixed, p, kept = ctx.saved_tensors
        blocks, n_heads, (n_queries, n_keys) = ctx.blocks, ctx.n_heads, ctx.n_tokens
        grad = blocks.to_slots(grad, p.shape[1], n_heads)
        grad_gate = torch.ops.aten.sigmoid_backward(mixed * grad, gate)
        grad *= gate
        grad_both = grad.new_empty(2, *key.shape)
        torch.bmm((p if kept is None else p * kept).transpose(1, 2), grad, out=grad_both[1])
        grad_p = torch.bmm(grad, value.transpose(1, 2))
        if kept is not None:
            grad_p *= kept
        grad_logits = torch._softmax_backward_data(grad_p, p, -1, p.dtype)
        weights = blocks.weights.to(grad_logits.dtype).view(-1)
        grad_gamma = (grad_logits.view(-1, len(weights)) @ weights).view(n_heads, -1).T
        grad_logits *= 1 / math.sqrt(query.shape[2])
        grad_query = torch.bmm(grad_logits, key)
        torch.bmm(grad_logits.transpose(1, 2), query, out=grad_both[0])
        return (
            blocks.to_tokens(grad_query, n_queries, n_heads, blank=True),
            blocks.to_tokens(grad_both.flatten(0, 1), n_keys, 2 * n_heads, blank=True),
            blocks.to_tokens(grad_gate, n_queries, n_heads, blank=True),
            grad_gamma,
            None,
            None,
        )


def _probabilities(query, key, gamma, weights, absent):
    """Attention of regions to all of their gene, (n_heads * n_scales * n_blocks, n, n_keys)."""
    alpha = 1 / math.sqrt(query.shape[2])
    logits = torch.baddbmm(query.new_empty(()), query, key.transpose(1, 2), beta=0, alpha=alpha)
    table = logits.view(*gamma.T.shape, *weights.shape)
    table.addcmul_(gamma.T[:, :, None, None, None], weights)
    table.masked_fill_(absent, -math.inf)
    return logits.softmax(dim=-1)

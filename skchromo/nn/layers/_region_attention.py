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
        updated = x[:, : len(layout.token)] if promoter_only else x
        query, key_value, gate = self._weights()
        mixed = _Mix.apply(
            scale_linear(updated, query),
            scale_linear(x, key_value),
            self.gamma,
            layout,
            1 if promoter_only else layout.n_regions,
            self.dropout if self.training else 0.0,
        )
        update = self.out(mixed * scale_linear(updated, gate).sigmoid())
        return self.ff(self.ln(updated + F.dropout(update, self.dropout, self.training)))

    def probabilities(self, x, layout, promoter_only=True):
        """Return attention from promoters, (n_scales, n_heads, n_genes, n_regions).

        Without `promoter_only` from every region: (n_scales, n_heads, n_genes, n_regions,
        n_regions).
        """
        n_scales, n_heads = self.gamma.shape
        n_genes, n_keys = layout.token.shape
        n_queries = 1 if promoter_only else layout.n_regions
        query, key_value, _ = self._weights()
        query, key = (
            layout.to_slots(_by_head(scale_linear(x, weight), n_heads), n)
            .unflatten(1, (n_genes, n))
            .flatten(0, 1)
            for weight, n in ((query, n_queries), (key_value.chunk(2, dim=1)[0], n_keys))
        )
        p = _probabilities(query, key, self.gamma, layout)[..., : layout.n_regions]
        p = p.unflatten(0, (n_heads, n_scales, n_genes)).transpose(0, 1)
        return p[..., 0, :] if promoter_only else p


class _Mix(torch.autograd.Function):
    """Values of each gene's regions weighted by attention, from tokens to tokens.

    Written out with its derivative: the matrices of a gene and head are so small that the time is
    spent in passes over memory.
    """

    @staticmethod
    def forward(ctx, query, key_value, gamma, layout, n_queries, dropout):
        """Mix values.

        `query` is (n_scales, n, d), n tokens with a query; `key_value` (n_scales, n_tokens, 2 d);
        `n_queries` the number of a gene's regions that have a query: 1 or n_regions.
        """
        (n_scales, n_heads), n_keys = gamma.shape, layout.token.shape[1]
        query = _by_head(query, n_heads)
        if n_queries > 1:
            query = layout.to_slots(query, n_queries)
        query = query.unflatten(1, (-1, n_queries)).flatten(0, 1)
        key_value = layout.to_slots(_by_head(key_value, 2 * n_heads), n_keys)
        key, value = key_value.unflatten(1, (-1, n_keys)).flatten(0, 1).chunk(2)
        p = _probabilities(query, key, gamma, layout).to(value.dtype)  # autocast gives float32
        kept = F.dropout(torch.ones_like(p), dropout) if dropout else None
        ctx.save_for_backward(query, key, value, p, kept)
        ctx.layout, ctx.n_scales = layout, n_scales
        mixed = torch.bmm(p if kept is None else p * kept, value)
        mixed = mixed.view(n_heads * n_scales, -1, mixed.shape[2])
        if n_queries > 1:
            mixed = layout.to_tokens(mixed, n_queries)
        return _side_by_side(mixed, n_scales)

    @staticmethod
    def backward(ctx, grad):
        query, key, value, p, kept = ctx.saved_tensors
        layout, n_scales = ctx.layout, ctx.n_scales
        n_queries, n_keys = p.shape[1:]
        n_heads = len(p) // (n_scales * len(layout.token))
        grad = _by_head(grad, n_heads)
        if n_queries > 1:
            grad = layout.to_slots(grad, n_queries, blank=True)
        grad = grad.view(query.shape)
        grad_value = torch.bmm((p if kept is None else p * kept).transpose(1, 2), grad)
        grad_p = torch.bmm(grad, value.transpose(1, 2))
        if kept is not None:
            grad_p *= kept
        grad_logits = torch._softmax_backward_data(grad_p, p, -1, p.dtype)
        by_weight = grad_logits[:, 0].view(n_heads, n_scales, -1, n_keys) * layout.weights
        grad_logits *= 1 / math.sqrt(query.shape[2])
        grad_query = torch.bmm(grad_logits, key).view(n_heads * n_scales, -1, key.shape[2])
        if n_queries > 1:
            grad_query = layout.to_tokens(grad_query, n_queries, blank=True)
        grad_both = torch.cat([torch.bmm(grad_logits.transpose(1, 2), query), grad_value])
        grad_both = grad_both.view(2 * n_heads * n_scales, -1, key.shape[2])
        return (
            _side_by_side(grad_query, n_scales),
            _side_by_side(layout.to_tokens(grad_both, n_keys, blank=True), n_scales),
            by_weight.sum(dim=(2, 3)).T,
            None,
            None,
            None,
        )


def _probabilities(query, key, gamma, layout):
    """Attention of regions to all of their gene, (n_heads * n_scales * n_genes, n, n_keys)."""
    alpha = 1 / math.sqrt(query.shape[2])
    logits = torch.baddbmm(query.new_empty(()), query, key.transpose(1, 2), beta=0, alpha=alpha)
    table = logits.view(*gamma.T.shape, len(layout.token), *logits.shape[1:])
    table[:, :, :, 0] += gamma.T[:, :, None, None] * layout.weights
    table.masked_fill_(layout.absent[:, None], -math.inf)
    return logits.softmax(dim=-1)


def _by_head(x, n_heads):
    """Bring the numbers of each head together: (n_heads * n_scales, n, d_head)."""
    return x.unflatten(2, (n_heads, -1)).permute(2, 0, 1, 3).flatten(0, 1).contiguous()


def _side_by_side(x, n_scales):
    """Put heads side by side again: (n_scales, n, n_heads * d_head)."""
    return x.unflatten(0, (-1, n_scales)).permute(1, 2, 0, 3).flatten(2)

"""Gated attention among the regions of each gene."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from ._scale_layers import FeedForward, ScaleLayerNorm, ScaleLinear, scale_linear


class RegionAttention(nn.Module):
    """Sigmoid-gated attention among the regions of a gene, then a feed-forward layer.

    Parameters
    ----------
    n_scales, d_model, n_heads : int
        Number of bin sizes, width of the embeddings, heads.
    d_attention : int
        Width of queries, keys, values and gates over all heads, a multiple of `n_heads`.
    d_ff : int
        Width of the feed-forward layer.
    dropout : float, default=0.0
        Rate on attention probabilities, residual and feed-forward.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import DeviceRegions
    >>> from skchromo.nn.layers import RegionAttention
    >>> X = RegionArray.from_dense(np.ones((5, 2, 8, 1)))  # 5 promoters, 5 pCREs
    >>> layout = DeviceRegions(X, (100,)).batch(range(5)).layout
    >>> layer = RegionAttention(n_scales=3, d_model=8, n_heads=2, d_attention=16, d_ff=16)
    >>> layer(torch.rand(3, 10, 8), layout).shape
    torch.Size([3, 10, 8])
    """

    def __init__(self, n_scales, d_model, n_heads, d_attention, d_ff, dropout=0.0):
        super().__init__()
        self.n_heads, self.dropout = n_heads, dropout
        self.att = ScaleLinear(n_scales, d_model, 4 * d_attention, bias=False)
        self.gamma = nn.Parameter(torch.ones(n_scales, n_heads))
        self.out = ScaleLinear(n_scales, d_attention, d_model)
        self.ln = ScaleLayerNorm(n_scales, d_model)
        self.ff = FeedForward(n_scales, d_model, d_ff, dropout)

    def forward(self, x, layout, promoter_only=False):
        """Update each region's embedding from all regions of its gene.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n_tokens, d_model)
            Embeddings of all tokens.
        layout : TokenLayout
            Which regions are of one gene, and their contact weights. ``gamma * weight`` is added
            to the promoter's logits, with a learned gamma per head.
        promoter_only : bool, default=False
            Whether to update and return the promoters alone.

        Returns
        -------
        y : Tensor of shape (n_scales, n_tokens, d_model)
            Or (n_scales, n_genes, d_model) where `promoter_only`.
        """
        asking = x[:, : len(layout.token)] if promoter_only else x
        d = self.out.weight.shape[2]
        ask, show, shut = self.att.weight.split([d, 2 * d, d], dim=1)
        mixed = _Mix.apply(
            scale_linear(asking, ask),
            scale_linear(x, show),
            self.gamma,
            layout,
            1 if promoter_only else layout.n_regions,
            self.dropout if self.training else 0.0,
        )
        gate = scale_linear(asking, shut).sigmoid()
        update = self.out(mixed * gate)
        return self.ff(self.ln(asking + F.dropout(update, self.dropout, self.training)))


class _Mix(torch.autograd.Function):
    """Values of each gene's regions weighted by attention, from tokens to tokens.

    Written out with its derivative: the matrices of a gene and head are so small that passes over
    memory are what counts.
    """

    @staticmethod
    def forward(ctx, query, both, gamma, layout, n_asking, dropout):
        """Mix values.

        `query` is (n_scales, n_asking tokens, d), `both` keys and values (n_scales, n_tokens,
        2 d), `n_asking` the number of a gene's regions that ask: 1 or n_regions.
        """
        (n_scales, n_heads), n_keys = gamma.shape, layout.token.shape[1]
        query = by_head(query, n_heads)
        if n_asking > 1:
            query = layout.to_slots(query, n_asking)
        query = query.unflatten(1, (-1, n_asking)).flatten(0, 1)
        both = layout.to_slots(by_head(both, 2 * n_heads), n_keys)
        key, value = both.unflatten(1, (-1, n_keys)).flatten(0, 1).chunk(2)
        p = probabilities(query, key, gamma, layout)
        kept = F.dropout(torch.ones_like(p), dropout) if dropout else None
        ctx.save_for_backward(query, key, value, p, kept)
        ctx.layout, ctx.n_scales = layout, n_scales
        mixed = torch.bmm(p if kept is None else p * kept, value)
        mixed = mixed.view(n_heads * n_scales, -1, mixed.shape[2])
        return _side_by_side(layout.to_tokens(mixed, n_asking) if n_asking > 1 else mixed, n_scales)

    @staticmethod
    def backward(ctx, grad):
        query, key, value, p, kept = ctx.saved_tensors
        layout, n_scales = ctx.layout, ctx.n_scales
        n_asking, n_keys = p.shape[1:]
        n_heads = len(p) // (n_scales * len(layout.token))
        grad = by_head(grad, n_heads)
        if n_asking > 1:
            grad = layout.to_slots(grad, n_asking, blank=True)
        grad = grad.view(query.shape)
        grad_value = torch.bmm((p if kept is None else p * kept).transpose(1, 2), grad)
        grad_p = torch.bmm(grad, value.transpose(1, 2))
        if kept is not None:
            grad_p *= kept
        grad_logits = torch._softmax_backward_data(grad_p, p, -1, p.dtype)
        by_weight = grad_logits[:, 0].view(n_heads, n_scales, -1, n_keys) * layout.weights
        grad_logits *= 1 / math.sqrt(query.shape[2])
        grad_query = torch.bmm(grad_logits, key).view(n_heads * n_scales, -1, key.shape[2])
        if n_asking > 1:
            grad_query = layout.to_tokens(grad_query, n_asking, blank=True)
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


def probabilities(query, key, gamma, layout):
    """Attention of regions to those of their gene, (n_heads * n_scales * n_genes, n, n_keys)."""
    alpha = 1 / math.sqrt(query.shape[2])
    logits = torch.baddbmm(query.new_empty(()), query, key.transpose(1, 2), beta=0, alpha=alpha)
    table = logits.view(*gamma.T.shape, len(layout.token), *logits.shape[1:])
    table[:, :, :, 0] += gamma.T[:, :, None, None] * layout.weights
    table.masked_fill_(layout.absent[:, None], -math.inf)
    return logits.softmax(dim=-1)


def by_head(x, n_heads):
    """Bring the numbers of each head together: (n_heads * n_scales, n, d_head)."""
    return x.unflatten(2, (n_heads, -1)).permute(2, 0, 1, 3).flatten(0, 1).contiguous()


def _side_by_side(x, n_scales):
    """Put heads side by side again: (n_scales, n, n_heads * d_head)."""
    return x.unflatten(0, (-1, n_scales)).permute(1, 2, 0, 3).flatten(2)

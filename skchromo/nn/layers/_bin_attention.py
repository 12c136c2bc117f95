"""Attention over the bins of regions, from their centre only or from every bin."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from ._scale_layers import FeedForward, ScaleLayerNorm, ScaleLinear, scale_linear

# Rows of the small matrices that attention multiplies are multiples of these floats long: where
# they are not, some CPUs' kernels round a product by its place in memory, and the prediction for a
# gene depends on its place in the batch.
ALIGNED = 4


class Bins(NamedTuple):
    """Bins of n regions at one bin size, padded at both ends to one width.

    `features` has shape (n, width, n_features): the tracks, and columns of zeros that make their
    number a multiple of `ALIGNED`. `absent` has shape (n, width): True for padding.
    """

    features: torch.Tensor
    absent: torch.Tensor


class BinAttention(nn.Module):
    """Attention from each region's centre to its bins, followed by a feed-forward layer.

    Bins enter as ``x_j = W f_j + pe_j``, with few features f and fixed positions pe. Then::

        q . K x_j = (W' K' q) . f_j + (K' q) . pe_j
        sum_j p_j V x_j = V (W sum_j p_j f_j + sum_j p_j pe_j)

    so that neither the bins' embeddings nor their keys and values are ever made: a bin costs
    a product as wide as its features and one with the positions that all regions share. The
    product of each head's query and key matrices, and of its value and output matrices, is
    taken once per forward pass (:meth:`factors`). `n_heads` divides `d_model`; `dropout` acts on
    attention probabilities, residual and feed-forward layer.
    """

    def __init__(self, n_scales, d_model, n_heads, d_ff, dropout=0.0):
        super().__init__()
        self.n_heads, self.dropout = n_heads, dropout
        self.query = ScaleLinear(n_scales, d_model, d_model, bias=False)
        self.key = ScaleLinear(n_scales, d_model, d_model, bias=False)
        self.value = ScaleLinear(n_scales, d_model, d_model, bias=False)
        self.out = ScaleLinear(n_scales, d_model, d_model)
        self.ln = ScaleLayerNorm(n_scales, d_model)
        self.ff = FeedForward(n_scales, d_model, d_ff, dropout)

    def factors(self, projection=None):
        """Multiply out the matrices of each head: query with key, value with output.

        `projection` is W above, (n_scales, d_model, n_features); None where the bins enter as they
        are, x_j = f_j, without positions. The first factor, (n_scales, n_heads * d_bin, d_model),
        leads from a query to the weights of its logits; the second, (n_scales, d_model,
        n_heads * d_bin), from the weighted sum of bins to the output. The width d_bin is
        d_model + n_features, or d_model without projection.
        """
        n_scales, d_model, _ = self.query.weight.shape
        heads = (n_scales, self.n_heads, d_model // self.n_heads, d_model)
        query, key, value = (
            layer.weight.view(heads) for layer in (self.query, self.key, self.value)
        )
        scale = 1 / math.sqrt(heads[2])
        query_key = key.transpose(2, 3) @ (query * scale)
        out = self.out.weight.view(n_scales, d_model, *heads[1:3]).permute(0, 2, 3, 1)
        value_out = value.transpose(2, 3) @ out
        if projection is not None:
            narrow = projection.transpose(1, 2)[:, None]
            query_key = torch.cat([query_key, narrow @ query_key], dim=2)
            value_out = torch.cat([value_out, narrow @ value_out], dim=2)
        value_out = value_out.reshape(n_scales, -1, d_model).transpose(1, 2)
        return query_key.reshape(n_scales, -1, d_model), value_out

    def forward(self, x, groups, positions, factors):
        """Update the centres x of regions, (n_scales, n, d_model), from their bins.

        `groups` holds the regions in the order of `x`, grouped by width: for each group a Bins per
        bin size. `positions` holds for each group and bin size a tensor of shape
        (width, d_model), or None where its bins enter as they are.
        """
        summed = [
            torch.stack([self._sum_bins(*part) for part in group])
            for group in self._by_group(x, groups, positions, factors[0])
        ]
        update = scale_linear(torch.cat(summed, dim=1), factors[1], self.out.bias)
        return self.ff(self.ln(x + F.dropout(update, self.dropout, self.training)))

    def probabilities(self, x, groups, positions, factors):
        """Return attention from each centre, by group and bin size: (n, n_heads, width) each."""
        return [
            [self._probabilities(*part) for part in group]
            for group in self._by_group(x, groups, positions, factors[0])
        ]

    @staticmethod
    def _by_group(x, groups, positions, query_key):
        """Yield for each group the queries, bins and positions of every bin size."""
        queries = scale_linear(x, query_key)
        queries = queries.split([len(group[0].absent) for group in groups], dim=1)
        for query, group, where in zip(queries, groups, positions):
            yield zip(query.unbind(), group, where)

    def _probabilities(self, query, bins, positions):
        """Softmax over the bins of each region, (n, n_heads, width), of one bin size."""
        n, width, n_features = bins.features.shape
        query, features = query.view(n, self.n_heads, -1), bins.features.transpose(1, 2)
        if positions is None:
            logits = torch.bmm(query, features)
        else:
            at, query = query.split([query.shape[2] - n_features, n_features], dim=2)
            shared = (at.reshape(n * self.n_heads, -1) @ positions.T).view(n, self.n_heads, width)
            logits = torch.baddbmm(shared, query, features)
        return logits.masked_fill(bins.absent[:, None], -math.inf).softmax(dim=2)

    def _sum_bins(self, query, bins, positions):
        """Attention-weighted sum of bins, (n, n_heads * d_bin), of one bin size."""
        p = self._probabilities(query, bins, positions)
        p = F.dropout(p, self.dropout, self.training)
        summed = torch.bmm(p, bins.features)
        if positions is not None:
            at = (p.view(-1, p.shape[2]) @ positions).view(*p.shape[:2], -1)
            summed = torch.cat([at, summed], dim=2)
        return summed.flatten(1)

    def every_bin(self, bins, scale):
        """Update every bin of each region from all of its bins, (n, width, d_model).

        Bins have features of width d_model here; `scale` is the number of their bin size.
        """
        x = bins.features.flatten(0, 1)
        mixed = F.scaled_dot_product_attention(
            *self._by_head(x, bins, scale, self.query, self.key, self.value),
            attn_mask=~bins.absent[:, None, None],
            dropout_p=self.dropout if self.training else 0.0,
        )
        update = self.out(mixed.transpose(1, 2).reshape(x.shape), scale)
        x = self.ln(x + F.dropout(update, self.dropout, self.training), scale)
        return self.ff(x, scale).view(bins.features.shape)

    def every_bin_probabilities(self, bins, scale):
        """Return attention from every bin to every bin, (n, n_heads, width, width)."""
        x = bins.features.flatten(0, 1)
        query, key = self._by_head(x, bins, scale, self.query, self.key)
        logits = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        return logits.masked_fill(bins.absent[:, None, None], -math.inf).softmax(dim=-1)

    def _by_head(self, x, bins, scale, *layers):
        """Apply linear layers to every bin, for each head: (n, n_heads, width, d_head) each."""
        shape = (*bins.absent.shape, self.n_heads, -1)
        return [layer(x, scale).view(shape).transpose(1, 2) for layer in layers]

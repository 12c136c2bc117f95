"""Attention over the bins of regions, read from their centre only."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from ._scale_layers import FeedForward, ScaleLayerNorm, ScaleLinear, scale_linear

# Rows of the small matrices that attention multiplies are multiples of these floats long: where
# they are not, some CPUs' kernels round a product by its place in memory, and what is predicted for
# a gene depends on its place in the batch.
ALIGNED = 4


class Bins(NamedTuple):
    """Bins of several regions at one bin size, padded at both ends to one width.

    Attributes
    ----------
    features : Tensor of shape (n, width, n_features)
        Tracks, and columns of zeros that make their number a multiple of `ALIGNED`.
    absent : Tensor of shape (n, width), bool
        True where there is no bin, only padding.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import Bins
    >>> bins = Bins(torch.zeros(5, 20, 8), torch.zeros(5, 20, dtype=torch.bool))
    >>> bins.features.shape[:2] == bins.absent.shape
    True
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
    taken once per forward pass (:meth:`factors`).

    Parameters
    ----------
    n_scales, d_model, n_heads, d_ff : int
        Number of bin sizes, width, heads (a divisor of `d_model`), feed-forward width.
    dropout : float, default=0.0
        Rate on attention probabilities, residual and feed-forward.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import BinAttention, Bins, sinusoidal_positions
    >>> layer = BinAttention(n_scales=1, d_model=8, n_heads=2, d_ff=16)
    >>> bins = Bins(torch.rand(5, 20, 8), torch.zeros(5, 20, dtype=torch.bool))
    >>> factors = layer.factors(torch.rand(1, 8, 8))
    >>> layer(torch.rand(1, 5, 8), [[bins]], [[sinusoidal_positions(20, 8)]], factors).shape
    torch.Size([1, 5, 8])
    >>> layer.every_bin(bins, scale=0).shape  # of embedded bins, whose width is d_model
    torch.Size([5, 20, 8])
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

        Parameters
        ----------
        projection : Tensor of shape (n_scales, d_model, n_features), default=None
            W above. None where the bins enter as they are, x_j = f_j, without positions.

        Returns
        -------
        ask : Tensor of shape (n_scales, n_heads * d_bin, d_model)
            From a query to the weights of its logits. The width d_bin is ``d_model + n_features``,
            or d_model if `projection` is None.
        answer : Tensor of shape (n_scales, d_model, n_heads * d_bin)
            From the weighted sum of bins to the output.
        """
        n_scales, d_model, _ = self.query.weight.shape
        heads = (n_scales, self.n_heads, d_model // self.n_heads, d_model)
        query, key, value = (
            layer.weight.view(heads) for layer in (self.query, self.key, self.value)
        )
        scale = 1 / math.sqrt(heads[2])
        ask = key.transpose(2, 3) @ (query * scale)
        out = self.out.weight.view(n_scales, d_model, *heads[1:3]).permute(0, 2, 3, 1)
        answer = value.transpose(2, 3) @ out
        if projection is not None:
            narrow = projection.transpose(1, 2)[:, None]
            ask = torch.cat([ask, narrow @ ask], dim=2)
            answer = torch.cat([answer, narrow @ answer], dim=2)
        answer = answer.reshape(n_scales, -1, d_model).transpose(1, 2)
        return ask.reshape(n_scales, -1, d_model), answer

    def forward(self, x, groups, positions, factors):
        """Update the centre of each region from its bins.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n, d_model)
            The queries, one per region.
        groups : sequence of (sequence of Bins, one per bin size)
            The regions in the order of `x`, those of one width together.
        positions : sequence of (sequence of Tensor of shape (width, d_model), one per bin size)
            For each group; None where its bins enter as they are.
        factors : tuple of Tensor
            What :meth:`factors` returned.

        Returns
        -------
        y : Tensor of shape (n_scales, n, d_model)
            The updated centres.
        """
        ask, answer = factors
        queries = scale_linear(x, ask)
        queries = queries.split([len(group[0].absent) for group in groups], dim=1)
        summed = [
            torch.stack([self._sum_bins(*part) for part in zip(query.unbind(), group, where)])
            for query, group, where in zip(queries, groups, positions)
        ]
        update = scale_linear(torch.cat(summed, dim=1), answer, self.out.bias)
        return self.ff(self.ln(x + F.dropout(update, self.dropout, self.training)))

    def _sum_bins(self, query, bins, positions):
        """Attention-weighted sum of bins, (n, n_heads * d_bin), of one bin size."""
        features = bins.features
        n, width, n_features = features.shape
        query = query.view(n, self.n_heads, -1)
        if positions is None:
            logits = torch.bmm(query, features.transpose(1, 2))
        else:
            at, query = query.split([query.shape[2] - n_features, n_features], dim=2)
            shared = (at.reshape(n * self.n_heads, -1) @ positions.T).view(n, self.n_heads, width)
            logits = torch.baddbmm(shared, query, features.transpose(1, 2))
        p = logits.masked_fill(bins.absent[:, None], -math.inf).softmax(dim=2)
        p = F.dropout(p, self.dropout, self.training)
        summed = torch.bmm(p, features)
        if positions is not None:
            at = (p.view(n * self.n_heads, width) @ positions).view(n, self.n_heads, -1)
            summed = torch.cat([at, summed], dim=2)
        return summed.flatten(1)

    def every_bin(self, bins, scale):
        """Update every bin of each region from all of its bins, at one bin size.

        Parameters
        ----------
        bins : Bins
            With features of width d_model.
        scale : int
            Number of the bin size.

        Returns
        -------
        x : Tensor of shape (n, width, d_model)
            The updated bins.
        """
        x = bins.features.flatten(0, 1)
        shape = (*bins.absent.shape, self.n_heads, -1)
        query, key, value = (
            layer(x, scale).view(shape).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=~bins.absent[:, None, None],
            dropout_p=self.dropout if self.training else 0.0,
        )
        update = self.out(mixed.transpose(1, 2).reshape(x.shape), scale)
        x = self.ln(x + F.dropout(update, self.dropout, self.training), scale)
        return self.ff(x, scale).view(bins.features.shape)

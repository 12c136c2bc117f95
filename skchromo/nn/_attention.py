"""Attention over bins, read from their centre only, and gated attention over regions."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from ._layers import FeedForward, ScaleLayerNorm, ScaleLinear

# Rows of the small matrices that attention multiplies are multiples of these floats long: where
# they are not, some CPUs' kernels round a product by its place in memory, and what is predicted for
# a gene depends on its place in the batch.
ALIGNED = 4


class Bins(NamedTuple):
    """The bins of several regions at one bin size, padded at both ends to one width.

    Attributes
    ----------
    features : Tensor of shape (n, width, n_features)
        Tracks, and columns of zeros that make their number a multiple of `ALIGNED`.
    absent : Tensor of shape (n, width), bool
        True where there is no bin, only padding.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn import Bins
    >>> bins = Bins(torch.zeros(5, 20, 7), torch.zeros(5, 20, dtype=torch.bool))
    >>> bins.features.shape[:2] == bins.absent.shape
    True
    """

    features: torch.Tensor
    absent: torch.Tensor


class BinAttention(nn.Module):
    """Attention from each region's centre to its bins, followed by a feed-forward layer.

    Bins enter as ``x_j = W f_j + pe_j``, with few features f and fixed positions pe. Then

        q . K x_j = (W' K' q) . f_j + (K' q) . pe_j
        sum_j p_j V x_j = V (W sum_j p_j f_j + sum_j p_j pe_j)

    so that neither the bins' embeddings nor their keys and values are ever made: a bin costs
    a product as wide as its features and one with the positions that all regions share. The
    product of each head's query and key matrices, and of its value and output matrices, is
    taken once a forward pass (:meth:`factors`).

    Parameters
    ----------
    n_scales, d_model, n_heads, d_ff : int
        Number of bin sizes, width, heads (a divisor of `d_model`), feed-forward width.
    dropout : float, default=0.0
        Rate on attention probabilities, residual and feed-forward.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn import BinAttention, Bins, sinusoidal_positions
    >>> layer = BinAttention(n_scales=1, d_model=8, n_heads=2, d_ff=16)
    >>> bins = Bins(torch.rand(5, 20, 7), torch.zeros(5, 20, dtype=torch.bool))
    >>> factors = layer.factors(torch.rand(1, 8, 7))
    >>> layer(torch.rand(1, 5, 8), [bins], [sinusoidal_positions(20, 8)], factors).shape
    torch.Size([1, 5, 8])
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
        """Matrices from a query to its logits' weights, and from summed bins to the output.

        Parameters
        ----------
        projection : Tensor of shape (n_scales, d_model, n_features), default=None
            W above. None where the bins enter as they are, x_j = f_j, without positions.

        Returns
        -------
        ask : Tensor of shape (n_scales, n_heads * d_bin, d_model)
        answer : Tensor of shape (n_scales, n_heads * d_bin, d_model)
            d_bin is ``d_model + n_features``, or d_model where `projection` is None.
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
        return ask.reshape(n_scales, -1, d_model), answer.reshape(n_scales, -1, d_model)

    def forward(self, x, bins, positions, factors):
        """Update the centre of each region from its bins.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n, d_model)
            The queries, one a region.
        bins : sequence of Bins, one per bin size
        positions : sequence of Tensor of shape (width, d_model), one per bin size, or of None
            None where the bins enter as they are.
        factors : tuple of Tensor
            What :meth:`factors` returned.

        Returns
        -------
        y : Tensor of shape (n_scales, n, d_model)
        """
        ask, answer = factors
        n_scales, n, _ = x.shape
        queries = torch.bmm(x, ask.transpose(1, 2)).view(n_scales, n, self.n_heads, -1).unbind()
        summed = torch.stack([self._sum_bins(*part) for part in zip(queries, bins, positions)])
        update = torch.baddbmm(self.out.bias, summed.view(n_scales, n, -1), answer)
        return self.ff(self.ln(x + F.dropout(update, self.dropout, self.training)))

    def _sum_bins(self, query, bins, positions):
        """Attention-weighted sum of bins, (n, n_heads, d_bin), of one bin size."""
        n, n_heads, d_bin = query.shape
        features = bins.features
        d_pos = 0 if positions is None else positions.shape[1]
        by_position, by_feature = query.split([d_pos, d_bin - d_pos], dim=2)
        if positions is None:
            logits = torch.bmm(by_feature, features.transpose(1, 2))
        else:
            shared = (by_position.reshape(n * n_heads, d_pos) @ positions.T).view(n, n_heads, -1)
            logits = torch.baddbmm(shared, by_feature, features.transpose(1, 2))
        p = logits.masked_fill(bins.absent[:, None], -math.inf).softmax(dim=2)
        p = F.dropout(p, self.dropout, self.training)
        summed = torch.bmm(p, features)
        if positions is None:
            return summed
        at = (p.view(n * n_heads, -1) @ positions).view(n, n_heads, d_pos)
        return torch.cat([at, summed], dim=2)

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
        """
        x = bins.features
        n, width, _ = x.shape
        query, key, value = (
            layer(x, scale).view(n, width, self.n_heads, -1).transpose(1, 2)
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
        return self.ff(x, scale)


class RegionAttention(nn.Module):
    """Sigmoid-gated attention among the regions of a gene, then a feed-forward layer.

    Parameters
    ----------
    n_scales, d_model, n_heads, d_ff : int
        Number of bin sizes, width of the embeddings, heads, feed-forward width.
    d_attention : int
        Width of queries, keys, values and gates over all heads, a multiple of `n_heads`.
    dropout : float, default=0.0
        Rate on attention probabilities, residual and feed-forward.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn import RegionAttention
    >>> layer = RegionAttention(n_scales=3, d_model=8, n_heads=2, d_attention=16, d_ff=16)
    >>> weights, absent = torch.tensor([[0.0, 2.5]]), torch.tensor([[False, False]])
    >>> layer(torch.rand(3, 1, 2, 8), weights, absent).shape
    torch.Size([3, 1, 2, 8])
    """

    def __init__(self, n_scales, d_model, n_heads, d_attention, d_ff, dropout=0.0):
        super().__init__()
        self.n_heads, self.dropout = n_heads, dropout
        self.att = ScaleLinear(n_scales, d_model, 4 * d_attention, bias=False)
        self.gamma = nn.Parameter(torch.ones(n_scales, n_heads))
        self.out = ScaleLinear(n_scales, d_attention, d_model)
        self.ln = ScaleLayerNorm(n_scales, d_model)
        self.ff = FeedForward(n_scales, d_model, d_ff, dropout)

    def forward(self, x, weights, absent, promoter_only=False):
        """Update each region's embedding from all regions of its gene.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n_genes, n_regions, d_model)
            Region 0 is the promoter.
        weights : Tensor of shape (n_genes, n_regions)
            Contact weights, 0 for the promoter itself. ``gamma * weight`` is added to the
            promoter's logits, with a learned gamma per head.
        absent : Tensor of shape (n_genes, n_regions), bool
            True where there is no region.
        promoter_only : bool, default=False
            Whether to update and return the promoter alone.

        Returns
        -------
        y : Tensor of shape (n_scales, n_genes, n_regions or 1, d_model)
        """
        n_scales, d_model = x.shape[0], x.shape[-1]
        asking = x[:, :, :1] if promoter_only else x
        query, key, value, gate = self._project(asking, x, promoter_only)
        extra = -x.shape[2] % ALIGNED
        key, value = F.pad(key, (0, 0, 0, extra)), F.pad(value, (0, 0, 0, extra))
        weights, absent = F.pad(weights, (0, extra)), F.pad(absent, (0, extra), value=True)
        logits = (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
        bias = self.gamma[:, None, :, None, None] * weights[:, None, None]
        logits = logits + F.pad(bias, (0, 0, 0, query.shape[-2] - 1))
        p = logits.masked_fill(absent[:, None, None], -math.inf).softmax(dim=-1)
        mixed = F.dropout(p, self.dropout, self.training) @ value
        gated = mixed.transpose(2, 3) * gate.sigmoid()
        flat = asking.reshape(n_scales, -1, d_model)
        update = self.out(gated.reshape(n_scales, flat.shape[1], -1))
        y = self.ln(flat + F.dropout(update, self.dropout, self.training))
        return self.ff(y).view(asking.shape)

    def _project(self, asking, x, promoter_only):
        """Query, key, value as (scales, genes, heads, regions, d_head); gate unpermuted."""
        if not promoter_only:
            parts = self._heads(self.att.weight, x).unbind(3)
        else:
            query, key, value, gate = self.att.weight.chunk(4, dim=1)
            parts = (
                *self._heads(torch.cat([key, value], dim=1), x).unbind(3),
                *self._heads(torch.cat([query, gate], dim=1), asking).unbind(3),
            )
            parts = parts[2], parts[0], parts[1], parts[3]
        return *(part.transpose(2, 3) for part in parts[:3]), parts[3]

    def _heads(self, weight, x):
        """Product with stacked matrices: (scales, genes, regions, matrices, heads, d_head)."""
        n_scales, n_genes, n_regions, d_model = x.shape
        product = torch.bmm(x.reshape(n_scales, -1, d_model), weight.transpose(1, 2))
        d_head = self.out.weight.shape[2] // self.n_heads
        return product.view(n_scales, n_genes, n_regions, -1, self.n_heads, d_head)

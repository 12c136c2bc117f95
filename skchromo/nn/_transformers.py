"""The three transformers of Chromoformer, each for all bin sizes at once."""

import torch
from torch import nn

from .layers import BinAttention, Bins, RegionAttention, ScaleLinear, TrackProjection


class EmbeddingTransformer(nn.Module):
    """Embed each promoter from the bins of its window.

    Self-attention over bins. The row of the centre alone is returned, so that the last layer
    computes nothing else. Layers before the last are ordinary full attention.
    """

    def __init__(self, n_scales, n_tracks, d_model, n_layers, n_heads, d_ff, dropout=0.0):
        super().__init__()
        self.lin_proj = TrackProjection(n_scales, n_tracks, d_model)
        self.layers = nn.ModuleList(
            BinAttention(n_scales, d_model, n_heads, d_ff, dropout) for _ in range(n_layers)
        )

    def forward(self, bins, positions):
        """Return the embeddings of promoters, (n_scales, n, d_model).

        `bins` holds a Bins of log1p signal for each bin size, `positions` the position encoding of
        its bins, (width, d_model).
        """
        last = self.layers[-1]
        if len(self.layers) == 1:
            factors = last.factors(self.lin_proj.wide(bins[0].features.shape[2]))
            centre = self.lin_proj(_centres(bins))
            centre = centre + torch.stack([_centre(where) for where in positions])[:, None]
            return last(centre, [bins], [positions], factors)
        bins = [self._all_but_last(*part) for part in zip(range(len(bins)), bins, positions)]
        return last(_centres(bins), [bins], [[None] * len(bins)], last.factors())

    def with_positions(self, scale, bins, positions):
        """Return the bins of one size as features of width d_model, positions added."""
        x = self.lin_proj(bins.features.flatten(0, 1), scale)
        return Bins(x.view(*bins.absent.shape, -1) + positions, bins.absent)

    def _all_but_last(self, scale, bins, positions):
        """Return the bins of one size after all layers but the last."""
        bins = self.with_positions(scale, bins, positions)
        for layer in self.layers[:-1]:
            bins = Bins(layer.every_bin(bins, scale), bins.absent)
        return bins


class PairwiseInteractionTransformer(nn.Module):
    """Embed each promoter-pCRE pair: the promoter attends to the bins of the pCRE."""

    def __init__(self, n_scales, n_tracks, d_model, n_layers, n_heads, d_ff, dropout=0.0):
        super().__init__()
        self.lin_proj_p = ScaleLinear(n_scales, d_model, d_model, bias=False)
        self.lin_proj_pcre = TrackProjection(n_scales, n_tracks, d_model)
        self.layers = nn.ModuleList(
            BinAttention(n_scales, d_model, n_heads, d_ff, dropout) for _ in range(n_layers)
        )

    def forward(self, promoters, groups, positions):
        """Return the embeddings of pairs, (n_scales, n, d_model).

        `promoters` holds for each pair the projection of its promoter's embedding by `lin_proj_p`.
        `groups` holds the pCREs in the same order, grouped by width: for each group a Bins per bin
        size. `positions` holds the position encoding of each of these bins.
        """
        projection = self.lin_proj_pcre.wide(groups[0][0].features.shape[2])
        x = promoters
        for layer in self.layers:
            x = layer(x, groups, positions, layer.factors(projection))
        return x


class RegulationTransformer(nn.Module):
    """Embed each gene from its promoter, its pCREs and their contact weights."""

    def __init__(self, n_scales, d_model, n_layers, n_heads, d_attention, d_ff, dropout=0.0):
        super().__init__()
        self.layers = nn.ModuleList(
            RegionAttention(n_scales, d_model, n_heads, d_attention, d_ff, dropout)
            for _ in range(n_layers)
        )

    def forward(self, x, layout):
        """Return the embeddings of genes, (n_scales, n_genes, d_model), from all tokens."""
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x, layout, promoter_only=number == len(self.layers))
        return x


def _centre(x, dim=0):
    """Return the middle bin, or the first one behind the middle where their number is even."""
    return x.select(dim, x.shape[dim] // 2)


def _centres(bins):
    """Features of the centre bins, (n_scales, n, n_features)."""
    return torch.stack([_centre(part.features, dim=1) for part in bins])

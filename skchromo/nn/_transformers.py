"""The three transformers of Chromoformer, each for all bin sizes at once."""

import torch
from torch import nn

from .layers import BinAttention, Bins, RegionAttention, ScaleLinear, TrackProjection


class EmbeddingTransformer(nn.Module):
    """Embed each promoter from the bins of its window.

    Self-attention over bins, of which only the centre's row is returned: the last layer
    computes nothing else. Layers before the last are ordinary full attention.

    Parameters
    ----------
    n_scales, n_tracks, d_model : int
        Number of bin sizes and tracks, width.
    n_layers, n_heads, d_ff : int
        Layers, heads (a divisor of `d_model`), feed-forward width.
    dropout : float, default=0.0
        Rate on attention probabilities, residuals and feed-forward layers.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import Bins, sinusoidal_positions
    >>> from skchromo.nn import EmbeddingTransformer
    >>> transformer = EmbeddingTransformer(1, 7, d_model=8, n_layers=2, n_heads=2, d_ff=16)
    >>> bins = Bins(torch.rand(5, 20, 8), torch.zeros(5, 20, dtype=torch.bool))
    >>> transformer([bins], [sinusoidal_positions(20, 8)]).shape
    torch.Size([1, 5, 8])
    """

    def __init__(self, n_scales, n_tracks, d_model, n_layers, n_heads, d_ff, dropout=0.0):
        super().__init__()
        self.lin_proj = TrackProjection(n_scales, n_tracks, d_model)
        self.layers = nn.ModuleList(
            BinAttention(n_scales, d_model, n_heads, d_ff, dropout) for _ in range(n_layers)
        )

    def forward(self, bins, positions):
        """Embed promoters.

        Parameters
        ----------
        bins : sequence of Bins, one per bin size
            Features are log1p signal.
        positions : sequence of Tensor of shape (width, d_model), one per bin size
            Position encoding of the bins.

        Returns
        -------
        x : Tensor of shape (n_scales, n, d_model)
            Of each promoter.
        """
        last = self.layers[-1]
        if len(self.layers) == 1:
            factors = last.factors(self.lin_proj.wide(bins[0].features.shape[2]))
            centre = self.lin_proj(_centres(bins))
            centre = centre + torch.stack([_centre(where) for where in positions])[:, None]
            return last(centre, [bins], [positions], factors)
        bins = [self._all_but_last(*part) for part in enumerate(zip(bins, positions))]
        return last(_centres(bins), [bins], [[None] * len(bins)], last.factors())

    def _all_but_last(self, scale, part):
        """Bins of one size after all layers but the last, as features of width d_model."""
        bins, where = part
        x = self.lin_proj(bins.features.flatten(0, 1), scale)
        bins = Bins(x.view(*bins.absent.shape, -1) + where, bins.absent)
        for layer in self.layers[:-1]:
            bins = Bins(layer.every_bin(bins, scale), bins.absent)
        return bins


class PairwiseInteractionTransformer(nn.Module):
    """Embed each promoter-pCRE pair: the promoter attends to the bins of the pCRE.

    Parameters
    ----------
    n_scales, n_tracks, d_model : int
        Number of bin sizes and tracks, width.
    n_layers, n_heads, d_ff : int
        Layers, heads (a divisor of `d_model`), feed-forward width.
    dropout : float, default=0.0
        Rate on attention probabilities, residuals and feed-forward layers.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import Bins, sinusoidal_positions
    >>> from skchromo.nn import PairwiseInteractionTransformer
    >>> transformer = PairwiseInteractionTransformer(1, 7, 8, n_layers=2, n_heads=2, d_ff=16)
    >>> bins = Bins(torch.rand(3, 20, 8), torch.zeros(3, 20, dtype=torch.bool))
    >>> asking = transformer.lin_proj_p(torch.rand(1, 3, 8))
    >>> transformer(asking, [[bins]], [[sinusoidal_positions(20, 8)]]).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, n_scales, n_tracks, d_model, n_layers, n_heads, d_ff, dropout=0.0):
        super().__init__()
        self.lin_proj_p = ScaleLinear(n_scales, d_model, d_model, bias=False)
        self.lin_proj_pcre = TrackProjection(n_scales, n_tracks, d_model)
        self.layers = nn.ModuleList(
            BinAttention(n_scales, d_model, n_heads, d_ff, dropout) for _ in range(n_layers)
        )

    def forward(self, asking, groups, positions):
        """Embed pairs.

        Parameters
        ----------
        asking : Tensor of shape (n_scales, n, d_model)
            For each pair, what `lin_proj_p` makes of its promoter's embedding.
        groups : sequence of (sequence of Bins, one per bin size)
            The pCREs in the order of `asking`, those of one width together.
        positions : sequence of (sequence of Tensor of shape (width, d_model), one per bin size)
            For each group.

        Returns
        -------
        x : Tensor of shape (n_scales, n, d_model)
            Of each pair.
        """
        projection = self.lin_proj_pcre.wide(groups[0][0].features.shape[2])
        x = asking
        for layer in self.layers:
            x = layer(x, groups, positions, layer.factors(projection))
        return x


class RegulationTransformer(nn.Module):
    """Embed each gene from its promoter, its pCREs and their contact weights.

    Parameters
    ----------
    n_scales, d_model : int
        Number of bin sizes, width of the embeddings.
    n_layers, n_heads, d_attention, d_ff : int
        Layers, heads, width of the attention over all heads, feed-forward width.
    dropout : float, default=0.0
        Rate on attention probabilities, residuals and feed-forward layers.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import DeviceRegions, RegulationTransformer
    >>> X = RegionArray.from_dense(np.ones((5, 2, 8, 1)))  # 5 promoters, 5 pCREs
    >>> layout = DeviceRegions(X, (100,)).batch(range(5)).layout
    >>> transformer = RegulationTransformer(3, 8, n_layers=2, n_heads=2, d_attention=16, d_ff=16)
    >>> transformer(torch.rand(3, 10, 8), layout).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, n_scales, d_model, n_layers, n_heads, d_attention, d_ff, dropout=0.0):
        super().__init__()
        self.layers = nn.ModuleList(
            RegionAttention(n_scales, d_model, n_heads, d_attention, d_ff, dropout)
            for _ in range(n_layers)
        )

    def forward(self, x, layout):
        """Embed genes.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n, d_model)
            Embeddings of the tokens: promoters first, then pCREs.
        layout : TokenLayout
            Which regions are of one gene, and their contact weights.

        Returns
        -------
        x : Tensor of shape (n_scales, n, d_model)
            Of each gene.
        """
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x, layout, promoter_only=number == len(self.layers))
        return x


def _centre(x, dim=0):
    """What stands at the middle: the first bin behind it where their number is even."""
    return x.select(dim, x.shape[dim] // 2)


def _centres(bins):
    """Features of the centre bins, (n_scales, n, n_features)."""
    return torch.stack([_centre(part.features, dim=1) for part in bins])

"""The three transformers of Chromoformer, each for all bin sizes at once."""

import torch
from torch import nn

from ._attention import BinAttention, Bins, RegionAttention
from ._layers import ScaleLinear, TrackProjection


class EmbeddingTransformer(nn.Module):
    """Embedding of each promoter from the bins of its window.

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
    >>> from skchromo.nn import Bins, EmbeddingTransformer, sinusoidal_positions
    >>> transformer = EmbeddingTransformer(1, 7, d_model=8, n_layers=2, n_heads=2, d_ff=16)
    >>> block = [Bins(torch.rand(5, 20, 7), torch.zeros(5, 20, dtype=torch.bool))]
    >>> transformer([block], lambda bins: [sinusoidal_positions(20, 8)]).shape
    torch.Size([1, 5, 8])
    """

    def __init__(self, n_scales, n_tracks, d_model, n_layers, n_heads, d_ff, dropout=0.0):
        super().__init__()
        self.lin_proj = TrackProjection(n_scales, n_tracks, d_model)
        self.layers = nn.ModuleList(
            BinAttention(n_scales, d_model, n_heads, d_ff, dropout) for _ in range(n_layers)
        )

    def forward(self, blocks, positions):
        """Embed blocks of promoters.

        Parameters
        ----------
        blocks : sequence of (sequence of Bins, one per bin size)
            Features are log1p signal, shape (n, width, n_tracks).
        positions : callable
            Maps a sequence of Bins to their positions, one (width, d_model) per bin size.

        Returns
        -------
        x : Tensor of shape (n_scales, total n, d_model)
        """
        factored = len(self.layers) == 1
        n_features = blocks[0][0].features.shape[2]
        factors = self.layers[-1].factors(self.lin_proj.wide(n_features) if factored else None)
        embedded = []
        for block in blocks:
            where = positions(block)
            if factored:
                bins, centre = block, self._centre(block, where)
            else:
                bins = [self._all_but_last(*part) for part in enumerate(zip(block, where))]
                where = [None] * len(bins)
                centre = torch.stack([b.features[:, b.features.shape[1] // 2] for b in bins])
            embedded.append(self.layers[-1](centre, bins, where, factors))
        return torch.cat(embedded, dim=1)

    def _centre(self, bins, positions):
        """Embedding of each region's centre bin before attention, (n_scales, n, d_model)."""
        features = torch.stack([b.features[:, b.features.shape[1] // 2] for b in bins])
        centre = torch.stack([where[len(where) // 2] for where in positions])
        return self.lin_proj(features) + centre[:, None]

    def _all_but_last(self, scale, part):
        """Bins of one size after all layers but the last, as features of width d_model."""
        bins, where = part
        bins = Bins(self.lin_proj(bins.features, scale) + where, bins.absent)
        for layer in self.layers[:-1]:
            bins = Bins(layer.every_bin(bins, scale), bins.absent)
        return bins


class PairwiseInteractionTransformer(nn.Module):
    """Embedding of each promoter-pCRE pair: the promoter asks, the bins of the pCRE answer.

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
    >>> from skchromo.nn import Bins, PairBlock, PairwiseInteractionTransformer
    >>> from skchromo.nn import sinusoidal_positions
    >>> transformer = PairwiseInteractionTransformer(1, 7, 8, n_layers=2, n_heads=2, d_ff=16)
    >>> bins = Bins(torch.rand(3, 20, 7), torch.zeros(3, 20, dtype=torch.bool))
    >>> block = PairBlock(gene=torch.tensor([0, 0, 1]), bins=[bins])
    >>> promoters = torch.rand(1, 2, 8)
    >>> transformer(promoters, [block], lambda bins: [sinusoidal_positions(20, 8)]).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, n_scales, n_tracks, d_model, n_layers, n_heads, d_ff, dropout=0.0):
        super().__init__()
        self.lin_proj_p = ScaleLinear(n_scales, d_model, d_model, bias=False)
        self.lin_proj_pcre = TrackProjection(n_scales, n_tracks, d_model)
        self.layers = nn.ModuleList(
            BinAttention(n_scales, d_model, n_heads, d_ff, dropout) for _ in range(n_layers)
        )

    def forward(self, promoters, blocks, positions):
        """Embed blocks of pairs.

        Parameters
        ----------
        promoters : Tensor of shape (n_scales, n_genes, d_model)
            What EmbeddingTransformer returned.
        blocks : sequence of PairBlock
        positions : callable
            Maps a sequence of Bins to their positions, one (width, d_model) per bin size.

        Returns
        -------
        x : Tensor of shape (n_scales, total pairs, d_model)
        """
        if not blocks:
            return promoters[:, :0]
        projection = self.lin_proj_pcre.wide(blocks[0].bins[0].features.shape[2])
        factors = [layer.factors(projection) for layer in self.layers]
        embedded = []
        for block in blocks:
            x = self.lin_proj_p(promoters.index_select(1, block.gene))
            where = positions(block.bins)
            for layer, matrices in zip(self.layers, factors):
                x = layer(x, block.bins, where, matrices)
            embedded.append(x)
        return torch.cat(embedded, dim=1)


class RegulationTransformer(nn.Module):
    """Embedding of each gene from its promoter, its pCREs and their contact weights.

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
    >>> import torch
    >>> from skchromo.nn import RegulationTransformer
    >>> transformer = RegulationTransformer(3, 8, n_layers=2, n_heads=2, d_attention=16, d_ff=16)
    >>> weights, absent = torch.tensor([[0.0, 2.5]]), torch.tensor([[False, False]])
    >>> transformer(torch.rand(3, 1, 2, 8), weights, absent).shape
    torch.Size([3, 1, 8])
    """

    def __init__(self, n_scales, d_model, n_layers, n_heads, d_attention, d_ff, dropout=0.0):
        super().__init__()
        self.layers = nn.ModuleList(
            RegionAttention(n_scales, d_model, n_heads, d_attention, d_ff, dropout)
            for _ in range(n_layers)
        )

    def forward(self, x, weights, absent):
        """Embed genes.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n_genes, n_regions, d_model)
            Promoter first, then pCREs.
        weights : Tensor of shape (n_genes, n_regions)
            Contact weights; 0 for the promoter.
        absent : Tensor of shape (n_genes, n_regions), bool

        Returns
        -------
        x : Tensor of shape (n_scales, n_genes, d_model)
        """
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x, weights, absent, promoter_only=number == len(self.layers))
        return x[:, :, 0]

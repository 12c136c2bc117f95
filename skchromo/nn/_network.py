"""The multi-scale network: batches of genes to outputs."""

import torch
from torch import nn

from ._transformers import (
    EmbeddingTransformer,
    PairwiseInteractionTransformer,
    RegulationTransformer,
)
from .layers import WindowSkip, sinusoidal_positions


class ChromoformerNetwork(nn.Module):
    """The network of Chromoformer, for several bin sizes at once.

    For each bin size: promoter bins -> EmbeddingTransformer -> PairwiseInteractionTransformer
    with each pCRE -> RegulationTransformer. The outputs of all bin sizes, each plus its
    promoter embedding, enter a two-layer head. Numerically it is the published network (Lee, Yang
    and Kim 2022, doi 10.1038/s41467-022-34152-5), but it computes only the parts that reach the
    output.

    Outputs are multiplied by the buffer `output_scale`, which starts at 1: with the targets'
    standard deviation there, the network itself learns standardised targets.

    Parameters
    ----------
    n_tracks : int
        Number of tracks.
    n_positions : sequence of int, one per bin size
        Bins of the longest region that could be there.
    bin_sizes : sequence of int, default=(2000, 500, 100)
        In bp. Here only their number and order matter.
    n_outputs : int, default=1
        Width of the output.
    d_model : int, default=128
        Width of embeddings; even.
    embedding_n_layers : int, default=1
        Layers of the EmbeddingTransformer.
    embedding_n_heads : int, default=2
        Its heads, a divisor of `d_model`.
    embedding_d_ff : int, default=128
        Width of its feed-forward layers.
    pairwise_n_layers : int, default=2
        Layers of the PairwiseInteractionTransformer.
    pairwise_n_heads : int, default=2
        Its heads, a divisor of `d_model`.
    pairwise_d_ff : int, default=256
        Width of its feed-forward layers.
    regulation_n_layers : int, default=6
        Layers of the RegulationTransformer.
    regulation_n_heads : int, default=8
        Its heads, a divisor of `regulation_d_attention`.
    regulation_d_attention : int, default=256
        Width of its attention over all heads.
    regulation_d_ff : int, default=256
        Width of its feed-forward layers.
    d_output : int, default=128
        Width of the head's hidden layer.
    dropout : float, default=0.0
        Rate on attention probabilities, residuals and feed-forward layers.
    linear_skip : bool, default=False
        Whether a linear map of log mean signals (see `summarise`) is added to the output. The
        head's last weights then start at 0: an untrained network is the skip alone.

    Raises
    ------
    ValueError
        If a width cannot be divided by its number of heads, or `d_model` is odd.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import ChromoformerNetwork, DeviceRegions
    >>> X = RegionArray.from_dense(np.ones((3, 2, 20, 1)), bin_size=100)
    >>> network = ChromoformerNetwork(n_tracks=1, n_positions=(2, 20), bin_sizes=(1000, 100))
    >>> batch = DeviceRegions(X, (1000, 100)).batch([0, 1, 2])
    >>> network(batch).shape
    torch.Size([3, 1])
    >>> encoded = network.encode(batch)  # the same in two steps
    >>> encoded.shape, network.decode(encoded, batch).shape
    (torch.Size([3, 256]), torch.Size([3, 1]))
    """

    def __init__(
        self,
        n_tracks,
        n_positions,
        bin_sizes=(2000, 500, 100),
        n_outputs=1,
        d_model=128,
        embedding_n_layers=1,
        embedding_n_heads=2,
        embedding_d_ff=128,
        pairwise_n_layers=2,
        pairwise_n_heads=2,
        pairwise_d_ff=256,
        regulation_n_layers=6,
        regulation_n_heads=8,
        regulation_d_attention=256,
        regulation_d_ff=256,
        d_output=128,
        dropout=0.0,
        linear_skip=False,
    ):
        super().__init__()
        if d_model % 2:
            raise ValueError(f"d_model={d_model} must be even: positions are sines and cosines")
        _check_divides("d_model", d_model, embedding_n_heads, "embedding_n_heads")
        _check_divides("d_model", d_model, pairwise_n_heads, "pairwise_n_heads")
        _check_divides(
            "regulation_d_attention",
            regulation_d_attention,
            regulation_n_heads,
            "regulation_n_heads",
        )
        self.bin_sizes = tuple(bin_sizes)
        self.n_positions = tuple(n_positions)
        n_scales = len(self.bin_sizes)
        common = n_scales, n_tracks, d_model
        self.embed = EmbeddingTransformer(
            *common, embedding_n_layers, embedding_n_heads, embedding_d_ff, dropout
        )
        self.pairwise_interaction = PairwiseInteractionTransformer(
            *common, pairwise_n_layers, pairwise_n_heads, pairwise_d_ff, dropout
        )
        self.regulation = RegulationTransformer(
            n_scales,
            d_model,
            regulation_n_layers,
            regulation_n_heads,
            regulation_d_attention,
            regulation_d_ff,
            dropout,
        )
        self.fc_head = nn.Sequential(
            nn.Linear(n_scales * d_model, d_output, dtype=torch.float32),
            nn.ReLU(),
            nn.Linear(d_output, n_outputs, dtype=torch.float32),
        )
        self.skip = None
        if linear_skip:
            self.skip = WindowSkip(n_tracks, min(self.bin_sizes), n_outputs)
            nn.init.zeros_(self.fc_head[-1].weight)
        self.register_buffer("output_scale", torch.ones((), dtype=torch.float32))
        self.register_buffer(
            "positions", sinusoidal_positions(max(self.n_positions), d_model), persistent=False
        )

    def forward(self, batch):
        """Compute the outputs for the genes of a batch.

        Parameters
        ----------
        batch : Batch
            The genes.

        Returns
        -------
        output : Tensor of shape (n_genes, n_outputs)
            Logits, or expression.
        """
        return self.decode(self.encode(batch), batch)

    def encode(self, batch):
        """Compute the embeddings of genes that the head reads.

        Parameters
        ----------
        batch : Batch
            The genes.

        Returns
        -------
        encoded : Tensor of shape (n, n_scales * d_model)
            Of each gene, the bin sizes side by side. n is ``len(batch)``, or more if the batch
            was filled up.
        """
        promoters, layout = self._embed(batch), batch.layout
        tokens = promoters
        if len(layout.gene):
            of_pairs = layout.to_pairs(self.pairwise_interaction.lin_proj_p(promoters))
            where = [self._positions_of(group) for group in batch.pairs]
            pairs = self.pairwise_interaction(of_pairs, batch.pairs, where)
            tokens = torch.cat([promoters, pairs], dim=1)
        genes = self.regulation(tokens, layout) + promoters
        return genes.transpose(0, 1).flatten(1)

    def decode(self, encoded, batch, has_head=True):
        """Compute the outputs from the embeddings.

        Parameters
        ----------
        encoded : Tensor of shape (n, n_scales * d_model)
            The embeddings, as `encode` returns them.
        batch : Batch
            The encoded genes.
        has_head : bool, default=True
            Whether the head takes part, or the skip alone.

        Returns
        -------
        output : Tensor of shape (n_genes, n_outputs)
            Logits, or expression.
        """
        if has_head:
            output = self.fc_head(encoded)
        else:
            output = encoded.new_zeros(len(encoded), self.fc_head[-1].out_features)
        if self.skip is not None:
            output = output + self.skip(self.summarise(batch))
        return output[: len(batch)] * self.output_scale

    def summarise(self, batch):
        """Compute the columns that the skip reads: log mean signals of windows.

        Parameters
        ----------
        batch : Batch
            The genes.

        Returns
        -------
        columns : Tensor of shape (n, 6 * n_tracks)
            Not standardised: the means of windows of 1, 2, 4 and 10 kb around the TSS, of the
            promoter, and of the pCREs weighted by contact, each with all tracks.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> from skchromo.nn import ChromoformerNetwork, DeviceRegions
        >>> X = RegionArray.from_dense(np.ones((3, 20)))
        >>> network = ChromoformerNetwork(1, (20,), bin_sizes=(100,), linear_skip=True)
        >>> network.summarise(DeviceRegions(X, (100,)).batch([0, 1, 2])).shape
        torch.Size([3, 6])
        """
        finest = self.bin_sizes.index(min(self.bin_sizes))
        pairs = [group[finest] for group in batch.pairs]
        return self.skip.columns(batch.promoters[finest], pairs, batch.layout)

    def _embed(self, batch):
        """Embeddings of the promoters, (n_scales, n, d_model)."""
        return self.embed(batch.promoters, self._positions_of(batch.promoters))

    def _positions_of(self, bins):
        """Position encoding of bins, one (width, d_model) per bin size."""
        parts = []
        for n_positions, part in zip(self.n_positions, bins):
            width = part.absent.shape[1]
            start = (n_positions - width) // 2
            parts.append(self.positions[start : start + width])
        return parts


def _check_divides(name, value, divisor, name_of_divisor):
    """Refuse a width that its heads cannot share."""
    if value % divisor:
        raise ValueError(f"{name}={value} must be a multiple of {name_of_divisor} ({divisor})")

"""Two conditions of each gene: their regions, batches and network."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ._batches import Batch, DeviceRegions
from ._network import ChromoformerNetwork

#: The values of ``combine=``, see :class:`~skchromo.ChromoformerDiffRegressor`.
COMBINATIONS = ("difference", "concat", "both")


@dataclass(frozen=True)
class PairBatch:
    """The same genes in two conditions; its length is their number.

    Attributes
    ----------
    a, b : Batch
        The genes in condition a and in condition b, in the same order.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import PairRegions
    >>> X = RegionArray.from_dense(np.ones((3, 2, 1, 8, 1)))
    >>> len(PairRegions(X, (100,)).batch([2, 1]))
    2
    """

    a: Batch
    b: Batch

    def __len__(self):
        return len(self.a)


class PairRegions:
    """A RegionArray with a conditions axis on a device; gives batches of genes.

    Parameters
    ----------
    X : RegionArray of shape (n_genes, 2, n_regions, n_bins, n_tracks)
        Mean signal, not logged.
    bin_sizes : sequence of int
        In bp, multiples of ``X.bin_size``.
    device : str or torch.device, default="cpu"
        Where the batches are wanted.

    Attributes
    ----------
    single : DeviceRegions
        Each gene twice, as two rows that follow one another.
    device : torch.device
        Where the batches are.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import PairRegions
    >>> regions = PairRegions(RegionArray.from_dense(np.ones((3, 2, 1, 8, 1))), (100,))
    >>> len(regions), len(regions.single), len(regions.batch([2, 0]).a)
    (3, 6, 2)
    """

    def __init__(self, X, bin_sizes, device="cpu"):
        n_regions = X.index.shape[2]
        each = X._replace(
            index=X.index.reshape(-1, n_regions),
            weights=X.weights.reshape(2 * len(X), n_regions - 1),
            genes={},
        )
        self.single = DeviceRegions(each, bin_sizes, device)
        self.device = self.single.device

    def __len__(self):
        return len(self.single) // 2

    def batch(self, rows, fixed=False):
        """Gather some genes.

        Parameters
        ----------
        rows : array-like of int of shape (n_genes,)
            Rows of X.
        fixed : bool, default=False
            Whether to fill up to fixed numbers of rows, for inference.

        Returns
        -------
        batch : PairBatch
            The genes in the order of `rows`.
        """
        rows = 2 * np.asarray(rows, dtype=np.int64)
        return PairBatch(self.single.batch(rows, fixed), self.single.batch(rows + 1, fixed))


class PairNetwork(nn.Module):
    """One network for two conditions: predicts by how much condition b exceeds condition a.

    Parameters
    ----------
    combine : {"difference", "concat", "both"}, default="difference"
        ``"difference"``: the network's output for b minus that for a. ``"concat"``: a head of its
        own reads both conditions' embeddings. ``"both"``: the sum of the two.
    **params
        Parameters of :class:`ChromoformerNetwork`, with one output.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import PairNetwork, PairRegions
    >>> X = RegionArray.from_dense(np.ones((3, 2, 1, 20, 1)))
    >>> network = PairNetwork(n_tracks=1, n_positions=(20,), bin_sizes=(100,))
    >>> network(PairRegions(X, (100,)).batch([0, 1, 2])).tolist()
    [[0.0], [0.0], [0.0]]
    """

    def __init__(self, combine="difference", **params):
        super().__init__()
        if combine not in COMBINATIONS:
            raise ValueError(f"combine must be one of {', '.join(COMBINATIONS)}, got {combine!r}")
        self.combine = combine
        self.network = ChromoformerNetwork(**params)
        self.head = None
        if combine != "difference":
            hidden, *_, output = self.network.fc_head
            self.head = nn.Sequential(
                nn.Linear(2 * hidden.in_features, hidden.out_features),
                nn.ReLU(),
                nn.Linear(hidden.out_features, output.out_features),
            )
            if self.network.skip is not None:
                nn.init.zeros_(self.head[-1].weight)

    def forward(self, batch):
        """Compute the outputs for the genes of a batch.

        Parameters
        ----------
        batch : PairBatch
            The genes in both conditions.

        Returns
        -------
        output : Tensor of shape (n_genes, n_outputs)
            By how much b exceeds a.
        """
        network = self.network
        a, b = (network.encode(part) for part in (batch.a, batch.b))
        has_difference = self.combine != "concat"
        output = network.decode(b, batch.b, has_difference) - network.decode(
            a, batch.a, has_difference
        )
        if self.head is not None:
            of_both = self.head(torch.cat([a, b], dim=1))[: len(batch)]
            output = output + of_both * network.output_scale
        return output

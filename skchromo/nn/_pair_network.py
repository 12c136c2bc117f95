"""The network for two conditions of each gene."""

import torch
from torch import nn

from .._words import check_choice
from ._network import ChromoformerNetwork

#: The values of ``combine=``, see :class:`~skchromo.ChromoformerDiffRegressor`.
COMBINATIONS = ("difference", "concat", "both")


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
    >>> from skchromo.nn import DeviceRegions, PairNetwork
    >>> X = RegionArray.from_dense(np.ones((3, 2, 1, 20, 1)))
    >>> network = PairNetwork(n_tracks=1, n_positions=(20,), bin_sizes=(100,))
    >>> network(DeviceRegions(X, (100,)).batch([0, 1, 2])).tolist()
    [[0.0], [0.0], [0.0]]
    """

    def __init__(self, combine="difference", **params):
        super().__init__()
        check_choice("combine", combine, COMBINATIONS)
        self.combine = combine
        self.network = ChromoformerNetwork(**params)
        self.head = None
        if combine != "difference":
            hidden, *_, output = self.network.fc_head
            self.head = nn.Sequential(
                nn.Linear(2 * hidden.in_features, hidden.out_features, dtype=torch.float32),
                nn.ReLU(),
                nn.Linear(hidden.out_features, output.out_features, dtype=torch.float32),
            )
            if self.network.skip is not None:
                nn.init.zeros_(self.head[-1].weight)

    def forward(self, batch):
        """Compute the outputs for the genes of a batch.

        Parameters
        ----------
        batch : tuple of two Batch
            The genes in condition a and in condition b.

        Returns
        -------
        output : Tensor of shape (n_genes, n_outputs)
            By how much b exceeds a.
        """
        network, has_difference = self.network, self.combine != "concat"
        encoded = [network.encode(part) for part in batch]
        a, b = (network.decode(*part, has_head=has_difference) for part in zip(encoded, batch))
        output = b - a
        if self.head is not None:
            of_both = self.head(torch.cat(encoded, dim=1))[: len(output)]
            output = output + of_both * network.output_scale
        return output

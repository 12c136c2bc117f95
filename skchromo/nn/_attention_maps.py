"""Attention probabilities of a network for the genes of a batch."""

from contextlib import ExitStack
from typing import NamedTuple

import torch

from .layers import Bins


class AttentionMaps(NamedTuple):
    """Attention of the genes of a batch; see :func:`attention_maps` for the shapes."""

    embedding: list
    pairwise: list
    regulation: torch.Tensor


@torch.no_grad()
def attention_maps(network, batch, full=False):
    """Compute the attention of the three transformers for the genes of a batch.

    The network runs as it does to predict. The input of each attention layer is caught there, and
    its probabilities are computed once more.

    Parameters
    ----------
    network : ChromoformerNetwork
        In eval mode: dropout would change the input of the layers.
    batch : Batch
        Not filled up (``fixed=False``).
    full : bool, default=False
        Whether to give attention from every bin of the promoter and from every region, and not
        only from the centre bin and the promoter, which alone reach the output.

    Returns
    -------
    maps : AttentionMaps
        Named tuple ``embedding, pairwise, regulation`` of probabilities, 0 at padding and absent
        regions. With `full`, the rows of these have no meaning.

        - ``embedding``: a list of Tensor of shape (n_genes, n_layers, n_heads, width), one for each
          bin size: from the centre bin of each promoter, of the last layer alone (n_layers is 1).
          With `full`, of all layers and from every bin: (n_genes, n_layers, n_heads, width, width).
        - ``pairwise``: for each of ``batch.pairs`` a list of Tensor of shape (n, n_layers, n_heads,
          width), one for each bin size: from the promoter to the bins of its pCREs.
        - ``regulation``: a Tensor of shape (n_scales, n_layers, n_heads, n_genes, n_regions): from
          each promoter to the regions of its gene. With `full`, from every region: (n_scales,
          n_layers, n_heads, n_genes, n_regions, n_regions).

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import ChromoformerNetwork, DeviceRegions, attention_maps
    >>> X = RegionArray.from_dense(np.ones((3, 2, 20, 1)), bin_size=100)
    >>> network = ChromoformerNetwork(n_tracks=1, n_positions=(2, 20), bin_sizes=(1000, 100))
    >>> maps = attention_maps(network.eval(), DeviceRegions(X, (1000, 100)).batch([0, 1, 2]))
    >>> maps.embedding[1].shape, maps.pairwise[0][1].shape, maps.regulation.shape
    (torch.Size([3, 1, 2, 20]), torch.Size([3, 2, 2, 20]), torch.Size([2, 6, 8, 3, 2]))
    """
    embedding, pairwise, regulation = [], [], []

    def of_embedding(embed, args):
        embedding.append(_every_bin(embed, *args))

    def of_centre(layer, args):
        (maps,) = layer.probabilities(*args)
        embedding.append([p[:, None] for p in maps])

    def of_pairs(layer, args):
        pairwise.append(layer.probabilities(*args))

    def of_regions(layer, args):
        regulation.append(layer.probabilities(*args, promoter_only=not full))

    hooks = [(layer, of_pairs) for layer in network.pairwise_interaction.layers]
    hooks += [(layer, of_regions) for layer in network.regulation.layers]
    hooks.append((network.embed, of_embedding) if full else (network.embed.layers[-1], of_centre))
    with ExitStack() as stack:
        for module, hook in hooks:
            stack.callback(module.register_forward_pre_hook(hook).remove)
        network(batch)
    groups = [[torch.stack(p, dim=1) for p in zip(*layers)] for layers in zip(*pairwise)]
    return AttentionMaps(embedding[0], groups, torch.stack(regulation, dim=1))


def _every_bin(embed, bins, positions):
    """From every bin to every bin, for each bin size (n, n_layers, n_heads, width, width)."""
    maps = []
    for scale, (part, where) in enumerate(zip(bins, positions)):
        part, layers = embed.with_positions(scale, part, where), []
        for layer in embed.layers:
            layers.append(layer.every_bin_probabilities(part, scale))
            part = Bins(layer.every_bin(part, scale), part.absent)
        maps.append(torch.stack(layers, dim=1))
    return maps

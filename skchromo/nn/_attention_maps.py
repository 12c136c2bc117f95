"""Attention probabilities of a network: what forward multiplies values with, kept to look at."""

import math
from contextlib import ExitStack
from typing import NamedTuple

import torch

from .layers import Bins, by_head, probabilities, scale_linear


class AttentionMaps(NamedTuple):
    """Attention of the genes of a batch, as :func:`attention_maps` returns it.

    Attributes
    ----------
    embedding : list of Tensor of shape (n_genes, n_layers, n_heads, width), one per bin size
        From the centre bin of each promoter, of the last layer alone (n_layers is 1). With
        ``full``, of all layers and from every bin: (n_genes, n_layers, n_heads, width, width).
    pairwise : list of (list of Tensor of shape (n, n_layers, n_heads, width), one per bin size)
        From the promoter to the bins of its pCREs, one list for each of ``batch.pairs``.
    regulation : Tensor of shape (n_scales, n_layers, n_heads, n_genes, n_regions)
        From each promoter to the regions of its gene. With ``full``, from every region:
        (n_scales, n_layers, n_heads, n_genes, n_regions, n_regions).

    Examples
    --------
    >>> from skchromo.nn import AttentionMaps
    >>> AttentionMaps._fields  # see attention_maps
    ('embedding', 'pairwise', 'regulation')
    """

    embedding: list
    pairwise: list
    regulation: torch.Tensor


@torch.no_grad()
def attention_maps(network, batch, full=False):
    """Compute the attention of the three transformers for the genes of a batch.

    The network runs as it does to predict; what enters each attention layer is caught there, and
    the softmax taken once more from the weights.

    Parameters
    ----------
    network : ChromoformerNetwork
        In eval mode: dropout would change what enters the layers.
    batch : Batch
        Not filled up (``fixed=False``).
    full : bool, default=False
        Whether to give attention from every bin of the promoter and from every region, and not
        only from the centre bin and the promoter, which alone reach the output.

    Returns
    -------
    maps : AttentionMaps
        Probabilities are 0 at padding and absent regions. Rows of those, with ``full``, have no
        meaning.

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

    def of_embedding(embed, args, kwargs):
        embedding.append(_every_bin(embed, *args[:2]))

    def of_centre(layer, args, kwargs):
        (maps,) = _centre_bin(layer, *args)
        embedding.append([p[:, None] for p in maps])

    def of_pairs(layer, args, kwargs):
        pairwise.append(_centre_bin(layer, *args))

    def of_regions(layer, args, kwargs):
        regulation.append(_regions(layer, *args[:2], full))

    with ExitStack() as stack:
        hooks = [(layer, of_pairs) for layer in network.pairwise_interaction.layers]
        hooks += [(layer, of_regions) for layer in network.regulation.layers]
        hooks.append(
            (network.embed, of_embedding) if full else (network.embed.layers[-1], of_centre)
        )
        for module, hook in hooks:
            handle = module.register_forward_pre_hook(hook, with_kwargs=True)
            stack.callback(handle.remove)
        network(batch)
    groups = [[torch.stack(p, dim=1) for p in zip(*layers)] for layers in zip(*pairwise)]
    return AttentionMaps(embedding[0], groups, torch.stack(regulation, dim=1))


def _centre_bin(layer, x, groups, positions, factors):
    """From each region's centre to its bins, by group and bin size: (n, n_heads, width)."""
    queries = scale_linear(x, factors[0]).unflatten(2, (layer.n_heads, -1))
    queries = queries.split([len(group[0].absent) for group in groups], dim=1)
    return [
        [_over_bins(*part) for part in zip(query, group, where)]
        for query, group, where in zip(queries, groups, positions)
    ]


def _over_bins(query, bins, positions):
    """Softmax over the bins of each region, (n, n_heads, width)."""
    n_features = bins.features.shape[2]
    at, query = query.split([query.shape[2] - n_features, n_features], dim=2)
    logits = query @ bins.features.transpose(1, 2)
    if positions is not None:
        logits = logits + at @ positions.T
    return _softmax(logits, bins.absent[:, None])


def _every_bin(embed, bins, positions):
    """From every bin to every bin, for each bin size (n, n_layers, n_heads, width, width)."""
    maps = []
    for scale, (part, where) in enumerate(zip(bins, positions)):
        x = embed.lin_proj(part.features.flatten(0, 1), scale)
        x, absent = x.view(*part.absent.shape, -1) + where, part.absent
        layers = []
        for layer in embed.layers:
            rows, shape = x.flatten(0, 1), (*absent.shape, layer.n_heads, -1)
            query, key = (
                linear(rows, scale).view(shape).transpose(1, 2)
                for linear in (layer.query, layer.key)
            )
            logits = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
            layers.append(_softmax(logits, absent[:, None, None]))
            x = layer.every_bin(Bins(x, absent), scale)
        maps.append(torch.stack(layers, dim=1))
    return maps


def _regions(layer, x, layout, full):
    """From promoters, or all regions, to those of their gene: (n_scales, n_heads, n_genes, ...)."""
    n_scales, n_heads = layer.gamma.shape
    d, (n_genes, n_keys) = layer.out.weight.shape[2], layout.token.shape
    ask, show, _ = layer.att.weight.split([d, d, 2 * d], dim=1)
    query, key = (
        layout.to_slots(by_head(scale_linear(x, weight), n_heads), n)
        .unflatten(1, (n_genes, n))
        .flatten(0, 1)
        for weight, n in ((ask, layout.n_regions if full else 1), (show, n_keys))
    )
    p = probabilities(query, key, layer.gamma, layout)[..., : layout.n_regions]
    p = p.unflatten(0, (n_heads, n_scales, n_genes)).transpose(0, 1)
    return p if full else p[..., 0, :]


def _softmax(logits, absent):
    """Softmax over the last axis, 0 where absent."""
    return logits.masked_fill(absent, -math.inf).softmax(dim=-1)

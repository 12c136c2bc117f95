"""Where training starts from: another model's weights, a linear fit, frozen stages."""

import os

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeCV

from ...nn.reference import load_checkpoint

STAGES = {
    "embedding": "embed",
    "pairwise": "pairwise_interaction",
    "regulation": "regulation",
}

_GENES_PER_BATCH = 512


def take_weights(network, init_from, tracks):
    """Copy another model's weights into a network.

    Parameters
    ----------
    network : ChromoformerNetwork
        Changed in place.
    init_from : estimator, FrozenEstimator or path
        A fitted Chromoformer, or a checkpoint of the reference implementation.
    tracks : tuple of str
        Tracks of the network.

    Returns
    -------
    has_head : bool
        Whether the output layer was taken too: it is, where the numbers of outputs agree.

    Raises
    ------
    TypeError, ValueError
        If it is something else, not fitted, or a network of other tracks, bin sizes or widths.
    """
    if isinstance(init_from, (str, os.PathLike)):
        source, name = load_checkpoint(init_from), str(init_from)
    else:
        source, name = _network_of(init_from, tracks)
    theirs, ours = source.state_dict(), network.state_dict()
    if source.bin_sizes != network.bin_sizes:
        raise ValueError(
            f"init_from: {name} reads bin_sizes={source.bin_sizes}, this estimator "
            f"{network.bin_sizes}: set the same, in the same order"
        )
    if source.skip is not None and network.skip is None:
        raise ValueError(f"init_from: {name} has a linear skip: set linear_skip=True")
    of_output = ("fc_head.2.", "skip.linear.", "output_scale")
    has_head = theirs["fc_head.2.bias"].shape == ours["fc_head.2.bias"].shape
    taken = {
        key: value
        for key, value in theirs.items()
        if not key.startswith(of_output) or (has_head and key in ours)
    }
    differing = [key for key in taken if key not in ours or taken[key].shape != ours[key].shape]
    differing += [key for key in ours if key not in theirs and "skip." not in key]
    if differing:
        shapes = [
            tuple(s[differing[0]].shape) if differing[0] in s else None for s in (theirs, ours)
        ]
        raise ValueError(
            f"init_from: {name} is a network of other sizes: {differing[0]} has shape {shapes[0]} "
            f"there and {shapes[1]} here; set the numbers of tracks, layers, heads and the widths "
            "to those of init_from"
        )
    network.load_state_dict(taken, strict=False)
    return has_head


def _network_of(estimator, tracks):
    """Network and name of a fitted estimator of the same tracks."""
    if isinstance(estimator, FrozenEstimator):
        estimator = estimator.estimator
    name = type(estimator).__name__
    if not hasattr(estimator, "from_checkpoint"):
        raise TypeError(
            "init_from must be a fitted Chromoformer estimator or the path of a checkpoint of the "
            f"reference implementation, got {name} (of a Pipeline give its last step, pipe[-1])"
        )
    if not hasattr(estimator, "net_"):
        raise ValueError(
            f"init_from: this {name} is not fitted; searches and cross-validation clone it, which "
            "forgets the fit: give sklearn.frozen.FrozenEstimator(model)"
        )
    if estimator.tracks_ != tracks:
        raise ValueError(
            f"init_from: the {name} was fitted on tracks {', '.join(estimator.tracks_)}, X has "
            f"{', '.join(tracks)}: give the same, in the same order"
        )
    module = estimator.net_.module_
    return getattr(module, "network", module), name


def freeze(network, stages):
    """Keep the weights of some stages as they are.

    Parameters
    ----------
    network : ChromoformerNetwork
    stages : sequence of str
        Of "embedding", "pairwise", "regulation".
    """
    for stage in stages:
        getattr(network, STAGES[stage]).requires_grad_(False)


def columns_of(network, regions):
    """Return the numbers that the network's skip reads of every gene, (n_genes, n_columns).

    For two conditions the shape is (n_genes, 2, n_columns).
    """
    parts = []
    with torch.no_grad():
        for start in range(0, len(regions), _GENES_PER_BATCH):
            batch = regions.batch(np.arange(start, min(start + _GENES_PER_BATCH, len(regions))))
            if regions.n_conditions == 1:
                parts.append(network.summarise(batch))
            else:
                parts.append(torch.stack([network.summarise(part) for part in batch], dim=1))
    return torch.cat(parts).cpu().numpy().astype(np.float64)


def standardise(network, columns):
    """Set mean and scale of a network's skip, and return the columns standardised by them."""
    mean, scale = columns.mean(axis=0), columns.std(axis=0)
    scale[scale < 1e-6] = 1.0
    skip = network.skip
    with torch.no_grad():
        skip.mean.copy_(torch.from_numpy(mean))
        skip.scale.copy_(torch.from_numpy(scale))
    return (columns - mean) / scale


def start_as_ridge(network, columns, y, has_offset=True):
    """Set a network's skip to ridge regression on its columns.

    The penalty is the best of 11 by leave-one-out error.

    Parameters
    ----------
    network : ChromoformerNetwork
        With one output.
    columns : ndarray of shape (n_genes, n_columns)
        Standardised.
    y : ndarray of shape (n_genes,)
        In units of ``network.output_scale``.
    has_offset : bool, default=True
        Whether to set the output's bias to the mean of y.
    """
    if len(y) < 2:
        return
    ridge = RidgeCV(np.logspace(-1, 4, 11), fit_intercept=has_offset).fit(columns, y)
    _set_skip(network, ridge.coef_[None], np.atleast_1d(ridge.intercept_))


def start_as_logistic(network, columns, y, class_weight=None):
    """Set a network's skip to logistic regression on its columns (C=0.1).

    Parameters
    ----------
    network : ChromoformerNetwork
        With one output for each class.
    columns : ndarray of shape (n_genes, n_columns)
        Standardised.
    y : ndarray of shape (n_genes,), int
        Numbers of classes, from 0.
    class_weight : dict, "balanced" or None, default=None
        As of :class:`sklearn.linear_model.LogisticRegression`.
    """
    if len(network.fc_head[-1].bias) < 2:
        return
    model = LogisticRegression(C=0.1, max_iter=1000, class_weight=class_weight).fit(columns, y)
    weights, biases = model.coef_, model.intercept_
    if len(weights) == 1:
        weights = np.concatenate([-weights, weights]) / 2
        biases = np.concatenate([-biases, biases]) / 2
    _set_skip(network, weights, biases)


def _set_skip(network, weights, biases):
    """Copy a linear model's parameters."""
    with torch.no_grad():
        network.skip.linear.weight.copy_(torch.from_numpy(weights))
        network.fc_head[-1].bias.copy_(torch.from_numpy(biases))

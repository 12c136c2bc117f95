"""The start of training: another model's weights, a linear fit, frozen stages."""

import os

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.utils import gen_batches

from ...nn import load_checkpoint

STAGES = {
    "embedding": "embed",
    "pairwise": "pairwise_interaction",
    "regulation": "regulation",
}

_GENES_PER_BATCH = 512

# Standard deviations of y with which a network that starts at outputs of about 1 can learn.
_SMALLEST_SCALE, _LARGEST_SCALE = 1e-3, 1e6
# A mean that is so many standard deviations from 0 leaves float32 too few digits for y.
_FAR = 1000


def take_weights(network, init_from, tracks):
    """Copy another model's weights into a network; return whether the output layer is among them.

    `init_from` is a fitted Chromoformer, or the path of a reference checkpoint. The output layer is
    copied where the numbers of outputs agree. Another kind of object, or a network of other tracks,
    bin sizes or widths, is an error.
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
            "as in init_from"
        )
    network.load_state_dict(taken, strict=False)
    return has_head


def _network_of(estimator, tracks):
    """Return the network of a fitted estimator of the same tracks, and the name of its class."""
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


def far_offset(y):
    """Return the mean of a target if it lies so far from 0 that float32 would lose y, else 0."""
    mean, std = float(y.mean()), float(y.std())
    return mean if 0 < std < abs(mean) / _FAR else 0.0


def is_usual_scale(scale):
    """Return whether a network learns a target of this standard deviation without help."""
    return _SMALLEST_SCALE <= scale <= _LARGEST_SCALE


def freeze(network, stages):
    """Exclude the weights of some stages from training: "embedding", "pairwise", "regulation"."""
    for stage in stages:
        getattr(network, STAGES[stage]).requires_grad_(False)


def columns_of(network, regions):
    """Return the numbers that the network's skip reads of every gene, (n_genes, n_columns).

    For two conditions the shape is (n_genes, 2, n_columns).
    """
    parts = []
    with torch.no_grad():
        rows = np.arange(len(regions))
        genes = [rows[part] for part in gen_batches(len(rows), _GENES_PER_BATCH)]
        for batch in regions.batches(genes):
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
    """Set a network's skip to ridge regression of y on its standardised columns.

    The penalty is the best of 11 by leave-one-out error; y is in units of the network's
    `output_scale`. With `has_offset` the output's bias becomes the intercept.
    """
    if len(y) < 2:
        return
    ridge = RidgeCV(np.logspace(-1, 4, 11), fit_intercept=has_offset).fit(columns, y)
    _set_skip(network, ridge.coef_[None], np.atleast_1d(ridge.intercept_))


def start_as_logistic(network, columns, y, class_weight=None):
    """Set a network's skip to logistic regression on its standardised columns (C=0.1).

    The network has an output for each class; y holds their numbers, from 0.
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

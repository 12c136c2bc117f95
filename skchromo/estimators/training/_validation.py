"""Early stopping: the genes that it watches, and patience that lasts when training continues."""

import copy
import math
import warnings

import numpy as np
from sklearn.model_selection import train_test_split
from skorch.callbacks import EarlyStopping
from torch.utils.data import Subset


class Validation:
    """Splits a skorch dataset into genes to train on and genes to watch."""

    def __init__(self, watched):
        self.watched = watched

    def __call__(self, dataset, y=None, **kwargs):
        """Return the training part and the validation part of a dataset."""
        return tuple(
            Subset(dataset, np.flatnonzero(rows)) for rows in (~self.watched, self.watched)
        )


class LastingPatience(EarlyStopping):
    """Early stopping that continues with the patience and the best weights of former training."""

    def on_train_begin(self, net, **kwargs):
        super().on_train_begin(net, **kwargs)
        for epoch in net.history if net.can_continue else ():
            if "valid_loss" not in epoch:
                continue
            self.misses_ += 1
            if self._is_score_improved(epoch["valid_loss"]):
                self.misses_, self.best_epoch_ = 0, epoch["epoch"]
                self.dynamic_threshold_ = self._calc_new_threshold(epoch["valid_loss"])
        if self.best_epoch_ and self.best_epoch_ == net.history[-1, "epoch"]:
            self.best_model_weights_ = copy.deepcopy(net.module_.state_dict())
        elif self.best_epoch_:
            self.best_model_weights_ = net.best_weights


def watched_genes(X, fraction, seed, labels=None):
    """Choose whole chromosomes for validation, or single genes where X names no chromosomes.

    Return a bool for each gene. At least `fraction` of the genes are chosen. Of single genes the
    shares of `labels`, the numbers of their classes, are kept.
    """
    n_watched = math.ceil(fraction * len(X))
    if len(X) - n_watched < 1:
        raise ValueError(
            f"early_stopping holds {n_watched} of {len(X)} genes back "
            f"(validation_fraction={fraction:g}): none is left to train on; give more genes, or a "
            "smaller validation_fraction"
        )
    chroms, number = np.unique(X.genes.get("chrom", [""]), return_inverse=True)
    if len(chroms) > 1:
        return _whole_chromosomes(number, n_watched, seed)
    if chroms[0]:
        warnings.warn(
            f"early_stopping watches single genes, because all genes are on {chroms[0]}: their "
            "neighbours are trained on, so that the loss on them looks better than it is; give "
            "genes of several chromosomes",
            stacklevel=4,
        )
    rows = np.arange(len(X))
    _, rows = train_test_split(rows, test_size=n_watched, stratify=labels, random_state=seed)
    return np.isin(np.arange(len(X)), rows)


def _whole_chromosomes(number, n_watched, seed):
    """Mark the genes of random chromosomes, as many as are needed, but never of all."""
    sizes = np.bincount(number)
    order = np.random.RandomState(seed).permutation(len(sizes))
    n_needed = 1 + np.searchsorted(np.cumsum(sizes[order]), n_watched)
    return np.isin(number, order[: min(n_needed, len(order) - 1)])

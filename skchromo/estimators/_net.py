"""The skorch net: training loop, history and callbacks over regions kept on the device."""

import copy
from collections import defaultdict

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from torch.utils.data import Dataset, Subset

from ..nn import DeviceRegions

_GENES_PER_PREDICTION = 512


class GeneDataset(Dataset):
    """Regions on the device and the target of each gene."""

    def __init__(self, regions, y=None):
        self.regions = regions
        self.y = None if y is None else torch.as_tensor(y, device=regions.device)

    def __len__(self):
        return len(self.regions)


class GeneBatches:
    """Iterates over batches of genes, gathered by index on the device."""

    def __init__(self, dataset, batch_size, training):
        self.rows = np.arange(len(dataset))
        while isinstance(dataset, Subset):
            self.rows = np.asarray(dataset.indices)[self.rows]
            dataset = dataset.dataset
        self.dataset, self.batch_size, self.training = dataset, batch_size, training

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def __iter__(self):
        rows = self.rows
        if self.training:
            rows = rows[torch.randperm(len(rows)).numpy()]
        for start in range(0, len(rows), self.batch_size):
            part = rows[start : start + self.batch_size]
            batch = self.dataset.regions.batch(part, fixed=not self.training)
            yield batch, None if self.dataset.y is None else self.dataset.y[part]


class RegionNet(NeuralNet):
    """A skorch net whose X is a RegionArray.

    Beyond where its batches come from it differs from skorch's in three ways: Ctrl-C puts back
    the weights of the last full epoch and is raised, not swallowed; a loss that is not finite
    ends training with an error; and pickles carry the weights but no optimizer state, which is
    twice their size.
    """

    def get_dataset(self, X, y=None):
        return GeneDataset(DeviceRegions(X, self.module_.bin_sizes, self.device), y)

    def get_iterator(self, dataset, training=False):
        size = self.batch_size if training else _GENES_PER_PREDICTION
        return GeneBatches(dataset, size, training)

    def infer(self, x, **fit_params):
        return self.module_(x)

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        if y_true.is_floating_point() and y_pred.shape != y_true.shape:
            raise ValueError(
                f"predictions of shape {tuple(y_pred.shape)} would be broadcast against targets "
                f"of shape {tuple(y_true.shape)}"
            )
        return super().get_loss(y_pred, y_true, *args, **kwargs)

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        if not self.initialized_:
            self.initialize()
        self._remember_epoch()
        try:
            self.notify("on_train_begin", X=X, y=y)
            self.fit_loop(X, y)
        except KeyboardInterrupt:
            n_epochs, weights = self._full_epoch
            self.module_.load_state_dict(weights)
            del self.history[n_epochs:]
            raise
        finally:
            self._full_epoch = None
            self._forget_schedules()
        self.notify("on_train_end", X=X, y=y)
        return self

    def on_epoch_end(self, net, **kwargs):
        super().on_epoch_end(net, **kwargs)
        self._remember_epoch()

    def _remember_epoch(self):
        """Keep what training goes back to when it is interrupted: epochs done, and weights."""
        weights = {name: value.clone() for name, value in self.module_.state_dict().items()}
        self._full_epoch = len(self.history), weights

    def on_batch_end(self, net, batch=None, training=False, loss=None, **kwargs):
        super().on_batch_end(net, batch=batch, training=training, loss=loss, **kwargs)
        if training and not torch.isfinite(loss):
            raise ValueError(
                f"the training loss became {loss.item()} in epoch {len(self.history)}: training "
                f"diverged; lower lr (now {self.lr:g}), or check the scale of y"
            )

    def _forget_schedules(self):
        """Drop what each schedule holds of the optimizer; it is made anew when training starts."""
        for _, callback in self.callbacks_:
            if isinstance(callback, LRScheduler):
                callback.lr_scheduler_ = None

    def __getstate__(self):
        bare = object.__new__(type(self))
        bare.__dict__.update(self.__dict__)
        if getattr(self, "optimizer_", None) is not None:
            optimizer = copy.copy(self.optimizer_)
            optimizer.state = defaultdict(dict)
            bare.__dict__["optimizer_"] = optimizer
        return super(RegionNet, bare).__getstate__()

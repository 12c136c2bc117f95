"""The skorch net: training loop, history and callbacks over regions on the device."""

import contextlib
import copy
import math
from collections import defaultdict, deque

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import gen_batches
from skorch import NeuralNet
from skorch.callbacks import (
    BatchScoring,
    Callback,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
)
from skorch.dataset import Dataset
from skorch.utils import noop, to_numpy
from torch.utils.data import Subset

from ...nn import DeviceRegions
from ...regions import RegionArray
from .._runtime import device_or_cpu
from ._epoch_log import EpochLog
from ._processes import LostProcessError
from ._schedule import LearningRate
from ._start import is_usual_scale
from ._validation import LastingPatience

_GENES_PER_PREDICTION = 512

# skorch's callbacks print to this unless they are given something else.
_PRINT = PrintLog().sink


# They score what the estimator predicts against y: classes, not their numbers.
_SCORING = (BatchScoring, EpochScoring)

# Other callbacks that are called within an epoch may look at the loss of the last batch.
_IGNORE_LOSSES = (EpochLog, LearningRate, GradientNormClipping)
_WITHIN_AN_EPOCH = ("on_batch_begin", "on_grad_computed", "on_batch_end")


class DivergedError(ValueError):
    """The training loss is not finite."""


class _StoppedEarly(Exception):  # noqa: N818 - it is not an error
    """A callback ended training."""


class GeneDataset(Dataset):
    """Regions on the device and the target of each gene.

    Callbacks that score find `X` and `y` here, as the estimator has them.
    """

    def __init__(self, regions, target=None, X=None, y=None):
        self.regions, self.X, self.y = regions, X, y
        self.target = None if target is None else torch.as_tensor(target, device=regions.device)

    def __len__(self):
        return len(self.regions)


class Share:
    """The part that a process computes of a batch of `n_genes`, None where it has no genes."""

    def __init__(self, batch, part, n_genes):
        self.batch, self.part, self.n_genes = batch, part, n_genes

    def __len__(self):
        return self.n_genes


class GeneBatches:
    """Iterates over batches of genes, gathered by index on the device.

    With `processes` of torchrun a batch is the `Share` of this one; its target is whole.
    """

    processes = None

    def __init__(self, dataset, batch_size, training, track_dropout=0.0):
        self.rows, self.track_dropout = np.arange(len(dataset)), track_dropout
        while isinstance(dataset, Subset):
            self.rows = np.asarray(dataset.indices)[self.rows]
            dataset = dataset.dataset
        self.dataset, self.batch_size, self.training = dataset, batch_size, training

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def __iter__(self):
        rows, dropped = self.rows, None
        if self.training:
            rows = rows[torch.randperm(len(rows), device="cpu").numpy()]
            if self.track_dropout:
                dropped = self._draw_dropped()
            if self.processes is not None:  # dropout of each process is its own
                torch.manual_seed(torch.initial_seed() + 1 + self.processes.rank)
        target = self.dataset.target
        if target is not None:  # in order from the start: a GPU would wait for row numbers
            target = target[torch.from_numpy(rows).to(target.device)]
        parts = list(gen_batches(len(rows), self.batch_size))
        for part, batch in zip(parts, self._batches([rows[part] for part in parts])):
            if dropped is not None:
                _drop_tracks(batch, dropped[part])
            yield batch, None if target is None else target[part]

    def _draw_dropped(self):
        """Return which tracks of which genes are set to 0 in an epoch, (n_genes, n_tracks)."""
        shape = len(self.rows), len(self.dataset.X.tracks)
        dropped = torch.rand(shape, device="cpu") < self.track_dropout
        return dropped & ~dropped.all(dim=1, keepdim=True)

    def _batches(self, parts):
        """Yield the batch of each part of the genes."""
        fixed = not self.training
        if self.processes is None:
            yield from self.dataset.regions.batches(parts, fixed)
            return
        shares = [self.processes.part_of(len(rows)) for rows in parts]
        own = [rows[share] for rows, share in zip(parts, shares)]
        batches = self.dataset.regions.batches(filter(len, own), fixed)
        for rows, share, mine in zip(parts, shares, own):
            yield Share(next(batches) if len(mine) else None, share, len(rows))


def _drop_tracks(batch, dropped):
    """Set tracks of the genes of a batch to 0; `dropped` is bool of shape (n_genes, n_tracks)."""
    if isinstance(batch, Share):
        batch, dropped = batch.batch, dropped[batch.part]
    if batch is not None:
        for condition in batch if isinstance(batch, tuple) else (batch,):
            condition.drop_tracks(dropped)


class RegionNet(NeuralNet):
    """A skorch net whose X is a RegionArray.

    Its batches come from DeviceRegions. Ctrl-C and a loss that is not finite put back the last full
    epoch and are raised, not swallowed. `max_epochs` counts the epochs of the history, so that
    training can be continued, and random numbers of an epoch follow from `seed` and the epoch's
    number, so that it then continues as if it had never stopped. Pickles are loaded onto the CPU
    where their device is not there. They carry the weights, and what training needs to continue
    (the optimizer's state is twice as large) only where `is_resumable` is set.
    """

    seed, is_resumable, _unit = 0, False, 1.0
    # Share of genes-by-tracks that are set to 0 in training.
    track_dropout = 0.0
    # Those of torchrun, while they train this net together.
    processes = None
    # Weights of the last epoch and of the best one, or None, as early stopping left them; None for
    # both where the optimizer's state is lost. By its name skorch unpickles it like `module_`.
    module_stop_ = None

    @property
    def can_continue(self):
        """Whether training would continue as if it had never stopped."""
        return not self.history or self.module_stop_ is not None

    @property
    def network(self):
        """The ChromoformerNetwork, also where it is inside a PairNetwork."""
        return getattr(self.module_, "network", self.module_)

    def get_dataset(self, X, y=None):
        if not isinstance(X, RegionArray):  # a dataset, or a batch that a callback scores
            return X
        regions = DeviceRegions(X, self.network.bin_sizes, self.device)
        return GeneDataset(regions, y, X, None if y is None else self.labels_of(y))

    def get_iterator(self, dataset, training=False):
        if not isinstance(dataset, (GeneDataset, Subset)):
            return [(dataset, None)]
        size = self.batch_size if training else _GENES_PER_PREDICTION
        return GeneBatches(dataset, size, training, self.track_dropout)

    @property
    def _default_callbacks(self):
        *others, (name, _) = super()._default_callbacks
        return [*others, (name, EpochLog())]

    def _uniquely_named_callbacks(self):
        """Name the callbacks; one whose parameters `net_params` sets is a copy of the user's."""
        for name, callback in super()._uniquely_named_callbacks():
            if not isinstance(callback, type) and self.get_params_for(f"callbacks__{name}"):
                callback = copy.copy(callback)
            yield name, callback

    @contextlib.contextmanager
    def _quiet(self):
        """Let callbacks print nothing where `verbose` is 0.

        They compare where they print to with `print`, which a tool may have replaced since.
        """
        loud = [
            callback
            for _, callback in self.callbacks_
            if not self.verbose and getattr(callback, "sink", None) in (_PRINT, print)
        ]
        sinks = [callback.sink for callback in loud]
        try:
            for callback in loud:
                callback.sink = noop
            yield
        finally:
            for callback, sink in zip(loud, sinks):
                callback.sink = sink

    def infer(self, x, **fit_params):
        if not isinstance(x, Share):
            return self.module_(x)
        if x.batch is None:  # fewer genes than processes
            n_outputs = self.network.fc_head[-1].out_features
            own = torch.zeros(0, n_outputs, device=self.device, requires_grad=True)
        else:
            own = self.module_(x.batch)
        return self.processes.gather(own, x.part, len(x))

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run one epoch, as skorch does, but read each loss when the next step is under way.

        To read a number a GPU must have computed it; the next step waits on the GPU by then.
        """
        if iterator is None:
            return
        if isinstance(iterator, GeneBatches):
            iterator.processes = self.processes
        unread, n_waiting = deque(), 0 if self._has_readers() else 1
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.history.record_batch(f"{prefix}_loss", step["loss"].detach())
            self.history.record_batch(f"{prefix}_batch_size", len(batch[1]))
            unread.append(self.history[-1]["batches"][-1])
            if len(unread) > n_waiting:
                self._read_loss(unread.popleft(), prefix)
            self.notify("on_batch_end", batch=batch, training=training, **step)
        if unread:
            self._read_loss(unread.popleft(), prefix)
        self.history.record(f"{prefix}_batch_count", len(iterator))

    def _has_readers(self):
        """Return whether a callback is called within an epoch that may look at a loss there."""
        return any(
            getattr(type(callback), name) is not getattr(Callback, name)
            for _, callback in self.callbacks_
            if not isinstance(callback, _IGNORE_LOSSES)
            for name in _WITHIN_AN_EPOCH
        )

    def _read_loss(self, record, prefix):
        """Read the loss in the record of a batch; one of training must be finite."""
        record[f"{prefix}_loss"] = loss = record[f"{prefix}_loss"].item()
        if prefix == "train" and not math.isfinite(loss):
            lr, epoch = self.optimizer_.param_groups[0]["lr"], len(self.history)
            kept = f"the weights of epoch {epoch - 1} are kept; " if epoch > 1 else ""
            raise DivergedError(
                f"the training loss became {loss} in epoch {epoch} at a learning rate of "
                f"{lr:.3g}: training diverged; {kept}lower lr (now {self.lr:g}), set "
                "gradient_clip, or check the scale of y"
            )

    def train_step_single(self, batch, **fit_params):
        step = super().train_step_single(batch, **fit_params)
        if self.processes is not None:
            self.processes.sum_gradients(self.module_.parameters())
        return step

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        if y_true.is_floating_point() and y_pred.shape != y_true.shape:
            raise ValueError(
                f"predictions of shape {tuple(y_pred.shape)} would be broadcast against targets "
                f"of shape {tuple(y_true.shape)}: give both the same shape"
            )
        if self._unit != 1:
            y_pred, y_true = y_pred / self._unit, y_true / self._unit
        return super().get_loss(y_pred, y_true, *args, **kwargs)

    def continue_from(self, other):
        """Take over weights, optimizer state, history and seed of a net of the same sizes."""
        ours, theirs = (net.get_params_for("module") for net in (self, other))
        for name, value in ours.items():
            if name != "dropout" and value != theirs[name]:
                raise ValueError(
                    f"warm_start: {name} was {theirs[name]!r} in the former fit and is {value!r} "
                    "now: set warm_start=False to start again"
                )
        self.module_stop_ = other.module_stop_
        last, _ = self.module_stop_ or (None, None)
        self.module_.load_state_dict(last or other.module_.state_dict())
        state = copy.deepcopy(other.optimizer_.state_dict()["state"])
        if state:
            groups = self.optimizer_.state_dict()["param_groups"]
            self.optimizer_.load_state_dict({"state": state, "param_groups": groups})
        self.history_, self.seed = copy.copy(other.history_), other.seed

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        if not self.initialized_:
            self.initialize()
        together = contextlib.nullcontext()
        if self.processes is not None:
            self.processes.take_weights(self.module_)
            together = self.processes.interrupted_together()
        with self._quiet(), together:
            return self._train(X, y)

    def _train(self, X, y):
        """Train up to `max_epochs`, and return the net."""
        self._remember_epoch()
        scale = self.network.output_scale.item()
        # gradients are in its squares, which would be lost beside the optimizer's `eps`
        self._unit = 1.0 if is_usual_scale(scale) else scale
        try:
            self.notify("on_train_begin", X=X, y=y)
            stopping = [c for _, c in self.callbacks_ if isinstance(c, LastingPatience)]
            if not any(c.misses_ >= c.patience for c in stopping):
                self.fit_loop(X, y, epochs=self.max_epochs - len(self.history))
        except _StoppedEarly:
            pass
        except (KeyboardInterrupt, DivergedError, LostProcessError):
            self._back_to_epoch()
            raise
        finally:
            self._full_epoch = None
            self._forget_what_ran()
            self._remember_stop()
        self.notify("on_train_end", X=X, y=y)
        return self

    def notify(self, method_name, **kwargs):
        """Notify the callbacks; an EarlyStopping ends training by a KeyboardInterrupt."""
        try:
            getattr(self, method_name)(self, **kwargs)
            for _, callback in self.callbacks_:
                known = kwargs
                if method_name == "on_batch_end" and isinstance(callback, _SCORING):
                    batch, target = kwargs["batch"]
                    known = {**kwargs, "batch": (batch, self.labels_of(target.cpu().numpy()))}
                getattr(callback, method_name)(self, **known)
        except KeyboardInterrupt:
            stops = [c for _, c in self.callbacks_ if isinstance(c, EarlyStopping)]
            if method_name == "on_epoch_end" and any(c.misses_ == c.patience for c in stops):
                raise _StoppedEarly from None
            raise

    def on_epoch_begin(self, net, **kwargs):
        super().on_epoch_begin(net, **kwargs)
        number = len(self.history)
        torch.manual_seed(np.random.SeedSequence([self.seed, number]).generate_state(1)[0].item())

    def on_epoch_end(self, net, **kwargs):
        super().on_epoch_end(net, **kwargs)
        self._remember_epoch()

    def _remember_epoch(self):
        """Keep the state that an interruption puts back."""
        weights = {name: value.clone() for name, value in self.module_.state_dict().items()}
        optimizer = copy.deepcopy(self.optimizer_.state_dict())
        self._full_epoch = len(self.history), weights, optimizer

    def _back_to_epoch(self):
        """Put the last full epoch back."""
        n_epochs, weights, optimizer = self._full_epoch
        self.module_.load_state_dict(weights)
        self.optimizer_.load_state_dict(optimizer)
        del self.history[n_epochs:]

    @property
    def best_weights(self):
        """Weights of the best epoch that early stopping saw in a former training, or None."""
        return self.module_stop_ and self.module_stop_[1]

    def _remember_stop(self):
        """Keep what training needs to continue beside the optimizer's state.

        At its end early stopping exchanges the weights of the last epoch for the best.
        """
        last, best = None, self.best_weights
        for _, callback in self.callbacks_:
            if isinstance(callback, LastingPatience):
                last = {name: value.clone() for name, value in self.module_.state_dict().items()}
                best = getattr(callback, "best_model_weights_", None) or best
        self.module_stop_ = last, best

    def _forget_what_ran(self):
        """Close bars and drop the schedulers, which hold the optimizer; training makes new ones."""
        for _, callback in self.callbacks_:
            if isinstance(callback, LRScheduler):
                callback.lr_scheduler_ = None
            if isinstance(callback, EpochLog):
                callback.close()

    def __getstate__(self):
        bare = object.__new__(type(self))
        bare.__dict__.update(self.__dict__)
        if self.is_resumable:
            return super(RegionNet, bare).__getstate__()
        bare.__dict__["module_stop_"] = None
        if getattr(self, "optimizer_", None) is not None:
            optimizer = copy.copy(self.optimizer_)
            optimizer.state = defaultdict(dict)
            bare.__dict__["optimizer_"] = optimizer
        return super(RegionNet, bare).__getstate__()

    def __setstate__(self, state):
        super().__setstate__({**state, "device": device_or_cpu(state["device"])})


class RegressorNet(RegressorMixin, RegionNet):
    """A net that predicts one number a gene; its target has shape (n_genes, 1)."""

    @staticmethod
    def labels_of(target):
        """Return y of targets."""
        return target[:, 0]

    def predict(self, X):
        return to_numpy(self.forward(X))[:, 0]


class ClassifierNet(ClassifierMixin, RegionNet):
    """A net that predicts classes; its target is the number of the class in `classes_`."""

    classes_ = None

    def labels_of(self, target):
        """Return y of targets."""
        return target if self.classes_ is None else self.classes_[target]

    def predict(self, X):
        return self.labels_of(to_numpy(self.forward(X)).argmax(axis=1))

    def predict_proba(self, X):
        return softmax(to_numpy(self.forward(X)).astype(np.float64), axis=1)

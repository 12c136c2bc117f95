"""Learning rate of each training step."""

import math

from skorch.callbacks import Callback

SCHEDULES = ("decay", "plateau", "cosine", "one_cycle", "constant")

# One-cycle policy (Smith and Topin 2017, arXiv 1708.07120): the share of the steps in which the
# learning rate rises, and the share of the full rate from which it rises.
_RISE, _START = 0.3, 1 / 25


class LearningRate(Callback):
    """Sets the learning rate before each step.

    It depends only on the epochs in the history and the steps of the present one, so that
    continued training has the rates of training that was never interrupted.
    """

    def __init__(self, schedule, decay):
        self.schedule, self.decay = schedule, decay

    def on_epoch_begin(self, net, dataset_train=None, **kwargs):
        self.n_steps_ = len(net.get_iterator(dataset_train, training=True))

    def on_batch_begin(self, net, training=False, **kwargs):
        if not training or self.schedule == "constant":
            return
        step = len(net.history[-1, "batches"]) - 1
        share = self._share(net.history[:-1], step / self.n_steps_, net.max_epochs)
        for group in net.optimizer_.param_groups:
            group["lr"] = share * group.setdefault("initial_lr", group["lr"])

    def on_epoch_end(self, net, **kwargs):
        net.history.record("lr", net.optimizer_.param_groups[0]["lr"])

    def _share(self, epochs, part, max_epochs):
        """Return the share of the full rate after some epochs and a part of one."""
        if self.schedule == "decay":
            return self.decay ** len(epochs)
        if self.schedule == "plateau":
            return self.decay ** _n_stalled(epochs)
        done = (len(epochs) + part) / max_epochs
        if self.schedule == "cosine":
            return (1 + math.cos(math.pi * done)) / 2
        if done < _RISE:
            return _START + (1 - _START) * (1 - math.cos(math.pi * done / _RISE)) / 2
        return (1 + math.cos(math.pi * (done - _RISE) / (1 - _RISE))) / 2


def _n_stalled(epochs):
    """Count epochs that brought no lower loss, on the validation genes where there are any."""
    losses = [epoch.get("valid_loss", epoch.get("train_loss")) for epoch in epochs]
    return sum(loss >= min(losses[:i]) for i, loss in enumerate(losses) if i)

"""EpochLog: a line for each epoch, and below it a bar of the genes of all epochs."""

import sys

from skorch.callbacks import PrintLog
from tabulate import tabulate

from ..._progress import is_watched, progress


class EpochLog(PrintLog):
    """Prints skorch's table of epochs, and shows how far the fit is.

    The bar counts the genes of all epochs that are left, so that its time is that of the whole fit
    (or less, if training stops early). It is gone when the fit ends. Colours are for terminals and
    notebooks alone.
    """

    bar_ = None

    def on_epoch_begin(self, net, dataset_train=None, **kwargs):
        done = len(net.history) - 1
        if self.bar_ is None:
            total = len(dataset_train) * (net.max_epochs - done)
            self.bar_ = progress(label="fit", unit="genes", total=total, verbose=net.verbose)
            self.bar_.leave = False
        self.bar_.set_description(f"epoch {done + 1}/{net.max_epochs}")

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        if training:
            self.bar_.update(len(batch[1]))

    def on_epoch_end(self, net, **kwargs):
        with self.bar_.external_write_mode(file=sys.stdout):
            super().on_epoch_end(net, **kwargs)

    def close(self):
        """Remove the bar; training may have ended in any way."""
        if self.bar_ is not None:
            self.bar_.close()
            self.bar_ = None

    def format_row(self, row, key, color):
        if key == "lr":
            return f"{row[key]:.2e}"
        # Without the entry that marks the best value there is no colour.
        row = row if is_watched(sys.stdout) else {key: row[key]}
        return super().format_row(row, key, color)

    def table(self, row):
        names, values = zip(*self._yield_keys_formatted(row), strict=True)
        look = {"tablefmt": self.tablefmt, "stralign": self.stralign}
        return tabulate([values], headers=names, disable_numparse=True, **look)

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "bar_"}

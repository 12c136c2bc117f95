"""LearningHistoryDisplay: the losses of a fitted estimator, epoch by epoch."""

import numpy as np

from .._model import find_fitted
from ._base import SINGLE, Display, check_names

_NAMES = {"train_loss": "training", "valid_loss": "validation"}


class LearningHistoryDisplay(Display):
    """Learning curves: losses against epochs.

    Parameters
    ----------
    history : list of dict
        ``history_`` of a fitted estimator: the ``train_loss`` of each epoch, and whatever else
        was recorded, such as ``valid_loss``.
    name : str, default=None
        Put before the names of curves, to distinguish the estimators in one figure.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
    lines_ : list of matplotlib Line2D

    Examples
    --------
    >>> from skchromo.inspection import LearningHistoryDisplay
    >>> history = [{"train_loss": 1.0, "valid_loss": 1.2}, {"train_loss": 0.6, "valid_loss": 0.9}]
    >>> display = LearningHistoryDisplay(history).plot()
    >>> [line.get_label() for line in display.lines_]
    ['training', 'validation']
    """

    def __init__(self, history, *, name=None):
        self.history = history
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, *, keys=None, name=None, ax=None):
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
            TransformedTargetRegressor that ends in one.
        keys : str or sequence of str, default=None
            Entries of the history to draw; None is all losses.
        name : str, default=None
            Put before the names of curves.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm).

        Returns
        -------
        display : LearningHistoryDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import ChromoformerRegressor
        >>> from skchromo.inspection import LearningHistoryDisplay
        >>> rng = np.random.default_rng(0)
        >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=3)
        >>> model = model.fit(rng.poisson(3.0, (20, 40, 2)), rng.normal(size=20))
        >>> LearningHistoryDisplay.from_estimator(model).lines_[0].get_xdata()
        array([1, 2, 3])
        """
        return cls(find_fitted(estimator).history_, name=name).plot(keys=keys, ax=ax)

    def plot(self, *, keys=None, ax=None):
        """Draw one curve per loss.

        Parameters
        ----------
        keys : str or sequence of str, default=None
            Entries of the history to draw; None is all losses.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm).

        Returns
        -------
        display : LearningHistoryDisplay
            The display itself, with all that was drawn.

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install matplotlib``.
        ValueError
            If the history has no epochs, or no such key.
        """
        keys = self._keys(keys)
        epochs = np.arange(1, len(self.history) + 1)
        with self._canvas(ax, SINGLE, 2.1) as ax:
            self.lines_ = []
            for key in keys:
                values = [epoch[key] for epoch in self.history]
                label = " ".join(filter(None, [self.name, _NAMES.get(key, key)]))
                self.lines_ += ax.plot(epochs, values, marker="o", markersize=2.5, label=label)
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.set_xlabel("Epoch")
            ax.set_ylabel("Loss" if all(key.endswith("loss") for key in keys) else "Value")
            ax.spines[["top", "right"]].set_visible(False)
            ax.legend()
        return self

    def _keys(self, keys):
        """Return the entries to draw."""
        if not self.history:
            raise ValueError(
                "the history has no epochs: fit records them, from_checkpoint has none"
            )
        known = [key for key, value in self.history[-1].items() if np.isscalar(value)]
        if keys is None:
            return [key for key in known if key.endswith("_loss")]
        return check_names("keys", keys, known)

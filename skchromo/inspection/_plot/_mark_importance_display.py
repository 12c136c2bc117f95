"""MarkImportanceDisplay: which marks the score of an estimator depends on."""

import numpy as np

from .._mark_importance import mark_importance
from ._display import COLOURS, SINGLE, canvas

_ROW = 5 / 25.4  # height of a mark with its gap, in inches


class MarkImportanceDisplay:
    """Permutation importance of tracks: bars of the means, points of the repeats.

    Parameters
    ----------
    importance : MarkImportance
        See :func:`mark_importance`.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
    bars_ : matplotlib BarContainer
        The most important track first, at the top.
    points_ : matplotlib PathCollection
        All repeats of all tracks.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo.inspection import MarkImportance, MarkImportanceDisplay
    >>> importances = np.array([[0.02, 0.04], [0.2, 0.4]])
    >>> importance = MarkImportance(("H3K9me3", "H3K4me3"), importances, 0.9)
    >>> display = MarkImportanceDisplay(importance).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['H3K4me3', 'H3K9me3']

    Or compute and draw in one step:

    >>> from skchromo import ChromoformerRegressor
    >>> X = np.random.default_rng(0).poisson(3.0, (20, 40, 2))
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.fit(X, np.arange(20))
    >>> display = MarkImportanceDisplay.from_estimator(model, X, np.arange(20), n_repeats=2)
    >>> display.importance.importances.shape
    (2, 2)
    """

    def __init__(self, importance):
        self.importance = importance

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        regions="all",
        scoring=None,
        n_repeats=5,
        random_state=None,
        ax=None,
    ):
        """Compute permutation importances of a fitted estimator, and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
            TransformedTargetRegressor that ends in one.
        X : pandas.DataFrame, RegionArray or array-like of n_genes rows
            What the estimator predicts from: genes that it was not trained on.
        y : array-like of shape (n_genes,)
            Target, in the scale that `estimator` was fitted on.
        regions : {"all", "promoter", "pcres"}, default="all"
            Where tracks are permuted.
        scoring : str or callable, default=None
            A scorer of scikit-learn; None is the estimator's `score`: R2 or accuracy.
        n_repeats : int, default=5
            Permutations of each track.
        random_state : int, RandomState instance or None, default=None
            Seeds the permutations.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm).

        Returns
        -------
        display : MarkImportanceDisplay
            The display, drawn.
        """
        importance = mark_importance(
            estimator,
            X,
            y,
            regions=regions,
            scoring=scoring,
            n_repeats=n_repeats,
            random_state=random_state,
        )
        return cls(importance).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw a bar per track, and a point per repeat.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm).

        Returns
        -------
        display : MarkImportanceDisplay
            The display itself, with what was drawn.

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install matplotlib``.
        """
        means = self.importance.importances_mean
        order = np.argsort(-means, kind="stable")
        with canvas(self, ax, SINGLE, 0.6 + _ROW * len(order)) as ax:
            names = [self.importance.tracks[track] for track in order]
            self.bars_ = ax.barh(names, means[order], color=COLOURS[5], height=0.7)
            repeats = self.importance.importances[order]
            rows = np.repeat(np.arange(len(order)), repeats.shape[1])
            self.points_ = ax.scatter(repeats, rows, s=6, color="0.2", linewidths=0, zorder=3)
            ax.axvline(0, color="0.3", linewidth=0.6)
            ax.invert_yaxis()
            ax.set_xlabel(
                f"Score lost when the mark is permuted (score {self.importance.score:.3g})"
            )
            ax.spines[["top", "right"]].set_visible(False)
        return self

"""MarkImportanceDisplay: the marks that the score of an estimator depends on."""

import numpy as np

from ..perturbation import mark_importance
from ._base import COLOURS, Display

_ROW = 5 / 25.4  # height of a mark with its gap, in inches


class MarkImportanceDisplay(Display):
    """Permutation importance of tracks: a bar for each mean, a point for each repeat.

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
    >>> from skchromo import ChromoformerRegressor
    >>> from skchromo.inspection import MarkImportanceDisplay, mark_importance
    >>> X, y = np.random.default_rng(0).poisson(3.0, (20, 40, 2)), np.arange(20)
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1).fit(X, y)
    >>> display = MarkImportanceDisplay(mark_importance(model, X, y, n_repeats=3)).plot()
    >>> len(display.bars_), len(display.points_.get_offsets())
    (2, 6)

    Or compute and draw in one step:

    >>> display = MarkImportanceDisplay.from_estimator(model, X, y, n_repeats=2)
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
            Input of the estimator's `predict`: genes that it was not trained on.
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

    def _height(self):
        return 0.6 + _ROW * len(self.importance.tracks)

    def _draw(self, ax):
        means = self.importance.importances_mean
        order = np.argsort(-means, kind="stable")
        names = [self.importance.tracks[track] for track in order]
        self.bars_ = ax.barh(names, means[order], color=COLOURS[5], height=0.7)
        repeats = self.importance.importances[order]
        rows = np.repeat(np.arange(len(order)), repeats.shape[1])
        self.points_ = ax.scatter(repeats, rows, s=6, color="0.2", linewidths=0, zorder=3)
        ax.axvline(0, color="0.3", linewidth=0.6)
        ax.invert_yaxis()
        ax.set_xlabel(f"Score lost when the mark is permuted (score {self.importance.score:.3g})")
        ax.spines[["top", "right"]].set_visible(False)

"""CRISPRiDisplay: precision-recall curves of scores against the outcome of a CRISPRi screen."""

import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_curve

from ...evaluation import check_ranking
from ._base import SINGLE, Display

_BASELINES = ("distance", "H3K27ac/distance", "ABC")
_DASHES = ("--", "-.", ":")


class CRISPRiDisplay(Display):
    """Precision-recall curves of scores of element-gene pairs.

    Baselines are grey and dashed, other scores coloured; the legend has the average precision of
    each, in falling order. A thin line is the precision of chance, the share of regulated pairs.

    Parameters
    ----------
    pairs : pandas.DataFrame of shape (n_pairs, n_columns)
        Tested pairs and their outcome, see :func:`skchromo.evaluation.crispri_scores`.
    scores : str, sequence of str, pandas.DataFrame, mapping, or array-like of shape (n_pairs,)
        Scores, higher where an element is more likely to regulate its gene, as for
        `crispri_scores`.
    genes : pandas.DataFrame, default=None
        Gene table for distances; None takes the column ``distance`` of `pairs`, if there is one.
    distances : (int, int), default=None
        Draw the pairs in this class of distance alone, ``[low, high)`` in bp. None draws all.
    baselines : sequence of str, default=("distance", "H3K27ac/distance", "ABC")
        Names of the scores that are drawn as baselines. Where distances are known, "distance" is
        drawn without being among the scores.
    name : str, default=None
        Title; None is the number of pairs.

    Attributes
    ----------
    curves : dict of str to DataFrame
        ``recall``, ``precision`` and ``threshold`` of each score, in rising recall.
    average_precision : dict of str to float
        Area under each curve, as in `crispri_scores`.
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
    lines_ : dict of str to matplotlib Line2D
        The curve of each score.

    Raises
    ------
    TypeError, ValueError
        As for :func:`skchromo.evaluation.crispri_scores`; or if no pair to draw is regulated or
        all are, or `distances` are given and no distance is known.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skchromo.inspection import CRISPRiDisplay
    >>> rng = np.random.default_rng(0)
    >>> pairs = pd.DataFrame({"gene_id": "A", "chrom": "chr1", "start": range(50), "end": 100,
    ...                       "distance": rng.integers(0, 10**6, 50),
    ...                       "Regulated": rng.random(50) < 0.2})
    >>> display = CRISPRiDisplay.from_scores(pairs, {"model": rng.random(50)})
    >>> sorted(display.lines_)
    ['distance', 'model']
    >>> far = CRISPRiDisplay(pairs, {"model": rng.random(50)}, distances=(100_000, 2_500_000))
    >>> far.plot().ax_.get_xlabel()
    'Recall'
    """

    def __init__(
        self, pairs, scores, *, genes=None, distances=None, baselines=_BASELINES, name=None
    ):
        _, y, columns, distance = check_ranking(pairs, scores, genes)
        if distance is not None and "distance" not in columns:
            known = pd.Series(-distance)
            columns["distance"] = known.fillna(known.min() - 1).to_numpy()
        rows = y >= 0
        if distances is not None:
            if distance is None:
                raise ValueError(
                    "distances chooses pairs by their distance, which is not known: give genes, or "
                    "pairs a column distance"
                )
            low, high = distances
            rows = (low <= distance) & (distance < high)
        y = y[rows]
        if not 0 < y.sum() < len(y):
            raise ValueError(
                f"{int(y.sum())} of {len(y)} pairs to draw are regulated: a curve needs pairs of "
                "both kinds"
            )
        self.curves, self.average_precision = {}, {}
        for score, values in columns.items():
            precision, recall, threshold = precision_recall_curve(y, values[rows])
            parts = {"recall": recall[:-1], "precision": precision[:-1], "threshold": threshold}
            self.curves[score] = pd.DataFrame(parts)[::-1].reset_index(drop=True)
            self.average_precision[score] = average_precision_score(y, values[rows])
        self.baselines, self.share = tuple(baselines), y.mean()
        title = f"{len(y):,} pairs, {int(y.sum()):,} regulated"
        self.name = title if name is None else name

    @classmethod
    def from_scores(
        cls,
        pairs,
        scores,
        *,
        genes=None,
        distances=None,
        baselines=_BASELINES,
        name=None,
        ax=None,
    ):
        """Draw the curves of scores.

        Parameters
        ----------
        pairs : pandas.DataFrame of shape (n_pairs, n_columns)
            Tested pairs and their outcome.
        scores : str, sequence of str, pandas.DataFrame, mapping, or array-like of shape (n_pairs,)
            Scores of the pairs.
        genes : pandas.DataFrame, default=None
            Gene table for distances.
        distances : (int, int), default=None
            Class of distance to draw, in bp; None draws all pairs.
        baselines : sequence of str, default=("distance", "H3K27ac/distance", "ABC")
            Names of the scores that are drawn as baselines.
        name : str, default=None
            Title; None is the number of pairs.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm).

        Returns
        -------
        display : CRISPRiDisplay
            The display, drawn.
        """
        options = {"genes": genes, "distances": distances, "baselines": baselines, "name": name}
        return cls(pairs, scores, **options).plot(ax=ax)

    def _height(self):
        return SINGLE + 0.14 * len(self.curves)

    def _draw(self, ax):
        order = sorted(self.curves, key=self.average_precision.get, reverse=True)
        grey = [score for score in order if score in self.baselines]
        self.lines_ = {}
        for score in order:
            style = {}
            if score in grey:
                style = {"color": "0.45", "linestyle": _DASHES[grey.index(score) % len(_DASHES)]}
            curve = self.curves[score]
            label = f"{score} ({self.average_precision[score]:.2f})"
            (self.lines_[score],) = ax.plot(
                [0, *curve["recall"]],
                [curve["precision"].iloc[0], *curve["precision"]],
                drawstyle="steps-pre",
                label=label,
                **style,
            )
        ax.axhline(self.share, color="0.8", linewidth=0.6, zorder=0)
        ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="Recall", ylabel="Precision")
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_title(self.name, loc="left")
        # Below the axes, because a curve may pass anywhere in them.
        below = {"loc": "upper left", "bbox_to_anchor": (0, -0.15), "borderaxespad": 0}
        ax.legend(title="Average precision", alignment="left", **below)

"""PCREImportanceDisplay: the distal elements that a prediction depends on."""

import numpy as np

from .._model import pick_gene
from ..perturbation import pcre_importance
from ._base import Display, effect_colour

_ROW = 4.5 / 25.4  # height of a bar with its gap, in inches


class PCREImportanceDisplay(Display):
    """Importance of the pCREs of a gene as bars, or of many genes as points.

    Bars are in falling contact weight, each named by its pCRE's number, distance to the TSS (along
    the chromosome) and weight. A bar is orange where the pCRE raises the prediction, blue where the
    pCRE lowers it. Points are all pCREs of all genes: importance against distance, coloured by
    contact weight.

    Parameters
    ----------
    importance : PCREImportance
        See :func:`pcre_importance`.
    gene : str or int, default=None
        Id, symbol or row number of a gene; None draws all.
    name : str, default=None
        Title; None is the gene's symbol or id, or the number of genes.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
    bars_ : matplotlib BarContainer or None
        Bars of one gene.
    points_ : matplotlib PathCollection or None
        Points of several genes.

    Raises
    ------
    TypeError, ValueError, IndexError
        If `gene` names no gene or several, or, from :meth:`plot`, if there are no pCREs to draw.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import PCREImportanceDisplay, pcre_importance
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)))
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> len(PCREImportanceDisplay(pcre_importance(model, X), gene=4).plot().bars_)
    2
    >>> len(PCREImportanceDisplay.from_estimator(model, X, 4).bars_)  # all in one step
    2
    """

    def __init__(self, importance, gene=None, *, name=None):
        self.importance = importance
        self._choose(importance.places, gene, name, "{} genes")

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        gene=None,
        *,
        method="remove",
        response_method="auto",
        class_of_interest=None,
        ax=None,
    ):
        """Compute importances of a fitted estimator, and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
            TransformedTargetRegressor that ends in one.
        X : pandas.DataFrame, RegionArray or array-like of n_genes rows
            Input of the estimator's `predict`, with pCREs.
        gene : str or int, default=None
            Id, symbol or row number of a gene; None draws all.
        method : {"remove", "knock_out", "weight"}, default="remove"
            How a pCRE is taken away, see :func:`pcre_importance`.
        response_method : {"auto", "predict", "log_odds", "predict_proba"}, default="auto"
            Which response is compared.
        class_of_interest : label, default=None
            Class of a classifier; None is the second of two classes.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm).

        Returns
        -------
        display : PCREImportanceDisplay
            The display, drawn.
        """
        name = None
        if gene is not None:
            X, name, _ = pick_gene(X, gene)
        importance = pcre_importance(
            estimator,
            X,
            method=method,
            response_method=response_method,
            class_of_interest=class_of_interest,
        )
        return cls(importance, name=name).plot(ax=ax)

    def _found(self):
        """Return row and place of the pCREs to draw, two arrays."""
        gene, pcre = np.nonzero(~np.isnan(self.importance.importance[self.rows]))
        return self.rows[gene], pcre

    def _check(self):
        if not len(self._found()[0]):
            raise ValueError(f"{self.name}: no pCREs to draw: give genes with contacts")

    def _height(self):
        return 0.75 + _ROW * len(self._found()[0]) if self.is_one else 2.4

    def _draw(self, ax):
        self.bars_, self.points_ = None, None
        draw = self._draw_bars if self.is_one else self._draw_points
        draw(ax, *self._found())
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_title(self.name, loc="left")

    def _distance(self, gene, pcre):
        """Return the distance from TSS to middle of pCREs in bp, NaN on other chromosomes."""
        places = self.importance.places
        middle = (places.start[gene, pcre + 1] + places.end[gene, pcre + 1]) // 2
        chrom = places.chrom[gene, 0]
        cis = (places.chrom[gene, pcre + 1] == chrom) & (chrom != "")
        return np.where(cis, middle - places.tss[gene], np.nan)

    def _draw_bars(self, ax, gene, pcre):
        """Draw the bars of one gene."""
        values = self.importance.importance[gene, pcre]
        labels = []
        for row, number, distance in zip(gene, pcre, self._distance(gene, pcre)):
            where = self.importance.places.chrom[row, number + 1]
            where = _in_bp(int(distance)) if np.isfinite(distance) else where
            weight = f"weight {self.importance.weights[row, number]:.3g}"
            labels.append(", ".join(filter(None, [f"{number + 1}: {where}".rstrip(": "), weight])))
        self.bars_ = ax.barh(labels, values, color=[*map(effect_colour, values)], height=0.7)
        ax.axvline(0, color="0.3", linewidth=0.6)
        ax.invert_yaxis()
        ax.set_xlabel("Prediction with the pCRE minus without it")

    def _draw_points(self, ax, gene, pcre):
        """Draw the points of all genes."""
        values = self.importance.importance[gene, pcre]
        weights = self.importance.weights[gene, pcre]
        x, label = np.abs(self._distance(gene, pcre)) / 1_000, "Distance to the TSS (kb)"
        known = np.isfinite(x)
        if not known.any():
            x, label = weights, "Contact weight"
            known[:] = True
        self.points_ = ax.scatter(
            x[known], values[known], c=weights[known], s=6, cmap="viridis", linewidths=0
        )
        if x is not weights:
            ax.set_xscale("log", subs=[])
            ax.xaxis.get_major_locator().set_params(subs=(1, 3))
            ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
            ax.figure.colorbar(self.points_, ax=ax, label="Contact weight")
        ax.axhline(0, color="0.3", linewidth=0.6, zorder=0)
        ax.set_xlabel(label)
        ax.set_ylabel("Prediction with the pCRE\nminus without it")
        if not known.all():
            note = f"{(~known).sum()} on other chromosomes not shown"
            ax.text(1, 1, note, transform=ax.transAxes, ha="right", va="bottom", size="small")


def _in_bp(bp):
    """Return the text of a distance: ``'+1.2 Mb'``, ``'-190 kb'``, ``'+25 bp'``."""
    text = f"{bp:+d} bp"
    if abs(bp) >= 1_000_000:
        text = f"{bp / 1_000_000:+.3g} Mb"
    elif abs(bp) >= 1_000:
        text = f"{bp / 1_000:+.0f} kb"
    return text.replace("-", "\N{MINUS SIGN}")

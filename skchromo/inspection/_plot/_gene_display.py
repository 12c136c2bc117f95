"""GeneDisplay: contacts and signal of one gene, and their effects on the prediction."""

import numpy as np

from ...regions import RegionArray
from .._attributions import attributions as attribute
from .._model import open_model, pick_gene
from ..perturbation import pcre_importance
from . import _base
from ._gene_contacts import draw_contacts, draw_map
from ._gene_layout import GeneLayout

# Heights in mm.
_CONTACTS, _MAP, _TRACK, _REST = 26, 12, 7, 24


class GeneDisplay(_base.Display):
    """One gene with its contacts and tracks, and their effects on the prediction.

    The upper panel is the locus in true scale. An arc joins the TSS to each pCRE, wider for a
    larger contact weight. Below, promoter and pCREs stand side by side in one scale of bp, the
    pCREs numbered in falling weight. Under them, each track has a lane: mean signal in grey, and
    attribution below it. Orange raises the prediction, blue lowers it. An arc has the colour of the
    importance of its pCRE on the scale of the colour bar, a bin that of its attribution; all lanes
    have one scale. All panels run along the chromosome, and the arrow is the direction of the gene.
    A pCRE of another chromosome has a star, and a dashed arc to the right end.

    Parameters
    ----------
    X : RegionArray of n_genes rows
        Signal of the regions of genes.
    gene : str or int, default=None
        Id, symbol or row number of the gene; None where X has only one.
    attributions : Attributions, default=None
        Attributions of the genes of X, see :func:`attributions`; None draws signal alone.
    importance : PCREImportance, default=None
        Importances of the genes of X, see :func:`pcre_importance`; None draws grey arcs.
    name : str, default=None
        Title; None is the gene's symbol or id.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
        Axes that hold all others.
    contact_ax_, map_ax_ : matplotlib Axes
        The upper panel, and the row of regions under it.
    track_axes_ : list of matplotlib Axes
        The lanes of tracks.
    arcs_ : list of matplotlib PathPatch
        Arcs of pCREs, in falling weight.
    colorbar_ : matplotlib Colorbar or None
        Scale of the colours of arcs; None where they are grey.
    signal_ : list of matplotlib PolyCollection
        Signal of tracks.
    raising_, lowering_ : list of matplotlib PolyCollection
        Attributions of tracks above and below 0; empty without attributions.

    Raises
    ------
    TypeError, ValueError, IndexError
        If X is not a RegionArray, `gene` names no gene or several, or a result is of other genes.

    See Also
    --------
    GeneDisplay.from_estimator : Compute attributions and importances, and draw them.
    to_bigwig : Write attributions for a genome browser.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.inspection import GeneDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (5, 3, 40, 2)), tracks=["H3K4me3", "H3K27ac"])
    >>> display = GeneDisplay(X, 2).plot()
    >>> len(display.track_axes_), len(display.arcs_)
    (2, 2)
    """

    def __init__(self, X, gene=None, *, attributions=None, importance=None, name=None):
        _check_regions(X)
        self.X, found, row = pick_gene(X, gene)
        self.name = found if name is None else name
        for result in (attributions, importance):
            _check_same_genes(result, X)
        self.attribution, self.prediction = None, None
        if attributions is not None:
            if attributions.tracks != X.tracks or attributions.bin_size != X.bin_size:
                raise ValueError(
                    "attributions are of other tracks or bins than X has: compute them from this X"
                )
            self.attribution = attributions.values[row]
            self.prediction = float(attributions.prediction[row])
        self.importance = None if importance is None else importance.importance[row]

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        gene=None,
        *,
        method="integrated_gradients",
        n_steps=64,
        class_of_interest=None,
        window=None,
        tracks=None,
        scale=None,
        ax=None,
    ):
        """Compute the attributions and importances of one gene, and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
            TransformedTargetRegressor that ends in one.
        X : pandas.DataFrame, RegionArray or array-like of n_genes rows
            Input of the estimator's `predict`. Only the row of the gene is used.
        gene : str or int, default=None
            Id, symbol or row number of the gene; None where X has only one.
        method : {"integrated_gradients", "gradient_x_input"}, default="integrated_gradients"
            Passed to :func:`attributions`.
        n_steps : int, default=64
            Passed to :func:`attributions`.
        class_of_interest : label, default=None
            Class whose log-odds are explained; None is the second of two classes.
        window : int, default=None
            Part of the promoter to draw, in bp around the TSS, as wide as the whole promoter
            would be; None is the whole promoter.
        tracks : sequence of str, default=None
            Tracks to draw, in this order; None is all.
        scale : float, default=None
            Importance that gives an arc its full colour. None is 1 or, for a gene with a larger
            importance, the next of 2, 5, 10, 20, ... Give one to compare genes.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of two columns' width (183 mm).

        Returns
        -------
        display : GeneDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import ChromoformerRegressor, RegionArray
        >>> from skchromo.inspection import GeneDisplay
        >>> rng = np.random.default_rng(0)
        >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)))
        >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
        >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
        >>> len(GeneDisplay.from_estimator(model, X, 7).raising_)
        2
        """
        X, name, _ = pick_gene(X, gene)
        model = open_model(estimator, X)
        values = attribute(
            model.estimator,
            model.X,
            method=method,
            n_steps=n_steps,
            class_of_interest=class_of_interest,
        )
        importance = None
        if model.X.index.shape[1] > 1:
            importance = pcre_importance(
                model.estimator, model.X, class_of_interest=class_of_interest
            )
        display = cls(model.X, attributions=values, importance=importance, name=name)
        return display.plot(window=window, tracks=tracks, scale=scale, ax=ax)

    def plot(self, *, window=None, tracks=None, scale=None, ax=None):
        """Draw the gene.

        Parameters
        ----------
        window : int, default=None
            Part of the promoter to draw, in bp around the TSS, as wide as the whole promoter
            would be; None is the whole promoter.
        tracks : sequence of str, default=None
            Tracks to draw, in this order; None is all.
        scale : float, default=None
            Importance that gives an arc its full colour. None is 1 or, for a gene with a larger
            importance, the next of 2, 5, 10, 20, ... Give one to compare genes.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of two columns' width (183 mm).

        Returns
        -------
        display : GeneDisplay
            The display itself, with all that was drawn.

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install matplotlib``.
        ValueError
            If X has no such track, `window` does not fit its promoters and bins, or `scale` is not
            above 0.
        """
        if scale is not None and not scale > 0:
            raise ValueError(f"scale={scale} must be above 0: the importance of full colour")
        tracks = _base.check_names("tracks", tracks, self.X.tracks)
        numbers = [self.X.tracks.index(track) for track in tracks]
        self._layout = GeneLayout(self.X, self._checked(window))
        lane = _TRACK * (1 if self.attribution is None else 1.6)
        height = _CONTACTS + _MAP + lane * len(numbers) + _REST
        with self._canvas(ax, _base.DOUBLE, height / 25.4) as ax:
            panels = _base.stacked(ax, [_CONTACTS, _MAP, *[lane] * len(numbers)])
            self.contact_ax_, self.map_ax_, *self.track_axes_ = panels
            drawn = draw_contacts(self.contact_ax_, self._layout, self.X, self.importance, scale)
            self.arcs_, self.colorbar_ = drawn
            draw_map(self.map_ax_, self._layout, self.contact_ax_)
            self._draw_tracks(numbers)
            self._finish(ax)
        return self

    def _checked(self, window):
        """Return the part of the promoter to draw, in bp."""
        whole, step = self.X.window, 2 * self.X.bin_size
        if window is None:
            return whole
        if window not in range(step, whole + 1) or (whole - window) % step:
            raise ValueError(
                f"window={window} must be at most {whole}, the promoter window of X, and differ "
                f"from it by a multiple of {step}, two of its bins"
            )
        return window

    def _draw_tracks(self, numbers):
        """Draw signal and attribution of each track."""
        X, layout = self.X, self._layout
        signal = [X.signal[X.offsets[n] : X.offsets[n + 1]] for n in layout.number]
        values = []
        if self.attribution is not None:
            values = [self.attribution[r, : len(y)] for r, y in zip(layout.region, signal)]
            values = layout.visible(values)
        signal = layout.visible(signal)
        self.attribution_scale_ = max((float(np.abs(v).max()) for v in values), default=0.0)
        self.signal_, self.raising_, self.lowering_ = [], [], []
        for ax, number in zip(self.track_axes_, numbers):
            top = max(float(y[:, number].max()) for y in signal)
            x, y = layout.steps([y[:, number] for y in signal], X.bin_size)
            self.signal_.append(ax.fill_between(x, y / (top or 1), color=_base.SIGNAL, linewidth=0))
            if values:
                x, y = layout.steps([v[:, number] for v in values], X.bin_size)
                self._draw_attribution(ax, x, y / (self.attribution_scale_ or 1))
            label = f"{X.tracks[number]}\n[0\N{EN DASH}{top:.3g}]"
            ax.set_ylabel(label, rotation=0, ha="right", va="center", size="small")
            ax.set_ylim(-1.45 if values else 0, 1.08)
            self._frame_track(ax)

    def _draw_attribution(self, ax, x, y):
        """Draw the attribution of a track, from -1 to 1, in the lower part of its lane."""
        middle, half = -0.75, 0.62
        for drawn, part, colour in (
            (self.raising_, np.maximum(y, 0), _base.RAISES),
            (self.lowering_, np.minimum(y, 0), _base.LOWERS),
        ):
            filled = ax.fill_between(x, middle + half * part, middle, color=colour, linewidth=0)
            drawn.append(filled)
        self._draw_ground(ax, middle, "0.7")

    def _draw_ground(self, ax, y, colour):
        """Draw a level line in each region."""
        left = self._layout.left
        right = left + self._layout.drawn
        ax.hlines(np.full(len(left), y), left, right, color=colour, linewidth=0.4)

    def _frame_track(self, ax):
        """Draw the ground lines of regions and the TSS, without a frame."""
        layout = self._layout
        self._draw_ground(ax, 0, "0.3")
        for left, width, region in zip(layout.left, layout.drawn, layout.region):
            if region:
                ax.axvspan(left, left + width, color=_base.FAINT, linewidth=0, alpha=0.5, zorder=0)
        ax.axvline(layout.from_tss(0), color="0.3", linewidth=0.5, linestyle=":", zorder=0)
        ax.set_xlim(0, layout.width)
        ax.set_xticks([])
        ax.set_yticks([])
        _base.keep_sides(ax)

    def _finish(self, ax):
        """Write the title, and distances below the promoter."""
        from matplotlib.ticker import MaxNLocator

        layout = self._layout
        half = layout.length[layout.promoter] / 2
        n_ticks = 5 if layout.promoter_share > 0.2 else 2
        ticks = MaxNLocator(n_ticks, steps=[1, 2, 5, 10]).tick_values(-half, half)
        ticks = ticks[np.abs(ticks) <= half]
        last = self.track_axes_[-1]
        last.set_xticks(layout.from_tss(ticks), [_base.kb_from_tss(tick / 1_000) for tick in ticks])
        label = "kb from the TSS, along the chromosome\nGrey: mean signal [range]"
        if self.attribution is not None:
            reach = f"\N{PLUS-MINUS SIGN}{self.attribution_scale_:.2g}"
            label += f"; orange and blue: attribution of a bin, lanes reach to {reach}"
        last.set_xlabel(label)
        title = self.name
        if "strand" in self.X.genes:
            title += f" ({self.X.genes['strand'][0]})".replace("-)", "\N{MINUS SIGN})")
        if self.prediction is not None:
            title += f", prediction {self.prediction:.2f}".replace("-", "\N{MINUS SIGN}")
        ax.set_title(title, loc="left", pad=14)  # above the legend


def _check_regions(X):
    """Refuse anything but a RegionArray of one condition."""
    if not isinstance(X, RegionArray):
        raise TypeError(
            "X must be a RegionArray, as pipe[:-1].transform(genes) gives it, got "
            f"{type(X).__name__}; GeneDisplay.from_estimator takes the input of the estimator's "
            "predict"
        )
    if X.ndim != 4:
        raise ValueError(
            "X has two conditions of each gene: draw the genes of one, X.condition('a') or "
            "X.condition('b')"
        )


def _check_same_genes(result, X):
    """Refuse a result whose genes differ from the genes of X."""
    if result is None:
        return
    start = result.places.start
    if start.shape != X.index.shape or not np.array_equal(start[:, 0], X.start[X.index[:, 0]]):
        raise ValueError(
            f"the {type(result).__name__} given is of other genes than X holds: give both the "
            "same rows"
        )

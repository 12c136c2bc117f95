"""AttentionDisplay: attention of a fitted estimator, as maps or lines."""

import numpy as np

from ..._words import check_choice
from .._attention import attention as attend
from .._model import pick_gene
from ._base import COLOURS, DOUBLE, SINGLE, Display, kb_from_tss, stacked


class AttentionDisplay(Display):
    """Attention of one of the three transformers, for a gene or as a mean over genes.

    ``"regulation"``: from the promoter to itself and to each pCRE, in every layer and head, as a
    map for each bin size. ``"embedding"``: from the TSS along the promoter, a line for each head
    of the last layer. ``"pairwise"``: from the promoter along each pCRE of one gene, mean over
    layers and heads, as a multiple of even attention over the bins of the pCRE (1 is even), so
    that pCREs of different lengths compare.

    Attention is where the network reads. It is not the effect of a place on the prediction.

    Parameters
    ----------
    attention : Attention
        See :func:`attention`.
    gene : str or int, default=None
        Id, symbol or row number of a gene; None is the mean over all genes.
    name : str, default=None
        Title; None is the gene's symbol or id, or the number of genes.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
        Axes that hold all others.
    axes_ : list of matplotlib Axes
        One for each bin size.
    images_ : list of matplotlib AxesImage
        Maps; empty for ``"embedding"``.
    lines_ : list of matplotlib Line2D
        Heads at the first bin size, then at the next; empty except for ``"embedding"``.
    colorbar_ : matplotlib Colorbar or None

    Raises
    ------
    TypeError, ValueError, IndexError
        If `gene` names no gene or several.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import AttentionDisplay, attention
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)), bin_size=100)
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> maps = attention(model, X)
    >>> len(AttentionDisplay(maps).plot().images_)
    2
    >>> len(AttentionDisplay(maps, gene=3).plot("embedding").lines_)
    4
    >>> len(AttentionDisplay.from_estimator(model, X, level="embedding").lines_)  # all in one step
    4
    """

    def __init__(self, attention, gene=None, *, name=None):
        self.attention = attention
        self._choose(attention.places, gene, name, "mean of {} genes")

    @classmethod
    def from_estimator(
        cls, estimator, X, gene=None, *, level="regulation", bin_sizes=None, ax=None
    ):
        """Compute the attention of a fitted estimator, and draw it.

        Parameters
        ----------
        estimator : estimator
            A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
            TransformedTargetRegressor that ends in one.
        X : pandas.DataFrame, RegionArray or array-like of n_genes rows
            Input of the estimator's `predict`.
        gene : str or int, default=None
            Id, symbol or row number of a gene; None is the mean over all genes.
        level : {"regulation", "embedding", "pairwise"}, default="regulation"
            The transformer to draw.
        bin_sizes : int or sequence of int, default=None
            Bin sizes to draw, in bp; None is all.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm), or of two for maps.

        Returns
        -------
        display : AttentionDisplay
            The display, drawn.
        """
        name = None
        if gene is not None:
            X, name, _ = pick_gene(X, gene)
        return cls(attend(estimator, X), name=name).plot(level, bin_sizes=bin_sizes, ax=ax)

    def plot(self, level="regulation", *, bin_sizes=None, ax=None):
        """Draw the attention of one transformer.

        Parameters
        ----------
        level : {"regulation", "embedding", "pairwise"}, default="regulation"
            The transformer to draw.
        bin_sizes : int or sequence of int, default=None
            Bin sizes to draw, in bp; None is all.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm), or of two for maps.

        Returns
        -------
        display : AttentionDisplay
            The display itself, with all that was drawn.

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install matplotlib``.
        ValueError
            If there is no such level or bin size, or no pCREs to draw; or if ``"pairwise"`` is
            drawn for several genes, whose pCREs have no mean.
        """
        check_choice("level", level, ("regulation", "embedding", "pairwise"))
        sizes = self._sizes(bin_sizes)
        if level == "pairwise":
            self._check_pcres()
        self.axes_, self.images_, self.lines_, self.colorbar_ = [], [], [], None
        width, height = (SINGLE, 0.9 * len(sizes) + 0.5) if level == "embedding" else (DOUBLE, 2.2)
        with self._canvas(ax, width, height) as ax:
            getattr(self, f"_draw_{level}")(ax, sizes)
            # Above the titles of maps, or the legend of lines.
            ax.set_title(f"{self.name}, {level} attention", loc="left", pad=16)
        return self

    def _sizes(self, bin_sizes):
        """Return the bin sizes to draw."""
        known = self.attention.bin_sizes
        if bin_sizes is None:
            return known
        sizes = tuple(np.atleast_1d(bin_sizes).tolist())
        if not sizes or not set(sizes) <= set(known):
            raise ValueError(f"bin_sizes must name some of {known}, got {bin_sizes}")
        return sizes

    def _check_pcres(self):
        """Refuse several genes, and a gene without pCREs."""
        if not self.is_one:
            raise ValueError("pairwise attention is drawn for one gene: name it, as gene='ENSG...'")
        if not len(self._pcres()):
            raise ValueError(f"{self.name} has no pCREs: draw a gene with contacts")

    def _pcres(self):
        """Return the places of the one gene's pCREs, counted from 0."""
        places = self.attention.places
        return np.flatnonzero(places.end[self.rows[0], 1:] > places.start[self.rows[0], 1:])

    def _draw_embedding(self, ax, sizes):
        """Draw a line along the promoter for each head, a panel for each bin size."""
        self.axes_ = stacked(ax, [1] * len(sizes), gap=0.15)
        for panel, size in zip(self.axes_, sizes):
            values = self.attention.embedding[size][self.rows]
            if values.ndim == 5:
                values = values[..., values.shape[3] // 2, :]
            heads = _mean(values[:, -1])
            half = heads.shape[1] * size / 2_000
            edges = np.linspace(-half, half, heads.shape[1] + 1)
            for number, head in enumerate(heads):
                look = {"color": COLOURS[number % len(COLOURS)], "label": f"head {number + 1}"}
                self.lines_ += panel.step(edges, np.append(head, head[-1]), where="post", **look)
            panel.axvline(0, color="0.3", linewidth=0.5, linestyle=":", zorder=0)
            panel.set_xlim(-half, half)
            panel.set_ylim(0)
            panel.spines[["top", "right"]].set_visible(False)
            panel.set_ylabel(f"attention,\n{size:,} bp bins")
            panel.tick_params(labelbottom=False)
        above = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.2}
        self.axes_[0].legend(ncols=4, handlelength=1.2, columnspacing=1, fontsize="small", **above)
        last = self.axes_[-1]
        last.tick_params(labelbottom=True)
        last.xaxis.set_major_formatter(kb_from_tss)
        last.set_xlabel("kb from the TSS, 5' to 3'")

    def _draw_regulation(self, ax, sizes):
        """Draw a map of layers and heads by regions for each bin size."""
        maps = []
        for size in sizes:
            values = self.attention.regulation[size][self.rows]
            values = values[..., 0, :] if values.ndim == 5 else values
            maps.append(_mean(values))
        n_layers, n_heads, n_regions = maps[0].shape
        self._draw_maps(ax, sizes, [m.reshape(-1, n_regions) for m in maps], "Attention")
        for panel in self.axes_:
            panel.set_xticks(range(n_regions), ["P", *map(str, range(1, n_regions))])
            panel.set_xlabel("Promoter (P) and pCREs")
            for layer in range(1, n_layers):
                panel.axhline(layer * n_heads - 0.5, color="w", linewidth=0.8)
        middles = (np.arange(n_layers) + 0.5) * n_heads - 0.5
        self.axes_[0].set_yticks(middles, [str(layer + 1) for layer in range(n_layers)])
        self.axes_[0].set_ylabel(f"Layer ({n_heads} heads each)")

    def _draw_pairwise(self, ax, sizes):
        """Draw a map of pCREs by bins for each bin size."""
        pcres = self._pcres()
        maps = []
        for size in sizes:
            values = self.attention.pairwise[size][self.rows[0], pcres]
            values = values.mean(axis=(1, 2))
            there = ~np.isnan(values)
            longest = there.sum(axis=1).max()
            maps.append((values * there.sum(axis=1, keepdims=True))[:, :longest])
        self._draw_maps(ax, sizes, maps, "Attention (1 is even)")
        for panel, image, size, values in zip(self.axes_, self.images_, sizes, maps):
            image.set_extent((0, values.shape[1] * size / 1_000, len(pcres) - 0.5, -0.5))
            panel.set_xlabel("kb from the pCRE's start")
        self.axes_[0].set_yticks(range(len(pcres)), [str(k + 1) for k in pcres])
        self.axes_[0].set_ylabel("pCRE")

    def _draw_maps(self, ax, sizes, maps, label):
        """Draw maps side by side, in one colour scale."""
        import matplotlib as mpl

        ax.set_axis_off()
        top = max(np.nanmax(values) for values in maps)
        colours = mpl.colormaps["cividis"].with_extremes(bad="0.9")
        share = 0.92 / len(sizes)
        for number, (size, values) in enumerate(zip(sizes, maps)):
            panel = ax.inset_axes([number * share, 0, share - 0.03, 1])
            shown = {"cmap": colours, "vmin": 0, "vmax": top}
            self.images_.append(
                panel.imshow(values, aspect="auto", interpolation="nearest", **shown)
            )
            panel.set_title(f"{size:,} bp bins", size="medium")
            panel.set_yticks([])
            self.axes_.append(panel)
        bar = ax.inset_axes([0.93, 0, 0.02, 1])
        self.colorbar_ = ax.figure.colorbar(self.images_[0], cax=bar, label=label)


def _mean(values):
    """Return the mean over genes without NaN; NaN where all genes have it."""
    there = (~np.isnan(values)).sum(axis=0)
    return np.where(there > 0, np.nansum(values, axis=0) / np.maximum(there, 1), np.nan)

"""DataReport: the figures and findings of check_data, as text, tables and a picture."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

_HIGH, _LOW = "#D55E00", "#0072B2"


@dataclass(eq=False, repr=False)
class DataReport:
    """Figures and findings of a gene table, X and y, as :func:`check_data` returns them.

    Attributes
    ----------
    checks : DataFrame
        The table that :meth:`to_frame` returns.
    tracks : DataFrame
        A row for each track: ``mean`` signal of promoters; ``depth``, the mean in units of the
        median track; ``r``, Spearman's r of promoter signal with y; and of expressed genes
        ``at_tss``, the signal within 2 kb of the TSS over that of the window's outer half,
        ``peak`` in bp from the TSS along the chromosome, and ``downstream``, the share of genes
        with more signal within 3 kb downstream than upstream. NaN where it cannot be known.
    chroms : Series
        Number of genes on each chromosome.
    n_pcres : ndarray of shape (n_genes,)
        Number of pCREs of each gene; of two conditions the mean.
    y : ndarray of shape (n_genes,) or None
        Expression, or the number of each gene's class.
    profiles : DataFrame
        Mean profile of each track around the TSS, read 5'->3': ``track``, ``strand``,
        ``expression`` ("high" and "low" thirds of y, or "all"), ``position`` in bp and ``signal``.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo.evaluation import check_data
    >>> X = np.random.default_rng(0).poisson(3.0, size=(200, 40))
    >>> report = check_data(None, X, X.mean(axis=1))
    >>> report
    DataReport(no findings)
      ok  genes        200 genes
      ok  chromosomes  not checked
      ok  contacts     promoters alone
      ok  tss          not checked
      ok  strand       not checked
      ok  y            skewness -0.12, 2.175 to 3.7
      ok  depth        1.00 to 1.00 times the median track
      ok  constant     1 track
      ok  duplicate    1 track
    >>> report.to_frame().loc["y", "seen"]
    'skewness -0.12, 2.175 to 3.7'
    >>> report.findings
    []
    >>> list(report.plot().axes_)
    ['y', 'depth']
    """

    checks: pd.DataFrame
    tracks: pd.DataFrame
    chroms: pd.Series
    n_pcres: np.ndarray
    y: np.ndarray | None
    profiles: pd.DataFrame
    axes_: dict = field(default=None, init=False)
    figure_: object = field(default=None, init=False)

    @property
    def findings(self):
        """Messages of the checks that found something, a list of str; empty for right data."""
        return self.checks.loc[~self.checks["ok"], "message"].tolist()

    def to_frame(self):
        """Return the checks as a table.

        Returns
        -------
        checks : DataFrame
            A row for each check, by name: ``seen``, the figures as text, ``ok``, whether nothing
            was found, and ``message``, which is empty where nothing was found.
        """
        return self.checks.copy()

    def __repr__(self):
        n = len(self.findings)
        head = f"DataReport({n or 'no'} finding{'s' * (n != 1)})"
        width = max(map(len, self.checks.index))
        lines = [
            f"  {'ok' if row.ok else '!!'}  {row.Index:<{width}}  {row.seen}"
            for row in self.checks.itertuples()
        ]
        return "\n".join([head, *lines, *(f"- {message}" for message in self.findings)])

    def plot(self):
        """Draw the figures: profiles around the TSS, y, chromosomes, pCREs and depths.

        A panel for each track has its mean profile around the TSS, read 5'->3', with a line for
        each strand and for the third of the genes with the highest and the lowest y. With right
        genes, active marks peak at the TSS on both strands, and H3K4me3 and H3K36me3 lie downstream
        of it.

        Returns
        -------
        report : DataReport
            The report itself, with the matplotlib Figure ``figure_`` and ``axes_``, a dict of
            Axes by the names of the tracks and ``"y"``, ``"chromosomes"``, ``"contacts"`` and
            ``"depth"``; a panel without data is left out.

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install matplotlib``.
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError("DataReport.plot needs matplotlib: pip install matplotlib") from error
        draw = {("track", track): self._draw_profile for track in self._profiled()}
        if self.y is not None:
            draw["y"] = self._draw_y
        if len(self.chroms):
            draw["chromosomes"] = self._draw_chroms
        if self.n_pcres.any():
            draw["contacts"] = self._draw_contacts
        draw["depth"] = self._draw_depth
        n_rows = -(-len(draw) // 4)
        with plt.rc_context({"font.size": 7, "axes.titlesize": 8, "legend.frameon": False}):
            self.figure_, grid = plt.subplots(
                n_rows, 4, figsize=(7.2, 1.6 * n_rows), layout="constrained", squeeze=False
            )
            self.axes_ = {}
            for ax, (name, function) in zip(grid.ravel(), draw.items()):
                title = name[1] if isinstance(name, tuple) else name
                self.axes_[title] = ax
                ax.set_title(title)
                function(ax, title)
                ax.tick_params(labelsize=6)
            lines, names = grid[0, 0].get_legend_handles_labels()
            if lines:
                self.figure_.legend(lines, names, loc="outside upper center", ncols=len(lines))
            for ax in grid.ravel()[len(draw) :]:
                ax.remove()
        return self

    def _profiled(self):
        return self.profiles["track"].unique()

    def _draw_profile(self, ax, track):
        """Draw the profile of a track: colour by expression, dashes for the - strand."""
        colours = {"high": _HIGH, "low": _LOW, "all": "0.3"}
        rows = self.profiles[self.profiles["track"] == track]
        for (expression, strand), line in rows.groupby(["expression", "strand"]):
            ax.plot(
                line["position"] / 1_000,
                line["signal"],
                color=colours[expression],
                linestyle="-" if strand == "+" else "--",
                linewidth=1,
                label=f"{expression} y, {strand} strand",
            )
        ax.axvline(0, color="0.8", linewidth=0.6, zorder=0)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("kb from the TSS")

    def _draw_y(self, ax, _):
        ax.hist(self.y, bins=40, color="0.5")
        ax.set_ylabel("genes")

    def _draw_chroms(self, ax, _):
        ax.bar(np.arange(len(self.chroms)), self.chroms, color="0.5")
        some = np.arange(0, len(self.chroms), max(1, len(self.chroms) // 8))
        ax.set_xticks(some, self.chroms.index[some], rotation=90)
        ax.set_ylabel("genes")

    def _draw_contacts(self, ax, _):
        ax.hist(self.n_pcres, np.arange(self.n_pcres.max() + 2) - 0.5, color="0.5")
        ax.set_xlabel("pCREs of a gene")

    def _draw_depth(self, ax, _):
        ax.barh(np.arange(len(self.tracks)), self.tracks["mean"], color="0.5")
        ax.set_yticks(np.arange(len(self.tracks)), self.tracks.index)
        ax.invert_yaxis()
        ax.set_xlabel("mean signal")

"""WindowSummary: binned signal in, a table of mean signal per track and window out."""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from .._validation import GeneNumbers, to_regions
from ..regions import RegionArray, mean_signal, window_sums


class WindowSummary(GeneNumbers):
    """Summarise each gene as a row of numbers: log mean signal around the TSS and at its pCREs.

    Turns regions into a 2-D table with named columns for ridge or logistic regression, a forest or
    boosting as the next step of a Pipeline: the baseline of a Chromoformer. X is a
    :class:`~skchromo.RegionArray`, or a plain array whose bins are `bin_size` bp wide:

    - 2-D ``(n_genes, n_bins)``: one track at the promoter, read 5'->3';
    - 3-D ``(n_genes, n_bins, n_tracks)``: several tracks at the promoter;
    - 4-D ``(n_genes, n_regions, n_bins, n_tracks)``: promoter, then pCREs; these have no contact
      weights and are refused unless all are absent (all NaN).

    The columns, all of the first track, then all of the second, and so on:

    ======================  =====================================================================
    ``{track}_core``        log(1 + mean signal per bp) of [tss - core / 2, tss + core / 2)
    ``{track}_upstream``    the same from the window's start to the core, in reading direction
    ``{track}_downstream``  the same from the core to the window's end
    ``{track}_window``      the same of the whole promoter window
    ``{track}_pcres``       log(1 + sum over the gene's pCREs of contact weight x mean signal of
                            the pCRE); 0 for a gene without pCREs
    ======================  =====================================================================

    The first three are there where the promoter window is longer than `core`, the last where X has
    pCREs (more than one region per gene).

    With several lengths for `core`, such as ``(1_000, 5_000, 20_000)``, the first is the core
    promoter. Each pair of lengths adds the two sides between them, named by their distances from
    the TSS in bp: ``{track}_upstream_500_2500`` and ``{track}_downstream_500_2500``. The last
    sides reach to the window's ends. Gradient boosting gains by such windows: 0.005 to 0.011 of
    Pearson's r on a real genome (``benchmarks/real_genome.py``).

    Parameters
    ----------
    core : int or sequence of int, default=2_000
        Length of the core promoter in bp, centred on the TSS; even. Or lengths of nested windows,
        each longer than the one before. Those that are as long as the promoter window of X, or
        longer, add no columns.
    bin_size : int, default=100
        Width of the bins of plain arrays, in bp. A RegionArray knows its own.

    Attributes
    ----------
    tracks_ : tuple of str
        Names of the tracks, in order.
    bin_size_, window_ : int
        Bin and promoter window in bp.
    windows_ : tuple of str
        The columns of each track: "core", the upstream and downstream windows, "window", "pcres".
    n_features_in_ : int
        Second axis of X in `fit`: bins (2-D or 3-D X) or regions (4-D X or RegionArray).
    feature_names_in_ : ndarray of shape (n_features,), object
        Names of the columns of X in `fit`, where it is a DataFrame of numbers.

    See Also
    --------
    BigWigTransformer : Reads the signal of promoters and pCREs.
    InteractionTransformer : Chooses the pCREs.
    ChromoformerClassifier : Reads the bins themselves.

    Notes
    -----
    A baseline belongs next to every result. Mean marks around the TSS alone predict most of what
    can be predicted of expression, so that the score of a network says little until it stands
    beside that of a linear model or a forest on these columns, under the same splits. Where the
    two are level, the shape of the signal and the distal elements added nothing for these genes.

    ``pcres`` has the form of the activity-by-contact model: the effect of an element on a gene is
    taken as its activity times its contact with the promoter (Fulco et al., Nature Genetics
    2019, doi 10.1038/s41588-019-0538-0).

    Means are taken over base pairs: a bin that is partly in a window counts by its overlap, the
    last bin of a region has its true width, and a promoter shorter than the window is centred on
    the TSS. Logarithms are natural. Nothing is learned from the genes, and no gene's row depends
    on another's.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skchromo import RegionArray, WindowSummary
    >>> rng = np.random.default_rng(0)
    >>> values = rng.poisson(3.0, size=(60, 40, 2))  # genes x 100-bp bins x tracks
    >>> y = np.where(values[:, 10:30, 0].mean(axis=1) > 3, "high", "low")
    >>> X = RegionArray.from_dense(values, tracks=["H3K4me3", "H3K27ac"])
    >>> model = make_pipeline(WindowSummary(), StandardScaler(), LogisticRegression())
    >>> model.fit(X[:40], y[:40]).score(X[40:], y[40:])
    1.0
    >>> model[0].transform(X).shape
    (60, 8)
    >>> model[0].get_feature_names_out()[:4]
    array(['H3K4me3_core', 'H3K4me3_upstream', 'H3K4me3_downstream', 'H3K4me3_window'],
          dtype=object)
    >>> WindowSummary(core=(1_000, 2_000)).fit(X).windows_[:3]
    ('core', 'upstream_500_1000', 'downstream_500_1000')
    """

    # As in GeneTableTransformer.
    _doc_link_module = "skchromo"
    _doc_link_template = "#"

    def __init__(self, *, core=2_000, bin_size=100):
        self.core = core
        self.bin_size = bin_size

    def __sklearn_tags__(self):
        """Return tags that say that X may have three axes and must not be negative."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = True
        return tags

    def fit(self, X, y=None):
        """Check parameters and X, and remember how X is laid out.

        Parameters
        ----------
        X : RegionArray or array-like of shape (n_genes, n_bins), (n_genes, n_bins, n_tracks) or \
                (n_genes, n_regions, n_bins, n_tracks)
            Mean signal, not logged, non-negative. See the class for plain arrays.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : WindowSummary
            The fitted transformer.

        Raises
        ------
        TypeError
            If X is a gene table, `core` is neither an int nor a sequence of int, or `bin_size` is
            not an int.
        ValueError
            If a parameter is out of range, X is negative, NaN or of another number of axes, or X
            has pCREs whose contact weights are all 0.
        """
        self._check_params()
        X = self._to_regions(X, reset=True)
        halves = self._halves(X)
        sides = [f"_{inner}_{outer}" for inner, outer in pairwise([*halves, X.window // 2])]
        if len(halves) == 1:
            sides = [""]
        self.windows_ = (
            *(["core"] if halves else []),
            *(f"{side}{distances}" for distances in sides for side in ("upstream", "downstream")),
            "window",
            *(["pcres"] if X.shape[1] > 1 else []),
        )
        return self

    def transform(self, X):
        """Summarise each gene.

        Parameters
        ----------
        X : RegionArray or array-like
            As in `fit`: the same tracks in the same order, bins and window, with pCREs if and only
            if there were pCREs (how many may differ for a RegionArray).

        Returns
        -------
        table : ndarray of shape (n_genes, n_columns), float64
            One column per track and window of `windows_`, in the order of `get_feature_names_out`.
            A DataFrame after ``set_output(transform="pandas")``, with the index of the gene table
            that a RegionArray was made from.

        Raises
        ------
        TypeError
            If X is a gene table.
        ValueError
            If X is not laid out as in `fit`, is negative or NaN, the window is longer than `core`
            but a gene's promoter is not, or negative contact weights make a gene's sum over pCREs
            negative.
        """
        check_is_fitted(self, "windows_")
        X = self._to_regions(X, reset=False)
        self._check_pcres(X)
        halves = self._halves(X)
        means = _promoter_windows(X, halves) if halves else [mean_signal(X, X.index[:, 0])]
        if "pcres" in self.windows_:
            means.append(_pcre_activity(X))
        table = np.log1p(np.stack(means, axis=2)).reshape(len(X), -1)
        return self._output(X, table)

    def _tracks(self):
        return self.tracks_

    def _columns(self):
        return [f"{track}_{window}" for track in self.tracks_ for window in self.windows_]

    def _check_params(self):
        """Check the parameters."""
        lengths = self._lengths()
        for length in lengths:
            check_scalar(length, "core", Integral, min_val=2)
            if length % 2:
                raise ValueError(
                    "core must be an even number of bp, because its middle is the TSS, "
                    f"got {length}"
                )
        if not lengths or any(first >= second for first, second in pairwise(lengths)):
            raise ValueError(
                "core must be one length in bp or several, each longer than the one before, got "
                f"{self.core!r}"
            )
        check_scalar(self.bin_size, "bin_size", Integral, min_val=1)

    def _lengths(self):
        """Return the lengths of the windows, one or several."""
        return list(self.core) if isinstance(self.core, Sequence | np.ndarray) else [self.core]

    def _halves(self, X):
        """Return half the length of each window that is shorter than the promoter window of X."""
        halves = (int(length) // 2 for length in self._lengths())
        return [half for half in halves if half < X.window // 2]

    def _to_regions(self, X, *, reset):
        """Return X as a RegionArray, checked against the fit where it is not `reset`."""
        layout = ("tracks", "bin_size", "window")
        is_plain = not isinstance(X, RegionArray)
        X = to_regions(self, X, self.bin_size, reset=reset, layout=layout)
        if (reset or is_plain) and (X.index[:, 1:] >= 0).any() and not X.weights.any():
            raise ValueError(
                "X has pCREs, but all their contact weights are 0, so that they add nothing: build "
                "X with RegionArray.from_dense(values, weights), or pass promoters only "
                "(values[:, 0])"
            )
        return X

    def _check_pcres(self, X):
        """Refuse X with pCREs after a fit without, and the other way round."""
        words = {True: "promoters and pCREs", False: "promoters only"}
        got, fitted = X.shape[1] > 1, "pcres" in self.windows_
        if got != fitted:
            raise ValueError(
                f"X has {words[got]}, but {type(self).__name__} was fitted on {words[fitted]}: "
                "leave pCREs out (max_pcres=0) in both fit and transform, or in neither"
            )


def _promoter_windows(X, halves):
    """Return mean signal per bp of each promoter window, each (n_genes, n_tracks), in order.

    The middle of the windows is the TSS, the promoter's middle; `halves` are half their lengths.
    """
    promoters, row = np.unique(X.index[:, 0], return_inverse=True)
    length = X.lengths[promoters]
    tss = length // 2
    short = np.flatnonzero((tss <= halves[-1])[row])
    if len(short):
        raise ValueError(
            f"core={2 * halves[-1]} bp leaves nothing around it in the promoter of the gene at row "
            f"{_name_row(X, short[0])}, which has {length[row[short[0]]]} bp: make core shorter "
            "than every promoter"
        )
    edges = [*(tss - half for half in halves[::-1]), *(tss + half for half in halves)]
    cuts = np.stack([np.zeros_like(length), *edges, length])
    sums = [window_sums(X, promoters, start, end) for start, end in pairwise(cuts)]
    widths = np.diff(cuts, axis=0)[:, :, None]
    parts = [part / width for part, width in zip(sums, widths)]
    # from the core outwards, both sides of each window after another
    n = len(halves)
    sides = [parts[n + step] for far in range(1, n + 1) for step in (-far, far)]
    window = sum(sums) / length[:, None]
    return [mean[row] for mean in (parts[n], *sides, window)]


def _pcre_activity(X):
    """Return contact weight x mean signal, summed over each gene's pCREs, (n_genes, n_tracks)."""
    means = mean_signal(X, X.index[:, 1:])
    activity = np.zeros((len(X), len(X.tracks)))
    # One pCRE of every gene at a time: a gene's sum is the same whichever genes stand beside it.
    for place, weight in enumerate(X.weights.T):
        activity += weight[:, None] * means[:, place]
    negative = np.argwhere(activity < 0)
    if len(negative):
        row, track = negative[0]
        raise ValueError(
            f"the pCREs of the gene at row {_name_row(X, row)} sum to {activity[row, track]:.3g} "
            f"for track {X.tracks[track]}, because contact weights are negative: leave such "
            "contacts out (weight_threshold=0 of InteractionTransformer), or use scores or a "
            "weight_transform that are not negative, such as weight_transform='log1p'"
        )
    return activity


def _name_row(X, row):
    """Return a row's number and, where known, its gene, for a message."""
    ids = X.genes.get("gene_id")
    return str(row) if ids is None else f"{row} ({ids[row]})"

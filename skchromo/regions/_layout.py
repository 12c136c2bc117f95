"""What X an estimator takes: signal of one condition, and after fit laid out as it was then."""

from ._region_array import RegionArray

_MITOCHONDRION = ("M", "MT")


def check_signal(X, name, n_conditions=1):
    """Raise if X is a gene table, or has another number of conditions.

    Parameters
    ----------
    X : object
        What the user passed.
    name : str
        Class of the estimator, for the message.
    n_conditions : {1, 2}, default=1
        What the estimator takes.

    Raises
    ------
    TypeError
        If X is a gene table.
    ValueError
        If X is a RegionArray with a conditions axis, or without where 2 are needed.

    Examples
    --------
    >>> import pandas as pd
    >>> from skchromo.regions import check_signal
    >>> genes = pd.DataFrame({"gene_id": ["A"], "chrom": "chr1", "tss": 500, "strand": "+"})
    >>> check_signal(genes, "WindowSummary")
    Traceback (most recent call last):
    TypeError: WindowSummary needs the signal of the genes, but X is a gene table: put a
        BigWigTransformer before it in a Pipeline
    """
    if {"chrom", "tss"} <= set(getattr(X, "columns", ())):
        raise TypeError(
            f"{name} needs the signal of the genes, but X is a gene table: put a "
            "BigWigTransformer before it in a Pipeline"
        )
    if not isinstance(X, RegionArray) or X.ndim == 3 + n_conditions:
        return
    if n_conditions == 1:
        raise ValueError(
            f"{name} takes a RegionArray of one condition, got shape {X.shape}: give it "
            'X.condition("a") or X.condition("b"), or use ChromoformerDiffRegressor'
        )
    raise ValueError(
        f"{name} takes a RegionArray of two conditions, got shape {X.shape}: give the gene table "
        "the columns sample_a and sample_b"
    )


def check_as_fitted(X, name, *, tracks, bin_size, window, n_bins=None, chromsizes=None):
    """Raise if the tracks, bins, window or assembly of X are not those of the fit.

    Parameters
    ----------
    X : RegionArray
        What is to be predicted or transformed.
    name : str
        Class of the estimator, for the message.
    tracks : tuple of str
        Names of the tracks in fit, in order.
    bin_size, window : int
        Finest bin and promoter window in fit, in bp.
    n_bins : int, default=None
        Most bins of a region in fit; None where it makes no difference to the estimator.
    chromsizes : mapping of str to int, default=None
        Length of each chromosome in fit, in bp. Those that X names too, with or without ``chr``,
        must have the same; the mitochondrion is left out, as it comes in two lengths with one
        assembly. None where nothing is known.

    Raises
    ------
    ValueError
        If they differ; the message names what X has and what was fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo.regions import RegionArray, check_as_fitted
    >>> X = RegionArray.from_dense(np.ones((3, 8, 2)), tracks=["ATAC", "H3K4me3"])
    >>> check_as_fitted(X, "WindowSummary", tracks=("ATAC",), bin_size=100, window=800)
    Traceback (most recent call last):
    ValueError: X has signal of other tracks than WindowSummary was fitted on: tracks ATAC,
        H3K4me3, fitted on ATAC...
    """
    if X.tracks != tracks:
        what = "in another order" if set(X.tracks) == set(tracks) else "of other tracks"
        raise ValueError(
            f"X has signal {what} than {name} was fitted on: tracks {', '.join(X.tracks)}, "
            f"fitted on {', '.join(tracks)}; give the same tracks in the same order"
        )
    for got, fitted, words in [
        (X.bin_size, bin_size, "finest bins of {} bp"),
        (X.window, window, "a promoter window of {} bp"),
        (X.n_bins, n_bins, "regions of up to {} bins"),
    ]:
        if fitted is not None and got != fitted:
            raise ValueError(
                f"X has {words.format(got)}, but {name} was fitted on {words.format(fitted)}: use "
                "the same window, bin_size and max_pcre_length in fit and predict"
            )
    _check_assembly(X.chromsizes, name, chromsizes or {})


def _check_assembly(chromsizes, name, fitted):
    """Refuse chromosomes of other lengths than were fitted."""
    known = {}
    for chrom, size in fitted.items():
        known.setdefault(chrom.removeprefix("chr"), set()).add(size)
    for chrom, size in chromsizes.items():
        bare = chrom.removeprefix("chr")
        if bare not in _MITOCHONDRION and size not in known.get(bare, {size}):
            raise ValueError(
                f"X is of another assembly than {name} was fitted on: {chrom} has {size} bp in X "
                f"and had {min(known[bare])} bp in fit. Extract X from files of the same assembly; "
                "to predict across assemblies or species on purpose, set chromsizes_ = {} on the "
                "fitted estimator"
            )

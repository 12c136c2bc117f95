"""What X an estimator takes: signal of one condition, and after fit laid out as it was then."""

from ._region_array import RegionArray


def check_signal(X, name):
    """Refuse gene tables, which hold no signal, and regions of two conditions.

    Parameters
    ----------
    X : object
        What the user passed.
    name : str
        Class of the estimator, for the message.

    Raises
    ------
    TypeError
        If X is a gene table.
    ValueError
        If X is a RegionArray with a conditions axis.

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
    if isinstance(X, RegionArray) and X.ndim != 4:
        raise ValueError(f"{name} takes a RegionArray of one condition, got shape {X.shape}")


def check_as_fitted(X, name, *, tracks, bin_size, window, n_bins=None):
    """Refuse X with other tracks, bins or window than were fitted, saying which.

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

    Raises
    ------
    ValueError
        Naming what X has and what was fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo.regions import RegionArray, check_as_fitted
    >>> X = RegionArray.from_dense(np.ones((3, 8, 2)), tracks=["ATAC", "H3K4me3"])
    >>> check_as_fitted(X, "WindowSummary", tracks=("ATAC",), bin_size=100, window=800)
    Traceback (most recent call last):
    ValueError: X has signal of other tracks than WindowSummary was fitted on: tracks ATAC,
        H3K4me3, fitted on ATAC
    """
    if X.tracks != tracks:
        what = "in another order" if set(X.tracks) == set(tracks) else "of other tracks"
        raise ValueError(
            f"X has signal {what} than {name} was fitted on: tracks {', '.join(X.tracks)}, "
            f"fitted on {', '.join(tracks)}"
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

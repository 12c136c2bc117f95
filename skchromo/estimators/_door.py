"""Checks of X and y for the estimators."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .. import _validation
from ..regions import RegionArray


def to_regions(estimator, X, bin_sizes, *, reset, y="no_validation"):
    """Return X as a RegionArray, checked against the bin sizes and, without `reset`, the fit."""
    _check_bin_sizes(bin_sizes, X)
    return _validation.to_regions(
        estimator,
        X,
        min(bin_sizes),
        reset=reset,
        layout=("tracks", "bin_size", "window", "n_bins", "chromsizes"),
        n_conditions=estimator._n_conditions,
        y=y,
    )


def check_target(X, y, *, numeric):
    """Target as a 1-D array, without NaN.

    Parameters
    ----------
    X : RegionArray of n_genes rows
    y : array-like of shape (n_genes,) or (n_genes, 1)
    numeric : bool
        Whether it must hold finite numbers, for regression.

    Returns
    -------
    y : ndarray of shape (n_genes,)
        float64 where `numeric`.

    Raises
    ------
    ValueError
        If NaN are found: they are counted and their rows and genes named.
    """
    y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    missing = np.flatnonzero(pd.isna(y))
    if len(missing):
        ids = X.genes.get("gene_id")
        shown = [str(row) if ids is None else f"{row} ({ids[row]})" for row in missing[:5]]
        raise ValueError(
            f"Input y contains NaN: {len(missing)} of {len(y)} values, at row "
            f"{', '.join(shown)}{', ...' if len(missing) > 5 else ''}. Drop these genes from the "
            "gene table and y"
        )
    if numeric and y.dtype.kind in "mM":
        raise ValueError(f"Input y holds dates or durations ({y.dtype}): a regressor needs numbers")
    if numeric:
        y = y.astype(np.float64)
        if not np.isfinite(y).all():
            raise ValueError(
                "Input y contains infinity or a value too large for dtype('float64'). "
                f"First at row {np.flatnonzero(~np.isfinite(y))[0]}: of expression take "
                "log2(y + 1), which is finite where y is 0"
            )
    return y


def _check_bin_sizes(bin_sizes, X):
    """Refuse bin sizes that do not hold whole finest bins, or do not divide the window."""
    if not isinstance(X, RegionArray):
        finest = min(bin_sizes)
        for bin_size in bin_sizes:
            if bin_size % finest:
                raise ValueError(
                    f"bin_sizes={tuple(bin_sizes)}: {bin_size} is not a multiple of the smallest, "
                    f"{finest}"
                )
        return
    for bin_size in bin_sizes:
        if bin_size % X.bin_size:
            raise ValueError(
                f"bin_sizes={tuple(bin_sizes)}: {bin_size} is not a multiple of the {X.bin_size} "
                "bp bins of X; set bin_size of BigWigTransformer to a common divisor"
            )
        if X.window % bin_size:
            raise ValueError(
                f"the promoter window of X, {X.window} bp, is not a multiple of bin size "
                f"{bin_size}; change window of BigWigTransformer or bin_sizes"
            )

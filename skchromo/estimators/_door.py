"""The door of the estimators: whatever X and y the user has, checked once."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import (
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from ..regions import RegionArray, check_as_fitted, check_signal


def to_regions(estimator, X, bin_sizes, *, reset, y="no_validation"):
    """Turn X into a RegionArray, and compare it with what was fitted.

    Parameters
    ----------
    estimator : estimator
        One of ours. With `reset` it gets `n_features_in_`, `tracks_`, `bin_size_`, `window_`,
        `n_bins_` and `chromsizes_`.
    X : RegionArray or array-like of shape (n_genes, n_bins), (n_genes, n_bins, n_tracks) or \
            (n_genes, n_regions, n_bins, n_tracks)
        With a conditions axis for a :class:`~skchromo.ChromoformerDiffRegressor`.
    bin_sizes : sequence of int
        In bp. The bins of a plain array are as wide as the smallest.
    reset : bool
        True in fit, False after.
    y : array-like, default="no_validation"
        The target, in fit.

    Returns
    -------
    X : RegionArray
        X itself if it is one.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor
    >>> from skchromo.estimators import to_regions
    >>> model = ChromoformerRegressor(bin_sizes=(400, 100))
    >>> to_regions(model, np.ones((3, 8)), model.bin_sizes, reset=True).shape, model.window_
    ((3, 1, 8, 1), 800)
    """
    name = type(estimator).__name__
    check_signal(X, name, estimator._n_conditions)
    if isinstance(X, RegionArray):
        if y is None:
            raise ValueError(
                f"This {name} estimator requires y to be passed, but the target y is None."
            )
        if reset and not len(X):
            raise ValueError("X holds no genes: give at least one row")
        _check_bin_sizes(bin_sizes, X)
        if reset:
            validate_data(estimator, X, skip_check_array=True)  # only notes X.shape[1]
    else:
        X = _regions_of_array(estimator, X, bin_sizes, reset, y)
    if reset:
        estimator.tracks_, estimator.bin_size_ = X.tracks, X.bin_size
        estimator.window_, estimator.n_bins_ = X.window, X.n_bins
        estimator.chromsizes_ = dict(X.chromsizes)
    else:
        check_as_fitted(
            X,
            name,
            tracks=estimator.tracks_,
            bin_size=estimator.bin_size_,
            window=estimator.window_,
            n_bins=estimator.n_bins_,
            chromsizes=estimator.chromsizes_,
        )
    return X


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
    """Every bin size must hold whole finest bins, and the window whole bins of every size."""
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


def _regions_of_array(estimator, X, bin_sizes, reset, y):
    """RegionArray of a plain array whose bins are ``min(bin_sizes)`` bp wide."""
    n_dims = len(X.shape) if hasattr(X, "shape") else np.asarray(X).ndim
    most = 3 + estimator._n_conditions
    checks = {
        "dtype": np.float64 if n_dims < 4 else np.float32,
        "allow_nd": True,
        "ensure_all_finite": "allow-nan" if n_dims == most else True,
        "reset": reset,
    }
    if isinstance(y, str) and y == "no_validation":
        X = validate_data(estimator, X, **checks)
    else:
        X, _ = validate_data(estimator, X, y, **checks)
    if X.ndim > most:
        raise ValueError(
            f"X must have 2 to {most} axes (genes, {'conditions, ' * (most == 5)}regions, bins, "
            f"tracks, of which some may be left out), got shape {X.shape}"
        )
    finest = min(bin_sizes)
    for bin_size in bin_sizes:
        if bin_size % finest:
            raise ValueError(
                f"bin_sizes={tuple(bin_sizes)}: {bin_size} is not a multiple of the smallest, "
                f"{finest}"
            )
    if estimator._n_conditions == 2:
        X = _two_conditions(X)
    return RegionArray.from_dense(X, bin_size=finest)


def _two_conditions(X):
    """Plain array of two conditions with all of its five axes."""
    if X.ndim == 2:
        half = -(-X.shape[1] // 2)
        X = np.stack([X[:, :half], X[:, X.shape[1] - half :]], axis=1)
    if X.shape[1] != 2:
        raise ValueError(
            "the second axis of X must hold the conditions a and b, as np.stack([X_a, X_b], "
            f"axis=1) has it, got shape {X.shape}"
        )
    if X.ndim == 3:
        X = X[..., None]
    return X[:, :, None] if X.ndim == 4 else X

"""Checks of parameters, X and y; each message names the parameter, or the row and gene."""

import warnings
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, check_scalar, column_or_1d

from .. import _validation
from .._words import check_choice
from ..nn import COMBINATIONS
from ..regions import RegionArray, find_mistakes, find_not_logged, name_missing
from .training import SCHEDULES, STAGES

NETWORK_SIZES = (
    "d_model",
    "embedding_n_layers",
    "embedding_n_heads",
    "embedding_d_ff",
    "pairwise_n_layers",
    "pairwise_n_heads",
    "pairwise_d_ff",
    "regulation_n_layers",
    "regulation_n_heads",
    "regulation_d_attention",
    "regulation_d_ff",
    "d_output",
)

# Attributes that X gives in fit, and with which later X must agree.
LAYOUT = ("tracks", "bin_size", "window", "n_bins", "chromsizes")

# Parameters of the estimators that skorch knows by other names.
_SKORCH_NAMES = {
    "optimizer__lr": "lr",
    "optimizer__weight_decay": "weight_decay",
    "criterion__weight": "class_weight",
}


def check_params(estimator):
    """Refuse parameters of an estimator that are out of range."""
    _check_bin_sizes(estimator.bin_sizes)
    for name in (*NETWORK_SIZES, "batch_size", "max_epochs", "n_iter_no_change"):
        check_scalar(getattr(estimator, name), name, Integral, min_val=1)
    positive = {"min_val": 0, "include_boundaries": "neither"}
    for name, limits in {
        "lr": positive,
        "lr_decay": positive,
        "weight_decay": {"min_val": 0},
        "dropout": {"min_val": 0, "max_val": 1, "include_boundaries": "left"},
        "track_dropout": {"min_val": 0, "max_val": 1, "include_boundaries": "left"},
        "validation_fraction": {**positive, "max_val": 1},
    }.items():
        check_scalar(getattr(estimator, name), name, Real, **limits)
    if estimator.n_threads is not None:
        check_scalar(estimator.n_threads, "n_threads", Integral, min_val=1)
    if estimator.gradient_clip is not None:
        check_scalar(estimator.gradient_clip, "gradient_clip", Real, **positive)
    check_choice("lr_schedule", estimator.lr_schedule, SCHEDULES)
    if hasattr(estimator, "combine"):
        check_choice("combine", estimator.combine, COMBINATIONS)
    if isinstance(estimator.frozen, str) or not set(estimator.frozen) <= set(STAGES):
        raise ValueError(
            f"frozen must be a tuple of some of {', '.join(STAGES)}, got {estimator.frozen!r}"
        )
    _check_net_params(estimator)


def check_start(estimator):
    """Refuse to freeze stages whose weights are neither given nor trained before."""
    continues = estimator.warm_start and hasattr(estimator, "net_")
    if len(estimator.frozen) and estimator.init_from is None and not continues:
        raise ValueError(
            f"frozen={tuple(estimator.frozen)!r} would keep random weights: give init_from, or a "
            "fitted estimator with warm_start=True"
        )


def _check_bin_sizes(bin_sizes):
    """Refuse bin sizes that are not distinct lengths in bp."""
    if not isinstance(bin_sizes, (tuple, list)) or not bin_sizes:
        raise ValueError(f"bin_sizes must be a tuple of at least one int, got {bin_sizes!r}")
    for bin_size in bin_sizes:
        check_scalar(bin_size, "bin_sizes", Integral, min_val=1)
    if len(set(bin_sizes)) != len(bin_sizes):
        raise ValueError(f"bin_sizes must be distinct, got {bin_sizes}")


def _check_net_params(estimator):
    """Refuse entries of `net_params` that the estimator sets itself."""
    own = estimator.get_params(deep=False)
    for name, value in (estimator.net_params or {}).items():
        of_estimator = _SKORCH_NAMES.get(name, name.removeprefix("module__"))
        if of_estimator in own:
            raise ValueError(
                f"net_params sets {name!r}, which has a parameter of its own: leave it out and set "
                f"{of_estimator}={value!r} of {type(estimator).__name__}"
            )
        if name == "train_split" and estimator.early_stopping:
            raise ValueError(
                "net_params sets 'train_split', but early_stopping=True holds genes back by "
                "itself: set only one of them (see validation_fraction)"
            )
        if name == "compile" and value:
            raise ValueError(
                "net_params sets 'compile', but torch.compile takes longer than the fit: it starts "
                "again for every new number of genes, pCREs or bins in a batch; leave it out"
            )
        if name.startswith("module"):
            raise ValueError(
                f"net_params cannot replace the module or its sizes, got {name!r}: tracks and "
                "outputs follow from X and y; for a network of your own build a skorch.NeuralNet "
                "on X.to_dense()"
            )


def to_regions(estimator, X, *, reset, y="no_validation"):
    """Return X as a RegionArray, checked against the bin sizes and, without `reset`, the fit."""
    bin_sizes = estimator.bin_sizes
    _check_multiples(bin_sizes, X)
    X = _validation.to_regions(
        estimator,
        X,
        min(bin_sizes),
        reset=reset,
        layout=LAYOUT,
        n_conditions=estimator._n_conditions,
        y=y,
    )
    if not reset and isinstance(y, str):
        _warn_of_missing_tracks(estimator, X)
    return X


def _warn_of_missing_tracks(estimator, X):
    """Warn if X lacks tracks that no gene lacked in training.

    The warning points to the caller of `predict`, four calls above.
    """
    if estimator.net_.track_dropout or not X.missing.any():
        return
    lacking = name_missing(X, known=estimator.missing_tracks_)
    if lacking:
        warnings.warn(
            f"X lacks tracks that all genes had when {type(estimator).__name__} was fitted: "
            f"{lacking}. They are read as marks without any signal, and predictions may be far "
            "off: fit with track_dropout=0.1, or without these tracks",
            stacklevel=5,
        )


def _check_multiples(bin_sizes, X):
    """Refuse bin sizes that do not hold whole finest bins, or do not divide the window."""
    is_plain = not isinstance(X, RegionArray)
    finest = min(bin_sizes) if is_plain else X.bin_size
    for bin_size in bin_sizes:
        if bin_size % finest:
            raise ValueError(
                f"bin_sizes={tuple(bin_sizes)}: {bin_size} is not a multiple of "
                + (
                    f"the smallest, {finest}"
                    if is_plain
                    else f"the {finest} bp bins of X; set bin_size of BigWigTransformer to a "
                    "common divisor"
                )
            )
        if not is_plain and X.window % bin_size:
            raise ValueError(
                f"the promoter window of X, {X.window} bp, is not a multiple of bin size "
                f"{bin_size}; change window of BigWigTransformer or bin_sizes"
            )


def check_target(X, y, *, numeric):
    """Return y as a 1-D array, checked for NaN; where `numeric`, of finite float64."""
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
    if not numeric:
        return y
    if y.dtype.kind in "mM":
        raise ValueError(f"Input y holds dates or durations ({y.dtype}): a regressor needs numbers")
    y = y.astype(np.float64)
    if not np.isfinite(y).all():
        raise ValueError(
            "Input y contains infinity or a value too large for dtype('float64'). "
            f"First at row {np.flatnonzero(~np.isfinite(y))[0]}: of expression take "
            "log2(y + 1), which is finite where y is 0"
        )
    return y


def warn_of_mistakes(X, y, *, numeric):
    """Warn of signs of the commonest mistakes in X and y, which are checked already.

    `y` holds numbers, or where not `numeric` the number of each gene's class. The warning points
    to the caller of `fit`, three calls above.
    """
    found = find_mistakes(X, y)
    if numeric and (not_logged := find_not_logged(y)):
        found.append(not_logged)
    if found:
        warnings.warn(
            "X and y show a sign of a common mistake. "
            + ". ".join(finding.message for finding in found)
            + ". skchromo.evaluation.check_data(None, X, y).plot() draws the evidence",
            stacklevel=4,
        )

"""Checks of a RegionArray: of its parts when it is made, and of X when an estimator gets it."""

import mmap

import numpy as np

from .._words import check_names

# It comes in two lengths with one assembly.
_MITOCHONDRION = ("M", "MT")


def check_parts(X):
    """Refuse parts that do not fit together, and signal that the network cannot take."""
    check_layout(X)
    _check_values(X.signal, X.tracks)


def check_used(X, bins):
    """Return bins of an array; refuse those of an opened file that the network cannot take.

    The signal of an opened file is not read when it is opened, so that it is checked here. What was
    read is given back: the process grows by none of it, and the system keeps it while it can.
    """
    if X.stored_at is not None:
        try:
            _check_values(bins, X.tracks)
        except ValueError as error:
            raise ValueError(f"{X.stored_at} is damaged: save the array again ({error})") from error
        source = X.signal
        while isinstance(source, np.ndarray):
            source = source.base
        if isinstance(source, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            source.madvise(mmap.MADV_DONTNEED)
    return bins


def check_layout(X):
    """Refuse parts that do not fit together, without reading any signal."""
    n_distinct = len(X.offsets) - 1
    if X.bin_size < 1:
        raise ValueError(f"bin_size must be at least 1 bp, got {X.bin_size}")
    if X.signal.ndim != 2 or X.signal.shape[1] != len(X.tracks):
        raise ValueError(
            f"signal must have one column for each of the {len(X.tracks)} names in tracks, "
            f"got shape {X.signal.shape}"
        )
    if len(set(X.tracks)) != len(X.tracks):
        raise ValueError(f"track names must be distinct, got {list(X.tracks)}")
    check_names("tracks", X.tracks)
    check_names("chrom", {*X.chrom, *X.chromsizes})
    for name, column in X.genes.items():
        if str(name).startswith(("gene_id", "sample")) and column.dtype.kind in "OU":
            check_names(name, column.ravel().tolist())
    if not len(X.chrom) == len(X.start) == len(X.end) == n_distinct:
        raise ValueError(f"chrom, start and end must each have {n_distinct} entries")
    expected = -(-X.lengths // X.bin_size)
    counts = np.diff(X.offsets)
    if X.offsets[0] != 0 or (counts != expected).any() or (counts < 1).any():
        raise ValueError("offsets do not give each region ceil(length / bin_size) bins")
    if X.offsets[-1] != len(X.signal):
        raise ValueError(f"offsets end at {X.offsets[-1]}, but signal has {len(X.signal)} bins")
    if (expected > X.n_bins).any():
        raise ValueError(f"a region has {expected.max()} bins, more than n_bins={X.n_bins}")
    _check_rows(X, n_distinct)


def _check_rows(X, n_distinct):
    """Refuse row parts of different lengths, and genes without a promoter."""
    n_dims, shape = X.index.ndim, X.index.shape
    if n_dims not in (2, 3) or shape[-1] < 1 or (n_dims == 3 and shape[1] != 2):
        raise ValueError(
            f"index must have shape (n_genes, n_regions) or (n_genes, 2, n_regions), got {shape}"
        )
    if X.index.size and not -1 <= X.index.min() <= X.index.max() < n_distinct:
        raise ValueError(f"index must lie between -1 and {n_distinct - 1}")
    promoters = X.index[..., 0]
    if (promoters < 0).any():
        raise ValueError("region 0, the promoter, must be present for every gene")
    if not 0 < X.window <= X.n_bins * X.bin_size or (X.lengths[promoters] > X.window).any():
        raise ValueError(
            f"window={X.window} bp must hold every promoter, and fit in n_bins={X.n_bins} bins of "
            f"{X.bin_size} bp"
        )
    pcres = X.index[..., 1:]
    if X.weights.shape != pcres.shape:
        raise ValueError(f"weights must have shape {pcres.shape}, got {X.weights.shape}")
    if not np.isfinite(X.weights).all() or X.weights[pcres < 0].any():
        raise ValueError("weights must be finite, and 0 where a pCRE is absent")
    expected = (*shape[:-1], len(X.tracks))
    if X.missing.shape != expected or X.missing.dtype != bool:
        raise ValueError(
            f"missing must be bool of shape {expected}, got {X.missing.dtype} of shape "
            f"{X.missing.shape}"
        )
    for name, column in X.genes.items():
        if column.shape != (len(X),):
            raise ValueError(f"genes[{name!r}] must have shape ({len(X)},), got {column.shape}")
    for _, labels in X.row_labels or ():
        if labels.shape != (len(X),):
            raise ValueError(f"genes has {len(labels)} rows, but there are {len(X)} genes")


def _check_values(signal, tracks):
    """Refuse signal that the network's logarithm cannot take, naming the track."""
    # NaN passes through the least value. The tracks apart take ten times as long.
    if not len(signal) or (signal.min() >= 0 and signal.max() < np.inf):
        return
    # Least and greatest are NaN where a track holds NaN, and no array of X's size is made.
    low, high = signal.min(axis=0), signal.max(axis=0)
    finite = np.isfinite(low) & np.isfinite(high)
    if not finite.all():
        bad = [track for track, ok in zip(tracks, finite) if not ok]
        raise ValueError(
            f"signal of track {', '.join(bad)} holds NaN or infinite values: write 0 where there "
            "is no signal"
        )
    if (low < 0).any():
        bad = [track for track, value in zip(tracks, low) if value < 0]
        raise ValueError(
            f"Negative values in data passed to RegionArray: track {', '.join(bad)}. Signal "
            "must be non-negative, because its logarithm is taken: for a log-ratio track use fold "
            "change or read depth instead"
        )


def refuse_genes(X, name):
    """Refuse a gene table; `name` is the class of the estimator that was given it."""
    if {"chrom", "tss"} <= set(getattr(X, "columns", ())):
        raise TypeError(
            f"{name} needs the signal of the genes, but X is a gene table: put a "
            "BigWigTransformer before it in a Pipeline"
        )


def check_conditions(X, name, n_conditions):
    """Refuse a RegionArray that has not as many conditions as the estimator `name` takes."""
    if X.ndim == 3 + n_conditions:
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
    """Refuse a RegionArray whose tracks, bins, window or assembly differ from the fit.

    `name` is the class of the estimator, the rest is what it was fitted on; None where it makes no
    difference to it. Chromosomes that X and the fit both name, with or without ``chr``, must have
    the same length, except the mitochondrion.
    """
    if X.tracks != tracks:
        how = "in another order" if set(X.tracks) == set(tracks) else "of other tracks"
        raise ValueError(
            f"X has signal {how} than {name} was fitted on: tracks {', '.join(X.tracks)}, "
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

"""What must hold of a RegionArray."""

import numpy as np


def check_parts(X):
    """Refuse parts that do not fit together: everything after relies on it.

    Parameters
    ----------
    X : RegionArray
        Newly made.

    Raises
    ------
    ValueError
        Naming the part, and for values the track.
    """
    check_layout(X)
    _check_values(X)


def check_layout(X):
    """Refuse parts that do not fit together, without looking at any signal.

    Parameters
    ----------
    X : RegionArray

    Raises
    ------
    ValueError
        Naming the part.
    """
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
        raise ValueError("region 0, the promoter, must be there for every gene")
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
    for name, column in X.genes.items():
        if column.shape != (len(X),):
            raise ValueError(f"genes[{name!r}] must have shape ({len(X)},), got {column.shape}")


def _check_values(X):
    """Refuse signal that the network's logarithm cannot take, naming the track."""
    if not len(X.signal):
        return
    # Least and greatest are NaN where a track holds NaN, and no array of X's size is made.
    low, high = X.signal.min(axis=0), X.signal.max(axis=0)
    finite = np.isfinite(low) & np.isfinite(high)
    if not finite.all():
        bad = [track for track, ok in zip(X.tracks, finite) if not ok]
        raise ValueError(
            f"signal of track {', '.join(bad)} holds NaN or infinite values: write 0 where there "
            "is no signal"
        )
    if (low < 0).any():
        bad = [track for track, value in zip(X.tracks, low) if value < 0]
        raise ValueError(
            f"Negative values in data passed to RegionArray: track {', '.join(bad)}. Signal "
            "must be non-negative, as its logarithm is taken: for a log-ratio track use fold "
            "change or read depth instead"
        )

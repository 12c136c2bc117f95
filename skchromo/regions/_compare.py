"""Whether two RegionArrays hold the same."""

import numpy as np

from .._arrays import gathered


def same(X, other):
    """See :meth:`RegionArray.equals`; `other` is a RegionArray."""
    if X.shape != other.shape or X.genes.keys() != other.genes.keys():
        return False
    names = ("tracks", "bin_size", "window", "chromsizes")
    if any(getattr(X, name) != getattr(other, name) for name in names):
        return False
    present = X.index >= 0
    return (
        np.array_equal(present, other.index >= 0)
        and np.array_equal(X.weights, other.weights)
        and all(same_column(X.genes[name], other.genes[name]) for name in X.genes)
        and _same_regions(X, X.index[present], other, other.index[present])
    )


def same_column(ours, theirs):
    """Whether two columns agree, a missing value with a missing value of its kind."""
    if ours is theirs:
        return True
    if ours.dtype == object or theirs.dtype == object:
        # One by one: NaN differs from itself, and pandas' NA is neither equal nor different.
        return all(a is b or a == b or (a != a and b != b) for a, b in zip(ours, theirs))
    return bool(((ours == theirs) | ((ours != ours) & (theirs != theirs))).all())


def _same_regions(X, regions, other, others):
    """Whether regions of one array and of another, pair by pair, are the same."""
    n_others = len(other.lengths)
    pairs = np.unique(regions * n_others + others)
    regions, others = pairs // max(n_others, 1), pairs % max(n_others, 1)
    return all(
        np.array_equal(getattr(X, name)[regions], getattr(other, name)[others])
        for name in ("chrom", "start", "end")
    ) and all(
        np.array_equal(ours, theirs)
        for ours, theirs in zip(
            gathered(X.signal, X.offsets, regions), gathered(other.signal, other.offsets, others)
        )
    )

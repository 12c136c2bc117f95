"""Ranges of row numbers, without a loop, and the rows of some regions piece by piece."""

from itertools import pairwise

import numpy as np

# Rows of signal that are worked on at a time, give or take a region: what an operation needs
# beside its result stays small, and in the processor's cache.
_BINS_AT_A_TIME = 1 << 15


def ranges(starts, counts):
    """Concatenate ``arange(start, start + count)`` for all starts and counts.

    Parameters
    ----------
    starts, counts : ndarray of shape (n,), int64
        First number and length of each range.

    Returns
    -------
    ndarray of shape (counts.sum(),), int64
        The numbers, one range after the other.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo.regions import ranges
    >>> ranges(np.array([5, 0]), np.array([2, 3]))
    array([5, 6, 0, 1, 2])
    """
    ends = np.cumsum(counts)
    total = ends[-1] if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + counts, counts)


def bins_of(offsets, regions):
    """Rows of a signal that belong to some regions, one region after the other.

    Parameters
    ----------
    offsets : ndarray of shape (n_distinct + 1,), int64
        Where each region's rows begin and end.
    regions : ndarray of shape (n,), int64
        Numbers of the regions.

    Returns
    -------
    ndarray of shape (total_bins,), int64
    """
    return ranges(offsets[regions], offsets[regions + 1] - offsets[regions])


def offsets_of(counts):
    """Where each of some ranges begins and the last one ends, ndarray of shape (n + 1,), int64."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def pieces(counts):
    """Cut regions, in order, into runs of about as many bins as are worked on at a time.

    Parameters
    ----------
    counts : ndarray of shape (n,), int64
        Number of bins of each region.

    Yields
    ------
    slice
        Which of the regions; a region is never cut.
    """
    piece_of = np.cumsum(counts) // _BINS_AT_A_TIME
    edges = [0, *(np.flatnonzero(np.diff(piece_of)) + 1), len(counts)]
    for start, stop in pairwise(edges):
        if start < stop:
            yield slice(start, stop)


def gathered(signal, offsets, regions):
    """Signal of some regions, one after the other.

    Parameters
    ----------
    signal : ndarray of shape (total_bins, n_tracks)
    offsets : ndarray of shape (n_distinct + 1,), int64
        Where each region's rows begin and end.
    regions : ndarray of shape (n,), int64
        Numbers of the regions.

    Yields
    ------
    ndarray of shape (n_bins, n_tracks)
        The bins of the next few regions, copied.
    """
    for piece in pieces(offsets[regions + 1] - offsets[regions]):
        yield signal[bins_of(offsets, regions[piece])]


def collected(signal, offsets, regions, out=None):
    """What :func:`gathered` yields as one array, with no second copy beside it.

    Parameters
    ----------
    signal, offsets, regions : ndarray
        As for :func:`gathered`.
    out : ndarray of shape (total_bins, n_tracks), default=None
        Where to put it; None makes a new array.

    Returns
    -------
    ndarray of shape (total_bins, n_tracks)
    """
    if out is None:
        total = (offsets[regions + 1] - offsets[regions]).sum()
        out = np.empty((total, signal.shape[1]), signal.dtype)
    at = 0
    for part in gathered(signal, offsets, regions):
        out[at : at + len(part)] = part
        at += len(part)
    return out

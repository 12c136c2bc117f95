"""Ranges of row numbers, without a loop."""

import numpy as np


def ranges(starts, counts):
    """Concatenate ``arange(start, start + count)`` of every pair.

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
    return ranges(offsets[regions], np.diff(offsets)[regions])

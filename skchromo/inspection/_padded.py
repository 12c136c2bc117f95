"""From the centred, padded bins of the network to bins counted from a region's start."""

import numpy as np


def padding(bins):
    """Which bins of some regions are padding, ndarray of shape (n, width), bool."""
    return bins.absent.cpu().numpy()


def unpadded(values, absent, n_bins, axis=-1):
    """Bring bins to where they are counted from: each region's start.

    Parameters
    ----------
    values : ndarray of shape (n, ..., width, ...)
    absent : ndarray of shape (n, width), bool
        What :func:`padding` returned.
    n_bins : int
        Bins that a region of the result has, at least as many as are there.
    axis : int, default=-1
        Which axis of `values` are bins.

    Returns
    -------
    values : ndarray of shape (n, ..., n_bins, ...), float32
        NaN behind the last bin of each region.
    """
    values = np.moveaxis(values, axis, 1)
    there = np.arange(n_bins) < (~absent).sum(axis=1)[:, None]
    moved = np.full((*there.shape, *values.shape[2:]), np.nan, dtype=np.float32)
    moved[there] = values[~absent]
    return np.moveaxis(moved, 1, axis)

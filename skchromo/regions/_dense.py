"""Plain arrays to regions and back."""

from typing import NamedTuple

import numpy as np

from .._arrays import bins_of, ranges


class DenseRegions(NamedTuple):
    """Plain arrays of a RegionArray, as :meth:`skchromo.RegionArray.to_dense` returns them.

    Attributes
    ----------
    values : ndarray of shape (n_genes, n_regions, n_bins, n_tracks), float32
        Mean signal per bin; NaN beyond a region's end and in absent regions.
    weights : ndarray of shape (n_genes, n_regions - 1), float32
        Contact weight of each pCRE; 0 where absent.
    lengths : ndarray of shape (n_genes, n_regions), int64
        Length of each region in bp; 0 where absent.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> values, weights, lengths = RegionArray.from_dense(np.ones((2, 3, 4, 1))).to_dense()
    >>> values.shape, weights.shape, lengths.shape
    ((2, 3, 4, 1), (2, 2), (2, 3))
    """

    values: np.ndarray
    weights: np.ndarray
    lengths: np.ndarray


def to_dense(X):
    """See :meth:`RegionArray.to_dense`."""
    present = np.flatnonzero(X.index >= 0)
    region = X.index.ravel()[present]
    counts = np.diff(X.offsets)[region]
    values = np.full((X.index.size * X.n_bins, len(X.tracks)), np.nan, np.float32)
    values[ranges(present * X.n_bins, counts)] = X.signal[bins_of(X.offsets, region)]
    lengths = np.zeros(X.index.shape, dtype=np.int64)
    lengths.ravel()[present] = X.lengths[region]
    return DenseRegions(values.reshape(X.shape), X.weights.copy(), lengths)


def dense_parts(values, lengths, bin_size):
    """Parts of a RegionArray, by the constructor's names; see :meth:`RegionArray.from_dense`."""
    values = np.asarray(values, dtype=np.float32)
    if not 2 <= values.ndim <= 5:
        raise ValueError(
            "values must have shape (n_genes, n_bins), (n_genes, n_bins, n_tracks) or (n_genes, "
            "n_regions, n_bins, n_tracks), or with one more axis of 2 conditions after the first; "
            f"got shape {values.shape}"
        )
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim == 3:
        values = values[:, None]
    *rows, n_bins, n_tracks = values.shape
    if lengths is None:
        absent = np.isnan(values).all(axis=(-2, -1))
        lengths = np.where(absent, 0, n_bins * bin_size)
    lengths = np.asarray(lengths, dtype=np.int64)
    if lengths.shape != tuple(rows):
        raise ValueError(f"lengths must have shape {tuple(rows)}, got {lengths.shape}")
    if lengths.size and not 0 <= lengths.min() <= lengths.max() <= n_bins * bin_size:
        raise ValueError(f"lengths must lie between 0 and {n_bins * bin_size} bp")
    present = np.flatnonzero(lengths)
    counts = -(-lengths.ravel()[present] // bin_size)
    index = np.full(lengths.shape, -1, dtype=np.int64)
    index.ravel()[present] = np.arange(len(present))
    flat = values.reshape(-1, n_tracks)
    promoters = lengths[..., 0]
    return {
        "signal": flat[ranges(present * n_bins, counts)],
        "offsets": np.concatenate([[0], np.cumsum(counts)]),
        "chrom": np.full(len(present), "", dtype=object),
        "start": np.zeros(len(present), dtype=np.int64),
        "end": lengths.ravel()[present],
        "index": index,
        "n_bins": n_bins,
        "window": promoters.max() if promoters.size else n_bins * bin_size,
    }

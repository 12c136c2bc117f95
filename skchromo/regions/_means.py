"""Mean signal per bp of regions, of their coarser bins and of windows in them.

The network's linear path alone takes means elsewhere, in torch: gradients must pass through them.
"""

import numpy as np
from scipy.sparse import csr_array

from .._arrays import offsets_of, pieces, ranges, rows_of
from ._checks import check_used


def pool(X, bin_sizes, regions=None):
    """Return for each bin size the means in its bins and where each region's begin.

    See `RegionArray.pool`. The signal is read once for all, a few regions at a time.
    """
    for size in bin_sizes:
        if size < 1 or size % X.bin_size:
            raise ValueError(f"bin size {size} is not a multiple of the finest, {X.bin_size} bp")
    if regions is None:
        lengths = X.lengths
    else:
        regions = _check_regions(regions, len(X.start))
        lengths = X.end[regions] - X.start[regions]
    offsets = [offsets_of(-(-lengths // size)) for size in bin_sizes]
    # All regions in the finest bins are the signal itself.
    values = [
        X.signal
        if size == X.bin_size and regions is None
        else np.empty((ends[-1], len(X.tracks)), np.float32)
        for size, ends in zip(bin_sizes, offsets)
    ]
    for piece in pieces(-(-lengths // X.bin_size)):
        if regions is None:
            bins = X.signal[X.offsets[piece.start] : X.offsets[piece.stop]]
        else:
            bins = rows_of(X.signal, X.offsets, regions[piece])
        bins = check_used(X, bins)
        for size, ends, means in zip(bin_sizes, offsets, values):
            if means is not X.signal:
                part = means[ends[piece.start] : ends[piece.stop]]
                part[:] = bins if size == X.bin_size else _means(bins, X, size, lengths[piece])
    return list(zip(values, offsets))


def _means(bins, X, bin_size, lengths):
    """Return means in coarser bins of regions of these lengths, whose finest `bins` follow."""
    counts, n_finest = -(-lengths // bin_size), -(-lengths // X.bin_size)
    places = ranges(np.zeros_like(counts), counts) * (bin_size // X.bin_size)
    starts, ends = np.repeat(np.cumsum(n_finest) - n_finest, counts) + places, np.cumsum(counts)
    # The last finest bin and the last coarser bin cover only the rest of their region.
    after = np.zeros(len(starts), dtype=np.int64)
    after[ends - 1] = -lengths % X.bin_size
    widths = np.full(len(starts), float(bin_size))
    widths[ends - 1] -= -lengths % bin_size
    return _sums(bins, starts, X.bin_size, after=after) / widths[:, None]


def mean_signal(X, index):
    """Return the mean signal per bp of the regions of a RegionArray, float64.

    `index` holds their numbers, as a part of ``X.index`` does. The result has one more axis, the
    tracks; it is 0 where a region is absent (-1). The mean of a region depends on it alone.
    """
    used = np.unique(index[index >= 0])
    length = X.lengths[used]
    sums = window_sums(X, used, np.zeros_like(length), length)
    means = np.append(sums / length[:, None], np.zeros((1, len(X.tracks))), axis=0)
    return means[np.where(index < 0, len(used), np.searchsorted(used, index))]


def window_sums(X, regions, start, end):
    """Return the signal summed over the bp [start, end) of each region, (n, n_tracks), float64.

    `start` and `end` count from where a region begins, one pair for each of `regions`. Bins that
    are partly inside count by their overlap. The sum of a region does not depend on others.
    """
    first, stop = start // X.bin_size, -(-end // X.bin_size)
    counts = stop - first
    sums = np.empty((len(regions), len(X.tracks)))
    for piece in pieces(counts):
        bins = X.signal[ranges(X.offsets[regions[piece]] + first[piece], counts[piece])]
        bins = check_used(X, bins)
        starts = np.cumsum(counts[piece]) - counts[piece]
        before, after = start[piece] % X.bin_size, -end[piece] % X.bin_size
        sums[piece] = _sums(bins, starts, X.bin_size, before, after)
    return sums


def _sums(bins, starts, bin_size, before=0, after=0):
    """Return the signal x bp of consecutive bins, summed from each of `starts` to the next.

    Of the first bin of a sum `before` bp are left out, of the last `after` bp.
    """
    edges, widths = np.append(starts, len(bins)), np.full(len(bins), float(bin_size))
    widths[edges[:-1]] -= before
    widths[edges[1:] - 1] -= after
    # As a product of matrices it takes a third of the time of `np.add.reduceat`.
    shape = len(starts), len(bins)
    return csr_array((widths, np.arange(len(bins)), edges), shape) @ bins


def _check_regions(regions, n_distinct):
    """Return numbers of regions as an int64 array, none of them absent."""
    regions = np.asarray(regions)
    if regions.ndim != 1 or (regions.size and regions.dtype.kind not in "iu"):
        raise ValueError(
            "regions must be a 1-D array of int, numbers from X.index, got "
            f"{regions.ndim}-D {regions.dtype}"
        )
    if regions.size and not 0 <= regions.min() <= regions.max() < n_distinct:
        raise IndexError(f"regions must lie between 0 and {n_distinct - 1}")
    return regions.astype(np.int64)

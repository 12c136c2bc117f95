"""Mean signal in coarser bins."""

import numpy as np

from .._arrays import bins_of, collected, offsets_of, pieces


def pool(X, bin_size, regions):
    """See :meth:`RegionArray.pool`."""
    if bin_size < 1 or bin_size % X.bin_size:
        raise ValueError(f"bin size {bin_size} is not a multiple of the finest, {X.bin_size} bp")
    if regions is not None:
        regions = _checked(regions, len(X.lengths))
    lengths = X.lengths if regions is None else X.lengths[regions]
    offsets = offsets_of(-(-lengths // bin_size))
    if bin_size == X.bin_size:
        values = X.signal if regions is None else collected(X.signal, X.offsets, regions)
        return values, offsets
    values = np.empty((offsets[-1], len(X.tracks)), np.float32)
    for piece in pieces(-(-lengths // X.bin_size)):
        if regions is None:
            bins = X.signal[X.offsets[piece.start] : X.offsets[piece.stop]]
        else:
            bins = X.signal[bins_of(X.offsets, regions[piece])]
        out = values[offsets[piece.start] : offsets[piece.stop]]
        out[...] = _means(bins, lengths[piece], X.bin_size, bin_size)
    return values, offsets


def _checked(regions, n_distinct):
    """Numbers of regions as an int64 array, none of them absent."""
    regions = np.asarray(regions)
    if regions.ndim != 1 or (regions.size and regions.dtype.kind not in "iu"):
        raise ValueError(
            "regions must be a 1-D array of int, numbers from X.index, got "
            f"{regions.ndim}-D {regions.dtype}"
        )
    if regions.size and not 0 <= regions.min() <= regions.max() < n_distinct:
        raise IndexError(f"regions must lie between 0 and {n_distinct - 1}")
    return regions.astype(np.int64)


def _means(bins, lengths, finest, bin_size):
    """Means in coarser bins of regions whose finest `bins` follow one another."""
    counts, n_bins = -(-lengths // bin_size), -(-lengths // finest)
    ends, stops = np.cumsum(counts), np.cumsum(n_bins)
    place = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    starts = np.repeat(stops - n_bins, counts) + place * (bin_size // finest)
    sums = np.add.reduceat(bins, starts, axis=0, dtype=np.float64) * finest
    # The last finest bin and the last coarser bin cover only what is left of their region.
    sums[ends - 1] -= (-lengths % finest)[:, None] * bins[stops - 1]
    widths = np.full(len(sums), float(bin_size))
    widths[ends - 1] -= -lengths % bin_size
    return sums / widths[:, None]

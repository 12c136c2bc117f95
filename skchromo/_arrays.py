"""Arrays of rows: ranges, offsets, distinct rows, and the rows of some regions piece by piece."""

from itertools import pairwise

import numpy as np

# Rows of signal that are worked on at a time, give or take a region: what an operation needs
# beside its result stays small, and in the processor's cache.
_BINS_AT_A_TIME = 1 << 15


def ranges(starts, counts):
    """Concatenate ``arange(start, start + count)`` for all starts and counts (int64)."""
    ends = np.cumsum(counts)
    total = ends[-1] if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + counts, counts)


def bins_of(offsets, regions):
    """Return the row numbers of some regions, given where each region's rows begin and end."""
    return ranges(offsets[regions], offsets[regions + 1] - offsets[regions])


def rows_of(signal, offsets, regions):
    """Return a copy of the rows of `signal` of some regions, one region after the other."""
    return signal.take(bins_of(offsets, regions), axis=0)  # twice as fast as an index


def offsets_of(counts):
    """Return where ranges of these lengths begin and the last one ends, shape (n + 1,), int64."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def pieces(counts):
    """Yield slices of regions, in order, of about as many bins as are worked on at a time.

    `counts` holds the number of bins of each region. A region is never cut.
    """
    piece_of = np.cumsum(counts) // _BINS_AT_A_TIME
    edges = [0, *(np.flatnonzero(np.diff(piece_of)) + 1), len(counts)]
    for start, stop in pairwise(edges):
        if start < stop:
            yield slice(start, stop)


def gathered(signal, offsets, regions):
    """Yield copies of the rows of `signal` of the next few regions, (n_bins, n_tracks) each."""
    for piece in pieces(offsets[regions + 1] - offsets[regions]):
        yield rows_of(signal, offsets, regions[piece])


def collected(signal, offsets, regions):
    """Return the rows of some regions as one array, filled piece by piece."""
    total = (offsets[regions + 1] - offsets[regions]).sum()
    return joined(gathered(signal, offsets, regions), (total, signal.shape[1]), signal.dtype)


def joined(pieces, shape, dtype):
    """Return pieces of rows as one array, filled piece by piece."""
    array, at = np.empty(shape, dtype), 0
    for piece in pieces:
        array[at : at + len(piece)] = piece
        at += len(piece)
    return array


def bin_offsets(start, end, bin_size):
    """Return where the bins of each region begin, shape (n_regions + 1,), int64.

    `start`, `end` and `bin_size` are in bp. The last bin of a region may be shorter.
    """
    return offsets_of(-((start - end) // bin_size))


def distinct_rows(*columns):
    """Find the distinct rows of a table given as columns of numbers or of str.

    Return the number of the first row of each kind, and which of them each row equals. The order
    is that of the values, and of first appearance for columns of str.
    """
    codes = [_codes(column) if column.dtype == object else column for column in columns]
    order = np.lexsort(codes[::-1])
    is_new = np.ones(len(order), dtype=bool)
    if len(order):
        is_new[1:] = np.any([code[order][1:] != code[order][:-1] for code in codes], axis=0)
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    return order[is_new], inverse


def _codes(names):
    """Number names in the order of their first appearance."""
    known = {}
    return np.fromiter((known.setdefault(n, len(known)) for n in names), np.int64, len(names))

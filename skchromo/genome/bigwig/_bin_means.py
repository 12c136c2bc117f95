"""Means of the bins of many regions of one chromosome, added up from runs of signal."""

import numpy as np

from ..._arrays import ranges
from ._blocks import Runs
from ._file import OverlappingRunsError

_LONGEST_READ = 1 << 20
_LONGEST_PIECE = 1 << 16
_EDGES_AT_ONCE = 1 << 18


def chromosome_means(bigwig, chrom, size, start, end, bin_size, gaps):
    """Return the mean of each bin of regions of one chromosome of `size` bp (float64).

    The regions come by rising start, half-open in bp, and may run past the chromosome's ends. Files
    are read as runs of signal; those in which runs overlap are read base by base, which is slower.
    """
    bins = _Bins(start, end, bin_size, size)
    intervals = _union(np.maximum(start, 0), np.minimum(end, size))
    if not len(intervals[0]):
        return np.zeros(bins.n_bins)
    try:
        return bins.means(bigwig.runs(chrom, *intervals), gaps)
    except OverlappingRunsError:
        pass
    return bins.means(_base_runs(bigwig, chrom, *intervals), gaps)


def _union(start, end):
    """Merge intervals that overlap or touch; leave out empty ones."""
    start, end = start[start < end], end[start < end]
    furthest = np.maximum.accumulate(end)
    is_first = np.append(True, start[1:] > furthest[:-1])[: len(start)]
    is_last = np.append(is_first[1:], True)[: len(start)]
    return start[is_first], furthest[is_last]


def _base_runs(bigwig, chrom, start, end):
    """Yield a run for each covered base of intervals, a bounded number at a time."""
    for first, last in zip(start.tolist(), end.tolist(), strict=True):
        for begin in range(first, last, _LONGEST_READ):
            values = bigwig.values(chrom, begin, min(begin + _LONGEST_READ, last))
            covered = np.flatnonzero(~np.isnan(values))
            if len(covered):
                place = (begin + covered).astype(np.uint32)
                yield Runs(place, place + np.uint32(1), values[covered])


class _Bins:
    """The bins of regions: where they stand, and their means.

    Regions of very many bins are worked on in pieces, so that few edges are at hand at a time.
    """

    def __init__(self, start, end, bin_size, size):
        n_bins = -((start - end) // bin_size)
        self._lasts = np.cumsum(n_bins) - 1
        self._last_widths = end - start - (n_bins - 1) * bin_size
        n_pieces = -(-n_bins // _LONGEST_PIECE)
        step = bin_size * _LONGEST_PIECE
        self._start = np.repeat(start, n_pieces) + ranges(np.zeros_like(n_pieces), n_pieces) * step
        self._end = np.minimum(self._start + step, np.repeat(end, n_pieces))
        self._counts = -((self._start - self._end) // bin_size)
        self._stops = np.cumsum(self._counts)
        self._bin_size, self._size = bin_size, size
        self.n_bins = int(self._stops[-1])

    def means(self, batches, gaps):
        """Average the signal of each bin."""
        sums = np.zeros(self.n_bins)
        covered = np.zeros(self.n_bins) if gaps == "ignore" else None
        for runs in batches:
            signal = _Integral(runs.start, runs.end, runs.value)
            if covered is not None:
                coverage = _Integral(runs.start, runs.end, np.ones_like(runs.value))
            for rows in self._touched(int(runs.start[0]), int(runs.end[-1])):
                edges, is_bin = self._edges(rows)
                n_before = np.searchsorted(runs.start, edges)
                places = self._places(rows)
                sums[places] += signal.between(edges, n_before)[is_bin]
                if covered is not None:
                    covered[places] += coverage.between(edges, n_before)[is_bin]
        if covered is not None:
            return np.divide(sums, np.maximum(covered, 1, out=covered), out=sums)
        last_means = sums[self._lasts] / self._last_widths
        sums /= self._bin_size
        sums[self._lasts] = last_means
        return sums

    def _touched(self, start, end):
        """Yield the pieces that overlap an interval, a bounded number of edges at a time."""
        rows = np.flatnonzero((self._start < end) & (self._end > start))
        if len(rows):
            part = np.cumsum(self._counts[rows] + 1) // _EDGES_AT_ONCE
            yield from np.split(rows, np.flatnonzero(np.diff(part)) + 1)

    def _edges(self, rows):
        """Give the edges of all bins, within the chromosome, and mark those that begin a bin."""
        counts = self._counts[rows] + 1
        stops = np.cumsum(counts)
        origin = self._start[rows] - (stops - counts) * self._bin_size
        edges = np.arange(stops[-1])
        edges *= self._bin_size
        edges += np.repeat(origin, counts)
        edges[stops - 1] = self._end[rows]
        is_bin = np.ones(len(edges) - 1, dtype=bool)
        is_bin[stops[:-1] - 1] = False
        return np.clip(edges, 0, self._size, out=edges).astype(np.uint32), is_bin

    def _places(self, rows):
        """Where the bins of some pieces stand among all, as a slice if they follow one another."""
        first, last = rows[0], rows[-1]
        if last - first + 1 == len(rows):
            return slice(self._stops[first] - self._counts[first], self._stops[last])
        return ranges(self._stops[rows] - self._counts[rows], self._counts[rows])


class _Integral:
    """Sums of runs between edges, without the cancellation of a running sum.

    Between two edges lies the whole of the runs that start there; of a run across an edge the part
    behind the first comes in addition, the part behind the second is taken away. These products
    are exact in float64, and what is taken away belongs to a run that starts in the bin: no signal
    elsewhere on the chromosome, however high, takes digits from a low mean.
    """

    def __init__(self, start, end, value):
        self._whole = np.zeros(len(start) + 1)
        np.multiply(end - start, value, out=self._whole[:-1], dtype=np.float64)
        self._end = np.concatenate([np.zeros(1, end.dtype), end])
        self._value = np.concatenate([np.zeros(1, value.dtype), value])

    def between(self, edges, n_before):
        """Sum from each edge to the next; `n_before` counts the runs that start before an edge."""
        sums = np.add.reduceat(self._whole, n_before)[:-1]
        sums[n_before[1:] <= n_before[:-1]] = 0
        behind = np.multiply(
            np.maximum(self._end[n_before], edges) - edges, self._value[n_before], dtype=np.float64
        )
        sums += behind[:-1]
        sums -= behind[1:]
        return sums

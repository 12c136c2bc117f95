"""Signal of many regions from several bigWig files, or from the cache where it is known."""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from .._arrays import bin_offsets, ranges
from ..genome.bigwig import BinCache, read_bins

_REGIONS_AT_ONCE = 4096


class Wanted(NamedTuple):
    """Regions that are to be read from one file.

    Attributes
    ----------
    path, track : str
        The file, and the name of its track.
    chrom : ndarray of shape (n_regions,), object
        Chromosome of each region.
    start, end : ndarray of shape (n_regions,), int64
        Half-open intervals in bp.
    """

    path: str
    track: str
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def places(self, rows=slice(None)):
        """Where some of the regions lie."""
        return self.chrom[rows], self.start[rows], self.end[rows]


def read_pieces(wanted, bin_size, *, memory=None, n_jobs=None, verbose=0, **options):
    """Read regions of files, several pieces at a time, and yield them as they come.

    Parameters
    ----------
    wanted : list of Wanted
        What to read.
    bin_size : int
        Width of a bin in bp.
    memory : str or os.PathLike, default=None
        Folder of a `BinCache`.
    n_jobs : int, default=None
        Threads.
    verbose : int, default=0
        Whether to show a progress bar.
    **options
        Further settings of `read_bins`.

    Yields
    ------
    number : int
        Which of `wanted` it is.
    rows : ndarray of shape (n_some,), int64
        Which of its regions, rising.
    values : ndarray of shape (total_bins,), float32
        Mean of each bin as the file holds it, one region after the other.
    """
    tasks = []
    for number, file in enumerate(wanted):
        rows, cache = np.arange(len(file.start)), None
        if memory is not None:
            cache = BinCache(memory, file.path, bin_size, **options)
            known = cache.find(*file.places())
            yield number, rows[known >= 0], cache.take(known[known >= 0])
            rows = rows[known < 0]
        for first in range(0, len(rows), _REGIONS_AT_ONCE):
            tasks.append((number, rows[first : first + _REGIONS_AT_ONCE], cache))
    # Inflating and numpy let go of the GIL: threads read at full speed and start at once, also
    # where joblib is told to use processes elsewhere.
    pieces = Parallel(n_jobs=n_jobs, require="sharedmem", return_as="generator")(
        delayed(read_bins)(
            wanted[number].path,
            *wanted[number].places(rows),
            bin_size,
            track=wanted[number].track,
            **options,
        )
        for number, rows, _ in tasks
    )
    bar = tqdm(pieces, desc="bigWig", total=len(tasks), disable=not verbose)
    for (number, rows, cache), (values, _) in zip(tasks, bar, strict=True):
        if cache is not None:
            cache.add(*wanted[number].places(rows), values)
        yield number, rows, values


def read_signal(regions, files, tracks, scales, *, bin_size, **options):
    """Read all tracks at all regions, each sample's from its own files; replicates are averaged.

    Parameters
    ----------
    regions : Regions
        What to read.
    files : dict of (str or None) to tuple of tuple of str
        Paths by sample, track and replicate.
    tracks : tuple of str
        Names of the tracks.
    scales : dict of tuple of (str, str) to callable
        Function that scales the values of a file, by its path and track; without one they stay as
        they are.
    bin_size : int
        Width of a bin in bp.
    **options
        Further settings of `read_pieces`.

    Returns
    -------
    ndarray of shape (total_bins, n_tracks), float32
        Mean of each bin, one region after the other, none flipped.
    """
    offsets = bin_offsets(regions.start, regions.end, bin_size)
    counts = np.diff(offsets)
    signal = np.zeros((offsets[-1], len(tracks)), dtype=np.float32)
    wanted, targets = [], []
    for number, of_sample in enumerate(files.values()):
        first, last = np.searchsorted(regions.sample, [number, number + 1])
        columns = [column[first:last] for column in (regions.chrom, regions.start, regions.end)]
        for track, paths in enumerate(of_sample):
            for path in paths:
                wanted.append(Wanted(path, tracks[track], *columns))
                targets.append((first, track, len(paths)))
    for number, rows, values in read_pieces(wanted, bin_size, **options):
        first, track, n_replicates = targets[number]
        rows = rows + first
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            bins = slice(offsets[rows[0]], offsets[rows[-1] + 1])
        else:
            bins = ranges(offsets[rows], counts[rows])
        scale = scales.get(wanted[number][:2])
        signal[bins, track] += (values if scale is None else scale(values)) / n_replicates
    return signal


def flip_regions(signal, regions, bin_size):
    """Turn the bins of those regions round, in place, that are read from the end to the start.

    Parameters
    ----------
    signal : ndarray of shape (total_bins, n_tracks)
        Bins of all regions, one region after the other.
    regions : Regions
        The regions.
    bin_size : int
        Width of a bin in bp.
    """
    offsets = bin_offsets(regions.start, regions.end, bin_size)
    flipped = np.flatnonzero(regions.flipped)
    for first in range(0, len(flipped), _REGIONS_AT_ONCE):
        rows = flipped[first : first + _REGIONS_AT_ONCE]
        counts = offsets[rows + 1] - offsets[rows]
        bins = ranges(offsets[rows], counts)
        mirror = np.repeat(offsets[rows] + offsets[rows + 1] - 1, counts)
        signal[bins] = signal[mirror - bins]

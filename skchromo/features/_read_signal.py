"""Signal of regions from the files of several tracks, or from the cache where it is known."""

import os
from typing import NamedTuple

import joblib
import numpy as np

from .._arrays import bin_offsets, bins_of, ranges
from .._progress import progress
from ..genome import bigwig

_REGIONS_AT_ONCE = 4096


class Wanted(NamedTuple):
    """Regions that are to be read from one file, half-open intervals in bp."""

    path: str
    track: str
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def places(self, rows=slice(None)):
        """Return chromosome, start and end of some of the regions."""
        return self.chrom[rows], self.start[rows], self.end[rows]


def cache_folder(memory):
    """Return the folder that the parameter `memory` names, None for no cache."""
    if isinstance(memory, joblib.Memory):
        memory = memory.location
    if memory is None or isinstance(memory, (str, os.PathLike)):
        return memory
    raise TypeError(f"memory must be the path of a folder, a joblib.Memory or None, got {memory!r}")


def read_pieces(wanted, bin_size, watches, *, memory=None, n_jobs=None, verbose=0, **options):
    """Read regions of files, several pieces at a time, and yield them as they come.

    Yield the number of the file in `wanted`, the rising numbers of some of its regions, and the
    mean of each of their bins as the file holds it, float32. `watches` has the FileWatch of each
    path: a piece of a file that has been replaced is refused. `options` go to `read_bins`.
    """
    folder, tasks = cache_folder(memory), []
    for number, file in enumerate(wanted):
        rows, cache = np.arange(len(file.start)), None
        if folder is not None:
            cache = bigwig.BinCache(folder, file.path, bin_size, **options)
            watches[file.path].check()
            known = cache.find(*file.places())
            yield number, rows[known >= 0], cache.take(known[known >= 0])
            rows = rows[known < 0]
        for first in range(0, len(rows), _REGIONS_AT_ONCE):
            tasks.append((number, rows[first : first + _REGIONS_AT_ONCE], cache))
    # Inflating and numpy release the GIL: threads read at full speed and start at once, also where
    # joblib is set to use processes elsewhere.
    pieces = joblib.Parallel(n_jobs=n_jobs, require="sharedmem", return_as="generator")(
        joblib.delayed(_read_piece)(wanted[number], rows, bin_size, watches, options)
        for number, rows, _ in tasks
    )
    n_regions = sum(len(rows) for _, rows, _ in tasks)
    shown = verbose and n_regions
    with progress(label="bigWig", unit="regions", total=n_regions, verbose=shown) as bar:
        for (number, rows, cache), values in zip(tasks, pieces, strict=True):
            if cache is not None:
                cache.add(*wanted[number].places(rows), values)
            bar.update(len(rows))
            yield number, rows, values


def _read_piece(file, rows, bin_size, watches, options):
    """Return the means of some regions of a file, which must still be the same at the end."""
    values, _ = bigwig.read_bins(
        file.path, *file.places(rows), bin_size, track=file.track, **options
    )
    watches[file.path].check()
    return values


def read_signal(regions, files, tracks, scales, watches, *, bin_size, **options):
    """Return the mean of each bin of all Regions, (total_bins, n_tracks), float32, none flipped.

    Each sample is read from its own files, and replicates are averaged. `scales` holds, by path
    and track, the function that scales the values of a file, where there is one. `watches` and
    `options` go to `read_pieces`.
    """
    offsets = bin_offsets(regions.start, regions.end, bin_size)
    signal = np.zeros((offsets[-1], len(tracks)), dtype=np.float32)
    wanted, targets = [], []
    for number, of_sample in enumerate(files.values()):
        first, last = np.searchsorted(regions.sample, [number, number + 1])
        places = [column[first:last] for column in (regions.chrom, regions.start, regions.end)]
        for track, paths in enumerate(of_sample):
            for path in paths:
                wanted.append(Wanted(path, tracks[track], *places))
                targets.append((first, track, len(paths)))
    for number, rows, values in read_pieces(wanted, bin_size, watches, **options):
        first, track, n_replicates = targets[number]
        rows = rows + first
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            bins = slice(offsets[rows[0]], offsets[rows[-1] + 1])
        else:
            bins = bins_of(offsets, rows)
        scale = scales.get(wanted[number][:2])
        signal[bins, track] += (values if scale is None else scale(values)) / n_replicates
    return signal


def flip_regions(signal, regions, bin_size):
    """Reverse the bins of flipped regions in `signal`, in place."""
    offsets = bin_offsets(regions.start, regions.end, bin_size)
    flipped = np.flatnonzero(regions.flipped)
    for first in range(0, len(flipped), _REGIONS_AT_ONCE):
        rows = flipped[first : first + _REGIONS_AT_ONCE]
        counts = offsets[rows + 1] - offsets[rows]
        bins = ranges(offsets[rows], counts)
        mirror = np.repeat(offsets[rows] + offsets[rows + 1] - 1, counts)
        signal[bins] = signal[mirror - bins]

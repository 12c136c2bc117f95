"""Scaling of files of different depth: measures of a file, and the function that scales it."""

import numpy as np

from .._arrays import bin_offsets, bins_of
from ..genome import promoter_windows
from ..genome.bigwig import BigWigFile, mean_signal
from ._read_signal import Wanted, read_pieces
from ._track_files import list_paths

# Shares of bins below the quantiles that are matched: every hundredth, and dense near the top,
# where peaks are. The bins above the last are scaled by the factor that holds for it.
LEVELS = np.concatenate([np.arange(90) / 100, 1 - np.logspace(-1, -3, 41)])

_MOST_PROMOTERS = 1_000


def choose_promoters(genes, window):
    """Return ``chrom start end`` of the promoters at which the quantiles of every file are taken.

    They are distinct and sorted; of more than 1,000, 1,000 evenly spread over the genome's. They
    do not depend on the order of the genes.
    """
    start, end = promoter_windows(genes, window)
    found = genes[["chrom"]].assign(start=start, end=end).drop_duplicates()
    found = found.sort_values(["chrom", "start"], ignore_index=True)
    spread = np.linspace(0, len(found) - 1, min(len(found), _MOST_PROMOTERS)).round()
    return found.iloc[spread.astype(int)].reset_index(drop=True)


def measure_depth(files, tracks, watches):
    """Return the mean signal per bp of each file, by path; `watches` has its FileWatch."""
    measures = {}
    for path, track in list_paths(files, tracks):
        measures[path] = mean_signal(path, track)
        watches[path].check()
    return measures


def measure_quantiles(files, tracks, places, hidden, watches, *, bin_size, **options):
    """Return the quantiles at `LEVELS` of each file's bins in some regions, float64, by path.

    `places` are chromosome, start and end of the regions, and `hidden` the numbers of bins that are
    left out, or None. `watches` and `options` go to `read_pieces`.
    """
    offsets = bin_offsets(*places[1:], bin_size)
    wanted = [Wanted(path, track, *places) for path, track in list_paths(files, tracks)]
    values = np.zeros((len(wanted), offsets[-1]), dtype=np.float32)
    for number, rows, some in read_pieces(wanted, bin_size, watches, **options):
        values[number, bins_of(offsets, rows)] = some
    if hidden is not None:
        values = np.delete(values, hidden, axis=1)
    return {file.path: _quantiles(row, file) for file, row in zip(wanted, values, strict=True)}


def _quantiles(values, file):
    """Return the quantiles of a file's bins; refuse those that are all 0."""
    quantiles = np.quantile(values, LEVELS) if len(values) else np.zeros(len(LEVELS))
    if quantiles[-1] <= 0:
        raise ValueError(
            f"{BigWigFile(file.path, file.track)}: fewer than one in a thousand of the "
            f"{len(values)} bins at the promoters of the training genes have signal, too few for "
            "scale='quantile': use scale='depth' or None, or train on more genes"
        )
    return quantiles.astype(np.float64)


def average_files(measures, files, tracks):
    """Return the measures of files averaged over replicates, then over samples.

    Each sample that has a track counts the same, however many replicates it has. The first axis
    are the tracks.
    """
    averages = []
    for track, *samples in zip(tracks, *files.values(), strict=True):
        means = [np.mean([measures[path] for path in paths], axis=0) for paths in samples if paths]
        if not means:
            raise ValueError(
                f"scale: no sample of the genes to fit has track {track}, so that there is no "
                "scale to bring it to: fit on a sample that has it, or leave the track out"
            )
        averages.append(np.mean(means, axis=0))
    return np.array(averages)


def scale_function(measure, reference):
    """Return the function that brings a file's signal to the scale of the training files.

    `measure` is the mean signal of the file, or its quantiles, and `reference` the same of the
    training files. The function scales each value of a float32 array on its own; a higher one never
    gets a lower value, and 0 stays 0.
    """
    if np.ndim(measure) == 0:
        return lambda values: (values * (reference / measure)).astype(np.float32)
    known, group = np.unique(measure, return_inverse=True)
    matched = np.bincount(group, reference) / np.bincount(group)
    # Between 0 and the first pair of quantiles above 0 the line keeps signal from becoming 0.
    positive = (known > 0) & (matched > 0)
    known, matched = (np.append(0.0, column[positive]) for column in (known, matched))

    def match(values):
        scaled = np.interp(values, known, matched)
        above = values > known[-1]
        scaled[above] = values[above] * (matched[-1] / known[-1])
        return scaled.astype(np.float32)

    return match

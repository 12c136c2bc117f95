"""How tracks of files of different depth are brought to one scale."""

import numpy as np

from .._arrays import bin_offsets, ranges
from ..genome import promoter_windows
from ..genome.bigwig import BigWigFile, mean_signal
from ._signal_reading import Wanted, read_pieces

#: Shares of bins below the quantiles that are matched: every hundredth, and dense near the top,
#: where peaks are. The bins above the last are scaled by the factor that holds for it.
LEVELS = np.concatenate([np.arange(90) / 100, 1 - np.logspace(-1, -3, 41)])

_MOST_PROMOTERS = 1_000


def check_scale(scale):
    """Raise unless `scale` is one that there is.

    Parameters
    ----------
    scale : {"depth", "quantile"} or None
        How tracks are scaled.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> check_scale("depth")
    """
    if scale is not None and not (isinstance(scale, str) and scale in ("depth", "quantile")):
        raise ValueError(f"scale must be None, 'depth' or 'quantile', got {scale!r}")


def choose_promoters(genes, window):
    """Choose the promoters at which the quantiles of every file are taken.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        Gene table as `check_genes` returns it.
    window : int
        Length of the promoter window in bp.

    Returns
    -------
    pandas.DataFrame of shape (n_promoters, 3)
        ``chrom start end`` of distinct promoters, sorted; of more than 1,000, 1,000 evenly spread
        over the genome's. They do not depend on the order of the genes.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame({"chrom": ["chr2", "chr1", "chr2"], "tss": [900, 500, 900]})
    >>> choose_promoters(genes, 400)
      chrom  start   end
    0  chr1    300   700
    1  chr2    700  1100
    """
    start, end = promoter_windows(genes, window)
    found = genes[["chrom"]].assign(start=start, end=end).drop_duplicates()
    found = found.sort_values(["chrom", "start"], ignore_index=True)
    spread = np.linspace(0, len(found) - 1, min(len(found), _MOST_PROMOTERS)).round()
    return found.iloc[spread.astype(int)].reset_index(drop=True)


def measure_depth(files, tracks):
    """Take the mean signal per bp of each file.

    Parameters
    ----------
    files : dict of (str or None) to tuple of tuple of str
        Paths by sample, track and replicate.
    tracks : tuple of str
        Names of the tracks.

    Returns
    -------
    dict of str to float
        By path, in the file's units per bp.

    Raises
    ------
    ValueError
        If a file's header does not tell it, or it is 0.
    """
    return {path: mean_signal(path, track) for path, track in _list_paths(files, tracks)}


def measure_quantiles(files, tracks, places, hidden, *, bin_size, **options):
    """Take the quantiles of each file's bins in some regions.

    Parameters
    ----------
    files : dict of (str or None) to tuple of tuple of str
        Paths by sample, track and replicate.
    tracks : tuple of str
        Names of the tracks.
    places : sequence of ndarray of shape (n_regions,)
        Chromosome, start and end (bp) of each region.
    hidden : ndarray of shape (n_hidden,), int64, or None
        Numbers of bins, all regions one after the other, that are left out.
    bin_size : int
        Width of a bin in bp.
    **options
        Further settings of `read_pieces`.

    Returns
    -------
    dict of str to ndarray of shape (n_levels,), float64
        Quantiles at `LEVELS`, by path.

    Raises
    ------
    ValueError
        If so few bins of a file have signal that all its quantiles are 0.
    """
    offsets = bin_offsets(*places[1:], bin_size)
    wanted = [Wanted(path, track, *places) for path, track in _list_paths(files, tracks)]
    values = np.zeros((len(wanted), offsets[-1]), dtype=np.float32)
    for number, rows, some in read_pieces(wanted, bin_size, **options):
        values[number, ranges(offsets[rows], np.diff(offsets)[rows])] = some
    if hidden is not None:
        values = np.delete(values, hidden, axis=1)
    return {
        file.path: take_quantiles(row, str(BigWigFile(file.path, file.track)))
        for file, row in zip(wanted, values, strict=True)
    }


def take_quantiles(values, name):
    """Take the quantiles of a file's bins.

    Parameters
    ----------
    values : ndarray of shape (n_bins,), float32
        Mean signal of bins.
    name : str
        Track and file, for the error message.

    Returns
    -------
    ndarray of shape (n_levels,), float64
        Quantiles at `LEVELS`.

    Raises
    ------
    ValueError
        If so few bins have signal that all quantiles are 0.

    Examples
    --------
    >>> import numpy as np
    >>> take_quantiles(np.arange(1001.0), "a.bw")[[0, 50, -1]]
    array([  0., 500., 999.])
    """
    quantiles = np.quantile(values, LEVELS) if len(values) else np.zeros(len(LEVELS))
    if quantiles[-1] <= 0:
        raise ValueError(
            f"{name}: fewer than one in a thousand of the {len(values)} bins at the promoters of "
            "the training genes have signal, too few for scale='quantile': use scale='depth' or "
            "None, or train on more genes"
        )
    return quantiles.astype(np.float64)


def average_files(measures, files):
    """Average what was measured of files over replicates, then over samples.

    Parameters
    ----------
    measures : dict of str to float or ndarray
        Mean signal, or quantiles, of each file by its path.
    files : dict of (str or None) to tuple of tuple of str
        Paths by sample, track and replicate.

    Returns
    -------
    ndarray of shape (n_tracks,) or (n_tracks, n_levels), float64
        Each sample counts the same, however many replicates it has.

    Examples
    --------
    >>> measures = {"a1.bw": 1.0, "a2.bw": 3.0, "b.bw": 6.0}
    >>> average_files(measures, {"A": (("a1.bw", "a2.bw"),), "B": (("b.bw",),)})
    array([4.])
    """
    samples = [
        [np.mean([measures[path] for path in paths], axis=0) for paths in of_sample]
        for of_sample in files.values()
    ]
    return np.mean(samples, axis=0)


def scale_function(measure, reference):
    """Make the function that brings a file's signal to the scale of the training files.

    Parameters
    ----------
    measure : float or ndarray of shape (n_levels,)
        Mean signal, or quantiles, of the file.
    reference : float or ndarray of shape (n_levels,)
        The same of the training files.

    Returns
    -------
    callable
        Takes and returns an ndarray of shape (n_bins,), float32; each value is scaled on its own, a
        higher one never gets a lower value, and 0 stays 0.

    Examples
    --------
    >>> import numpy as np
    >>> scale_function(2.0, 3.0)(np.array([0, 4], dtype=np.float32))
    array([0., 6.], dtype=float32)
    >>> match = scale_function(np.array([0.0, 0.0, 2.0, 4.0]), np.array([0.0, 1.0, 6.0, 7.0]))
    >>> match(np.array([0, 1, 2, 3, 8], dtype=np.float32))
    array([ 0. ,  3. ,  6. ,  6.5, 14. ], dtype=float32)
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


def _list_paths(files, tracks):
    """List each file once, with the name of its track."""
    found = {
        path: track
        for of_sample in files.values()
        for track, paths in zip(tracks, of_sample, strict=True)
        for path in paths
    }
    return found.items()

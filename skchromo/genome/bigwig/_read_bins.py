"""Signal of one bigWig file: means of bins of regions, mean of the whole, and chromosomes."""

from itertools import pairwise

import numpy as np
import pandas as pd

from ..._arrays import bin_offsets, distinct_rows
from ..._words import check_choice, check_whole, name_some
from .._chroms import check_chrom_names, match_hint, resolve_chroms
from ._bin_means import chromosome_means
from ._file import BigWigFile

_ROWS_AT_ONCE = 1 << 12


def read_bins(
    path,
    chrom,
    start,
    end,
    bin_size,
    *,
    gaps="zero",
    nan="error",
    missing_chrom="error",
    chrom_names="exact",
    track=None,
):
    """Average a bigWig over the bins of many regions, exactly, over base pairs.

    Each region has ``ceil(length / bin_size)`` bins counted from its start; the last one covers
    what is left and is divided by its own width.

    Parameters
    ----------
    path : str or os.PathLike
        The bigWig file, or its address (http, https, s3, gs, ftp, ...).
    chrom : array-like of shape (n_regions,), str
        Chromosome of each region.
    start, end : array-like of shape (n_regions,), int
        Half-open intervals in bp, 0-based, in any order. They may overlap, repeat and run past
        either end of the chromosome.
    bin_size : int
        Width of a bin in bp.
    gaps : {"zero", "ignore"}, default="zero"
        Bases that the file does not cover, positions beyond the chromosome's ends included:
        ``"zero"`` counts them as 0, ``"ignore"`` leaves them out of the mean (a bin without any
        covered base is 0).
    nan : {"error", "gap"}, default="error"
        NaN that the file stores as a value: raise, or take these bases as not covered, see `gaps`.
    missing_chrom : {"error", "zero"}, default="error"
        What to do with regions on a chromosome that the file does not list: raise, or take them
        as not covered.
    chrom_names : {"exact", "match"}, default="exact"
        Whether names must agree as they stand, or ``chr1`` and ``1`` (``chrM`` and ``MT``) are
        taken for the same.
    track : str, default=None
        Name of the file's track, for error messages.

    Returns
    -------
    values : ndarray of shape (total_bins,), float32
        Mean signal of each bin, all regions one after the other.
    offsets : ndarray of shape (n_regions + 1,), int64
        Region ``r`` holds ``values[offsets[r]:offsets[r + 1]]``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not a complete bigWig, if it holds infinite, negative or (with
        ``nan="error"``) NaN signal in a region, if a chromosome is missing, or if a parameter or
        region is not valid.
    ConnectionError, PermissionError, ImportError
        If a server does not give it, or an address needs a package that is not installed.

    Examples
    --------
    >>> import tempfile, os, pyBigWig
    >>> path = os.path.join(tempfile.mkdtemp(), "H3K4me3.bw")
    >>> with pyBigWig.open(path, "w") as handle:
    ...     handle.addHeader([("chr1", 1000)])
    ...     handle.addEntries(["chr1"], [100], ends=[150], values=[3.0])
    >>> read_bins(path, ["chr1", "chr1"], [0, 100], [300, 225], 100)
    (array([0. , 1.5, 0. , 1.5, 0. ], dtype=float32), array([0, 3, 5]))
    """
    check_signal_options(bin_size, gaps, nan, missing_chrom, chrom_names)
    chrom, start, end = _check_regions(chrom, start, end)
    first, inverse = distinct_rows(chrom, start, end)
    offsets = bin_offsets(start[first], end[first], bin_size)
    values = np.zeros(offsets[-1], dtype=np.float32)
    with BigWigFile(path, track, nan) as bigwig:
        sizes = bigwig.chromsizes
        names = match_file_chroms(
            str(bigwig),
            sizes,
            chrom,
            "region",
            missing_chrom=missing_chrom,
            chrom_names=chrom_names,
        )
        codes = pd.factorize(chrom[first])[0]
        cuts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(first)]
        for begin, stop in pairwise(cuts):
            name = names[chrom[first[begin]]] if begin < stop else None
            if name is not None:
                rows = first[begin:stop]
                values[offsets[begin] : offsets[stop]] = chromosome_means(
                    bigwig, name, sizes[name], start[rows], end[rows], bin_size, gaps
                )
    if len(first) == len(chrom) and (inverse[1:] > inverse[:-1]).all():
        return values, offsets
    return _rearrange(values, offsets, inverse)


def mean_signal(path, track=None):
    """Mean signal per bp of a whole bigWig file, read from its header.

    The header's sum of the signal of all bases over the length of all chromosomes that the file
    lists; bases that it does not cover count as 0. No signal is read.

    Parameters
    ----------
    path : str or os.PathLike
        The bigWig file, or its address (http, https, s3, gs, ftp, ...).
    track : str, default=None
        Name of its track, for error messages.

    Returns
    -------
    float
        In the file's own units (such as read depth, or fold change) per bp; above 0.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a bigWig, is incomplete or damaged, or its header holds no sum, or one that is
        not above 0.
    ConnectionError, PermissionError, ImportError
        If a server does not give it, or an address needs a package that is not installed.

    Notes
    -----
    The sum is ``sumData`` of the total summary (Kent et al., Bioinformatics 2010,
    doi 10.1093/bioinformatics/btq351, supplement); only files of old programs lack it.

    Examples
    --------
    >>> import tempfile, os, pyBigWig
    >>> path = os.path.join(tempfile.mkdtemp(), "H3K4me3.bw")
    >>> with pyBigWig.open(path, "w") as handle:
    ...     handle.addHeader([("chr1", 1000), ("chr2", 500)])
    ...     handle.addEntries(["chr1"], [100], ends=[400], values=[2.5])
    >>> mean_signal(path)
    0.5
    """
    with BigWigFile(path, track) as bigwig:
        if bigwig.summary is None:
            raise ValueError(
                f"{bigwig}: its header does not hold the sum of all signal: make the file again "
                "with a newer program (bedGraphToBigWig), or use scale='quantile' or None"
            )
        total = bigwig.summary.total
        if not 0 < total < np.inf:
            raise ValueError(
                f"{bigwig}: the sum of all signal in its header is {total:g}, from which no depth "
                "can be taken: it must be above 0 and finite; use read depth or fold change"
            )
        return total / sum(bigwig.chromsizes.values())


def read_chromsizes(path, track=None):
    """Read the chromosomes that a bigWig lists.

    Parameters
    ----------
    path : str or os.PathLike
        The bigWig file, or its address (http, https, s3, gs, ftp, ...).
    track : str, default=None
        Name of its track, for error messages.

    Returns
    -------
    dict of str to int
        Length of each chromosome in bp.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a bigWig, is incomplete or damaged, or a server does not serve parts of it.
    ConnectionError, PermissionError, ImportError
        If a server does not give it, or an address needs a package that is not installed.

    Examples
    --------
    >>> import tempfile, os, pyBigWig
    >>> path = os.path.join(tempfile.mkdtemp(), "H3K4me3.bw")
    >>> with pyBigWig.open(path, "w") as handle:
    ...     handle.addHeader([("chr1", 1000), ("chr2", 500)])
    ...     handle.addEntries(["chr1"], [2], ends=[4], values=[1.5])
    >>> read_chromsizes(path)
    {'chr1': 1000, 'chr2': 500}
    """
    with BigWigFile(path, track) as bigwig:
        return bigwig.chromsizes


def match_file_chroms(source, sizes, chrom, what, *, missing_chrom="error", chrom_names="exact"):
    """Return the file's name for each distinct chromosome of `chrom`; None where it has none.

    `sizes` are the file's chromosomes. Those that are absent are an error unless `missing_chrom` is
    ``"zero"``; the message names the `source` and counts the entries, each of them a `what`.
    """
    chrom = np.asarray(chrom, dtype=object)
    names = resolve_chroms(chrom, sizes, chrom_names)
    absent = {name for name, found in names.items() if found is None}
    if absent and missing_chrom == "error":
        n_absent = int(pd.Series(chrom).isin(absent).sum())
        remedy = match_hint(absent, sizes, chrom_names) or (
            "set missing_chrom='zero' to count them as zero signal, or leave them out"
        )
        raise ValueError(
            f"{source}: no chromosome {name_some(sorted(absent), 30)} in the file, needed for "
            f"{n_absent} of {len(chrom)} {what}s; it lists {name_some(sizes, 30)}; {remedy}"
        )
    return names


def check_signal_options(bin_size, gaps, nan, missing_chrom, chrom_names):
    """Check the options that `read_bins` has."""
    check_whole("bin_size", bin_size, 1, "bp")
    check_choice("gaps", gaps, ("zero", "ignore"))
    check_choice("nan", nan, ("error", "gap"))
    check_choice("missing_chrom", missing_chrom, ("error", "zero"))
    check_chrom_names(chrom_names)


def _check_regions(chrom, start, end):
    """Return regions as arrays, and refuse those that are empty or reversed."""
    chrom = np.asarray(chrom, dtype=object)
    start, end = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)
    if not chrom.ndim == start.ndim == end.ndim == 1 or not len(chrom) == len(start) == len(end):
        raise ValueError(
            "chrom, start and end must be one-dimensional and of one length, got shapes "
            f"{chrom.shape}, {start.shape} and {end.shape}"
        )
    bad = np.flatnonzero(start >= end)
    if len(bad):
        row = bad[0]
        raise ValueError(
            f"{len(bad)} of {len(chrom)} regions are empty or reversed, the first is "
            f"{chrom[row]}:{start[row]}-{end[row]}: start must lie before end"
        )
    return chrom, start, end


def _rearrange(values, offsets, rows):
    """Put the bins of regions in another order, some regions at a time."""
    new_offsets = np.concatenate([[0], np.cumsum(np.diff(offsets)[rows])])
    rearranged = np.empty(new_offsets[-1], dtype=values.dtype)
    for i in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[i : i + _ROWS_AT_ONCE]
        places = zip(offsets[some].tolist(), offsets[some + 1].tolist(), strict=True)
        np.concatenate(
            [values[first:last] for first, last in places],
            out=rearranged[new_offsets[i] : new_offsets[i + len(some)]],
        )
    return rearranged, new_offsets

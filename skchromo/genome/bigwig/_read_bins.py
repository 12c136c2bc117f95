"""Mean signal of bigWig files in bins of base pairs."""

from itertools import pairwise

import numpy as np
import pandas as pd

from ..._arrays import bin_offsets, distinct_rows
from ..._words import name_some
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
        The bigWig file.
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
        If the file is no complete bigWig, if it holds NaN, infinite or negative signal in a
        region, if a chromosome is missing, or if a parameter or region is not valid.

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
    check_signal_options(bin_size, gaps, missing_chrom, chrom_names)
    chrom, start, end = _check_regions(chrom, start, end)
    first, inverse = distinct_rows(chrom, start, end)
    offsets = bin_offsets(start[first], end[first], bin_size)
    values = np.zeros(offsets[-1], dtype=np.float32)
    with BigWigFile(path, track) as bigwig:
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


def match_file_chroms(source, sizes, chrom, what, *, missing_chrom="error", chrom_names="exact"):
    """Map chromosomes of genes or regions to the names in a file; raise for absent ones.

    Parameters
    ----------
    source : str
        The file (and track), for the error message.
    sizes : mapping of str to int
        The file's chromosomes and their lengths in bp.
    chrom : array-like of shape (n,), str
        Chromosome of each gene or region.
    what : str
        What one entry of `chrom` is, for the error message, such as ``"gene"``.
    missing_chrom : {"error", "zero"}, default="error"
        Whether a chromosome that the file does not list is an error.
    chrom_names : {"exact", "match"}, default="exact"
        How names are compared, see `resolve_chroms`.

    Returns
    -------
    dict of str to (str or None)
        The file's name for each chromosome; None where it has none.

    Raises
    ------
    ValueError
        If a chromosome is absent and `missing_chrom` is ``"error"``; the message counts the
        entries concerned and lists the file's chromosomes.

    Examples
    --------
    >>> match_file_chroms("a.bw", {"1": 1000}, ["chr1"], "gene", chrom_names="match")
    {'chr1': '1'}
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


def check_signal_options(bin_size, gaps, missing_chrom, chrom_names):
    """Raise unless the options of `read_bins` are valid.

    Parameters
    ----------
    bin_size : int
        Width of a bin in bp, at least 1.
    gaps : {"zero", "ignore"}
        How uncovered bases count.
    missing_chrom : {"error", "zero"}
        What to do about a chromosome that a file does not list.
    chrom_names : {"exact", "match"}
        How names are compared.

    Raises
    ------
    ValueError
        If one of them is not valid; the message names it.

    Examples
    --------
    >>> check_signal_options(100, "zero", "error", "exact")
    """
    if isinstance(bin_size, bool) or not isinstance(bin_size, (int, np.integer)) or bin_size < 1:
        raise ValueError(f"bin_size must be a positive whole number of bp, got {bin_size!r}")
    if not isinstance(gaps, str) or gaps not in ("zero", "ignore"):
        raise ValueError(f"gaps must be 'zero' or 'ignore', got {gaps!r}")
    if not isinstance(missing_chrom, str) or missing_chrom not in ("error", "zero"):
        raise ValueError(f"missing_chrom must be 'error' or 'zero', got {missing_chrom!r}")
    check_chrom_names(chrom_names)


def _check_regions(chrom, start, end):
    """Bring regions to arrays, and refuse those that are empty or no intervals."""
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

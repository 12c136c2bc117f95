"""The blacklist: intervals whose signal is not to be used, and the bins that overlap them."""

import os

import numpy as np
import pandas as pd

from ..._arrays import ranges
from ..._words import name_some
from .._chroms import bare_name, match_hint, resolve_chroms
from ..text import TextFile, whole_number

_COLUMNS = ("chrom", "start", "end")


def read_blacklist(source):
    r"""Read a blacklist of intervals, and merge those that overlap or touch.

    Parameters
    ----------
    source : str, os.PathLike or pandas.DataFrame
        A BED file (plain or gzipped; only its first three columns are read), such as ENCODE's
        blacklist of the assembly; or a table with the columns ``chrom``, ``start`` and ``end``
        (0-based, half-open, bp). Any order; intervals may overlap.

    Returns
    -------
    pandas.DataFrame of shape (n_intervals, 3)
        ``chrom``, ``start`` and ``end``, sorted, apart from one another.

    Raises
    ------
    TypeError
        If `source` is neither a path nor a table.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds no interval, or a row that is not one.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "blacklist.bed")
    >>> _ = path.write_text("chr2\t10\t20\nchr1\t500\t900\tLow Mappability\nchr1\t800\t950\n")
    >>> read_blacklist(path)
      chrom  start  end
    0  chr1    500  950
    1  chr2     10   20
    """
    if isinstance(source, pd.DataFrame):
        table = _from_table(source)
    elif not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            "blacklist must be the path of a BED file, a DataFrame with the columns chrom, start "
            f"and end, or None, got {type(source).__name__}"
        )
    else:
        table = _from_bed(TextFile(source, "blacklist"))
    return _merged(table)


def blacklisted_bins(blacklist, chrom, start, end, bin_size, chrom_names="exact"):
    """Return the numbers of the bins that share a base with an interval, and the region of each.

    Regions are half-open in bp. Bins are numbered over all regions, one after the other, and come
    in rising order (int64).
    """
    chrom = np.asarray(chrom, dtype=object)
    n_bins = -((start - end) // bin_size)
    first_bin = np.cumsum(n_bins) - n_bins
    by_chrom = dict(iter(blacklist.groupby("chrom")))
    found, owner = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for name, listed in resolve_chroms(chrom, by_chrom, chrom_names).items():
        if listed is None:
            continue
        low, high = (by_chrom[listed][column].to_numpy() for column in ("start", "end"))
        rows = np.flatnonzero(chrom == name)
        # Intervals are apart, and so the ones in a region follow one another.
        begin = np.searchsorted(high, start[rows], "right")
        count = np.maximum(np.searchsorted(low, end[rows], "left") - begin, 0)
        row, interval = np.repeat(rows, count), ranges(begin, count)
        first = np.maximum(low[interval] - start[row], 0) // bin_size
        last = (np.minimum(high[interval], end[row]) - 1 - start[row]) // bin_size
        found.append(ranges(first_bin[row] + first, last - first + 1))
        owner.append(np.repeat(row, last - first + 1))
    bins, at = np.unique(np.concatenate(found), return_index=True)
    return bins, np.concatenate(owner)[at]


def check_blacklist(blacklist, sizes, chrom_names="exact"):
    """Refuse a blacklist that has no chromosome of the bigWig files, or reaches beyond an end.

    `sizes` holds the length in bp of every chromosome that the files list.
    """
    names = resolve_chroms(blacklist["chrom"], sizes, chrom_names)
    if not any(names.values()):
        remedy = match_hint(names, sizes, chrom_names) or "use the blacklist of their assembly"
        raise ValueError(
            f"blacklist: none of its chromosomes ({name_some(names)}) is in the bigWig files, "
            f"which list {name_some(sizes)}; {remedy}"
        )
    ends = blacklist.groupby("chrom")["end"].max()
    for name, found in names.items():
        # The mitochondrion comes in two lengths with one assembly (hg19).
        if found and bare_name(found) != "M" and ends[name] > sizes[found]:
            raise ValueError(
                f"blacklist: an interval on {name} ends at {ends[name]}, but {found} has "
                f"{sizes[found]} bp in the bigWig files: use the blacklist of their assembly"
            )


def _from_bed(file):
    """Read the first three columns of a BED file."""
    chroms, starts, ends = [], [], []
    for number, text in file.records():
        fields = text.split("\t") if "\t" in text else text.split()
        chrom, start, end = fields[0], *map(whole_number, (*fields[1:3], "", "")[:2])
        if start is None or end is None:
            raise file.problem(
                number,
                f"{text[:60]!r} is not a BED line: chrom, start and end (whole numbers, 0 or more) "
                "are needed, with tabs",
            )
        if not chrom or start >= end:
            raise file.problem(
                number, f"{chrom}:{start}-{end} is not an interval: start must lie before end"
            )
        chroms.append(chrom)
        starts.append(start)
        ends.append(end)
    if not chroms:
        raise ValueError(
            f"{file.name} is empty or holds only comments: set blacklist=None if there is no "
            "interval"
        )
    return pd.DataFrame({"chrom": chroms, "start": starts, "end": ends})


def _from_table(table):
    """Check a table of intervals."""
    missing = [column for column in _COLUMNS if column not in table.columns]
    if missing:
        raise ValueError(
            f"blacklist: the table has no column {', '.join(missing)}: it needs chrom, start and "
            f"end, and has {name_some(table.columns, 12)}"
        )
    if table.empty:
        raise ValueError("blacklist: the table is empty: set blacklist=None if there is none")
    start, end = (pd.to_numeric(table[column], errors="coerce") for column in ("start", "end"))
    whole = (start % 1 == 0) & (end % 1 == 0)
    bad = ~(whole & (start >= 0) & (start < end) & table["chrom"].notna())
    if bad.any():
        chrom, first, last = table.loc[bad.to_numpy(), list(_COLUMNS)].iloc[0]
        raise ValueError(
            f"blacklist: {int(bad.sum())} of {len(table)} rows are not intervals, the first is "
            f"{chrom}:{first}-{last}: start and end are whole numbers, 0 or more, start before end"
        )
    columns = {"chrom": table["chrom"].astype(str), "start": start, "end": end}
    return pd.DataFrame(columns).astype({"start": np.int64, "end": np.int64})


def _merged(table):
    """Sort intervals, and merge those that overlap or touch."""
    table = table.sort_values(list(_COLUMNS), ignore_index=True)
    furthest = table.groupby("chrom")["end"].cummax()
    same = table["chrom"].eq(table["chrom"].shift())
    group = (~(same & (table["start"] <= furthest.shift()))).cumsum()
    merged = table.groupby(group, sort=False)
    return merged.agg({"chrom": "first", "start": "min", "end": "max"}).reset_index(drop=True)

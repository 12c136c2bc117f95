"""Elements: peaks brought to one width, without blacklisted ones, and merged where they overlap."""

from typing import NamedTuple

import numpy as np

from ..._words import name_some
from .._chroms import match_hint, resolve_chroms
from ..tracks import read_blacklist

# peakExtendFromSummit (250 bp to either side) and the least width of the ABC model.
_ABC_WIDTH = 500


class Elements(NamedTuple):
    """Elements of one chromosome in rising order, apart from one another.

    `start` and `end` (int64, bp, half-open) and `activity` (float64) are parallel.
    """

    start: np.ndarray
    end: np.ndarray
    activity: np.ndarray


def make_elements(peaks, width, blacklist, chrom_names):
    """Return the elements that `Peaks` become, by chromosome: tables with the columns of theirs.

    Where elements overlap, the one that they are merged to has the highest of each activity.
    """
    table = peaks.table.copy()
    table["start"], table["end"] = _resize(peaks, width)
    if blacklist is not None:
        table = table[~_is_blacklisted(table, peaks.name, blacklist, chrom_names)]
        if table.empty:
            raise ValueError(
                f"{peaks.name}: all peaks are in the blacklist: give the blacklist of their "
                "assembly, which lists single intervals"
            )
    return dict(iter(_merged(table).groupby("chrom", sort=False)))


def _resize(peaks, width):
    """Return starts and ends of the peaks at a width; see `CandidateElements`."""
    start, end = (peaks.table[name].to_numpy() for name in ("start", "end"))
    if width is None:
        return start, end
    summit = np.full(len(start), -1) if peaks.summit is None else peaks.summit
    stated = summit >= 0
    if width != "auto" and peaks.summit is not None and not stated.all():
        raise ValueError(
            f"{peaks.name}: {int((~stated).sum())} of {len(stated)} peaks state no summit (-1), so "
            f"that width={width} has no place: set width='auto' to widen these around their middle "
            "to at least 500 bp, or width=None to take all peaks as they are"
        )
    centre = np.where(stated, start + summit, (start + end) // 2)
    full = _ABC_WIDTH if width == "auto" else width
    low = centre - full // 2
    high = low + full
    if width == "auto":
        low = np.where(stated, low, np.minimum(low, start))
        high = np.where(stated, high, np.maximum(high, end))
    return np.maximum(low, 0), high


def _is_blacklisted(table, name, blacklist, chrom_names):
    """Return which rows share a base with an interval of the blacklist."""
    listed = dict(iter(read_blacklist(blacklist).groupby("chrom")))
    names = resolve_chroms(table["chrom"].unique(), listed, chrom_names)
    if not any(names.values()):
        remedy = match_hint(names, listed, chrom_names) or "use the blacklist of their assembly"
        raise ValueError(
            f"blacklist: none of its chromosomes ({name_some(listed)}) is in {name}, which has "
            f"{name_some(names)}; {remedy}"
        )
    found = np.zeros(len(table), dtype=bool)
    start, end = table["start"].to_numpy(), table["end"].to_numpy()
    for chrom, rows in table.groupby("chrom", sort=False).indices.items():
        if names[chrom] is not None:
            low, high = (listed[names[chrom]][column].to_numpy() for column in ("start", "end"))
            first = np.searchsorted(high, start[rows], "right")
            found[rows] = np.append(low, np.inf)[first] < end[rows]
    return found


def _merged(table):
    """Sort intervals, and merge those that overlap."""
    table = table.sort_values(["chrom", "start", "end"], ignore_index=True)
    furthest = table.groupby("chrom")["end"].cummax()
    same = table["chrom"].eq(table["chrom"].shift())
    group = (~(same & (table["start"] < furthest.shift()))).cumsum()
    how = {"chrom": "first", "start": "min", "end": "max"}
    how |= {name: "max" for name in table.columns if name not in how}
    return table.groupby(group, sort=False).agg(how).reset_index(drop=True)

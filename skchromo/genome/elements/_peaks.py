"""Peaks: intervals with the activity and the summit that their file states, from all formats."""

import os
import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..._files import FileWatch, is_url, path_on_disk
from ..._words import is_whole, name_some
from .._sniff import is_number
from ..bigwig import is_bigbed, read_bigbed
from ..contacts import check_intervals, check_positions, check_text, open_table
from ..text import FrameTable

_BIGWIG_NAME = re.compile(r".*\.(bw|bigwig)", re.IGNORECASE | re.DOTALL)
# Names of columns, in small letters; the first that a table has counts.
_NAMES = {
    "chrom": ("chrom", "chr", "chromosome"),
    "start": ("start", "chromstart"),
    "end": ("end", "chromend"),
    "activity": ("activity", "signalvalue", "signal"),
    "summit": ("summit", "peak"),
}
# Tables without a header, by their number of columns: where the signal stands, and which of the
# columns are numbers. Intervals with a signal, broadPeak, narrowPeak (its last is the summit),
# gappedPeak.
_SIGNALS = {4: (3, (3,)), 9: (6, (6, 7, 8)), 10: (6, (6, 7, 8, 9)), 15: (12, (12, 13, 14))}
_SUMMITS = {10: 9}
_N_LOOKED_AT = 50


class Peaks(NamedTuple):
    """Peaks as they are listed, checked.

    `table` holds ``chrom start end`` and a column for each activity, numbered from 0; `summit` is
    counted from the start in bp, -1 where a peak states none, and None where none can. `name` is
    that of the list in messages, `tracks` the bigWig files among the activities.
    """

    name: str
    table: pd.DataFrame
    summit: np.ndarray | None
    tracks: tuple


def read_peaks(source, activity):
    """Read peaks from a path or a table; a file is read only if it has changed.

    `activity` is a tuple of columns (names, or positions from 0) and of paths of bigWig files, or
    None for the column that the format has. The table may be handed out again: do not change it.
    """
    if isinstance(source, pd.DataFrame):
        return _read(source, activity)
    path = path_on_disk(source, "elements")
    return _read_unchanged(FileWatch(path, f"elements file '{path}'"), activity)


@lru_cache(maxsize=16)
def _read_unchanged(watch, activity):
    """Read a file once per process and state, for the many fits of a grid search."""
    peaks = _read(watch.path, activity)
    watch.check()
    return peaks


def _read(source, activity):
    """Read and check peaks."""
    table = _open(source)
    places = _find_columns(table)
    columns, tracks = _find_activity(table, places, activity)
    wanted = {role: places[role] for role in ("chrom", "start", "end", "summit") if role in places}
    raw = table.load(wanted | dict(enumerate(columns)), ("chrom",))
    if raw.empty:
        raise ValueError(f"{table.name} holds no peak: give a list with at least one")
    chrom = check_text(raw["chrom"], "chrom", table)
    start, end = (check_positions(raw[role], role, table) for role in ("start", "end"))
    check_intervals(start, end, table)
    checked = pd.DataFrame({"chrom": chrom, "start": start, "end": end})
    for number, position in enumerate(columns):
        checked[number] = _check_activity(raw[number], table, position)
    if activity is None:
        _check_no_numbering(checked[0].to_numpy(), table)
    summit = None
    if "summit" in raw:
        summit = check_positions(raw["summit"], "summit", table)
        _check_summit(summit, start, end, table)
    return Peaks(table.name, checked, summit, tracks)


def _open(source):
    """Open the list: text, a table in memory, or a bigBed file."""
    if isinstance(source, pd.DataFrame):
        return open_table(source, "elements", "peak")
    if os.path.isfile(source) and is_bigbed(source):
        name = f"elements file '{source}'"
        items = read_bigbed(source, name)
        if items.empty:
            raise ValueError(f"{name} holds no peak: give a list with at least one")
        return FrameTable(items, name)
    return open_table(source, "elements", "peak", others=_OTHERS)


_OTHERS = {
    (0x888FFC26).to_bytes(4, order): "is a bigWig file, not a list of peaks: give the peaks that "
    "were called on its signal, and this file as activity="
    for order in ("little", "big")
}


def _find_columns(table):
    """Return the position of each column that is known, by its role."""
    if table.header is None:
        n_columns = len(table.first)
        if n_columns < 3:
            raise ValueError(
                f"{table.name} has {n_columns} columns: chrom, start and end are needed, as in a "
                "BED file"
            )
        return {"chrom": 0, "start": 1, "end": 2} | _find_signal(table, n_columns)
    names = [name.lower().lstrip("#") for name in table.header]
    if "abs_summit" in names:
        raise ValueError(
            f"{table.name} is the table of MACS (.xls), which counts from 1: give its "
            ".narrowPeak or .broadPeak"
        )
    places = {}
    for role, known in _NAMES.items():
        found = [names.index(name) for name in known if name in names]
        places |= {role: found[0]} if found else {}
    if "summit" in places and table.first and not is_number(table.first[places["summit"]]):
        del places["summit"]  # a name of each peak
    missing = [role for role in ("chrom", "start", "end") if role not in places]
    if missing:
        raise ValueError(
            f"{table.name} has no column {', '.join(missing)}: it needs chrom, start and end, and "
            f"has {name_some(table.header, 12)}"
        )
    return places


def _find_signal(table, n_columns):
    """Return the positions of signal and summit in a table without header, where it has any."""
    position, numbers = _SIGNALS.get(n_columns, (None, ()))
    rows = table.sample(_N_LOOKED_AT)
    if position is None or not all(is_number(row[at]) for row in rows for at in numbers):
        return {}
    if n_columns == 9 and all(_is_thick(row) for row in rows):
        return {}  # BED with the bounds of a thick part
    places = {"activity": position}
    return places | ({"summit": _SUMMITS[n_columns]} if n_columns in _SUMMITS else {})


def _is_thick(row):
    """Return whether columns seven and eight of a row are positions within its interval."""
    start, end, *thick = (float(row[at]) for at in (1, 2, 6, 7) if is_number(row[at]))
    return len(thick) == 2 and start <= thick[0] <= thick[1] <= end


def _find_activity(table, places, activity):
    """Split activities into the positions of columns, and the paths of bigWig files."""
    if activity is None:
        if "activity" not in places:
            raise ValueError(
                f"{table.name} has no column that is known to be the activity (it has "
                f"{name_some(table.header or table.first, 12)}): set activity= to the name of a "
                "column, to its position counted from 0, or to the bigWig files whose mean over an "
                "element is its activity"
            )
        return [places["activity"]], ()
    names = table.header or []
    n_columns = len(names or table.first)
    columns, tracks = [], []
    for item in activity:
        if isinstance(item, str) and item in names:
            columns.append(names.index(item))
        elif is_whole(item):
            if not 0 <= item < n_columns:
                raise ValueError(f"{table.name}: activity={item}, but it has {n_columns} columns")
            columns.append(item)
        elif is_url(item) or _BIGWIG_NAME.fullmatch(os.fsdecode(item)) or os.path.exists(item):
            tracks.append(item)
        else:
            raise ValueError(
                f"{table.name}: activity={item!r} is neither one of its columns "
                f"({name_some(names, 12) or f'{n_columns}, without names'}) nor a bigWig file that "
                "exists: check the name or the path"
            )
    return columns, tuple(tracks)


def _check_activity(column, table, position):
    """Return a column of activities as float64: finite, and at least 0."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    name = repr(table.header[position]) if table.header is not None else position
    bad = ~((values >= 0) & (values < np.inf))
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{table.name}, {table.where(row)}: activity {column.iloc[row]} in column {name} is "
            f"not a number of at least 0 ({int(bad.sum())} of {len(bad)} rows): mend or remove "
            "the rows, or set activity= to another column or to bigWig files"
        )
    return values


def _check_no_numbering(values, table):
    """Refuse a fourth column without a name that numbers the peaks."""
    unnamed = table.header is None and len(table.first) == 4
    if unnamed and len(values) > 2 and (values == np.arange(len(values)) + values[0]).all():
        raise ValueError(
            f"{table.name}: the fourth column numbers the peaks, and is not their activity: set "
            "activity= to the bigWig files whose mean over an element is its activity, or "
            "activity=3 if it is meant so"
        )


def _check_summit(summit, start, end, table):
    """Refuse summits outside of their peaks; -1 stands for none."""
    bad = (summit < -1) | (summit >= end - start)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{table.name}, {table.where(row)}: summit {summit[row]} lies outside of its peak of "
            f"{end[row] - start[row]} bp: it is counted from the start of the peak in bp, from 0 "
            "on, and -1 stands for none"
        )

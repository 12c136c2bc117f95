"""Checks of the columns of a contact table: regions, names, positions, scores.

Each function takes the table that a column comes from: its ``name`` and ``where(row)`` say in a
message where the first fault is.
"""

import re

import numpy as np
import pandas as pd

from ..text import REGION, TARGET

# Strengths between 0 and 1 (probabilities of loops, correlations, balanced frequencies) have values
# above the first, where p-values were cut, and none below the second.
_HIGHEST_P = 0.05
_LOWEST_STRENGTH = 1e-10

_PROBABILITY = re.compile(r"p|q|(p|q)[^a-z]?val\w*|p[^a-z]?adj\w*|e?fdr\w*")


def show(value):
    """Spell a value in a message: text in quotes, numbers without their type."""
    return repr(value) if isinstance(value, str) else str(value)


def parse_regions(regions, role, table):
    """Return chromosome (object), start and end (int64) of regions, each distinct text parsed once.

    A region is written ``chr:start-end``, ``chr,start,end`` or ``chr.start.end``.
    """
    codes, distinct = pd.factorize(regions, use_na_sentinel=False)
    distinct = np.asarray(distinct, dtype=object)
    found = [REGION.fullmatch(str(region)) for region in distinct]
    if None in found:
        row = int(np.argmax(codes == found.index(None)))
        raise ValueError(
            f"{table.name}, {table.where(row)}: {role} {show(regions.iloc[row])} is not a region: "
            "write chr:start-end, such as chr1:3008934-3016866"
        )
    # the last group of the spelling that fits is its end
    parts = [
        match.group(match.lastindex - 2, match.lastindex - 1, match.lastindex) for match in found
    ]
    chrom = np.array([part[0] for part in parts], dtype=object)
    start = np.array([int(part[1]) for part in parts], dtype=np.int64)
    end = np.array([int(part[2]) for part in parts], dtype=np.int64)
    return chrom[codes], start[codes], end[codes]


def split_targets(targets, table):
    """Split the ``chr:start-end,score`` of a longrange track into regions and scores, as text."""
    found = [TARGET.fullmatch(str(target)) for target in targets]
    if None in found:
        row = found.index(None)
        raise ValueError(
            f"{table.name}, {table.where(row)}: {show(targets.iloc[row])} is not the end of a "
            "longrange contact: write chr:start-end,score, such as chr1:3008934-3016866,2.5"
        )
    regions, scores = zip(*(match.groups() for match in found), strict=True)
    return pd.Series(regions, dtype=object), pd.Series(scores, dtype=object)


def check_text(column, role, table):
    """Return a column of names as str, none missing."""
    missing = (column.isna() | (column == "").fillna(False)).to_numpy(dtype=bool)
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(
            f"{table.name}, {table.where(row)}: {role} is missing: fill it in or remove the row"
        )
    return column.astype(str)


def check_positions(column, role, table):
    """Return a column of positions in bp as int64."""
    values = _numbers(column)
    if values.dtype.kind not in "iu":
        bad = ~((np.abs(values) < 2**53) & (values == np.floor(values)))
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"{table.name}, {table.where(row)}: {role} {show(column.iloc[row])} is not a whole "
                "number: a position is counted in bp from 0"
            )
    return values.astype(np.int64)


def check_intervals(start, end, table, least=1):
    """Refuse intervals that are negative or hold fewer bases than `least`."""
    start, end = np.asarray(start), np.asarray(end)
    for bad, fault in (
        (start < 0, "starts before 0"),
        (end < start + least, "ends at or before its start"),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"{table.name}, {table.where(row)}: interval {start[row]}-{end[row]} {fault}: "
                "intervals are 0-based and half-open, 0 <= start < end; mend or remove the row"
            )


def check_scores(column, table, name, given):
    """Return scores as finite float64; `name` is the name of their column, or its position.

    Probabilities, recognised by that name and by their range, are refused: the lowest of them are
    the strongest. So are scores that can only be probabilities, unless the user or the format
    names their column (`given`).
    """
    values = _numbers(column).astype(np.float64)
    bad = ~(np.abs(values) <= np.finfo(np.float32).max)
    found = ", ".join(table.header if table.header is not None else table.first or [])
    if bad.any():
        row = int(np.argmax(bad))
        none = "; if it has no scores, pass a DataFrame with a column score" if bad.all() else ""
        raise ValueError(
            f"{table.name}, {table.where(row)}: score {show(column.iloc[row])} is not a finite "
            "number: mend or remove the row, or pass score_column= to take the score from another "
            f"of the columns {found}{none}"
        )
    words = re.split(r"[\s_().]+", str(name).strip().lower())
    logged = any("log" in word for word in words)
    if not logged and any(map(_PROBABILITY.fullmatch, words)):
        if ((values >= 0) & (values <= 1)).all():
            raise ValueError(
                f"{table.name}: score column {name} holds probabilities, the lowest being the "
                "strongest, but the contacts of the highest score are taken: pass score_column= "
                f"with another of the columns {found}, or a DataFrame with -log10 of it in a new "
                "column"
            )
    elif logged and (values <= 0).all() and (values < 0).any():
        raise ValueError(
            f"{table.name}: score column {name} holds logarithms that are never above 0, as of "
            "p-values, the lowest being the strongest, but the contacts of the highest score are "
            f"taken: pass score_column= with another of the columns {found}, or a DataFrame with "
            "the scores of another sign in a new column"
        )
    elif not given and _only_probabilities(values):
        raise ValueError(
            f"{table.name}: the scores (column {name}) look like p-values or q-values, because "
            f"they go from {values.min():g} to {values.max():g}: of these the lowest are the "
            "strongest, but the contacts of the highest score are taken. Pass a DataFrame with "
            "-log10 of them in a column score; or, where a higher score is a stronger contact, "
            f"score_column={name!r}"
        )
    return values


def _only_probabilities(values):
    """Return whether scores, not all 0, have the range of p-values alone."""
    if not len(values) or not ((values >= 0) & (values <= 1)).all() or not values.any():
        return False
    return bool(values.max() <= _HIGHEST_P or values[values > 0].min() < _LOWEST_STRENGTH)


def _numbers(column):
    """Return a column as numbers, NaN where it holds something else."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return np.full(len(column), np.nan)
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return column.to_numpy()
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)

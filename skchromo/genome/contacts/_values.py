"""Judging of what stands in the columns of a contact table: regions, names, positions, scores.

Each function takes the table that a column comes from, to say by its ``name`` and ``where(row)``
what is wrong where.
"""

import re

import numpy as np
import pandas as pd

from ..text import REGION, TARGET

_PROBABILITY = re.compile(r"p|q|(p|q)[^a-z]?val\w*|p[^a-z]?adj\w*|e?fdr\w*")


def show(value):
    """Spell a value in a message: text in quotes, numbers without their type.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    str
        How to write it.

    Examples
    --------
    >>> show("x"), show(2.5)
    ("'x'", '2.5')
    """
    return repr(value) if isinstance(value, str) else str(value)


def parse_regions(regions, role, table):
    """Parse ``chr:start-end``, ``chr,start,end`` or ``chr.start.end``: each distinct text once.

    Parameters
    ----------
    regions : pandas.Series of shape (n_rows,)
        The texts.
    role : str
        What to call them in a message.
    table : object
        Where they come from.

    Returns
    -------
    chrom : ndarray of shape (n_rows,), object
        Chromosome names.
    start, end : ndarray of shape (n_rows,), int64
        Positions in bp.

    Raises
    ------
    ValueError
        For the first one that is no region.
    """
    codes, distinct = pd.factorize(regions, use_na_sentinel=False)
    distinct = np.asarray(distinct, dtype=object)
    found = [REGION.fullmatch(str(region)) for region in distinct]
    if None in found:
        row = int(np.argmax(codes == found.index(None)))
        raise ValueError(
            f"{table.name}, {table.where(row)}: {role} {show(regions.iloc[row])} is no region: "
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
    """Part the ``chr:start-end,score`` of a longrange track.

    Parameters
    ----------
    targets : pandas.Series of shape (n_rows,)
        The texts.
    table : object
        Where they come from.

    Returns
    -------
    regions, scores : pandas.Series of shape (n_rows,)
        What stands before and behind the comma, as text.

    Raises
    ------
    ValueError
        For the first one that is not of this form.
    """
    found = [TARGET.fullmatch(str(target)) for target in targets]
    if None in found:
        row = found.index(None)
        raise ValueError(
            f"{table.name}, {table.where(row)}: {show(targets.iloc[row])} is no end of a longrange "
            "contact: write chr:start-end,score, such as chr1:3008934-3016866,2.5"
        )
    regions, scores = zip(*(match.groups() for match in found), strict=True)
    return pd.Series(regions, dtype=object), pd.Series(scores, dtype=object)


def check_text(column, role, table):
    """Judge a column of names.

    Parameters
    ----------
    column : pandas.Series of shape (n_rows,)
        The names.
    role : str
        What to call them in a message.
    table : object
        Where they come from.

    Returns
    -------
    pandas.Series of shape (n_rows,), str
        The names as text.

    Raises
    ------
    ValueError
        For the first one that is missing.
    """
    missing = (column.isna() | (column == "").fillna(False)).to_numpy(dtype=bool)
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(
            f"{table.name}, {table.where(row)}: {role} is missing: fill it in or remove the row"
        )
    return column.astype(str)


def check_positions(column, role, table):
    """Judge a column of positions.

    Parameters
    ----------
    column : pandas.Series of shape (n_rows,)
        The positions in bp.
    role : str
        What to call them in a message.
    table : object
        Where they come from.

    Returns
    -------
    ndarray of shape (n_rows,), int64
        The positions.

    Raises
    ------
    ValueError
        For the first one that is no whole number.
    """
    values = _numbers(column)
    if values.dtype.kind not in "iu":
        bad = ~((np.abs(values) < 2**53) & (values == np.floor(values)))
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"{table.name}, {table.where(row)}: {role} {show(column.iloc[row])} is no whole "
                "number: a position is counted in bp from 0"
            )
    return values.astype(np.int64)


def check_intervals(start, end, table):
    """Refuse intervals that are negative or hold no base.

    Parameters
    ----------
    start, end : array-like of shape (n_rows,)
        Positions in bp.
    table : object
        Where they come from.

    Raises
    ------
    ValueError
        For the first such interval.
    """
    start, end = np.asarray(start), np.asarray(end)
    for bad, what in (
        (start < 0, "starts before 0"),
        (end <= start, "ends at or before its start"),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"{table.name}, {table.where(row)}: interval {start[row]}-{end[row]} {what}: "
                "intervals are 0-based and half-open, 0 <= start < end; mend or remove the row"
            )


def check_scores(column, table, name=None):
    """Judge the scores.

    Parameters
    ----------
    column : pandas.Series of shape (n_rows,)
        The scores.
    table : object
        Where they come from.
    name : str or None, default=None
        What the table calls the column.

    Returns
    -------
    ndarray of shape (n_rows,), float64
        The scores.

    Raises
    ------
    ValueError
        For the first one that is no finite number, or if all are probabilities (by the name of the
        column and their range), of which the lowest are the strongest.
    """
    values = _numbers(column).astype(np.float64)
    bad = ~(np.abs(values) <= np.finfo(np.float32).max)
    found = ", ".join(table.header if table.header is not None else table.first or [])
    if bad.any():
        row = int(np.argmax(bad))
        none = "; if it has no scores, pass a DataFrame with a column score" if bad.all() else ""
        raise ValueError(
            f"{table.name}, {table.where(row)}: score {show(column.iloc[row])} is no finite "
            "number: mend or remove the row, or pass score_column= to take the score from another "
            f"of the columns {found}{none}"
        )
    if name is not None and _names_probability(name) and ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"{table.name}: score column {name} holds probabilities, of which the lowest are the "
            "strongest, but the contacts of the highest score are taken: pass score_column= with "
            f"another of the columns {found}, or a DataFrame with -log10 of it in a new column"
        )
    return values


def _names_probability(name):
    """Tell whether a column is named as p-values, q-values or false discovery rates are."""
    words = re.split(r"[\s_().]+", name.strip().lower())
    return not any("log" in word for word in words) and any(map(_PROBABILITY.fullmatch, words))


def _numbers(column):
    """Give a column as numbers, NaN where it holds something else."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return np.full(len(column), np.nan)
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return column.to_numpy()
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)

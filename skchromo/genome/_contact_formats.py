"""Which columns of a contact table hold what: the four formats, told apart by names and content."""

import csv
import numbers
import re
from dataclasses import dataclass

FORMATS = ("bedpe", "pairs", "fragments", "reference")
REGION = re.compile(r"(.+?):(-?\d{1,15})-(-?\d{1,15})")

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|inf", re.IGNORECASE)
_WHOLE = re.compile(r"-?\d+(\.0*)?")
_PAIR_ROLES = {
    "gene_id": ("gene_id",),
    "chrom": ("chrom", "chr"),
    "start": ("start",),
    "end": ("end",),
}
_REFERENCE_ROLES = {"gene_id": ("gene_id",), "neighbors": ("neighbors",)}
_INTERVAL_ROLES = {
    "chrom1": ("chrom1", "chr1"),
    "start1": ("start1", "x1"),
    "end1": ("end1", "x2"),
    "chrom2": ("chrom2", "chr2"),
    "start2": ("start2", "y1"),
    "end2": ("end2", "y2"),
}
_REGION_ROLES = {
    "region1": ("region1", "fragment1", "frag1"),
    "region2": ("region2", "fragment2", "frag2"),
}
_UNDERSTOOD = (
    "Understood are 'pairs' (a header with gene_id, chrom, start, end, score), 'bedpe' (chrom1 "
    "start1 end1 chrom2 start2 end2 name score, with or without header), 'fragments' (six such "
    "columns, or two of chr:start-end, and a score, with or without header) and 'reference' (a "
    "header with gene_id, neighbors, scores): rename the columns or put them in one of these orders"
)


@dataclass(frozen=True)
class Layout:
    """Where a contact table keeps what.

    Parameters
    ----------
    kind : {"pairs", "intervals", "regions", "reference"}
        The shape: a gene and an interval, two intervals in six columns, two ``chr:start-end``
        columns, or one row a gene with joined lists.
    columns : dict of str to int
        Position (0-based) of each column by its role, ``weight`` among them.
    """

    kind: str
    columns: dict


def check_reading(format, score_column):
    """Raise unless the two settings of contact reading have a meaning.

    Parameters
    ----------
    format : str
        ``"auto"`` or the name of a format.
    score_column : str, int or None
        Name or 0-based position of the score column.

    Raises
    ------
    ValueError
        If `format` is unknown, or `score_column` is neither a name nor a position.

    Examples
    --------
    >>> check_reading("bedpe", "observed")
    """
    if not isinstance(format, str) or format not in ("auto", *FORMATS):
        raise ValueError(f"format must be one of {', '.join(('auto', *FORMATS))}, got {format!r}")
    whole = isinstance(score_column, numbers.Integral) and not isinstance(score_column, bool)
    if not (score_column is None or isinstance(score_column, str) or (whole and score_column >= 0)):
        raise ValueError(
            "score_column must be the name of a column in the header, its 0-based position or "
            f"None, got {score_column!r}"
        )


def split_line(line):
    r"""Split a line of a table at tabs, else commas, else white space.

    Parameters
    ----------
    line : str
        One line of text.

    Returns
    -------
    fields : list of str
        The fields, without quotes and surrounding blanks.
    separator : str
        What pandas calls the separator that was found.

    Examples
    --------
    >>> split_line("chr1 100  200")
    (['chr1', '100', '200'], '\\s+')
    """
    line = line.strip("\r\n")
    for separator in "\t", ",":
        if separator in line:
            fields = next(csv.reader([line], delimiter=separator))
            return [field.strip() for field in fields], separator
    return [field.strip('"') for field in line.split()], r"\s+"


def looks_like_header(fields):
    """Tell whether these fields are names of columns: no number and no region among them.

    Parameters
    ----------
    fields : list of str
        The fields of one line.

    Returns
    -------
    bool
        True for names, False for data.

    Examples
    --------
    >>> looks_like_header(["chr1", "x1", "x2"]), looks_like_header(["chr1", "100", "200"])
    (True, False)
    """
    return not any(_NUMBER.fullmatch(field) or REGION.fullmatch(field) for field in fields)


def recognise(header, first, name, format="auto", score_column=None):
    """Find the layout of a contact table from its header and its first row.

    Parameters
    ----------
    header : list of str or None
        Column names, None where the table has none.
    first : list of str or None
        The first row as text, None where the table has no row.
    name : str
        What to call the table in a message.
    format : {"auto", "bedpe", "pairs", "fragments", "reference"}, default="auto"
        Only this format is tried, or all of them.
    score_column : str, int or None, default=None
        Name or 0-based position of the score; None takes the format's own.

    Returns
    -------
    Layout
        Roles and positions of the columns.

    Raises
    ------
    ValueError
        If no format (or not the one asked for) fits, or if the score column cannot be found.

    Examples
    --------
    >>> recognise(None, ["chr1:1-9", "chr1:20-30", "2.5"], "the table")
    Layout(kind='regions', columns={'region1': 0, 'region2': 1, 'weight': 2})
    """
    found = header if header is not None else first
    names = [_bare(column) for column in header] if header is not None else []
    if header is not None and first is not None and len(header) != len(first):
        raise ValueError(
            f"{name}: the header names {len(header)} columns, the first row has {len(first)}: "
            f"give every column one name (found: {', '.join(header)})"
        )
    for kind in _kinds(format):
        columns = _find_roles(kind, names, first)
        if columns is not None:
            break
    else:
        tried = "" if format == "auto" else f" as format {format!r}"
        label = "columns" if header is not None else "no header, first row"
        raise ValueError(
            f"{name} is not recognised{tried} ({label}: {_list(found)}). {_UNDERSTOOD}"
        )
    if score_column is None:
        score = _own_score(kind, names, found, format)
    else:
        score = _given_score(score_column, header, found, name)
    if score is None:
        raise ValueError(
            f"{name} has no score column: pass score_column= with "
            f"{'its name' if names else 'its 0-based position'} (columns found: {_list(found)})"
        )
    if score in columns.values():
        raise ValueError(
            f"{name}: score_column={score_column!r} is a position or name column, not a score "
            f"(columns found: {_list(found)})"
        )
    return Layout(kind, {**columns, "weight": score})


def _kinds(format):
    """Shapes to try for a format, the most telling first."""
    return {
        "auto": ("reference", "pairs", "intervals", "regions"),
        "bedpe": ("intervals",),
        "pairs": ("pairs",),
        "fragments": ("intervals", "regions"),
        "reference": ("reference",),
    }[format]


def _bare(column):
    """Column name as it is compared: no case, comment sign or blanks."""
    return column.strip().lstrip("#").strip().lower()


def _list(fields, n_shown=12):
    """Join column names for a message."""
    more = f" and {len(fields) - n_shown} more" if len(fields) > n_shown else ""
    return ", ".join(str(field) for field in fields[:n_shown]) + more


def _find_roles(kind, names, first):
    """Find the positions of a shape's columns by name, else by content; None where it fails."""
    by_kind = {
        "pairs": _PAIR_ROLES,
        "reference": _REFERENCE_ROLES,
        "intervals": _INTERVAL_ROLES,
        "regions": _REGION_ROLES,
    }
    roles = by_kind[kind]
    named = {
        role: next((names.index(alias) for alias in aliases if alias in names), None)
        for role, aliases in roles.items()
    }
    if None not in named.values():
        return named
    if first is None or kind in ("pairs", "reference"):
        return None
    fits = _has_intervals(first) if kind == "intervals" else _has_regions(first)
    return {role: position for position, role in enumerate(roles)} if fits else None


def _has_intervals(first):
    """Tell whether the first six fields are two intervals."""
    return len(first) >= 6 and all(_WHOLE.fullmatch(first[column]) for column in (1, 2, 4, 5))


def _has_regions(first):
    """Tell whether the first two fields are chr:start-end."""
    return len(first) >= 2 and all(REGION.fullmatch(field) for field in first[:2])


def _own_score(kind, names, found, format):
    """Find the score by the format's own rule: by name under a header, else by position."""
    if names:
        wanted = ("scores",) if kind == "reference" else ("score", "weight")
        return next((names.index(column) for column in wanted if column in names), None)
    if kind == "regions":
        position = 2
    else:
        position = 6 if format == "fragments" or (format == "auto" and len(found) == 7) else 7
    return position if position < len(found) else None


def _given_score(score_column, header, found, name):
    """Turn the user's score_column into a position."""
    if isinstance(score_column, str):
        if header is None:
            raise ValueError(
                f"{name} has no header, so score_column={score_column!r} names nothing: give the "
                f"0-based position of the score (first row: {_list(found)})"
            )
        matches = [
            position
            for position, column in enumerate(header)
            if score_column == column or _bare(score_column) == _bare(column)
        ]
        if not matches:
            raise ValueError(
                f"{name} has no column {score_column!r} for the score: name one of {_list(header)}"
            )
        return matches[0]
    if score_column >= len(found):
        raise ValueError(
            f"{name}: score_column={score_column} is beyond its {len(found)} columns (counted "
            f"from 0): {_list(found)}"
        )
    return int(score_column)

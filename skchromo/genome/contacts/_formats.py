"""What a contact table is: its format, told by names and content, and where its score stands."""

import numbers
from dataclasses import dataclass

from ..text import REGION
from ._columns import INTERACT_COLUMNS, NUMBER, find_roles

FORMATS = ("bedpe", "pairs", "fragments", "ibed", "longrange", "interact", "reference")

# shapes that a format may have, the most telling first
_KINDS = {
    "auto": (
        *("reference", "pairs", "longrange", "interact", "ibed", "intervals", "regions"),
        "gene_regions",
    ),
    "bedpe": ("intervals",),
    "pairs": ("pairs", "gene_regions"),
    "fragments": ("intervals", "regions"),
    "ibed": ("ibed",),
    "longrange": ("longrange",),
    "interact": ("interact",),
    "reference": ("reference",),
}
_SCORE_NAMES = {"reference": ("scores",), "interact": ("score", "value")}
# loop callers, by columns that only their lists have, and the column of read counts, if any: counts
# or their ratio to what is expected may be meant, so that none is taken unasked
_CALLERS = (
    ("HiCCUPS", ("observed", "expecteddonut"), "observed"),
    ("HiCCUPS", ("o", "e_donut"), "o"),
    ("cooltools", ("count", "la_exp.donut.value"), "count"),
    ("FitHiChIP", ("cc", "coverage1", "ispeak1"), "cc"),
    ("MAPS", ("count", "expected", "clusterneglog10p"), "count"),
    ("ChIA-PET2", ("cab", "-log10(1-postprob)"), "cAB"),
    ("Mustache", ("fdr", "detection_scale"), None),
)
_UNDERSTOOD = (
    "Understood are 'pairs' (a header with gene_id, chrom, start, end, score), 'bedpe' (chrom1 "
    "start1 end1 chrom2 start2 end2 name score, with or without header), 'fragments' (six such "
    "columns, or two of chr:start-end, and a score, with or without header), CHiCAGO's 'ibed', "
    "'longrange' (chrom start end chr:start-end,score), UCSC's 'interact' and 'reference' (a "
    "header with gene_id, neighbors, scores): rename the columns or put them in one of these "
    "orders; read pairs (.pairs, .allValidPairs) must be binned into a matrix first"
)


@dataclass(frozen=True)
class Layout:
    """Where a contact table keeps what.

    Parameters
    ----------
    kind : {"pairs", "gene_regions", "intervals", "regions", "longrange", "reference"}
        The shape: a gene and an interval, a gene and a ``chr:start-end``, two intervals in six
        columns, two ``chr:start-end`` columns, an interval and a ``chr:start-end,score``, or one
        row per gene with joined lists.
    columns : dict of str to int
        Position (0-based) of each column by its role; ``weight`` is among them, save where the
        score shares the column of the second interval.
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
    return not any(NUMBER.fullmatch(field) or REGION.fullmatch(field) for field in fields)


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
    format : str, default="auto"
        Only this one of `FORMATS` is tried, or all of them.
    score_column : str, int or None, default=None
        Name or 0-based position of the score; None takes the format's own.

    Returns
    -------
    Layout
        Roles and positions of the columns.

    Raises
    ------
    ValueError
        If no format (or not the one asked for) fits, or if the score column cannot be found or
        could be more than one.

    Examples
    --------
    >>> recognise(None, ["chr1:1-9", "chr1:20-30", "2.5"], "the table")
    Layout(kind='regions', columns={'region1': 0, 'region2': 1, 'weight': 2})
    """
    if header is not None and first is not None and len(header) != len(first):
        raise ValueError(
            f"{name}: the header names {len(header)} columns, the first row has {len(first)}: "
            f"give every column one name (found: {', '.join(header)})"
        )
    names = [_bare(column) for column in header] if header is not None else []
    for kind in _KINDS[format]:
        columns = find_roles(kind, names, first)
        if columns is not None:
            break
    else:
        tried = "" if format == "auto" else f" as format {format!r}"
        label = "columns" if header is not None else "no header, first row"
        raise ValueError(
            f"{name} is not recognised{tried} ({label}: {_list(header or first, 12)}). "
            f"{_UNDERSTOOD}"
        )
    if kind == "longrange":
        if score_column is not None:
            raise ValueError(
                f"{name} is a longrange track, whose score stands behind the comma of its fourth "
                f"column: leave score_column at None, got {score_column!r}"
            )
        return Layout(kind, columns)
    if kind == "interact" and header is None:
        header = list(INTERACT_COLUMNS)
    score = _score(kind, header, first, name, format, score_column, columns)
    kind = "intervals" if kind in ("ibed", "interact") else kind
    return Layout(kind, {**columns, "weight": score})


def _bare(column):
    """Column name as it is compared: no case, comment sign or blanks."""
    return column.strip().lstrip("#").strip().lower()


def _list(fields, n_shown=60):
    """Join column names for a message."""
    more = f" and {len(fields) - n_shown} more" if len(fields) > n_shown else ""
    return ", ".join(str(field) for field in fields[:n_shown]) + more


def _score(kind, header, first, name, format, score_column, columns):
    """Find the one column that is the score; never choose among several."""
    found = header if header is not None else first
    how = "its name" if header is not None else "its 0-based position"
    if score_column is not None:
        score = _given_score(score_column, header, found, name)
    elif header is not None:
        wanted = _SCORE_NAMES.get(kind, ("score", "weight"))
        scores = [at for at, column in enumerate(header) if _bare(column) in wanted]
        caller = _caller(header)
        if caller and first is not None and any(first[at] == "." for at in scores):
            caller, scores = f"its column score is empty, {caller}", []
        score = _only(scores, header, name, how, caller)
    else:
        score = _only(_own_scores(kind, first, format, columns), first, name, how)
    if score in columns.values():
        raise ValueError(
            f"{name}: score_column={score_column!r} is a position or name column, not a score "
            f"(columns found: {_list(found)})"
        )
    return score


def _caller(header):
    """Recognise the list of a loop caller, and say what its score may be; "" for any other."""
    names = {_bare(column) for column in header}
    for caller, columns, count in _CALLERS:
        if names.issuperset(columns):
            return (
                f"this is a list of {caller}, and score_column={count!r} takes its read counts, "
                "best with weight_transform='rank'"
                if count
                else f"this is a list of {caller}, which scores loops by FDR alone: pass a "
                "DataFrame with -log10 of it in a column score"
            )
    return ""


def _only(scores, found, name, how, hint=""):
    """Take the only candidate, or ask."""
    if len(scores) == 1:
        return scores[0]
    if not scores:
        hint = f"; {hint}" if hint else ", or, if it has no scores, a DataFrame with a column score"
        raise ValueError(
            f"{name} has no score column: pass score_column= with {how}{hint} "
            f"(columns found: {_list(found)})"
        )
    raise ValueError(
        f"{name} has more than one column that could be the score "
        f"({', '.join(f'column {at}: {found[at]}' for at in scores)}): pass score_column= with "
        f"{how} (columns found: {_list(found)})"
    )


def _own_scores(kind, first, format, columns):
    """List the fields of a first row without header that may be the score."""
    if kind == "ibed":
        return [9]
    rest = range(max(columns.values()) + 1, len(first))
    if kind == "regions":
        numeric = [at for at in rest if NUMBER.fullmatch(first[at])]
        return numeric if numeric and format == "auto" else list(rest[:1])
    if format == "fragments" or (format == "auto" and len(first) == 7):
        return list(rest[:1])
    # a name stands between the intervals and the score: a number there may be a score itself
    if format == "auto" and len(first) > 7 and NUMBER.fullmatch(first[6]):
        return [6, 7]
    return list(rest[1:2])


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

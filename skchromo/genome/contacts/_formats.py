"""Formats of contact tables: recognised by names and content, with the place of each column."""

import re
from dataclasses import dataclass

from ..._words import check_choice, is_whole
from ..text import REGION, TARGET

FORMATS = ("bedpe", "pairs", "fragments", "ibed", "longrange", "interact", "reference")

# shapes that a format may have, the most specific first
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
    ("HOMER", ("chr(1)", "interaction reads"), "Interaction Reads"),
)
# the scores of ABC, scE2G and ENCODE-rE2G, in the order in which they are taken
_PREDICTED = ("e2g.score.qnorm", "e2g.score", "score", "abc.score")
_FORMAT_OF = {
    **{format: format for format in FORMATS},
    **{"intervals": "bedpe", "regions": "fragments", "gene_regions": "pairs"},
}
# the columns of a row of each format that is known by its fields rather than by a header
_ROWS = {
    "intervals": "chrom1 start1 end1 chrom2 start2 end2 name score",
    "regions": "chr:start-end chr:start-end score",
    "longrange": "chrom start end chr:start-end,score",
    "ibed": "CHiCAGO's ten columns",
    "interact": "UCSC's 18 columns",
}

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|inf", re.IGNORECASE)

# the columns of UCSC's interact format, which is mostly written without a header
INTERACT_COLUMNS = (
    *("chrom", "chromStart", "chromEnd", "name", "score", "value", "exp", "color"),
    *("sourceChrom", "sourceStart", "sourceEnd", "sourceName", "sourceStrand"),
    *("targetChrom", "targetStart", "targetEnd", "targetName", "targetStrand"),
)

# 1e+05 is how R writes 100000
_WHOLE = re.compile(r"-?\d+(\.0*)?|\d+(\.\d*)?e\+?\d+", re.IGNORECASE)
_NAMES = {
    "reference": {"gene_id": ("gene_id",), "neighbors": ("neighbors",)},
    "pairs": {
        "gene_id": ("gene_id", "targetgene"),
        "chrom": ("chrom", "chr"),
        "start": ("start",),
        "end": ("end",),
    },
    "ibed": {
        "chrom1": ("bait_chr", "baitchr"),
        "start1": ("bait_start", "baitstart"),
        "end1": ("bait_end", "baitend"),
        "chrom2": ("otherend_chr", "oechr"),
        "start2": ("otherend_start", "oestart"),
        "end2": ("otherend_end", "oeend"),
    },
    "interact": {
        "chrom1": ("sourcechrom",),
        "start1": ("sourcestart",),
        "end1": ("sourceend",),
        "chrom2": ("targetchrom",),
        "start2": ("targetstart",),
        "end2": ("targetend",),
    },
    "intervals": {
        "chrom1": ("chrom1", "chr1", "bin1_chr", "chr(1)", "chr.1."),
        "start1": ("start1", "x1", "s1", "bin1_start", "start(1)", "start.1."),
        "end1": ("end1", "x2", "e1", "bin1_end", "end(1)", "end.1."),
        "chrom2": ("chrom2", "chr2", "bin2_chromosome", "bin2_chr", "chr(2)", "chr.2."),
        "start2": ("start2", "y1", "s2", "bin2_start", "start(2)", "start.2."),
        "end2": ("end2", "y2", "e2", "bin2_end", "end(2)", "end.2."),
    },
    "regions": {
        "region1": ("region1", "fragment1", "frag1"),
        "region2": ("region2", "fragment2", "frag2"),
    },
    "longrange": dict.fromkeys(("chrom1", "start1", "end1", "target"), ()),
}


@dataclass(frozen=True)
class Layout:
    """The shape of a contact table, and the position (0-based) of each column by its role.

    The shapes: ``"pairs"``, a gene and an interval; ``"gene_regions"``, a gene and a
    ``chr:start-end``; ``"intervals"``, two of them in six columns; ``"regions"``, two of
    ``chr:start-end``; ``"longrange"``, an interval and a ``chr:start-end,score``, whose score has
    no column of its own; ``"reference"``, one row per gene with joined lists.

    `from_one`: the tool that writes the format counts positions from 1. `predicted`: the scores are
    a model's predictions, of a column that is known by its name.
    """

    kind: str
    columns: dict
    from_one: bool = False
    predicted: bool = False


def check_reading(format, score_column):
    """Check the two parameters of reading contacts."""
    check_choice("format", format, ("auto", *FORMATS))
    position = is_whole(score_column) and score_column >= 0
    if not (score_column is None or isinstance(score_column, str) or position):
        raise ValueError(
            "score_column must be the name of a column in the header, its 0-based position or "
            f"None, got {score_column!r}"
        )


def looks_like_header(fields):
    """Return whether the fields of a line are names of columns, none a number or a region."""
    return not any(NUMBER.fullmatch(field) or REGION.fullmatch(field) for field in fields)


def recognise(header, first, name, format="auto", score_column=None):
    """Return the `Layout` of a contact table by its header and its first row.

    Both are lists of str, or None where there is none; `name` is the table's in a message. The
    settings are as for `read_contacts`.
    """
    if header is not None and first is not None and len(header) != len(first):
        raise ValueError(
            f"{name}: the header names {len(header)} columns, the first row has {len(first)}: "
            f"give every column one name (found: {', '.join(header)})"
        )
    names = [_bare(column) for column in header] if header is not None else []
    for kind in _KINDS[format]:
        columns = _find_roles(kind, names, first)
        if columns is not None:
            break
    else:
        tried = "" if format == "auto" else f" as format {format!r}"
        label = "columns" if header is not None else "no header, first row"
        raise ValueError(
            f"{name} is not recognised{tried} ({label}: {_list(header or first, 12)}): "
            f"{_nearest(_KINDS[format], names, first)}"
        )
    if kind == "longrange":
        if score_column not in (None, columns["target"]):
            raise ValueError(
                f"{name} is a longrange track, whose score stands behind the comma of its fourth "
                f"column: leave score_column at None, got {score_column!r}"
            )
        return Layout(kind, columns)
    if kind == "interact" and header is None:
        header = list(INTERACT_COLUMNS)
    score = _score(kind, header, first, name, format, score_column, columns)
    predicted = bool(names) and _is_predicted(names) and names[score] in _PREDICTED
    from_one = (
        kind == "ibed"
        or not {"chr(1)", "chr.1."}.isdisjoint(names)
        or (kind == "regions" and _commas(first))
    )
    kind = "intervals" if kind in ("ibed", "interact") else kind
    return Layout(kind, {**columns, "weight": score}, from_one, predicted)


def _is_predicted(names):
    """Return whether a table is of ABC, scE2G or ENCODE-rE2G, by its columns."""
    return "targetgene" in names


def _commas(first):
    """Return whether regions are written as CHiCAGO does, chr,start,end."""
    return first is not None and any(re.fullmatch(r"[^:,\s]+,\d+,\d+", field) for field in first)


def _nearest(kinds, names, first):
    """Return what an unrecognised table lacks to be of the format that it is nearest to."""
    first = first or []
    if {"pos1", "pos2"} <= set(names) or (not names and _two_positions(first)):
        return (
            "these are read pairs, which must be binned into a matrix first, for example with "
            "cooler cload pairs; InteractionTransformer takes the .cool"
        )
    if not names and len(first) >= 3 and all(map(NUMBER.fullmatch, first)):
        return (
            "numbers alone are a matrix in text, or read pairs, which must be binned into a matrix "
            "first: write it as .cool, for example with cooler load, which InteractionTransformer "
            "takes"
        )
    shared = {}
    for kind in kinds:
        roles = _NAMES.get(kind, {})
        found = [role for role, aliases in roles.items() if not {*aliases}.isdisjoint(names)]
        if found:
            shared[kind] = (len(found) / len(roles), found)
    if shared:
        kind = max(shared, key=lambda kind: shared[kind][0])
        missing = [aliases for role, aliases in _NAMES[kind].items() if role not in shared[kind][1]]
        return (
            f"by its columns it is nearest to {_FORMAT_OF[kind]!r}, but has no column "
            f"{_list([aliases[0] for aliases in missing])}: rename the columns that hold this"
        )
    if len(kinds) == 1 and kinds[0] in _ROWS:
        return f"{_FORMAT_OF[kinds[0]]!r} needs {_ROWS[kinds[0]]} in each row"
    if kinds == ("reference",):
        return "'reference' needs a header with gene_id neighbors scores: name the columns so"
    if _one_interval(first) or "pairs" in kinds[:1]:
        return (
            "it is nearest to 'pairs', which needs a header with gene_id chrom start end score: "
            "name the columns so"
        )
    return (
        "a list of contacts has a header with gene_id chrom start end score, or two ends and a "
        f"score in each row ({_ROWS['intervals']}): name or order the columns so"
    )


def _two_positions(first):
    """Return whether a row holds two single positions, each behind its chromosome."""
    places = [at for at in range(1, len(first)) if _all_whole(first, (at,))]
    places = [at for at in places if not NUMBER.fullmatch(first[at - 1])]
    alone = [
        not _all_whole(first, (at + 1,)) or float(first[at + 1]) < float(first[at]) for at in places
    ]
    return sum(alone) >= 2


def _one_interval(first):
    """Return whether a row holds one interval and no second."""
    places = [at for at in range(1, len(first) - 1) if _all_whole(first, (at, at + 1))]
    places = [at for at in places if not NUMBER.fullmatch(first[at - 1])]
    return len(places) == 1 or len(_regions(first)) == 1


def _bare(column):
    """Return a column name as it is compared: no case, comment sign or blanks."""
    return column.strip().lstrip("#").strip().lower()


def _list(fields, n_shown=60):
    """Join column names for a message."""
    more = f" and {len(fields) - n_shown} more" if len(fields) > n_shown else ""
    return ", ".join(str(field) for field in fields[:n_shown]) + more


def _score(kind, header, first, name, format, score_column, columns):
    """Return the position of the score."""
    found = header if header is not None else first
    how = "its name" if header is not None else "its 0-based position"
    if score_column is not None:
        score = _given_score(score_column, header, found, name)
    elif header is not None and kind == "pairs" and _known_score(header) is not None:
        score = _known_score(header)
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


def _known_score(header):
    """Return the position of the score in a table of predictions; None in any other."""
    names = [_bare(column) for column in header]
    found = [names.index(score) for score in _PREDICTED if score in names]
    return found[0] if found and _is_predicted(names) else None


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
    """Return the only candidate; refuse to choose among several."""
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


def _find_roles(kind, names, first):
    """Return the position of the column of each role, by names, else by the first row.

    `names` are in lower case, empty where the table has none; `first` is None where it has no row.
    The result is None where the table is not of this kind.
    """
    if kind == "gene_regions":
        regions = _regions(first or [])
        fits = "gene_id" in names and len(regions) == 1
        return {"gene_id": names.index("gene_id"), "region": regions[0]} if fits else None
    named = {
        role: next((names.index(alias) for alias in aliases if alias in names), None)
        for role, aliases in _NAMES[kind].items()
    }
    if None not in named.values():
        return named
    positions = _BY_CONTENT[kind](first) if first and kind in _BY_CONTENT else None
    return dict(zip(named, positions, strict=True)) if positions else None


def _regions(first):
    """List the fields that are regions in any spelling."""
    return [position for position, field in enumerate(first) if REGION.fullmatch(field)]


def _two_regions(first):
    """Place two regions, where there are two and no third."""
    regions = _regions(first)
    return regions if len(regions) == 2 else None


def _all_whole(first, positions):
    """Return whether all these fields are there and are whole numbers."""
    return len(first) > max(positions) and all(_WHOLE.fullmatch(first[at]) for at in positions)


def _six_columns(first):
    """Place two intervals in the first six fields."""
    return range(6) if _all_whole(first, (1, 2, 4, 5)) else None


def _chicago(first):
    """Place the intervals of an ibed row: the bait's name stands between them."""
    if len(first) != 10 or not _all_whole(first, (1, 2, 5, 6)):
        return None
    if not all(NUMBER.fullmatch(field) for field in first[8:]):
        return None
    # in BEDPE these two are an end and a name or count
    return (0, 1, 2, 4, 5, 6) if float(first[5]) < float(first[6]) else None


def _ucsc(first):
    """Place source and target of an interact row: 18 fields, the first repeats one of the ends."""
    if len(first) != len(INTERACT_COLUMNS) or not _all_whole(first, (1, 2, 9, 10, 14, 15)):
        return None
    return (8, 9, 10, 13, 14, 15) if first[0] in (first[8], first[13]) else None


def _longrange(first):
    """Place an interval and, in the fourth field, the other one with the score."""
    fits = 4 <= len(first) <= 6 and _all_whole(first, (1, 2)) and TARGET.fullmatch(first[3])
    return range(4) if fits else None


_BY_CONTENT = {
    "ibed": _chicago,
    "interact": _ucsc,
    "intervals": _six_columns,
    "longrange": _longrange,
    "regions": _two_regions,
}

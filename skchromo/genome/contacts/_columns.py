"""Which columns of a contact table hold its two ends: by their names, else by what is in them."""

import re

from ..text import REGION, TARGET

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
        "gene_id": ("gene_id",),
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
        "chrom1": ("chrom1", "chr1", "bin1_chr"),
        "start1": ("start1", "x1", "s1", "bin1_start"),
        "end1": ("end1", "x2", "e1", "bin1_end"),
        "chrom2": ("chrom2", "chr2", "bin2_chromosome", "bin2_chr"),
        "start2": ("start2", "y1", "s2", "bin2_start"),
        "end2": ("end2", "y2", "e2", "bin2_end"),
    },
    "regions": {
        "region1": ("region1", "fragment1", "frag1"),
        "region2": ("region2", "fragment2", "frag2"),
    },
    "longrange": dict.fromkeys(("chrom1", "start1", "end1", "target"), ()),
}


def find_roles(kind, names, first):
    """Find the columns that hold the two ends of a contact.

    Parameters
    ----------
    kind : str
        The shape to look for: ``"pairs"``, ``"gene_regions"``, ``"reference"``, ``"longrange"``,
        ``"interact"``, ``"ibed"``, ``"intervals"`` or ``"regions"``.
    names : list of str
        Column names in lower case, empty where the table has none.
    first : list of str or None
        The first row as text, None where the table has no row.

    Returns
    -------
    dict of str to int, or None
        Position of the column of each role; None where the table has another shape.

    Examples
    --------
    >>> find_roles("regions", [], ["chr1:1-9", "chr1.20.30", "2.5"])
    {'region1': 0, 'region2': 1}
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
    """List the fields that are regions in one of the three spellings."""
    return [position for position, field in enumerate(first) if REGION.fullmatch(field)]


def _two_regions(first):
    """Place two regions, where there are two and no third."""
    regions = _regions(first)
    return regions if len(regions) == 2 else None


def _all_whole(first, positions):
    """Tell whether all these fields are there and are whole numbers."""
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

"""Gene names: versions and prefixes taken off, and the kind of name that a table uses."""

import re

import numpy as np

# ENSG00000000003.15, ENSG00000002586.20_PAR_Y, ENSG00000223972.5_2 (lifted to hg19), NM_000546.6
_VERSIONED = re.compile(r"((?:ENS[A-Z]*|[NX][MR]_)\d+)\.\d+(?:_\d+)?(_PAR_Y)?")
# The type of a record before its name: gene: (Ensembl), Gene: (WormBase), gene- and rna- (NCBI).
# Names that someone numbered, such as gene-1, keep it.
_PREFIXED = re.compile(
    r"(?i:(?:gene|pseudogene|transcript|mrna|ncrna|rna|geneid):|(?:gene|rna)-(?!\d+$))(?=.)"
)
_KINDS = (
    ("Ensembl transcript ids", re.compile(r"ENS[A-Z]*T\d{11}(\.\d+)?.*")),
    ("Ensembl transcript ids", re.compile(r".+-2\d\d")),  # names, such as TP53-201
    ("RefSeq transcript ids", re.compile(r"[NX][MR]_\d+(\.\d+)?.*")),
    ("UCSC transcript ids", re.compile(r"uc\d{3}[a-z]{3}(\.\d+)?")),
    ("CCDS transcript ids", re.compile(r"CCDS\d+(\.\d+)?")),
    ("Havana transcript ids", re.compile(r"OTT[A-Z]+T\d{11}(\.\d+)?")),
    ("FlyBase transcript ids", re.compile(r"FBtr\d{7}|CG\d+-R[A-Z]+")),
    ("WormBase or StringTie transcript ids", re.compile(r"\w+\.\d+([a-z]?\.\d+|[a-z])")),
    (
        "plant transcript ids",
        re.compile(r"(?i:AT[1-5CM]G|LOC_Os\d\dg)\d{5}\.\d+|\w+_T\d{3}|Os\d\dt\d{7}-\d\d"),
    ),
    ("yeast transcript ids", re.compile(r"\w+_mRNA")),
    ("human Ensembl gene ids", re.compile(r"ENSGR?\d{10,11}(\.\d+)?.*")),
    ("mouse Ensembl gene ids", re.compile(r"ENSMUSG\d{11}(\.\d+)?.*")),
    ("Ensembl gene ids", re.compile(r"ENS[A-Z]+G\d{11}(\.\d+)?.*")),
    ("numbers, such as Entrez ids", re.compile(r"\d+")),
)
_N_SEEN = 1000


def check_strip_version(value):
    """Refuse a `strip_version` that is not True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"strip_version must be True or False, got {value!r}")


def bare_id(name):
    """Return an id without a prefix such as ``gene:``, and without an Ensembl or RefSeq version.

    Other names keep their dots. The copy of a gene on chromosome Y keeps its ``_PAR_Y``.
    """
    prefix = _PREFIXED.match(name)
    name = name[prefix.end() :] if prefix else name
    found = _VERSIONED.fullmatch(name)
    return found[1] + (found[2] or "") if found else name


def kind_of_ids(names):
    """Return the kind of names that more than half of these are, such as "RefSeq transcript ids".

    A thousand of the names, spread evenly, are looked at.
    """
    names = names[:: max(1, len(names) // _N_SEEN)]
    for kind, pattern in _KINDS:
        if 2 * sum(pattern.fullmatch(str(name)) is not None for name in names) > len(names):
            return kind
    return "gene symbols or other names"

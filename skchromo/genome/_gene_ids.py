"""Gene names: versions taken off, and what kind of name a table uses."""

import re

# ENSG00000000003.15, ENSG00000002586.20_PAR_Y, ENSG00000223972.5_2 (lifted to hg19), NM_000546.6
_VERSIONED = re.compile(r"((?:ENS[A-Z]*|[NX][MR]_)\d+)\.\d+(?:_\d+)?(_PAR_Y)?")
_KINDS = (
    ("Ensembl transcript ids", re.compile(r"ENS[A-Z]*T\d{11}(\.\d+)?.*")),
    ("RefSeq transcript ids", re.compile(r"[NX][MR]_\d+(\.\d+)?")),
    ("human Ensembl gene ids", re.compile(r"ENSGR?\d{10,11}(\.\d+)?.*")),
    ("mouse Ensembl gene ids", re.compile(r"ENSMUSG\d{11}(\.\d+)?.*")),
    ("Ensembl gene ids", re.compile(r"ENS[A-Z]+G\d{11}(\.\d+)?.*")),
    ("numbers, such as Entrez ids", re.compile(r"\d+")),
)


def strip_version(name):
    """Take the version off an Ensembl or RefSeq name; other names keep their dots.

    Parameters
    ----------
    name : str
        A gene's or transcript's name.

    Returns
    -------
    str
        The name without version. The copy of a gene on chromosome Y keeps its ``_PAR_Y``.

    Examples
    --------
    >>> strip_version("ENSG00000000003.15"), strip_version("ENSG00000002586.20_PAR_Y")
    ('ENSG00000000003', 'ENSG00000002586_PAR_Y')
    >>> strip_version("RP11-34P13.7")
    'RP11-34P13.7'
    """
    found = _VERSIONED.fullmatch(name)
    return found[1] + (found[2] or "") if found else name


def kind_of_ids(names, n_looked_at=1000):
    """Say what kind of names these are.

    Parameters
    ----------
    names : sequence of str
        Names of genes or transcripts.
    n_looked_at : int, default=1000
        How many of them, spread evenly, are looked at.

    Returns
    -------
    str
        The kind that more than half of them have, ``"gene symbols or other names"`` for the rest.

    Examples
    --------
    >>> kind_of_ids(["ENST00000456328.2", "ENST00000450305.2"])
    'Ensembl transcript ids'
    >>> kind_of_ids(["TP53", "MYC"])
    'gene symbols or other names'
    """
    names = names[:: max(1, len(names) // n_looked_at)]
    for kind, pattern in _KINDS:
        if 2 * sum(pattern.fullmatch(str(name)) is not None for name in names) > len(names):
            return kind
    return "gene symbols or other names"

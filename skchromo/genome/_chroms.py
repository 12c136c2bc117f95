"""Chromosome names: with and without chr, and the names of mitochondrion and plastid."""

import re

from .._words import check_choice

_PREFIX = re.compile("chr", re.IGNORECASE)
# UCSC and GENCODE: chrM; Ensembl: MT, Mt, MtDNA, Mito, mitochondrion_genome; TAIR: ChrM, ChrC
_ORGANELLES = {
    **dict.fromkeys(("m", "mt", "mtdna", "mito", "mitochondrion_genome"), "M"),
    **dict.fromkeys(("c", "pt", "pltd", "chloroplast"), "C"),
}


def resolve_chroms(wanted, present, chrom_names="exact"):
    """Return the name that a file uses for each distinct wanted name; None where it has none.

    ``"match"`` also takes a name with or without ``chr`` (``Chr`` and ``CHR`` too), and the names
    of the mitochondrion, such as ``chrM`` and ``MT``, or of the plastid, such as ``ChrC`` and
    ``Pt``, for one another; the name itself comes first. Several matches are an error.
    """
    check_chrom_names(chrom_names)
    present = dict.fromkeys(present)
    if chrom_names == "exact":
        return {name: name if name in present else None for name in wanted}
    by_bare = {}
    for name in present:
        by_bare.setdefault(bare_name(name), []).append(name)
    resolved = {}
    for name in dict.fromkeys(wanted):
        found = [name] if name in present else by_bare.get(bare_name(name), [])
        if len(found) > 1:
            raise ValueError(
                f"chromosome {name} matches both {' and '.join(found)}: use one of these names "
                f"where {name} stands (gene table, contacts or blacklist)"
            )
        resolved[name] = found[0] if found else None
    return resolved


def check_chrom_names(chrom_names):
    """Check the parameter: ``"exact"`` or ``"match"``."""
    check_choice("chrom_names", chrom_names, ("exact", "match"))


def bare_name(name):
    """Return a chromosome name without ``chr``; ``M`` and ``C`` for mitochondrion and plastid."""
    bare = name[3:] if _PREFIX.match(name) else name
    return _ORGANELLES.get(bare.lower(), bare)


def match_hint(missing, present, chrom_names="exact"):
    """Return the advice to set ``chrom_names="match"`` where it would help, else an empty text.

    `missing` are names that the file lacks, `present` those that it has.
    """
    if chrom_names == "match":
        return ""
    by_bare = {bare_name(name): name for name in present}
    for name in missing:
        if bare_name(name) in by_bare:
            return f"the file calls {name} {by_bare[bare_name(name)]!r}: set chrom_names='match'"
    return ""

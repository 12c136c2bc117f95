"""Chromosome names: which name a file uses for the one that a gene table uses."""

_MITOCHONDRION = frozenset({"M", "MT"})


def resolve_chroms(wanted, present, chrom_names="exact"):
    """Map each wanted chromosome name to the name that a file uses.

    Parameters
    ----------
    wanted : iterable of str
        Names to look for; repeats are allowed.
    present : iterable of str
        Names that the file has.
    chrom_names : {"exact", "match"}, default="exact"
        ``"exact"`` takes a name as it stands. ``"match"`` also takes the same name with or without
        a ``chr`` prefix, and ``chrM``, ``chrMT``, ``M`` and ``MT`` for one another; a name that
        the file has as it stands always comes first.

    Returns
    -------
    dict of str to (str or None)
        One entry for each distinct wanted name, in order of first appearance; None where the file
        has no such chromosome.

    Raises
    ------
    ValueError
        If `chrom_names` is neither of the two, or if several names of the file match one wanted
        name and none of them is that name itself.

    Examples
    --------
    >>> resolve_chroms(["chr1", "chrM", "chrY"], ["1", "2", "MT"], chrom_names="match")
    {'chr1': '1', 'chrM': 'MT', 'chrY': None}
    >>> resolve_chroms(["chr1"], ["1"])
    {'chr1': None}
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
    """Raise unless `chrom_names` is ``"exact"`` or ``"match"``.

    Parameters
    ----------
    chrom_names : str
        The setting to judge.

    Raises
    ------
    ValueError
        If it is neither ``"exact"`` nor ``"match"``.

    Examples
    --------
    >>> check_chrom_names("match")
    """
    if not isinstance(chrom_names, str) or chrom_names not in ("exact", "match"):
        raise ValueError(f"chrom_names must be 'exact' or 'match', got {chrom_names!r}")


def bare_name(name):
    """Return the part of a chromosome name that all naming styles share.

    Parameters
    ----------
    name : str
        Chromosome name.

    Returns
    -------
    str
        The name without its ``chr`` prefix; ``M`` for every name of the mitochondrion.

    Examples
    --------
    >>> bare_name("chr1"), bare_name("X"), bare_name("MT")
    ('1', 'X', 'M')
    """
    bare = name[3:] if name.startswith("chr") else name
    return "M" if bare in _MITOCHONDRION else bare


def match_hint(missing, present, chrom_names="exact"):
    """Say that ``chrom_names="match"`` would help, where it would.

    Parameters
    ----------
    missing : iterable of str
        Names that the file lacks as they stand.
    present : iterable of str
        Names that the file has.
    chrom_names : {"exact", "match"}, default="exact"
        The setting in force; with ``"match"`` there is nothing left to suggest.

    Returns
    -------
    str
        A sentence for the end of an error message, or an empty string.

    Examples
    --------
    >>> match_hint(["1"], ["chr1", "chr2"])
    "the file calls 1 'chr1': set chrom_names='match'"
    >>> match_hint(["chrY"], ["chr1", "chr2"])
    ''
    """
    if chrom_names == "match":
        return ""
    by_bare = {bare_name(name): name for name in present}
    for name in missing:
        if bare_name(name) in by_bare:
            return f"the file calls {name} {by_bare[bare_name(name)]!r}: set chrom_names='match'"
    return ""

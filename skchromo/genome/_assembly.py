"""Assemblies: files that give one chromosome different lengths do not belong together."""

from ._chroms import bare_name

# Length of chromosome 1 in bp (chrom.sizes of the UCSC genome browser), which no two share.
_LENGTH_OF_CHR1 = {
    "hg18": 247_249_719,
    "hg19": 249_250_621,
    "hg38": 248_956_422,
    "T2T-CHM13": 248_387_328,
    "mm9": 197_195_432,
    "mm10": 195_471_971,
    "mm39": 195_154_279,
}
_REMEDY = (
    "use files of one assembly. skchromo lifts nothing over: UCSC liftOver and CrossMap do so "
    "for tables and lists, CrossMap for bigWig files too; a matrix is best made anew from "
    "its reads"
)
_NOTE = "skchromo.contacts"


def name_assembly(chromsizes):
    """Name the assembly that chromosomes of these lengths are of.

    Parameters
    ----------
    chromsizes : mapping of str to int
        Length of each chromosome in bp.

    Returns
    -------
    str or None
        ``"hg18"``, ``"hg19"``, ``"hg38"``, ``"T2T-CHM13"``, ``"mm9"``, ``"mm10"`` or ``"mm39"``, by
        the length of chromosome 1; None for any other.

    Examples
    --------
    >>> name_assembly({"1": 249_250_621}), name_assembly({"chr1": 5_000})
    ('hg19', None)
    """
    lengths = {size for chrom, size in chromsizes.items() if bare_name(chrom) == "1"}
    return next((name for name, size in _LENGTH_OF_CHR1.items() if size in lengths), None)


def in_assembly(chromsizes):
    """Say in parentheses which assembly lengths are like, for a message.

    Parameters
    ----------
    chromsizes : mapping of str to int
        Length of each chromosome in bp.

    Returns
    -------
    str
        The words, empty where the assembly is not known.

    Examples
    --------
    >>> in_assembly({"chr1": 248_956_422})
    ' (as in hg38)'
    """
    name = name_assembly(chromsizes)
    return f" (as in {name})" if name else ""


def check_assembly(chromsizes, starts=None, *, table=None):
    """Raise if files, or the contacts of a gene table, are of different assemblies.

    Chromosomes are compared with and without ``chr``. The mitochondrion is left out, as it comes in
    two lengths with one assembly (hg19), and so is what a file lists under both names.

    Parameters
    ----------
    chromsizes : mapping of str to (mapping of str to int)
        For each file by what it is called in a message: length of each chromosome in bp.
    starts : mapping of str to (mapping of str to int), default=None
        For each list of contacts by what it is called: largest start on each chromosome, as
        `largest_starts` gives it.
    table : pandas.DataFrame, default=None
        A gene table: what `note_contacts` has noted in it is compared too.

    Raises
    ------
    ValueError
        If two files give a chromosome different lengths, or a contact of a list starts beyond the
        end of its chromosome. The message names both sources and both numbers, the assemblies
        where they are known, and tools that lift over.

    Examples
    --------
    >>> check_assembly({"a.bw": {"chr1": 5_000}, "b.hic": {"1": 5_000, "MT": 300}})
    >>> check_assembly({"a.bw": {"chr1": 5_000}, "b.hic": {"1": 6_000}})
    Traceback (most recent call last):
    ...
    ValueError: chromosome 1 has 5000 bp in a.bw and 6000 bp in b.hic: they are of different
    assemblies, ...
    """
    noted = {} if table is None else table.attrs.get(_NOTE, {})
    known = {}
    for name, sizes in [*noted.get("chromsizes", {}).items(), *chromsizes.items()]:
        for bare, (chrom, size) in _comparable(sizes).items():
            first_size, first_name, first_sizes = known.setdefault(bare, (size, name, sizes))
            if size != first_size:
                raise ValueError(
                    f"chromosome {chrom} has {first_size} bp in {first_name}"
                    f"{in_assembly(first_sizes)} and {size} bp in {name}{in_assembly(sizes)}: they "
                    f"are of different assemblies, {_REMEDY}"
                )
    for name, largest in [*noted.get("starts", {}).items(), *(starts or {}).items()]:
        for bare, (chrom, start) in _comparable(largest).items():
            if bare in known and start >= known[bare][0]:
                size, file, sizes = known[bare]
                raise ValueError(
                    f"{name} has a contact that starts at {chrom}:{start}, but {chrom} has {size} "
                    f"bp in {file}{in_assembly(sizes)}: they are of different assemblies, {_REMEDY}"
                )


def note_contacts(table, chromsizes, starts):
    """Store in a gene table what is known about the assembly of its contacts.

    It is kept in ``table.attrs``, which pandas hands on when rows are taken; where a user's step
    loses it (a merge), only `check_assembly` knows less.

    Parameters
    ----------
    table : pandas.DataFrame
        The gene table; changed in place.
    chromsizes, starts : dict of str to (dict of str to int)
        Of matrices and of lists, as for `check_assembly`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"chrom": ["chr1"]})
    >>> note_contacts(table, {}, {"loops.bedpe": {"chr1": 7_000}})
    >>> check_assembly({"a.bw": {"chr1": 5_000}}, table=table)
    Traceback (most recent call last):
    ...
    ValueError: loops.bedpe has a contact that starts at chr1:7000, but chr1 has 5000 bp in a.bw:
    they are of different assemblies, ...
    """
    table.attrs[_NOTE] = {"chromsizes": chromsizes, "starts": starts}


def largest_starts(contacts):
    """Find the largest start of the fragments on each chromosome.

    Starts, as the last bin of a chromosome may be written with an end beyond it.

    Parameters
    ----------
    contacts : pandas.DataFrame of shape (n_contacts, 5 or 7)
        What `read_contacts` returns.

    Returns
    -------
    dict of str to int
        Positions in bp.

    Examples
    --------
    >>> import pandas as pd
    >>> largest_starts(pd.DataFrame({"chrom": ["chr1", "chr1"], "start": [50, 900]}))
    {'chr1': 900}
    """
    largest = {}
    for side in ("",) if "chrom" in contacts else ("1", "2"):
        starts = contacts["start" + side].groupby(contacts["chrom" + side], sort=False).max()
        for chrom, start in starts.items():
            largest[chrom] = max(int(start), largest.get(chrom, 0))
    return largest


def _comparable(lengths):
    """Give name and number of each chromosome by its bare name, but for those left out."""
    named = {}
    for chrom, number in lengths.items():
        named.setdefault(bare_name(chrom), []).append((chrom, number))
    named.pop("M", None)
    return {bare: found[0] for bare, found in named.items() if len(found) == 1}

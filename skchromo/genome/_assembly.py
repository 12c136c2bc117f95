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
    "use files of one assembly. skchromo does not lift over: UCSC liftOver and CrossMap do so for "
    "tables and lists, CrossMap for bigWig files too; a matrix is best made again from its reads"
)
_NOTE = "skchromo.contacts"


def in_assembly(chromsizes):
    """Return for a message which assembly has these lengths, such as " (as in hg19)", or "".

    Chromosome 1 decides.
    """
    lengths = {size for chrom, size in chromsizes.items() if bare_name(chrom) == "1"}
    found = (f" (as in {name})" for name, size in _LENGTH_OF_CHR1.items() if size in lengths)
    return next(found, "")


def check_assembly(chromsizes, starts=None, *, table=None):
    """Refuse files, and contacts of a gene table, that are of different assemblies.

    `chromsizes` maps the name of each file to its chromosomes and their lengths, `starts` that of
    each list of contacts to what `largest_starts` returns; the notes of `note_contacts` in a gene
    table are compared too. Names count with and without ``chr``. The mitochondrion is left out,
    because it has two lengths with one assembly (hg19), and so is a chromosome that a file lists
    under both names.
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
    """Note in the attrs of a gene table what is known about the assembly of its contacts.

    The arguments are as in `check_assembly`, which knows less once pandas has lost the notes, such
    as in a merge.
    """
    table.attrs[_NOTE] = {"chromsizes": chromsizes, "starts": starts}


def largest_starts(contacts):
    """Return the largest start (bp) of a fragment on each chromosome.

    Starts count, because the last bin of a chromosome may be written with an end beyond it.
    """
    largest = {}
    for side in ("",) if "chrom" in contacts else ("1", "2"):
        starts = contacts["start" + side].groupby(contacts["chrom" + side], sort=False).max()
        for chrom, start in starts.items():
            largest[chrom] = max(int(start), largest.get(chrom, 0))
    return largest


def _comparable(lengths):
    """Return name and number of each chromosome by its bare name, without those left out."""
    named = {}
    for chrom, number in lengths.items():
        named.setdefault(bare_name(chrom), []).append((chrom, number))
    named.pop("M", None)
    return {bare: found[0] for bare, found in named.items() if len(found) == 1}

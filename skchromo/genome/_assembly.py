"""Assemblies: files that give one chromosome different lengths do not belong together."""

from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class ContactOrigin:
    """Where contacts come from, and what that says about their assembly, by chromosome in bp.

    `name` stands in messages. A matrix has lengths of chromosomes (`chromsizes`), a list the
    largest start of its fragments (`largest_starts`). Every cell of a column ``pcres`` carries the
    origin of its contacts, so that no step of pandas can lose it.
    """

    name: str
    chromsizes: dict = field(default_factory=dict)
    largest_starts: dict = field(default_factory=dict)


def in_assembly(chromsizes):
    """Return for a message which assembly has these lengths, such as " (as in hg19)", or "".

    Chromosome 1 decides.
    """
    lengths = {size for chrom, size in chromsizes.items() if bare_name(chrom) == "1"}
    found = (f" (as in {name})" for name, size in _LENGTH_OF_CHR1.items() if size in lengths)
    return next(found, "")


def check_assembly(chromsizes, origins=(), *, table=None):
    """Refuse files, or contacts, of different assemblies.

    `chromsizes` maps the name of each file to the lengths of its chromosomes; `origins` are those
    of contacts, and those in the columns ``pcres`` of a gene table are added. Chromosomes are
    compared with and without ``chr``. The mitochondrion is left out, because it comes in two
    lengths with one assembly (hg19), and so is a chromosome that a file lists under both names.
    """
    origins = [*([] if table is None else _origins_of(table)), *origins]
    sized = [(origin.name, origin.chromsizes) for origin in origins]
    known = {}
    for name, sizes in [*sized, *chromsizes.items()]:
        for bare, (chrom, size) in _comparable(sizes).items():
            first_size, first_name, first_sizes = known.setdefault(bare, (size, name, sizes))
            if size != first_size:
                raise ValueError(
                    f"chromosome {chrom} has {first_size} bp in {first_name}"
                    f"{in_assembly(first_sizes)} and {size} bp in {name}{in_assembly(sizes)}: they "
                    f"are of different assemblies, {_REMEDY}"
                )
    for origin in origins:
        for bare, (chrom, start) in _comparable(origin.largest_starts).items():
            if bare in known and start >= known[bare][0]:
                size, file, sizes = known[bare]
                raise ValueError(
                    f"{origin.name} has a contact that starts at {chrom}:{start}, but {chrom} has "
                    f"{size} bp in {file}{in_assembly(sizes)}: they are of different assemblies, "
                    f"{_REMEDY}"
                )


def _origins_of(table):
    """List the distinct origins of the contacts in a gene table."""
    columns = [name for name in ("pcres", "pcres_a", "pcres_b") if name in table.columns]
    origins = [getattr(cell, "origin", None) for name in columns for cell in table[name]]
    return list({id(origin): origin for origin in origins if origin is not None}.values())


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

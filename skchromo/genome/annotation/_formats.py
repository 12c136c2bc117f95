"""Formats of annotations: recognised by content, and read where a line is a transcript.

These are UCSC's genePred tables (refGene, refFlat, knownGene) and BED.
"""

from ..text import is_comment, text_of, whole_number
from ._gff import parse_gff3, parse_gtf
from ._transcripts import UNTAGGED, Annotation

FORMATS = ("auto", "gtf", "gff3", "genepred", "bed")

_GENEPRED = ("name", "chrom", "strand", "txstart", "txend", "cdsstart", "cdsend")
_GENE_NAMES = ("name2", "genename", "genesymbol", "gene_name", "gene_id")


def read_annotation(file, format):
    """Return the format of an annotation, which is found where it is "auto", and its Annotation."""
    if format in ("auto", "genepred"):
        found, columns = _recognise(file)
        if format == "genepred" and found != format:
            raise ValueError(f"{file.name} is not a genePred table: it looks like {found}")
        format = found
    if format == "genepred":
        return format, _parse_genepred(file, columns)
    return format, {"gtf": parse_gtf, "gff3": parse_gff3, "bed": _parse_bed}[format](file)


def _recognise(file):
    """Return the format of an annotation, and the positions of the columns of a genePred table."""
    for _, line in file.lines():
        text = text_of(line)
        if text.startswith("##gff-version") and text.split()[-1].startswith("3"):
            return "gff3", None
        names = [name.strip().lower() for name in text.lstrip("#").split("\t")]
        if "txstart" in names:
            return "genepred", _by_name(file, names)
        if is_comment(text):
            continue
        fields = text.split("\t")
        if len(fields) >= 9 and _whole(fields[3:5]) and fields[6] in ("+", "-", ".", "?"):
            return ("gff3" if "=" in fields[8].partition(" ")[0] else "gtf"), None
        columns = _by_position(fields)
        if columns is not None:
            return "genepred", columns
        fields = _bed_fields(text)
        if len(fields) >= 3 and _whole(fields[1:3]):
            return "bed", None
        raise ValueError(
            f"{file.name} is not recognised (its first record begins {text[:60]!r}): give a GTF, "
            "GFF3, genePred (refGene, ncbiRefSeq) or BED file; a table that has chrom, tss and "
            "strand already is read with pandas.read_csv"
        )
    raise ValueError(f"{file.name} is empty or holds only comments: fetch or write it again")


def _parse_genepred(file, columns):
    """Read a genePred table; `columns` has the positions of its columns.

    A gene is its ``name2`` (refFlat: ``geneName``); without one, each transcript is a gene of its
    own name.
    """
    found = Annotation()
    n_needed = max(columns.values()) + 1
    for number, text in file.records():
        fields = text.split("\t")
        if len(fields) > columns["txstart"] and fields[columns["txstart"]].lower() == "txstart":
            continue
        if len(fields) < n_needed:
            raise file.problem(
                number, f"{len(fields)} columns where the table has at least {n_needed}"
            )
        row = {role: fields[at] for role, at in columns.items()}
        start, end = _interval(file, number, row["txstart"], row["txend"])
        gene = row["gene"].strip() or row["name"]
        if not gene:
            raise file.problem(number, "neither a gene's nor a transcript's name: fill it in")
        _check_strand(file, number, row["strand"])
        place = (row["chrom"], start, end, row["strand"])
        found.transcripts.append((gene, row["name"], *place, UNTAGGED))
        if row["cdsstart"] != row["cdsend"]:
            found.coding.add(gene)
    return found


def _parse_bed(file):
    """Read a BED file of six columns or more, whose fourth names genes; a row is a transcript."""
    found = Annotation()
    for number, text in file.records():
        fields = _bed_fields(text)
        if len(fields) < 6:
            raise file.problem(
                number,
                f"{len(fields)} columns where a gene needs 6: chrom, start, end, name, score, "
                "strand (without a strand it is unknown at which end the TSS stands)",
            )
        start, end = _interval(file, number, fields[1], fields[2])
        if fields[3] in ("", "."):
            raise file.problem(number, "the gene has no name: fill in the fourth column")
        _check_strand(file, number, fields[5])
        place = (fields[0], start, end, fields[5])
        found.transcripts.append((fields[3], None, *place, UNTAGGED))
    return found


def _by_name(file, names):
    """Return the positions of the columns of a genePred table by its header."""
    missing = [name for name in _GENEPRED if name not in names]
    if missing:
        raise ValueError(
            f"{file.name}: the header has no column {', '.join(missing)}: choose all fields of "
            "the table (a genePred table has name, chrom, strand, txStart, txEnd, cdsStart, cdsEnd)"
        )
    columns = {name: names.index(name) for name in _GENEPRED}
    gene = next((name for name in _GENE_NAMES if name in names), "name")
    return {**columns, "gene": names.index(gene)}


def _by_position(fields):
    """Return the positions of the columns of a genePred table by its first row, or None."""
    for first in (0, 1):
        numbers = fields[first + 3 : first + 8]
        if len(fields) < first + 10 or fields[first + 2] not in ("+", "-") or not _whole(numbers):
            continue
        columns = {name: first + at for at, name in enumerate(_GENEPRED)}
        if len(fields) >= first + 15:
            gene = first + 11
        else:
            # refFlat begins with the gene, other tables with a number, the bin
            gene = 0 if first == 1 and not fields[0].isdigit() else first
        return {**columns, "gene": gene}
    return None


def _bed_fields(text):
    """Return the fields of a BED line, split at tabs or, where it has none, at white space."""
    return text.split("\t") if "\t" in text else text.split()


def _whole(fields):
    """Return whether all fields are whole numbers, and there is one."""
    return bool(fields) and all(whole_number(value) is not None for value in fields)


def _interval(file, number, start, end):
    """Return start and end of a 0-based half-open interval."""
    if not _whole([start, end]):
        raise file.problem(number, f"start {start!r} and end {end!r} must be whole numbers")
    if int(start) >= int(end):
        raise file.problem(number, f"start {start} must be less than end {end}")
    return int(start), int(end)


def _check_strand(file, number, strand):
    """Refuse a strand other than + and - (and . for none)."""
    if strand not in ("+", "-", "."):
        raise file.problem(number, f"strand {strand!r}: it must be + or - (or . for none)")

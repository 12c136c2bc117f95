"""GTF and GFF3: the lines of genes and transcripts, as GENCODE, Ensembl and RefSeq write them."""

import re
from urllib.parse import unquote

from ..text import text_of, whole_number
from ._transcripts import UNTAGGED, Annotation

# Kinds of records, in the third column. A kind that ends in "gene" is a gene. These are parts of
# transcripts or of chromosomes: nine of ten lines, skipped before anything else is looked at.
_PARTS = frozenset(
    b"exon CDS UTR 5UTR 3UTR five_prime_utr three_prime_utr five_prime_UTR three_prime_UTR "
    b"start_codon stop_codon Selenocysteine stop_codon_redefined_as_selenocysteine intron "
    b"inter intron_CNS inter_CNS match cDNA_match biological_region region".split()
)
# Kinds of transcripts: the Sequence Ontology's RNAs (mRNA, lnc_RNA, pre_miRNA, pseudogenic_tRNA),
# transcripts (primary_transcript) and segments (V_gene_segment), and names of Ensembl's past. Below
# a gene, a kind that ends in "gene" is one too: mRNA_TE_gene (TAIR), pseudogene (FlyBase).
_TRANSCRIPT = re.compile(
    rb".*(?:[rR][nN][aA]|transcript|gene_segment|gene|ribozyme)|NMD_transcript_variant"
)
_PARENTS = re.compile(rb"[\t; ]Parent=([^;\r\n]+)")
_PAIR = re.compile(r'([\w.-]+)\s+(?:"([^"]*)"|([^";\s]+))')
_CDS_GENE = re.compile(rb'\bgene_id "?([^";]+)')
_BIOTYPES = ("gene_type", "gene_biotype")
_NAMES = ("gene_name", "Name", "gene")
_TAG_RANKS = {
    "mane_select": 0,
    "ensembl_canonical": 1,
    "refseq_select": 2,
    "appris_principal": 3,
    "appris_principal_1": 3,
    "appris_principal_2": 4,
    "appris_principal_3": 5,
    "appris_principal_4": 6,
    "appris_principal_5": 7,
}


def parse_gtf(file):
    """Read genes and transcripts of a GTF file.

    Where it has neither lines of genes nor of transcripts, transcripts are put together from their
    exons.
    """
    found, from_exons = Annotation(), {}
    for number, kind, line in _records(file):
        if kind in _PARTS:
            if kind == b"CDS" and not found.biotypes:
                gene = _CDS_GENE.search(line)
                found.coding.update([gene[1].decode("utf-8", "replace")] if gene else [])
            # the first line of a gene or transcript shows that exons are not needed
            if kind != b"exon" or found.genes or found.transcripts:
                continue
        span, text = _span(file, number, line)
        if kind != b"exon" and not _TRANSCRIPT.fullmatch(kind):
            continue
        values = _gtf_attributes(text)
        gene, transcript = values.get("gene_id"), values.get("transcript_id")
        if not gene:
            raise file.problem(number, 'no gene_id: write gene_id "..." in the ninth column')
        if kind in (b"transcript", b"exon") and not transcript:
            raise file.problem(number, f'{kind.decode()} without transcript_id "..."')
        if not transcript and not kind.endswith(b"gene"):
            continue
        found.describe(gene, _first(values, _NAMES), _first(values, _BIOTYPES))
        if kind.endswith(b"gene"):
            found.genes.append((gene, None, *span, UNTAGGED))
        elif kind == b"exon":
            key = (gene, transcript, span[0], span[3])
            start, end, rank = from_exons.get(key, (span[1], span[2], UNTAGGED))
            rank = min(rank, _rank(values))
            from_exons[key] = (min(start, span[1]), max(end, span[2]), rank)
        else:
            found.transcripts.append((gene, transcript, *span, _rank(values)))
    if not found.genes and not found.transcripts:
        found.transcripts = [
            (gene, transcript, chrom, start, end, strand, rank)
            for (gene, transcript, chrom, strand), (start, end, rank) in from_exons.items()
        ]
    return found


def parse_gff3(file):
    """Read genes and transcripts of a GFF3 file.

    The id of a gene is its ``gene_id``, else its ``gene`` (RefSeq), else its ``ID``. A transcript
    is below a gene, and of a kind of transcripts or with exons or coding sequences of its own:
    genes also have enhancers, variants and polyA sites below them.
    """
    found, gene_of, below, coding = Annotation(), {}, [], set()
    for number, kind, line in _records(file):
        if kind in _PARTS:
            if kind == b"CDS" and not found.biotypes:
                coding.update(_parents(line))
            continue
        if not (kind.endswith(b"gene") or b"Parent=" in line):
            continue
        span, text = _span(file, number, line)
        values = _gff3_attributes(text)
        parents = [] if kind == b"gene" else _parents(line)
        if parents:
            identifier = values.get("ID", "")
            name = values.get("transcript_id") or identifier
            below.append((parents, kind, identifier, (name, *span, _rank(values))))
            continue
        gene = values.get("gene_id") or values.get("gene") or values.get("ID")
        if not gene:
            raise file.problem(number, "a gene without ID: write ID=... in the ninth column")
        identifier = values.get("ID", gene)
        # GENCODE marks the copy on chromosome Y in ID alone
        if identifier.endswith("_PAR_Y") and not gene.endswith("_PAR_Y"):
            gene += "_PAR_Y"
        gene_of[identifier] = gene
        biotype = _first(values, (*_BIOTYPES, "biotype"))
        found.describe(gene, _first(values, _NAMES), biotype)
        found.genes.append((gene, None, *span, UNTAGGED))
    below = [row for row in below if any(parent in gene_of for parent in row[0])]
    unlisted = {row[2] for row in below if not _TRANSCRIPT.fullmatch(row[1])}
    with_exons = _with_exons(file, unlisted) if unlisted else ()
    for parents, kind, identifier, transcript in below:
        if identifier in unlisted and identifier not in with_exons:
            continue
        genes = [gene_of[parent] for parent in parents if parent in gene_of]
        found.transcripts.extend((gene, *transcript) for gene in genes)
        found.coding.update(genes if kind == b"mRNA" or identifier in coding else [])
    found.coding.update(gene_of[parent] for parent in coding if parent in gene_of)
    return found


def _with_exons(file, identifiers):
    """Return the IDs that have exons or coding sequences below them."""
    found = set()
    for _, kind, line in _records(file):
        if kind == b"CDS" or kind.endswith(b"exon"):
            found.update(identifiers.intersection(_parents(line)))
    return found


def _parents(line):
    """Return the IDs of a record's parents."""
    found = _PARENTS.search(line)
    return [unquote(text_of(name).strip()) for name in found[1].split(b",")] if found else []


def _records(file):
    """Yield number, kind and line of each record, still as bytes."""
    for number, line in file.lines():
        if line.startswith((b"##FASTA", b">")):
            return
        if line.startswith((b"#", b"track ", b"browser ")) or not line.strip():
            continue
        fields = line.split(b"\t", 3)
        if len(fields) < 4:
            raise file.problem(
                number, f"{len(fields)} columns where GTF and GFF3 have 9, separated by tabs"
            )
        yield number, fields[2], line


def _span(file, number, line):
    """Return (chrom, start, end, strand) of a record, and its ninth column."""
    fields = text_of(line).split("\t")
    if len(fields) < 9:
        raise file.problem(
            number, f"{len(fields)} columns where GTF and GFF3 have 9, separated by tabs"
        )
    start, end = whole_number(fields[3]), whole_number(fields[4])
    if start is None or end is None:
        raise file.problem(
            number, f"start {fields[3]!r} and end {fields[4]!r} must be whole numbers"
        )
    if not 1 <= start <= end:
        raise file.problem(
            number, f"start {start} and end {end}: they count from 1, and start comes first"
        )
    if fields[6] not in ("+", "-", ".", "?"):
        raise file.problem(number, f"strand {fields[6]!r}: it must be + or - (or . for none)")
    return (fields[0], start - 1, end, fields[6]), fields[8]


def _gtf_attributes(text):
    """Return the ninth column of a GTF as a dict; of repeated keys the first, but all tags."""
    values = {}
    for key, quoted, bare in _PAIR.findall(text):
        if key == "tag" and key in values:
            values[key] += "," + (quoted or bare)
        else:
            values.setdefault(key, quoted or bare)
    return values


def _gff3_attributes(text):
    """Return the ninth column of a GFF3 as a dict."""
    values = {}
    for part in text.split(";"):
        key, _, value = part.strip().partition("=")
        values[key] = unquote(value) if "%" in value else value
    return values


def _first(values, keys):
    """Return the first of these values that is not empty, None where all are."""
    return next((values[key] for key in keys if values.get(key)), None)


def _rank(values):
    """Return the rank of a transcript by its tags: 0 is MANE Select."""
    tags = values.get("tag", "").lower().replace(" ", "_").split(",")
    return min(_TAG_RANKS.get(tag, UNTAGGED) for tag in tags)

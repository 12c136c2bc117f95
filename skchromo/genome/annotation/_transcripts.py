"""Transcripts that were read from an annotation, and the one place of each gene among them."""

import re
import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .._chroms import bare_name

# Rank of a transcript that no tag prefers.
UNTAGGED = 9

_COLUMNS = ["gene_id", "transcript_id", "chrom", "start", "end", "strand", "rank"]
# Transcripts of one gene with less between them are one locus: the longest human gene has 2.5 Mb,
# but its transcripts overlap; copies of a gene on one chromosome are mostly farther apart.
_GAP = 1_000_000
# UCSC: chr6_apd_hap1, chr1_KI270706v1_random, chrUn_...; Ensembl: CHR_HSCHR6_..., KI270706.1;
# RefSeq: NT_..., NW_... (its chromosomes are NC_...)
_CONTIG = re.compile(r"(?!NC_|AC_).*_.*|[A-Z]{2,4}\d{6,}(\.\d+)?")


@dataclass
class Annotation:
    """Transcripts and genes of an annotation in the order of the file.

    `transcripts` and `genes` hold tuples (gene_id, transcript_id, chrom, start, end, strand, rank):
    positions are 0-based and half-open (bp), a low rank marks a transcript that the annotators
    prefer, and the lines of genes have None as transcript. `names` and `biotypes` are by gene_id,
    where the file has them. `coding` holds the gene_ids that have a coding sequence, as far as it
    was looked for.
    """

    transcripts: list = field(default_factory=list)
    genes: list = field(default_factory=list)
    names: dict = field(default_factory=dict)
    biotypes: dict = field(default_factory=dict)
    coding: set = field(default_factory=set)

    def describe(self, gene_id, name, biotype):
        """Keep the first name and biotype of a gene that are not empty or None."""
        if name:
            self.names.setdefault(gene_id, name)
        if biotype:
            self.biotypes.setdefault(gene_id, biotype)

    def to_table(self, file):
        """Return a row for each transcript, and for each gene that has none, in order of genes."""
        with_transcripts = {row[0] for row in self.transcripts}
        rows = self.transcripts + [row for row in self.genes if row[0] not in with_transcripts]
        if not rows:
            raise ValueError(
                f"{file.name} has no gene and no transcript: give an annotation of genes, with "
                "lines of type gene (and of transcripts below them)"
            )
        order = {gene: at for at, gene in enumerate(dict.fromkeys(row[0] for row in self.genes))}
        table = pd.DataFrame(rows, columns=_COLUMNS)
        at = table["gene_id"].map(order) if order else pd.Series(0, index=table.index)
        return table.iloc[np.argsort(at.to_numpy(), kind="stable")].reset_index(drop=True)


def keep_one_locus(table, name):
    """Return the transcripts of one locus of each gene; warn of genes that have several.

    `table` has gene_id, chrom, start, end and strand, and `name` is its name in the message. A
    locus on a primary chromosome comes before those on contigs, X before Y, then the first one.
    """
    places = ["gene_id", "chrom", "strand"]
    rows = table[[*places, "start", "end"]].sort_values([*places, "start"], kind="stable")
    reach = rows.groupby(places, sort=False)["end"].cummax()
    before = reach.groupby([rows[place] for place in places], sort=False).shift()
    # The first transcript of a place has none before it: the comparison with NaN is false.
    rows["locus"] = (~(rows["start"] <= before + _GAP)).cumsum()
    rows["at"] = rows.index
    loci = rows.groupby("locus").agg(
        gene_id=("gene_id", "first"), chrom=("chrom", "first"), at=("at", "min")
    )
    if not loci["gene_id"].duplicated().any():
        return table
    loci["contig"] = [_CONTIG.fullmatch(chrom) is not None for chrom in loci["chrom"]]
    loci["is_y"] = [bare_name(chrom) == "Y" for chrom in loci["chrom"]]
    loci = loci.sort_values(["contig", "is_y", "at"])
    _warn_several(loci[loci["gene_id"].duplicated(keep=False)], name)
    kept = loci.index[~loci["gene_id"].duplicated()]
    at = rows.index[rows["locus"].isin(kept)]
    return table.loc[pd.Index(sorted(at))].reset_index(drop=True)


def _warn_several(loci, name):
    """Warn of genes that have several loci, and name these."""
    genes = loci["gene_id"].drop_duplicates()
    shown = "; ".join(
        f"{gene} on {', '.join(loci.loc[loci['gene_id'] == gene, 'chrom'].iloc[:4])}"
        for gene in genes.iloc[:5]
    )
    more = f" and {len(genes) - 5} more" if len(genes) > 5 else ""
    warnings.warn(
        f"{name}: genes at several places ({len(genes)}); the place that is named first here is "
        f"kept: {shown}{more}; choose chromosomes with chroms= to have no copies",
        stacklevel=4,
    )


def choose_tss(table, tss):
    """Return one row for each gene, or for each TSS of it where `tss` is "all"."""
    forward = table["strand"] == "+"
    table["tss"] = table["start"].where(forward, table["end"] - 1)
    table["gene"] = pd.factorize(table["gene_id"])[0]
    table["downstream"] = table["tss"].where(forward, -table["tss"])
    keys = ["gene", "rank", "downstream"] if tss == "canonical" else ["gene", "downstream"]
    table = table.sort_values(keys, kind="stable")
    one_row = ["gene", "tss"] if tss == "all" else ["gene"]
    chosen = table.drop_duplicates(one_row).reset_index(drop=True)
    if table["transcript_id"].isna().all():
        chosen = chosen.drop(columns="transcript_id")
    elif tss == "all":
        named = table.dropna(subset="transcript_id")
        joined = named.groupby(["gene", "tss"])["transcript_id"].agg(";".join)
        places = pd.MultiIndex.from_frame(chosen[["gene", "tss"]])
        chosen["transcript_id"] = joined.reindex(places).to_numpy()
    columns = ["gene_id", "chrom", "tss", "strand", "gene_name", "biotype", "transcript_id"]
    chosen = chosen[[column for column in columns if column in chosen.columns]]
    return chosen.astype({"gene_id": str, "chrom": str, "tss": np.int64, "strand": str})

"""Genes that stand at several places: which one is kept."""

import re
import warnings

import pandas as pd

from .._chroms import bare_name

# Transcripts of one gene with less between them are one locus: the longest human gene has 2.5 Mb,
# but its transcripts overlap; copies of a gene on one chromosome are mostly farther apart.
_GAP = 1_000_000
# UCSC: chr6_apd_hap1, chr1_KI270706v1_random, chrUn_...; Ensembl: CHR_HSCHR6_..., KI270706.1;
# RefSeq: NT_..., NW_... (its chromosomes are NC_...)
_CONTIG = re.compile(r"(?!NC_|AC_).*_.*|[A-Z]{2,4}\d{6,}(\.\d+)?")


def keep_one_locus(table, name):
    """Keep one locus of each gene, and say which genes had several.

    Parameters
    ----------
    table : pandas.DataFrame of shape (n_transcripts, n_columns)
        With ``gene_id chrom start end strand``; positions 0-based and half-open (bp).
    name : str
        What to call the table in the message.

    Returns
    -------
    pandas.DataFrame
        The rows of the loci that are kept, in their order; the index counts from 0.

    Warns
    -----
    UserWarning
        If a gene has several loci.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"gene_id": "A", "chrom": "chr1", "start": [5, 60], "end": [50, 90], "strand": "+"}
    ... )
    >>> len(keep_one_locus(table, "the table"))
    2
    """
    places = ["gene_id", "chrom", "strand"]
    rows = table[[*places, "start", "end"]].sort_values([*places, "start"], kind="stable")
    reach = rows.groupby(places, sort=False)["end"].cummax()
    before = reach.groupby([rows[place] for place in places], sort=False).shift()
    # the first transcript of a place has none before it: the comparison with NaN is false
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
    several = loci[loci["gene_id"].duplicated(keep=False)]
    _warn(several, name)
    kept = loci.index[~loci["gene_id"].duplicated()]
    at = rows.index[rows["locus"].isin(kept)]
    return table.loc[pd.Index(sorted(at))].reset_index(drop=True)


def _warn(several, name):
    """Say which genes have several loci, and where."""
    genes = several["gene_id"].drop_duplicates()
    shown = "; ".join(
        f"{gene} on {', '.join(several.loc[several['gene_id'] == gene, 'chrom'].iloc[:4])}"
        for gene in genes.iloc[:5]
    )
    more = f" and {len(genes) - 5} more" if len(genes) > 5 else ""
    warnings.warn(
        f"{name}: genes at several places ({len(genes)}), of which the first named here is kept: "
        f"{shown}{more}; choose chromosomes with chroms= to have no copies",
        stacklevel=4,
    )

"""The way from a result to a file: rows of the genes to write, and tables as text."""

import gzip
from pathlib import Path

import numpy as np

from ..._files import whole_file


def rows_to_write(places, genes, chromsizes):
    """Return the rows of genes, and refuse a gene without a place on its chromosome."""
    rows = places.rows(genes)
    for row in rows:
        gene, chrom, tss = places.genes["gene_id"][row], places.chrom[row, 0], places.tss[row]
        if not chrom:
            raise ValueError(
                f"gene {gene} has no coordinates because X came from plain arrays: make X with "
                "BigWigTransformer"
            )
        if tss >= chromsizes.get(chrom, np.inf):
            raise ValueError(
                f"gene {gene} lies at {chrom}:{tss}, beyond the end of {chrom}, "
                f"{chromsizes[chrom]} bp: are chromsizes of another assembly?"
            )
    return rows


def write_table(table, path, first_line=None, *, names=False):
    """Write a table as tab-separated text, whole or not at all, and return the Path.

    `first_line` is written before it, and `names` of columns if wanted. A name that ends in
    ``.gz`` is compressed.
    """
    text = table.to_csv(
        sep="\t", header=names, index=False, float_format="%.6g", lineterminator="\n"
    )
    if first_line is not None:
        text = f"{first_line}\n{text}"
    content = text.encode()
    with whole_file(path) as file:
        # without a time, which may be none that gzip can hold
        file.write(gzip.compress(content, mtime=0) if Path(path).suffix == ".gz" else content)
    return Path(path)

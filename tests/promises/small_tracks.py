"""A few genes on one chromosome, and their features from small tracks."""

from pathlib import Path

import pandas as pd

from skchromo import BigWigTransformer


def make_genes(n=30, step=1_200):
    index = pd.Index([f"g{i}" for i in range(n)], name="gene_id")
    tss = [1_000 + step * i for i in range(n)]
    return pd.DataFrame({"chrom": "chr1", "tss": tss, "strand": "+"}, index=index)


def transform(tracks, genes, memory=None, **options):
    return BigWigTransformer(tracks, window=2_000, memory=memory, **options).fit_transform(genes)


def files_in(folder):
    """Suffixes of all files in a folder and below."""
    return sorted(path.suffix for path in Path(folder).rglob("*") if path.is_file())

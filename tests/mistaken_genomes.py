"""A simulated genome that is read as it is, and with the commonest mistakes in its gene table."""

from types import SimpleNamespace

import numpy as np

from skchromo import BigWigTransformer
from skchromo.datasets import make_epigenome

TRACKS = ("H3K4me3", "H3K36me3", "H3K27ac")
# The check that finds a mistake, and words of its message.
MISTAKES = {
    "50 kb off": ("tss", "do not peak at the TSS"),
    "5 kb off": ("tss", "after the TSS along the chromosome"),
    "another assembly": ("tss", "do not peak at the TSS"),
    "strands exchanged": ("strand", "strands are exchanged"),
    "strands lost": ("strand", "on one strand"),
}


def _mistaken(genes, mistake):
    """Return a gene table with one of the mistakes."""
    shift = {"50 kb off": 50_000, "5 kb off": 5_000}.get(mistake, 0)
    genes = genes.assign(tss=(genes["tss"] - shift).clip(lower=0))
    if mistake == "another assembly":
        by_chrom = dict(zip(sorted(set(genes["chrom"])), (151_000, 233_000, 437_000, 655_000)))
        genes["tss"] = (genes["tss"] - genes["chrom"].map(by_chrom)).clip(lower=0)
    if mistake == "strands exchanged":
        genes["strand"] = genes["strand"].map({"+": "-", "-": "+"})
    if mistake == "strands lost":
        genes["strand"] = "+"
    return genes


def make_genome(folder):
    """Return genes, tracks, log expression, and X read right and with each of the mistakes."""
    made = make_epigenome(folder, n_genes=400, n_chroms=4, tracks=TRACKS, random_state=0)

    def read(genes):
        return BigWigTransformer(made.tracks, bin_size=500).fit_transform(genes)

    known = {}

    def mistaken(mistake):
        if mistake not in known:
            known[mistake] = read(_mistaken(made.genes, mistake))
        return known[mistake]

    return SimpleNamespace(
        genes=made.genes,
        tracks=made.tracks,
        y=np.log2(made.expression.to_numpy() + 1),
        X=read(made.genes),
        read=read,
        mistaken=mistaken,
    )

"""Run the Python blocks of a page, on stand-ins for the files that they name."""

import re
import textwrap

import joblib
import matplotlib.pyplot as plt
import numpy as np

from skchromo.datasets import make_epigenome
from skchromo.genome import read_contacts

# A genome of few genes, on as many chromosomes as the README has folds.
N_GENES, N_CHROMS = 40, 4


def blocks_of(text):
    """List the Python blocks of reStructuredText or Markdown."""
    directives = re.findall(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", text, re.MULTILINE)
    fences = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in [*directives, *fences]]


def write_stand_ins(folder):
    """Write the files that pages name: gene table with expression, tracks and contacts."""
    data = make_epigenome(
        folder / "made",
        n_genes=N_GENES,
        n_chroms=N_CHROMS,
        tracks=["H3K4me3", "H3K27ac"],
        random_state=0,
    )
    table = data.genes.assign(expression=np.asarray(data.expression))
    table.to_csv(folder / "genes.tsv", sep="\t", index="gene_id" not in table)
    for name, path in data.tracks.items():
        (folder / f"{name}.bw").symlink_to(path)
    (folder / "contacts.bedpe").symlink_to(data.contacts)
    _write_peaks(folder / "peaks.narrowPeak", table, data.contacts)


def _write_peaks(path, genes, contacts):
    """Write a peak at each promoter, and in the middle of each fragment in contact with one."""
    fragments = read_contacts(contacts)
    middles = (fragments["start2"] + fragments["end2"]) // 2
    places = {*zip(genes["chrom"], genes["tss"]), *zip(fragments["chrom2"], middles)}
    lines = [
        f"{chrom}\t{at - 150}\t{at + 150}\tp{n}\t0\t.\t{5 + n % 7}\t3\t2\t150\n"
        for n, (chrom, at) in enumerate(sorted(places))
    ]
    path.write_text("".join(lines))


def run(block, names):
    """Run a block with one epoch, however many the page has, and close its figures."""
    block = re.sub(r"max_epochs=\d+", "max_epochs=1", block)
    plt.close("all")  # those of earlier tests too: matplotlib warns of more than 20
    try:
        with joblib.parallel_config(n_jobs=1):
            exec(compile(block, "<block of a page>", "exec"), names)
    finally:
        plt.close("all")

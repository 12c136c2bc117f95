"""Run the Python blocks of a page, on stand-ins for the files that they name."""

import re
import textwrap

import joblib
import matplotlib.pyplot as plt
import numpy as np

from skchromo.datasets import make_epigenome

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
    (folder / "h1_pchic.bedpe").symlink_to(data.contacts)


def run(block, names):
    """Run a block with one epoch, however many the page has, and close its figures."""
    block = re.sub(r"max_epochs=\d+", "max_epochs=1", block)
    plt.close("all")  # those of earlier tests too: matplotlib warns of more than 20
    try:
        with joblib.parallel_config(n_jobs=1):
            exec(compile(block, "<block of a page>", "exec"), names)
    finally:
        plt.close("all")

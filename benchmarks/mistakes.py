"""Figures of `check_data` for right genes and for the commonest mistakes, on real data.

For each cell of a folder with ``genes.tsv`` (gene_id, chrom, tss, strand, and read counts in
a column named after the cell) and a folder of bigWigs for each cell, the promoters are read right
and with a mistake in the gene table, and the counts are checked logged and as they are. Run from
the top of the repository::

    python benchmarks/mistakes.py --data FOLDER
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from skchromo import BigWigTransformer
from skchromo.evaluation import check_data

# Tracks that peak at the TSS of expressed genes, and those that lie downstream of it.
AT_TSS = ["H3K4me3", "H3K27ac", "H3K9ac", "DNase"]
DOWNSTREAM = ["H3K4me3", "H3K27ac", "H3K9ac", "H3K36me3"]
# Another assembly moves the genes of each chromosome by another distance.
SHIFTS = (151_000, -233_000, 437_000, -655_000)


def mistaken(genes):
    """The gene table as it is and with each mistake, by name."""
    number = pd.factorize(genes["chrom"])[0]
    other = genes["tss"] + np.array(SHIFTS)[number % len(SHIFTS)]
    return {
        "right": genes,
        "50 kb off": genes.assign(tss=(genes["tss"] - 50_000).clip(lower=0)),
        "5 kb off": genes.assign(tss=(genes["tss"] - 5_000).clip(lower=0)),
        "another assembly": genes.assign(tss=other.clip(lower=0)),
        "strands exchanged": genes.assign(strand=genes["strand"].map({"+": "-", "-": "+"})),
        "strands all +": genes.assign(strand="+"),
    }


def measure(cell, folder, genes, most):
    """One row for each gene table, and one for counts that are not logged."""
    tracks = {name: str(folder / f"{name}.bw") for name in {*AT_TSS, *DOWNSTREAM}}
    tracks = {name: path for name, path in sorted(tracks.items()) if Path(path).exists()}
    genes = genes.iloc[:: max(1, len(genes) // most)].reset_index(drop=True)
    counts, rows = genes[cell].to_numpy(float), []
    table = genes[["gene_id", "chrom", "tss", "strand"]]
    logged = np.log2(counts + 1)
    for name, mistake in mistaken(table).items():
        # A gene that a mistake puts beyond its chromosome's end would be refused before.
        X = BigWigTransformer(tracks, bin_size=500, n_jobs=2).fit(table)
        inside = mistake["tss"].to_numpy() < mistake["chrom"].map(X.chromsizes_).to_numpy()
        X = X.transform(mistake[inside])
        rows.append(row(cell, name, X, logged[inside]))
        if name == "right":
            rows.append(row(cell, "not logged", X, counts))
    return rows


def row(cell, name, X, y):
    """Figures of one report."""
    begun = time.perf_counter()
    report = check_data(None, X, y)
    seconds = time.perf_counter() - begun
    tracks = report.tracks
    at_tss = tracks.loc[tracks.index.intersection(AT_TSS), "at_tss"]
    after = tracks.loc[tracks.index.intersection(DOWNSTREAM), "downstream"]
    found = report.to_frame().query("~ok").index
    skewness = ((y - y.mean()) ** 3).mean() / y.std() ** 3
    return {
        "cell": cell,
        "gene table": name,
        "genes": len(X),
        "at TSS": f"{at_tss.min():.2f} to {at_tss.max():.2f}",
        "share downstream": f"{after.min():.2f} to {after.max():.2f}",
        "skewness": round(float(skewness), 1),
        "found": ", ".join(found) or "-",
        "ms": round(1_000 * seconds),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with genes.tsv and cells")
    parser.add_argument("--most", type=int, default=100_000, help="genes of each cell at most")
    parser.add_argument("--json", type=Path, help="where to write the table too")
    options = parser.parse_args()
    genes = pd.read_csv(options.data / "genes.tsv", sep="\t")
    rows = []
    for cell in sorted(path.name for path in options.data.iterdir() if path.is_dir()):
        rows += measure(cell, options.data / cell, genes, options.most)
        print(pd.DataFrame(rows[-7:]).to_string(index=False), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()

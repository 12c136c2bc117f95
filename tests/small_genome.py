"""A small folder in the form that the benchmarks on a real genome read."""

import numpy as np
import pandas as pd
import pyBigWig

TRACKS = ["H3K4me1", "H3K4me3", "H3K9ac", "H3K9me3", "H3K27ac", "H3K27me3", "H3K36me3", "DNase"]
CHROMS = {"chr1": 900_000, "chr2": 900_000, "chr3": 900_000}


def write_genome(folder):
    """Write two cells, 24 genes on each of three chromosomes; H3K4me3 follows expression."""
    rng = np.random.default_rng(0)
    tss = np.tile(np.arange(24) * 30_000 + 100_000, 3)
    genes = pd.DataFrame({"gene_id": [f"G{i}" for i in range(72)], "tss": tss, "strand": "+"})
    genes["chrom"], genes["fold"] = np.repeat(list(CHROMS), 24), np.repeat([1, 2, 3], 24)
    for cell in ("A", "B"):
        genes[cell] = 2.0 ** rng.integers(0, 9, 72) - 1
        (folder / cell).mkdir()
        for track in TRACKS:
            with pyBigWig.open(str(folder / cell / f"{track}.bw"), "w") as file:
                file.addHeader(list(CHROMS.items()))
                for chrom, part in genes.groupby("chrom"):
                    height = part[cell] if track == "H3K4me3" else rng.uniform(1, 2, len(part))
                    file.addEntries(
                        [chrom] * len(part),
                        (part["tss"] - 500).tolist(),
                        ends=(part["tss"] + 500).tolist(),
                        values=(height + 1.0).tolist(),
                    )
        peaks = genes.assign(start=tss + 10_000, end=tss + 10_200, signal=5)
        peaks[["chrom", "start", "end", "signal"]].to_csv(
            folder / cell / "DNase.narrowPeak.gz", sep="\t", header=False, index=False
        )
    genes.to_csv(folder / "genes.tsv", sep="\t", index=False)
    return folder

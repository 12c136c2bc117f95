"""Small estimators and random regions that several test files share."""

import numpy as np
import pandas as pd

from skchromo import RegionArray

TINY = {
    "bin_sizes": (400, 100),
    "d_model": 8,
    "embedding_d_ff": 8,
    "pairwise_n_layers": 1,
    "pairwise_d_ff": 8,
    "regulation_n_layers": 1,
    "regulation_n_heads": 2,
    "regulation_d_attention": 8,
    "regulation_d_ff": 8,
    "d_output": 8,
    "lr": 1e-3,
    "batch_size": 16,
    "max_epochs": 2,
    "device": "cpu",
    "random_state": 0,
}


def make_regions(
    n_genes=40, n_regions=4, n_bins=16, tracks=("H3K4me3", "ATAC"), seed=0, n_conditions=1
):
    """Random genes with 0 to n_regions - 1 pCREs of random lengths."""
    rng = np.random.default_rng(seed)
    shape = (n_genes,) if n_conditions == 1 else (n_genes, n_conditions)
    lengths = rng.integers(1, n_bins * 100 + 1, (*shape, n_regions))
    lengths[..., 0] = n_bins * 100
    n_pcres = rng.integers(0, n_regions, shape)
    lengths[np.arange(n_regions) > n_pcres[..., None]] = 0
    weights = np.sort(rng.gamma(2.0, 1.0, (*shape, n_regions - 1)), axis=-1)[..., ::-1]
    genes = {
        "gene_id": np.array([f"GENE{i}" for i in range(n_genes)], dtype=object),
        "chrom": np.array([f"chr{i % 3 + 1}" for i in range(n_genes)], dtype=object),
    }
    return RegionArray.from_dense(
        rng.poisson(2.0, (*shape, n_regions, n_bins, len(tracks))),
        np.where(lengths[..., 1:] > 0, weights, 0),
        lengths,
        tracks=tracks,
        genes=genes,
    )


def make_gene_table(n=12, first_tss=2_000):
    """A gene table over three chromosomes, on both strands by turns."""
    return pd.DataFrame(
        {
            "gene_id": [f"g{i}" for i in range(n)],
            "chrom": [f"chr{i % 3 + 1}" for i in range(n)],
            "tss": first_tss + 7_531 * np.arange(n),
            "strand": ["+", "-"] * (n // 2),
        }
    )


def make_located(n_genes=24, window=1600, seed=0):
    """Genes 50 kb apart on two strands, with 0 to 3 pCREs, one of them shared with a neighbour."""
    rng = np.random.default_rng(seed)
    tss = 100_000 + 50_000 * np.arange(n_genes)
    start, lengths = [*(tss - window // 2)], [window] * n_genes
    index, weights = np.full((n_genes, 4), -1), np.zeros((n_genes, 3), np.float32)
    index[:, 0] = np.arange(n_genes)
    for gene in range(n_genes):
        n = gene % 4
        for pcre in range(n):
            start.append(tss[gene] + rng.choice([-1, 1]) * rng.integers(3_000, 40_000))
            lengths.append(int(rng.integers(150, window)))
            index[gene, pcre + 1] = len(start) - 1
        weights[gene, :n] = np.sort(rng.uniform(1.5, 8.0, n))[::-1]
    index[4, 1], weights[4, 0] = index[3, 1], 2.0
    n_bins = -(-np.array(lengths) // 100)
    return RegionArray(
        signal=rng.poisson(3.0, (n_bins.sum(), 2)),
        offsets=np.concatenate([[0], np.cumsum(n_bins)]),
        chrom=["chr7"] * len(start),
        start=start,
        end=np.add(start, lengths),
        index=index,
        weights=weights,
        genes={
            "gene_id": np.array([f"GENE{i}" for i in range(n_genes)], dtype=object),
            "strand": np.where(np.arange(n_genes) % 2, "-", "+"),
            "tss": tss,
        },
        tracks=["H3K4me3", "ATAC"],
        bin_size=100,
        n_bins=16,
        window=window,
        chromsizes={"chr7": 2_000_000},
    )


def changed(X, **parts):
    """A RegionArray of the parts of another, some of them exchanged."""
    names = ("signal", "offsets", "chrom", "start", "end", "index", "weights", "genes", "tracks")
    names += ("bin_size", "n_bins", "window", "chromsizes", "row_labels", "missing")
    return RegionArray(**{name: getattr(X, name) for name in names} | parts)


def promoters_alone(X):
    """The genes of X without their pCREs."""
    return changed(X, index=X.index[:, :1], weights=X.weights[:, :0])


def log_odds(model, X, number):
    """Log odds of one of a classifier's classes, from its probabilities."""
    p = model.predict_proba(X)[:, number]
    return np.log(p / (1 - p))

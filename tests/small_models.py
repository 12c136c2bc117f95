"""Small estimators and random regions that several test files share."""

import numpy as np

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


def changed(X, **parts):
    """Copy of a RegionArray with other parts; signal that is not given is shared."""
    names = ("signal", "offsets", "chrom", "start", "end", "index", "tracks", "bin_size", "n_bins")
    kept = {name: getattr(X, name) for name in (*names, "window", "weights", "genes", "chromsizes")}
    return RegionArray(**{**kept, **parts})


def log_odds(model, X, number):
    """Of one of a classifier's classes, from its probabilities."""
    p = model.predict_proba(X)[:, number]
    return np.log(p / (1 - p))

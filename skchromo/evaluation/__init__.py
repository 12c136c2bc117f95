"""Labels, folds, scores, baselines and controls."""

from ._controls import shuffle_pcres
from ._measures import chromoformer_folds, gene_mean_baseline, high_low, pearson_r, pearson_scorer

__all__ = [
    "chromoformer_folds",
    "gene_mean_baseline",
    "high_low",
    "pearson_r",
    "pearson_scorer",
    "shuffle_pcres",
]

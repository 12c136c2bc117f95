"""Simulated genomes, and what results are measured with and held against."""

from ._controls import shuffle_pcres
from ._epigenome import make_epigenome
from ._evaluation import chromoformer_folds, high_low, pearson_r, pearson_scorer

__all__ = [
    "chromoformer_folds",
    "high_low",
    "make_epigenome",
    "pearson_r",
    "pearson_scorer",
    "shuffle_pcres",
]

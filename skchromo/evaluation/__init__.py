"""Checks of data, labels, folds, scores, baselines and controls."""

from ._baselines import gene_mean_baseline, shuffle_pcres
from ._check_data import check_data
from ._crispri_pairs import bare_ids, check_pairs, match_elements
from ._crispri_scores import check_ranking, crispri_scores
from ._data_report import DataReport
from ._labels_and_folds import chromoformer_folds, high_low
from ._scores import pearson_r, pearson_scorer

__all__ = [
    "check_data",
    "chromoformer_folds",
    "crispri_scores",
    "gene_mean_baseline",
    "high_low",
    "match_elements",
    "pearson_r",
    "pearson_scorer",
    "shuffle_pcres",
]

"""Simulated genomes, public data by name, folds, scores, baselines and controls."""

from ._controls import shuffle_pcres
from ._data_home import clear_data_home, get_data_home
from ._deepdiff import fetch_deepdiff, read_deepdiff
from ._epigenome import make_epigenome
from ._evaluation import (
    chromoformer_folds,
    gene_mean_baseline,
    high_low,
    pearson_r,
    pearson_scorer,
)
from ._fetch_contacts import fetch_contacts
from ._fetch_demo import fetch_chromoformer_demo
from ._fetch_encode import fetch_encode
from ._fetch_roadmap import fetch_roadmap

__all__ = [
    "chromoformer_folds",
    "clear_data_home",
    "fetch_chromoformer_demo",
    "fetch_contacts",
    "fetch_deepdiff",
    "fetch_encode",
    "fetch_roadmap",
    "gene_mean_baseline",
    "get_data_home",
    "high_low",
    "make_epigenome",
    "pearson_r",
    "pearson_scorer",
    "read_deepdiff",
    "shuffle_pcres",
]

"""Explanations of a fitted estimator: attention, perturbation, attribution and displays."""

from ._attention import Attention, attention
from ._attributions import Attributions, attributions
from ._element_effects import element_effects
from ._embeddings import ChromoformerEmbedding, embeddings
from ._mark_importance import MarkImportance, mark_importance
from ._pcre_importance import PCREImportance, pcre_importance
from ._perturb import Effects, Perturbation, perturb
from ._plot import (
    AttentionDisplay,
    CRISPRiDisplay,
    GeneDisplay,
    LearningHistoryDisplay,
    MarkImportanceDisplay,
    PCREImportanceDisplay,
)
from ._randomisation import randomisation_check
from ._saturation import Saturation, count_saturation, weight_saturation
from .export import to_bedgraph, to_bedpe, to_bigwig, to_crispr_comparison, to_interact

__all__ = [
    "AttentionDisplay",
    "CRISPRiDisplay",
    "ChromoformerEmbedding",
    "GeneDisplay",
    "LearningHistoryDisplay",
    "MarkImportanceDisplay",
    "PCREImportanceDisplay",
    "Perturbation",
    "attention",
    "attributions",
    "count_saturation",
    "element_effects",
    "embeddings",
    "mark_importance",
    "pcre_importance",
    "perturb",
    "randomisation_check",
    "to_bedgraph",
    "to_bedpe",
    "to_bigwig",
    "to_crispr_comparison",
    "to_interact",
    "weight_saturation",
]

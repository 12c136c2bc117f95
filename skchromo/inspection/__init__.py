"""Explanations of a fitted estimator: attention, perturbation, attribution and displays."""

from ._attention import Attention, attention
from ._attributions import Attributions, attributions
from ._embeddings import ChromoformerEmbedding, embeddings
from ._plot import (
    AttentionDisplay,
    CRISPRiDisplay,
    GeneDisplay,
    LearningHistoryDisplay,
    MarkImportanceDisplay,
    PCREImportanceDisplay,
)
from ._randomisation import randomisation_check
from .export import to_bedgraph, to_bedpe, to_bigwig, to_crispr_comparison, to_interact
from .perturbation import (
    Effects,
    MarkImportance,
    PCREImportance,
    Perturbation,
    Saturation,
    count_saturation,
    element_effects,
    mark_importance,
    pcre_importance,
    perturb,
    weight_saturation,
)

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

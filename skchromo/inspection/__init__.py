"""Why a fitted estimator predicts what it does: attention, perturbation, attribution, displays."""

from ._attention import Attention, attention
from ._attention_display import AttentionDisplay
from ._attributions import Attributions, attributions
from ._export import to_bedgraph, to_bigwig
from ._export_contacts import to_bedpe, to_interact
from ._gene_display import GeneDisplay
from ._history_display import LearningHistoryDisplay
from ._mark_importance import MarkImportance, mark_importance
from ._mark_importance_display import MarkImportanceDisplay
from ._pcre_importance import PCREImportance, pcre_importance
from ._pcre_importance_display import PCREImportanceDisplay
from ._perturb import Effects, perturb
from ._perturbation import Perturbation
from ._places import Places
from ._saturation import Saturation, count_saturation, weight_saturation

__all__ = [
    "Attention",
    "AttentionDisplay",
    "Attributions",
    "Effects",
    "GeneDisplay",
    "LearningHistoryDisplay",
    "MarkImportance",
    "MarkImportanceDisplay",
    "PCREImportance",
    "PCREImportanceDisplay",
    "Perturbation",
    "Places",
    "Saturation",
    "attention",
    "attributions",
    "count_saturation",
    "mark_importance",
    "pcre_importance",
    "perturb",
    "to_bedgraph",
    "to_bedpe",
    "to_bigwig",
    "to_interact",
    "weight_saturation",
]

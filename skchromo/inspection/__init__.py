"""Why a fitted estimator predicts what it does: attention, perturbation, attribution."""

from ._attention import Attention, attention
from ._attributions import Attributions, attributions
from ._mark_importance import MarkImportance, mark_importance
from ._pcre_importance import PcreImportance, pcre_importance
from ._perturb import Effects, perturb
from ._perturbation import Perturbation
from ._places import Places
from ._saturation import Saturation, count_saturation, weight_saturation

__all__ = [
    "Attention",
    "Attributions",
    "Effects",
    "MarkImportance",
    "PcreImportance",
    "Perturbation",
    "Places",
    "Saturation",
    "attention",
    "attributions",
    "count_saturation",
    "mark_importance",
    "pcre_importance",
    "perturb",
    "weight_saturation",
]

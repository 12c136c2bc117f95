"""Predictions of changed genes: signal or pCREs taken away, elements silenced, marks exchanged."""

from ._element_effects import element_effects
from ._mark_importance import MarkImportance, mark_importance
from ._pcre_importance import PCREImportance, pcre_importance
from ._perturb import Effects, Perturbation, perturb
from ._saturation import Saturation, count_saturation, weight_saturation

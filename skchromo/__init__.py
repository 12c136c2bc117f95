"""Chromoformer as scikit-learn estimators: histone marks and 3D contacts to gene expression."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # editors and type checkers read these; at run time __getattr__ imports them
    from . import datasets, estimators, evaluation, features, genome, inspection, nn, regions
    from ._versions import show_versions
    from .estimators import (
        ChromoformerClassifier,
        ChromoformerDiffRegressor,
        ChromoformerRegressor,
        load_model,
    )
    from .features import BigWigTransformer, InteractionTransformer, WindowSummary
    from .genome import CandidateElements, ContactMatrix
    from .inspection import ChromoformerEmbedding
    from .regions import RegionArray

__version__ = "0.1.0"

__all__ = [
    "BigWigTransformer",
    "CandidateElements",
    "ChromoformerClassifier",
    "ChromoformerDiffRegressor",
    "ChromoformerEmbedding",
    "ChromoformerRegressor",
    "ContactMatrix",
    "InteractionTransformer",
    "RegionArray",
    "WindowSummary",
    "__version__",
    "datasets",
    "estimators",
    "evaluation",
    "features",
    "genome",
    "inspection",
    "load_model",
    "nn",
    "regions",
    "show_versions",
]

_HOMES = {
    "BigWigTransformer": "features",
    "CandidateElements": "genome",
    "ChromoformerClassifier": "estimators",
    "ChromoformerDiffRegressor": "estimators",
    "ChromoformerEmbedding": "inspection",
    "ChromoformerRegressor": "estimators",
    "ContactMatrix": "genome",
    "InteractionTransformer": "features",
    "RegionArray": "regions",
    "WindowSummary": "features",
    "load_model": "estimators",
    "show_versions": "_versions",
}


def __getattr__(name):
    """Import a room or a public name when it is first used: torch takes seconds to load."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)

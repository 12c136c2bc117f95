"""Chromoformer as scikit-learn estimators: histone marks and 3D contacts to gene expression."""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "RegionArray": "skchromo.regions",
    "ContactMatrix": "skchromo.genome",
    "InteractionTransformer": "skchromo.features",
    "BigWigTransformer": "skchromo.features",
    "WindowSummary": "skchromo.features",
    "ChromoformerClassifier": "skchromo.estimators",
    "ChromoformerRegressor": "skchromo.estimators",
    "ChromoformerDiffRegressor": "skchromo.estimators",
    "load_model": "skchromo.estimators",
}

_ROOMS = (
    "datasets",
    "estimators",
    "evaluation",
    "features",
    "genome",
    "inspection",
    "nn",
    "regions",
)

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    """Import a public name when it is first used: torch and scikit-learn take seconds to load."""
    if name in _ROOMS:
        return import_module(f"skchromo.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'skchromo' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__():
    return sorted([*__all__, *_ROOMS])

"""scikit-learn estimators over the network."""

from . import _without_docstrings
from ._checks import to_regions
from ._classifier import ChromoformerClassifier
from ._diff_regressor import ChromoformerDiffRegressor
from ._model_file import load_model
from ._regressor import ChromoformerRegressor

__all__ = [
    "ChromoformerClassifier",
    "ChromoformerDiffRegressor",
    "ChromoformerRegressor",
    "load_model",
]

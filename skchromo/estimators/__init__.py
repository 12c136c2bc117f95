"""scikit-learn estimators over the network."""

from ._classifier import ChromoformerClassifier
from ._regressor import ChromoformerRegressor

__all__ = ["ChromoformerClassifier", "ChromoformerRegressor"]

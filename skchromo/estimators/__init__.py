"""scikit-learn estimators over the network."""

from ._classifier import ChromoformerClassifier
from ._door import to_regions
from ._regressor import ChromoformerRegressor

__all__ = ["ChromoformerClassifier", "ChromoformerRegressor", "to_regions"]

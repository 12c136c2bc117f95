"""X between features and network: the RegionArray."""

from ._dense import DenseRegions
from ._layout import check_as_fitted, check_signal
from ._means import mean_signal, window_sums
from ._region_array import RegionArray

__all__ = [
    "DenseRegions",
    "RegionArray",
]

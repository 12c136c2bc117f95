"""X between features and network: the RegionArray."""

from ._checks import check_as_fitted, check_conditions, refuse_genes
from ._means import mean_signal, window_sums
from ._region_array import DenseRegions, RegionArray

__all__ = [
    "DenseRegions",
    "RegionArray",
]

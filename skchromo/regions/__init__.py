"""X between features and network: the RegionArray."""

from ._checks import check_as_fitted, check_conditions, refuse_genes
from ._means import mean_signal, pool, window_sums
from ._mistakes import (
    Finding,
    find_mistakes,
    find_not_logged,
    has_profiles,
    promoter_profiles,
    promoter_signs,
    skewness,
)
from ._region_array import DenseRegions, RegionArray
from ._report import name_missing

__all__ = [
    "DenseRegions",
    "RegionArray",
]

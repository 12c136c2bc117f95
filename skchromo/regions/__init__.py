"""The RegionArray: X between the transformers and the estimators."""

from ._dense import DenseRegions
from ._layout import check_as_fitted, check_signal
from ._ranges import ranges
from ._region_array import RegionArray
from ._whole_file import remove_leftovers, whole_file

__all__ = [
    "DenseRegions",
    "RegionArray",
    "check_as_fitted",
    "check_signal",
    "ranges",
    "remove_leftovers",
    "whole_file",
]

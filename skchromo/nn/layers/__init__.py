"""Layers of the network."""

from ._bin_attention import ALIGNED, BinAttention, Bins
from ._precision import full_precision
from ._region_attention import RegionAttention
from ._scale_layers import (
    FeedForward,
    ScaleLayerNorm,
    ScaleLinear,
    TrackProjection,
    scale_linear,
    sinusoidal_positions,
)
from ._tokens import Blocks, TokenLayout
from ._window_skip import WindowSkip

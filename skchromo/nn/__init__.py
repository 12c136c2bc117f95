"""PyTorch modules: the network, its three transformers, their layers, and checkpoints."""

from ._attention_maps import AttentionMaps, attention_maps
from ._batches import Batch, DeviceRegions
from ._bin_attention import BinAttention, Bins
from ._checkpoint import (
    checkpoint_sizes,
    load_checkpoint,
    load_reference_state,
    read_checkpoint,
    reference_parameters,
    reference_state,
    save_checkpoint,
)
from ._layers import (
    FeedForward,
    ScaleLayerNorm,
    ScaleLinear,
    TrackProjection,
    scale_linear,
    sinusoidal_positions,
)
from ._network import ChromoformerNetwork
from ._pairs import COMBINATIONS, PairBatch, PairNetwork, PairRegions
from ._region_attention import RegionAttention
from ._tokens import TokenLayout
from ._transformers import (
    EmbeddingTransformer,
    PairwiseInteractionTransformer,
    RegulationTransformer,
)
from ._window_skip import WindowSkip

__all__ = [
    "COMBINATIONS",
    "AttentionMaps",
    "Batch",
    "BinAttention",
    "Bins",
    "ChromoformerNetwork",
    "DeviceRegions",
    "EmbeddingTransformer",
    "FeedForward",
    "PairBatch",
    "PairNetwork",
    "PairRegions",
    "PairwiseInteractionTransformer",
    "RegionAttention",
    "RegulationTransformer",
    "ScaleLayerNorm",
    "ScaleLinear",
    "TokenLayout",
    "TrackProjection",
    "WindowSkip",
    "attention_maps",
    "checkpoint_sizes",
    "load_checkpoint",
    "load_reference_state",
    "read_checkpoint",
    "reference_parameters",
    "reference_state",
    "save_checkpoint",
    "scale_linear",
    "sinusoidal_positions",
]

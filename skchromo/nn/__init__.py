"""Torch modules: attention, the three transformers, the network and its checkpoints."""

from ._attention import BinAttention, Bins, RegionAttention
from ._batches import Batch, DeviceRegions, GeneBlock, PairBlock
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
    sinusoidal_positions,
)
from ._network import ChromoformerNetwork
from ._transformers import (
    EmbeddingTransformer,
    PairwiseInteractionTransformer,
    RegulationTransformer,
)

__all__ = [
    "Batch",
    "BinAttention",
    "Bins",
    "ChromoformerNetwork",
    "DeviceRegions",
    "EmbeddingTransformer",
    "FeedForward",
    "GeneBlock",
    "PairBlock",
    "PairwiseInteractionTransformer",
    "RegionAttention",
    "RegulationTransformer",
    "ScaleLayerNorm",
    "ScaleLinear",
    "TrackProjection",
    "checkpoint_sizes",
    "load_checkpoint",
    "load_reference_state",
    "read_checkpoint",
    "reference_parameters",
    "reference_state",
    "save_checkpoint",
    "sinusoidal_positions",
]

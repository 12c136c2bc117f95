"""PyTorch modules: the network, its batches, and the reference's checkpoints."""

from ._attention_maps import AttentionMaps, attention_maps
from ._batches import Batch, DeviceRegions
from ._network import ChromoformerNetwork
from ._pairs import COMBINATIONS, PairNetwork, PairRegions
from ._transformers import (
    EmbeddingTransformer,
    PairwiseInteractionTransformer,
    RegulationTransformer,
)
from .reference import (
    checkpoint_sizes,
    load_checkpoint,
    load_reference_state,
    read_checkpoint,
    reference_state,
    save_checkpoint,
)

__all__ = [
    "ChromoformerNetwork",
    "DeviceRegions",
    "PairNetwork",
    "PairRegions",
    "attention_maps",
    "checkpoint_sizes",
    "load_checkpoint",
    "load_reference_state",
    "read_checkpoint",
    "reference_state",
    "save_checkpoint",
]

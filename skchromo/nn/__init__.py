"""PyTorch modules: the network, its batches, and the reference's checkpoints."""

from ._attention_maps import attention_maps
from ._batches import Batch, DeviceRegions
from ._network import ChromoformerNetwork
from ._pair_network import COMBINATIONS, PairNetwork
from .layers import full_precision
from .reference import (
    CELL_TYPES,
    PUBLISHED_DOI,
    PUBLISHED_TRACKS,
    PUBLISHED_WINDOW,
    checkpoint_sizes,
    fetch_published,
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
    "attention_maps",
    "checkpoint_sizes",
    "load_checkpoint",
    "load_reference_state",
    "read_checkpoint",
    "reference_state",
    "save_checkpoint",
]

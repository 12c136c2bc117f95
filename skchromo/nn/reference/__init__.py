"""Checkpoints of the reference implementation."""

from ._checkpoint import checkpoint_sizes, load_checkpoint, read_checkpoint, save_checkpoint
from ._names import load_reference_state, reference_state
from ._published import (
    CELL_TYPES,
    PUBLISHED_DOI,
    PUBLISHED_TRACKS,
    PUBLISHED_WINDOW,
    fetch_published,
)

"""Checkpoints of the reference implementation."""

from ._checkpoint import (
    checkpoint_sizes,
    load_checkpoint,
    load_reference_state,
    read_checkpoint,
    reference_parameters,
    reference_state,
    save_checkpoint,
)

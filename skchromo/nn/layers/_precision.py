"""The precision that the network computes in."""

import contextlib

import torch


@contextlib.contextmanager
def full_precision():
    """Switch autocast off: what the network computes in the block is float32."""
    with contextlib.ExitStack() as stack:
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        yield

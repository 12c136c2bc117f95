"""Which device there is, and what happens when it is full."""

import contextlib

import torch


def is_usable(device):
    """Whether tensors can be put on a device of this name here."""
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError, TypeError):
        return False
    return True


def resolve_device(device):
    """Name of a device that can be used; for "auto" cuda, then mps, then cpu."""
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        return str(torch.empty(0, device=device).device)
    except (AssertionError, RuntimeError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device={device!r} cannot be used here ({reason}): use 'auto' or 'cpu'"
        ) from error


@contextlib.contextmanager
def memory_of(device):
    """Say what can be done where a device has no memory left."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError(
            f"{device} has no memory left: run one fit at a time (n_jobs=1), set a smaller "
            f"batch_size, or device='cpu' ({str(error).partition(chr(10))[0]})"
        ) from error

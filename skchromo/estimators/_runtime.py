"""The state of torch around a fit or a prediction: device and memory, threads, random numbers."""

import contextlib
import os
import threading

import torch

_HOME = os.getpid()
_lock = threading.RLock()


def _forget_other_threads():
    """Take a fresh lock in a forked process, where the thread that held it does not exist."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_forget_other_threads)


def resolve_device(device):
    """Return the name of a device that can be used; for "auto" cuda, then mps, then cpu."""
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).cpu()  # "meta" can be named, but holds no numbers
        return str(torch.device(device))
    except (AssertionError, RuntimeError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device={device!r} cannot be used here ({reason}): use 'auto' or 'cpu'"
        ) from error


def device_or_cpu(device):
    """Return the name of a device, or "cpu" where it cannot be used."""
    try:
        return resolve_device(device)
    except ValueError:
        return "cpu"


@contextlib.contextmanager
def memory_of(device):
    """Name the ways out where a device does not have enough memory."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError(
            f"{device} has no memory left: run one fit at a time (n_jobs=1), set a smaller "
            f"batch_size, or device='cpu' ({str(error).partition(chr(10))[0]})"
        ) from error


@contextlib.contextmanager
def torch_threads(n_threads):
    """Run with a number of torch's threads, or with None as it is; restore the former number.

    At most as many run as there are CPUs: a model may come from a larger machine. The number is one
    for the whole process, so that fits and predictions that set it take turns. A forked process
    always gets one thread: it lacks the threads of its parent, and OpenMP would wait for them.
    """
    if os.getpid() != _HOME:
        n_threads = 1
    if n_threads is None:
        yield
        return
    with _lock:
        before = torch.get_num_threads()
        torch.set_num_threads(min(n_threads, os.cpu_count() or 1))
        try:
            yield
        finally:
            torch.set_num_threads(before)


@contextlib.contextmanager
def seeded_torch(device, seed, n_threads=None):
    """Seed torch on the CPU and a device, and set its threads; restore everything.

    Fits in several threads take turns: they would draw from each other's random numbers.
    """
    devices = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with _lock, torch.random.fork_rng(devices), torch_threads(n_threads):
        torch.manual_seed(seed)
        yield
    if devices:
        torch.cuda.empty_cache()  # other processes may share the GPU

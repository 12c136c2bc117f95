"""What torch keeps for the whole process: number of threads, random numbers."""

import contextlib
import os
import threading

import torch

_HOME = os.getpid()
_lock = threading.RLock()


def _forget_other_threads():
    """Take a fresh lock in a forked process: a thread that held it is not there any more."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_forget_other_threads)


@contextlib.contextmanager
def torch_threads(n_threads):
    """Run with a number of torch's threads, and put the former number back.

    One fit or prediction at a time does so, as the number is one for the whole process. A forked
    process always gets one thread: those of its parent are not there, and OpenMP waits for them.

    Parameters
    ----------
    n_threads : int or None
        None leaves torch as it is.
    """
    if os.getpid() != _HOME:
        n_threads = 1
    if n_threads is None:
        yield
        return
    with _lock:
        before = torch.get_num_threads()
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@contextlib.contextmanager
def seeded_torch(device, seed, n_threads=None):
    """Seed torch and set its threads; put everything back after.

    Fits in several threads take turns: they would draw from each other's random numbers.

    Parameters
    ----------
    device : str
        Its random numbers are seeded beside the CPU's.
    seed : int
    n_threads : int or None, default=None
        As for `torch_threads`.
    """
    devices = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with _lock, torch.random.fork_rng(devices), torch_threads(n_threads):
        torch.manual_seed(seed)
        yield
    if devices:
        torch.cuda.empty_cache()  # other processes may share the GPU

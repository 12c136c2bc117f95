"""Training in the processes that torchrun started: what they share, and what each of them does."""

import atexit
import contextlib
import multiprocessing
import os
import signal
import threading

import numpy as np
import torch
from torch import distributed

_TORCHRUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "TORCHELASTIC_RUN_ID")
# Holds the number of the process of torchrun that has trained, so that programs which it starts,
# and which inherit its environment, do not take its place.
_JOINED = "SKCHROMO_JOINED"
_HOME = os.getpid()


class LostProcessError(RuntimeError):
    """Another of the processes that train together has ended, failed, or hangs."""


def join_processes(device):
    """Return the processes of torchrun that train together; None where this one trains alone.

    Only the main thread of a process that torchrun started joins. Its worker processes, as those of
    joblib, inherit its environment, and train alone.
    """
    if not _is_of_torchrun():
        return None
    if not distributed.is_initialized():
        backend = "cpu:gloo,cuda:nccl" if torch.device(device).type == "cuda" else "gloo"
        with _other_is_lost():
            distributed.init_process_group(backend)
        atexit.register(_leave)
    return Processes(device)


def device_of_process(device):
    """Return the name of a GPU of this process's own, for "cuda" or "auto" under torchrun."""
    is_any_gpu = device == "auto" or str(device) == "cuda"
    if is_any_gpu and _is_of_torchrun() and torch.cuda.is_available():
        return f"cuda:{os.environ['LOCAL_RANK']}"
    return device


def _is_of_torchrun():
    """Return whether this is the main thread of one of several processes that torchrun started."""
    if not all(os.environ.get(name) for name in _TORCHRUN) or os.environ["WORLD_SIZE"] == "1":
        return False
    if os.getpid() != _HOME or threading.current_thread() is not threading.main_thread():
        return False
    if distributed.is_initialized():
        return True
    is_child = multiprocessing.parent_process() is not None
    return not is_child and os.environ.setdefault(_JOINED, str(_HOME)) == str(_HOME)


def _leave():
    """Leave the group that `join_processes` made."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


@contextlib.contextmanager
def _other_is_lost():
    """Name the cause where a message to the other processes fails."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).partition("\n")[0][:200]
        raise LostProcessError(
            f"process {os.environ['RANK']} of {os.environ['WORLD_SIZE']} cannot train on, because "
            "another one has ended, failed or hangs: look for the first error above, and start "
            f"torchrun again ({reason})"
        ) from error


class Processes:
    """The processes that train one model together: sums over them, and this one's part of a batch.

    Every process has all genes. Of each batch it computes the outputs and gradients of some rows,
    and all processes take the same step.
    """

    def __init__(self, device):
        self.rank, self.number = distributed.get_rank(), distributed.get_world_size()
        # gloo sums on the CPU only, and so it does for mps
        self._device = torch.device(device if torch.device(device).type == "cuda" else "cpu")
        self.is_interrupted = False

    def sum(self, tensor):
        """Return the sum of a tensor over all processes."""
        total = tensor.to(self._device, copy=True)
        with _other_is_lost():
            distributed.all_reduce(total)
        return total.to(tensor.device)

    def of_first(self, value):
        """Return the first process's value, any object."""
        held = [value]
        with _other_is_lost():
            distributed.broadcast_object_list(held)
        return held[0]

    def take_weights(self, module):
        """Copy the first process's weights: libraries of other machines start otherwise."""
        with _other_is_lost(), torch.no_grad():
            for tensor in module.state_dict().values():
                sent = tensor.to(self._device, copy=True)
                distributed.broadcast(sent, src=0)
                tensor.copy_(sent)

    def check_alike(self, task):
        """Raise ValueError unless a dict of what is to be trained is the same in each process."""
        tasks = [None] * self.number
        with _other_is_lost():
            distributed.all_gather_object(tasks, task)
        for rank, other in enumerate(tasks):
            differing = [name for name in tasks[0] if other[name] != tasks[0][name]]
            if differing:
                raise ValueError(
                    f"{' and '.join(differing)} of fit in process {rank} of torchrun differ from "
                    "those in process 0: give every process the same estimator and the same genes, "
                    "all of them (fit itself shares them out), and draw random folds with a fixed "
                    "random_state"
                )

    def part_of(self, n):
        """Return this process's rows of n, a slice; the parts differ by one row at most."""
        edges = np.arange(self.number + 1) * n // self.number
        return slice(int(edges[self.rank]), int(edges[self.rank + 1]))

    def gather(self, own, part, n):
        """Return the rows of all processes, (n, n_outputs), from those of this one.

        Gradients flow back to its own rows.
        """
        return _Gathered.apply(own, self, part, n)

    def sum_gradients(self, parameters):
        """Set each gradient to its sum over all processes, and raise if one was interrupted.

        A parameter without a gradient in any of them, such as those for pCREs in a batch without
        any, stays without.
        """
        parameters = [parameter for parameter in parameters if parameter.requires_grad]
        parts = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            for parameter in parameters
        ]
        is_there = [float(parameter.grad is not None) for parameter in parameters]
        flags = torch.tensor([*is_there, float(self.is_interrupted)], device=parts[0].device)
        total = self.sum(torch.cat([*(part.flatten() for part in parts), flags]))
        *gradients, flags = total.split([*(part.numel() for part in parts), len(flags)])
        *is_there, n_interrupted = flags.tolist()
        for parameter, gradient, there in zip(parameters, gradients, is_there, strict=True):
            parameter.grad = gradient.view_as(parameter) if there else None
        if n_interrupted:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def interrupted_together(self):
        """Let Ctrl-C in any process end training in all of them after the same step.

        The second Ctrl-C acts at once.
        """
        before = signal.getsignal(signal.SIGINT)
        if before is not signal.default_int_handler:
            yield
            return

        def note(number, frame):
            if self.is_interrupted:
                raise KeyboardInterrupt
            self.is_interrupted = True

        signal.signal(signal.SIGINT, note)
        try:
            yield
            if self.is_interrupted:  # in the last step, or after it
                raise KeyboardInterrupt
        finally:
            signal.signal(signal.SIGINT, before)


class _Gathered(torch.autograd.Function):
    """The rows of all processes, each of which has some."""

    @staticmethod
    def forward(ctx, own, processes, part, n):
        ctx.part = part
        rows = own.new_zeros((n, *own.shape[1:]))
        rows[part] = own
        return processes.sum(rows)

    @staticmethod
    def backward(ctx, gradient):
        return gradient[ctx.part], None, None, None

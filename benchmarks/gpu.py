"""One GPU: is it right, how fast is it, how busy, beside the reference implementation and the CPU.

One table of what is measured, each with its goal where there is one. A measurement that fails is a
row that says why, and the exit status is 1. The reference is the PyPI package ``chromoformer``, if
it is installed. Genes are simulated. Under eight minutes on one card; the quick form takes small
sizes and two minutes on a CPU. Run from the top of the repository::

    python benchmarks/gpu.py --json gpu.json
    python benchmarks/gpu.py --device cpu --quick
"""

import argparse
import contextlib
import json
import os
import pickle
import re
import statistics
import subprocess
import sys
import tempfile
import time
import unittest.mock
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from genome_scale import TRACKS, pchic_counts, simulate, target
from sklearn.model_selection import GridSearchCV
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from skchromo import ChromoformerRegressor
from skchromo.nn import ChromoformerNetwork, DeviceRegions

TESTS = Path(__file__).resolve().parents[1] / "tests"
BIN_SIZES, N_POSITIONS = (2000, 500, 100), (20, 80, 400)
# The training genes of the paper's folds, and its batches.
N_TRAIN, BATCH_SIZE = 14_216, 64
QUICK = {"genes": 96, "reference genes": 2, "search genes": 48, "repeats": 2, "batch": 16}
FULL = {"genes": N_TRAIN, "reference genes": 64, "search genes": 2_000, "repeats": 10, "batch": 64}


class Table:
    """The rows, printed and written to a file as they come."""

    def __init__(self, about, path):
        self.about, self.path, self.rows = about, path, []

    def add(self, what, value, unit="", goal=""):
        row = {"what": what, "value": value, "unit": unit, "goal": goal}
        self.rows.append(row)
        print(f"  {what}: {shown(value)} {unit}", flush=True)
        if self.path:
            self.path.write_text(json.dumps({**self.about, "rows": self.rows}, indent=1))

    def __str__(self):
        table = pd.DataFrame(self.rows)
        table["value"] = table["value"].map(shown)
        return table.to_string(index=False, justify="left")


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


class Bench:
    """Sizes, the device, and genes to measure on."""

    def __init__(self, device, sizes, table):
        self.device, self.sizes, self.table = torch.device(device), sizes, table
        self.is_gpu = self.device.type == "cuda"
        self._genes = None

    @property
    def genes(self):
        """The genes of an epoch, simulated when they are first needed."""
        if self._genes is None:
            rng = np.random.default_rng(0)
            self._genes = simulate(pchic_counts(self.sizes["genes"], rng))
        return self._genes

    def model(self, make=ChromoformerRegressor, **params):
        return make(device=str(self.device), random_state=0, **params)

    def wait(self):
        if self.is_gpu:
            torch.cuda.synchronize(self.device)

    def seconds(self, function):
        """Median time of a call, after one to warm up."""
        times = []
        for _ in range(1 + self.sizes["repeats"]):
            self.wait()
            started = time.perf_counter()
            function()
            self.wait()
            times.append(time.perf_counter() - started)
        return statistics.median(times[1:])


def gpu_tests(bench):
    """Run the tests that are marked gpu; without a GPU all are skipped."""
    files = [str(path) for path in TESTS.rglob("test_*.py") if "mark.gpu" in path.read_text()]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", *files]
    run = subprocess.run(command, capture_output=True, text=True, cwd=TESTS.parent)
    last = run.stdout.strip().splitlines()[-1:]
    counts = dict(map(reversed, re.findall(r"(\d+) (passed|failed|skipped|error)", *last or [""])))
    if run.returncode or not counts:
        raise RuntimeError(f"pytest -m gpu: {last or run.stderr[-500:]}")
    for outcome in ("passed", "skipped"):
        bench.table.add(f"tests marked gpu, {outcome}", int(counts.get(outcome, 0)))


def paper_network():
    """The paper's network with random weights."""
    torch.manual_seed(0)
    return ChromoformerNetwork(len(TRACKS), N_POSITIONS, BIN_SIZES)


def outputs_and_gradients(network, X, device):
    """What a network computes on a device, brought to the CPU."""
    network = network.to(device)
    network.zero_grad()
    output = network(DeviceRegions(X, BIN_SIZES, device).batch(np.arange(len(X))))
    output.float().square().sum().backward()
    gradients = {
        name: parameter.grad.float().cpu()
        for name, parameter in network.named_parameters()
        if parameter.grad is not None
    }
    network.to("cpu")
    return output.detach().float().cpu(), gradients


@contextlib.contextmanager
def precision(bench, name):
    """float32, products of tf32 where the device has them, or autocast to bfloat16."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    try:
        with torch.autocast(bench.device.type, torch.bfloat16, enabled=name == "bfloat16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


PRECISIONS = ("float32", "tf32", "bfloat16")


def agreement(bench):
    """Outputs and gradients of the device against the CPU in float32.

    Outputs as a share of the largest, and all gradients together by their norm.
    """
    X, network = bench.genes[: bench.sizes["batch"]], paper_network()
    expected, wanted = outputs_and_gradients(network, X, torch.device("cpu"))
    for name in PRECISIONS:
        with precision(bench, name):
            found, gradients = outputs_and_gradients(network, X, bench.device)
        goal = "1e-5" if name == "float32" else ""
        share = ((found - expected).abs().max() / expected.abs().max()).item()
        bench.table.add(f"outputs differ from the CPU's, {name}", share, goal=goal)
        ours, theirs = (
            torch.cat([part[key].flatten() for key in wanted]) for part in (gradients, wanted)
        )
        share = ((ours - theirs).norm() / theirs.norm()).item()
        bench.table.add(f"gradients differ from the CPU's, {name}", share, goal=goal)


def steps(bench):
    """Forward and backward pass of a batch, and a prediction, in each precision."""
    network = paper_network().to(bench.device)
    n = bench.sizes["batch"]
    regions = DeviceRegions(bench.genes[:n], BIN_SIZES, bench.device)
    rows = np.arange(n)

    def train():
        network.zero_grad()
        network(regions.batch(rows)).float().square().sum().backward()

    def predict():
        with torch.no_grad():
            network(regions.batch(rows, fixed=True)).float().cpu()

    for name in PRECISIONS:
        with precision(bench, name):
            for what, function in (("forward and backward", train), ("prediction", predict)):
                bench.table.add(f"{what} of {n} genes, {name}", bench.seconds(function), "s")
    bench.table.add(f"layout of {n} genes", bench.seconds(lambda: regions.batch(rows)), "s")


def reference(bench):
    """Training step and prediction of some genes, ours against the reference's own code."""
    n = bench.sizes["reference genes"]
    X = bench.genes[:n]
    y = target(X)
    model = bench.model(max_epochs=1, batch_size=n).fit(X, y)
    rows = np.tile(np.arange(n), bench.sizes["repeats"])
    net = model.net_
    net.max_epochs = 3
    net.partial_fit(X[rows], y[rows, None].astype(np.float32))
    ours = net.history[-1]["dur"] / bench.sizes["repeats"], bench.seconds(lambda: model.predict(X))
    for what, seconds in zip(("training step", "prediction"), ours):
        bench.table.add(f"{what} of {n} genes", seconds, "s")
    try:
        from train_step import Reference, reference_inputs
    except ImportError as error:
        bench.table.add("the reference", f"not measured: {error}")
        return
    with contextlib.ExitStack() as stack:
        if not bench.is_gpu:  # it runs on GPUs only
            nothing = unittest.mock.patch.object(torch.Tensor, "cuda", lambda self, *args: self)
            stack.enter_context(nothing)
        theirs = Reference(bench.device)
        inputs = on_device(reference_inputs(X), bench.device)
        target_ = torch.from_numpy(y.astype(np.float32)).to(bench.device)
        times = (
            bench.seconds(lambda: theirs.train(inputs, target_)),
            bench.seconds(lambda: theirs.predict(inputs)),
        )
    for what, mine, other in zip(("training step", "prediction"), ours, times):
        bench.table.add(f"{what} of {n} genes, the reference", other, "s")
        bench.table.add(f"{what}, the reference's time over ours", other / mine)


def on_device(part, device):
    """The same with every tensor on a device."""
    if isinstance(part, torch.Tensor):
        return part.to(device)
    if isinstance(part, dict):
        return {key: on_device(value, device) for key, value in part.items()}
    return tuple(on_device(value, device) for value in part)


def epochs(bench):
    """Seconds of an epoch, genes predicted a second, and memory, of two networks."""
    X = bench.genes
    y, n = target(X), len(X)
    goal = "5 s on an H100" if n == N_TRAIN else ""
    for name, make in (
        ("the paper's network", ChromoformerRegressor),
        ("small_data", ChromoformerRegressor.small_data),
    ):
        if bench.is_gpu:
            torch.cuda.reset_peak_memory_stats(bench.device)
        model = bench.model(make, max_epochs=2).fit(X, y)
        bench.table.add(f"epoch of {n:,} genes, {name}", model.history_[-1]["dur"], "s", goal)
        goal = ""
        seconds = bench.seconds(lambda model=model: model.predict(X))
        bench.table.add(f"genes predicted a second, {name}", n / seconds)
        if bench.is_gpu:
            peak = torch.cuda.max_memory_allocated(bench.device) / 1e9
            bench.table.add(f"memory of the device, {name}", peak, "GB")


def launches(bench):
    """What a training step launches, how often it waits for it, and how long the device is idle."""
    n_steps, size = bench.sizes["repeats"], bench.sizes["batch"]
    X = bench.genes[:size]
    y, rows = target(X), np.tile(np.arange(size), n_steps)
    net = bench.model(max_epochs=1, batch_size=size).fit(X, y).net_

    def train():
        net.max_epochs = len(net.history) + 1
        net.partial_fit(X[rows], y[rows, None].astype(np.float32))
        bench.wait()

    train()
    kinds = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * bench.is_gpu
    with profile(activities=kinds) as profiled:
        train()
    events = profiled.events()
    operators = sum(event.name.startswith("aten::") for event in events)
    bench.table.add("operators a training step", operators // n_steps)
    bench.table.add("waits a training step", waits(bench, train) / n_steps, goal="about 1")
    if bench.is_gpu:
        spans = sorted(
            (event.time_range.start, event.time_range.end)
            for event in events
            if event.device_type == DeviceType.CUDA and not event.is_user_annotation
        )
        bench.table.add("kernels and copies a training step", len(spans) // n_steps)
        busy, until = 0.0, spans[0][0]
        for start, end in spans:
            busy += max(0.0, end - max(start, until))
            until = max(until, end)
        idle = 1 - busy / (until - spans[0][0])
        bench.table.add("share of time without work on the device", idle)


class _Reads(TorchDispatchMode):
    """Counts numbers that Python reads from tensors: a GPU would have to be waited for."""

    n = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.n += func.name() in ("aten::_local_scalar_dense", "aten::nonzero")
        return func(*args, **(kwargs or {}))


def waits(bench, function):
    """How often a function waits for the device; on a CPU, how often it would."""
    if not bench.is_gpu:
        with _Reads() as reads:
            function()
        return reads.n
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


def searches(bench):
    """A small search with one and two fits at a time on the device."""
    X = bench.genes[: bench.sizes["search genes"]]
    y, found = target(X), []
    for n_jobs in (1, 2):
        model = bench.model(ChromoformerRegressor.small_data, max_epochs=1, n_threads=1)
        search = GridSearchCV(model, {"lr": [1e-3, 3e-3]}, cv=2, n_jobs=n_jobs, error_score="raise")
        started = time.perf_counter()
        search.fit(X, y)
        seconds = time.perf_counter() - started
        bench.table.add(f"search of 4 fits, {len(X):,} genes, n_jobs={n_jobs}", seconds, "s")
        found.append(search.cv_results_["mean_test_score"])
    bench.table.add("scores of the two differ by", float(np.abs(found[0] - found[1]).max()))


_LOAD = """
import pickle, sys
model, X, predicted = pickle.load(open(sys.argv[1], "rb"))
print(model.net_.device, float(abs(model.predict(X) - predicted).max()))
"""


def pickled(bench):
    """A model that was fitted on the device, loaded where there is none."""
    X = bench.genes[:32]
    model = bench.model(ChromoformerRegressor.small_data, max_epochs=1).fit(X, target(X))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        path.write_bytes(pickle.dumps((model, X, model.predict(X))))
        command = [sys.executable, "-c", _LOAD, str(path)]
        env = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        run = subprocess.run(command, env=env, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr[-500:])
    device, difference = run.stdout.split()
    bench.table.add(f"predictions differ after loading onto {device}", float(difference))


MEASUREMENTS = (gpu_tests, agreement, steps, reference, epochs, launches, searches, pickled)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small sizes, two minutes on a CPU")
    parser.add_argument("--json", type=Path, help="where to write the table too")
    options = parser.parse_args(arguments)
    is_gpu = torch.device(options.device).type == "cuda"
    name = torch.cuda.get_device_name(options.device) if is_gpu else options.device
    about = {"device": name, "torch": torch.__version__, "quick": options.quick}
    print(about, flush=True)
    table = Table(about, options.json)
    bench = Bench(options.device, QUICK if options.quick else FULL, table)
    failed = []
    for measure in MEASUREMENTS:
        started = time.perf_counter()
        try:
            measure(bench)
        except Exception as error:
            failed.append(measure.__name__)
            table.add(measure.__name__, f"failed: {type(error).__name__}: {error}")
        print(f"{measure.__name__} took {time.perf_counter() - started:.0f} s\n", flush=True)
    print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

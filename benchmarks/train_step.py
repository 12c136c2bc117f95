"""One training step and one prediction of 64 genes: ours against the reference implementation.

Each runs in a process of its own, with the same threads, weights and regions, in turn; medians are
compared. The reference is the PyPI package ``chromoformer`` with its ``.cuda()`` calls made to do
nothing: its own forward pass, backward pass and AdamW. Ours goes through the estimator: training
through its own loop (seconds of an epoch over the number of its steps), inference through
``predict``. Two batches: genes with the numbers of pCREs that they have, and all genes at 8. Run
from the top of the repository; genes of a real sample are taken with ``--data``, otherwise they are
simulated::

    python benchmarks/train_step.py
    python benchmarks/train_step.py --data FOLDER --threads 1 --repeats 3
"""

import argparse
import copy
import dataclasses
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import chromoformer.net
import numpy as np
import pandas as pd
import torch
from sklearn.pipeline import make_pipeline
from torch.utils.flop_counter import FlopCounterMode

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, RegionArray
from skchromo.datasets import make_epigenome
from skchromo.nn import Batch, DeviceRegions, load_reference_state, reference_state

N_GENES, N_STEPS = 64, 8
BIN_SIZES = (2000, 500, 100)
TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3", "H3K27ac", "H3K9ac")


def read_genes(folder):
    """RegionArray of 64 genes: of a folder of files, or simulated."""
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            data = make_epigenome(made, n_genes=N_GENES, n_chroms=1, random_state=0)
            return _features(data.contacts, data.tracks).fit_transform(data.genes)
    genes = pd.read_csv(folder / "genes.tsv", sep="\t")[:N_GENES]
    (contacts,) = (p for p in folder.iterdir() if p.stem in ("contacts", "interactions"))
    return _features(contacts, {name: folder / f"{name}.bw" for name in TRACKS}).fit_transform(
        genes
    )


def _features(contacts, tracks):
    return make_pipeline(InteractionTransformer(contacts), BigWigTransformer(tracks))


def filled_up(X):
    """The same genes, all with 8 pCREs: those that lack some get other genes' fragments."""
    rng, index, weights = np.random.default_rng(0), X.index.copy(), X.weights.copy()
    absent = index[:, 1:] < 0
    index[:, 1:][absent] = rng.choice(index[:, 1:][~absent], absent.sum())
    weights[absent] = rng.uniform(1.5, 5.0, absent.sum())
    parts = ("signal", "offsets", "chrom", "start", "end", "genes", "tracks", "bin_size", "n_bins")
    kept = {name: getattr(X, name) for name in (*parts, "window", "chromsizes")}
    return RegionArray(index=index, weights=weights, **kept)


def reference_inputs(X):
    """The tensors that the reference's networks take."""
    n_genes, n_regions = X.index.shape
    parts = {name: {} for name in ("promoter", "promoter_mask", "pcre", "pcre_mask", "absent")}
    for bin_size in BIN_SIZES:
        width = X.n_bins * X.bin_size // bin_size
        values, offsets = X.pool(bin_size)
        features = torch.zeros(n_genes, n_regions, width, len(X.tracks))
        mask = torch.ones(n_genes, n_regions, 1, width, width, dtype=torch.bool)
        for gene, place in np.argwhere(X.index >= 0):
            region = X.index[gene, place]
            bins = np.log1p(values[offsets[region] : offsets[region + 1]])
            left = (width - len(bins) + 1) // 2
            features[gene, place, left : left + len(bins)] = torch.from_numpy(bins)
            rows = slice(None) if place else slice(left, left + len(bins))
            mask[gene, place, 0, rows, left : left + len(bins)] = False
        there = torch.from_numpy(X.index >= 0)
        for part, places in (("promoter", slice(1)), ("pcre", slice(1, None))):
            parts[part][bin_size] = features[:, places].contiguous()
            parts[f"{part}_mask"][bin_size] = mask[:, places].contiguous()
        parts["absent"][bin_size] = ~(there[:, None, :, None] & there[:, None, None])
    weights = torch.zeros(n_genes, n_regions, n_regions)
    weights[:, 0, 1:] = torch.from_numpy(X.weights)
    return *parts.values(), weights


class Reference:
    """The reference's regressor, with a training step and a prediction to time."""

    def __init__(self, device="cpu"):
        self.network = chromoformer.net.ChromoformerRegressor(seed=42).to(device)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=3e-5)

    def train(self, inputs, y):
        self.optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(self.network(*inputs), y[:, None])
        loss.backward()
        self.optimizer.step()

    def predict(self, inputs):
        with torch.no_grad():
            return self.network(*inputs)


class TimedReference:
    """The reference on some genes; its methods return seconds."""

    def __init__(self, X, y):
        self.reference, self.inputs = Reference(), reference_inputs(X)
        self.target = torch.from_numpy(y.astype(np.float32))

    def train(self):
        return seconds(lambda: self.reference.train(self.inputs, self.target))

    def predict(self):
        return seconds(lambda: self.reference.predict(self.inputs))


class Ours:
    """A ChromoformerRegressor with the reference's weights on some genes, trained by its own net.

    Its methods return seconds.
    """

    def __init__(self, X, y):
        self.X, self.y = X, y
        self.model = ChromoformerRegressor(device="cpu", max_epochs=1, random_state=0)
        self.model.fit(X, y)
        self.network = self.model.net_.module_.eval()
        load_reference_state(self.network, Reference().network.state_dict())
        self.rows = np.tile(np.arange(N_GENES), N_STEPS)

    def train(self):
        """Train for some steps on batches of 64; seconds of a step."""
        net = self.model.net_
        net.max_epochs = len(net.history) + 1
        net.partial_fit(self.X[self.rows], self.y[self.rows, None].astype(np.float32))
        return net.history[-1]["dur"] / N_STEPS

    def predict(self):
        return seconds(lambda: self.model.predict(self.X))


def alone(make, n_threads, *args):
    """Return a process that makes an object, as people use one library without the other."""
    initial = {"initializer": _start, "initargs": (make, n_threads, args)}
    return ProcessPoolExecutor(1, get_context("spawn"), **initial)


def _start(make, n_threads, args):
    global _made
    run_on_cpu()
    torch.set_num_threads(n_threads)
    _made = make(*args)


def _call(method):
    return getattr(_made, method)()


def run_on_cpu():
    """Let the reference, which runs on GPUs only, run on the CPU."""
    torch.Tensor.cuda = lambda self, *args, **kwargs: self


def compare(reference, ours, X):
    """Largest difference of outputs, and of gradients as shares of each tensor's largest.

    Gradients are computed for 16 genes in float64: in float32 rounding decides on which side of a
    ReLU's kink an input lies, and two right programs differ there.
    """
    with torch.no_grad():
        expected = reference.network(*reference_inputs(X))
        output = ours.network(DeviceRegions(X, BIN_SIZES).batch(range(len(X)))) - expected
    few, loss = X[:16], torch.randn(16, 1, generator=torch.Generator().manual_seed(0)).double()
    theirs, mine = copy.deepcopy(reference.network).double(), copy.deepcopy(ours.network).double()
    (theirs(*in_double(reference_inputs(few))) * loss).sum().backward()
    (mine(in_double(DeviceRegions(few, BIN_SIZES).batch(range(16)))) * loss).sum().backward()
    with torch.no_grad():  # so that gradients get the reference's names
        for parameter in mine.parameters():
            parameter.copy_(parameter.grad)
    named = reference_state(mine)
    shares = [
        ((named[name] - parameter.grad).abs().max() / parameter.grad.abs().max()).item()
        for name, parameter in theirs.named_parameters()
        if parameter.grad is not None
    ]
    return output.abs().max().item(), max(shares)


def in_double(part):
    """The same with every float tensor in float64."""
    if isinstance(part, torch.Tensor):
        return part.double() if part.is_floating_point() else part
    if isinstance(part, dict):
        return {key: in_double(value) for key, value in part.items()}
    if isinstance(part, Batch):
        fields = {name: in_double(value) for name, value in vars(part).items()}
        return dataclasses.replace(part, **fields)
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return type(part)(*map(in_double, part))
    return type(part)(map(in_double, part)) if isinstance(part, (list, tuple)) else part


def gflop(function):
    """Billions of floating-point operations in matrix products."""
    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops() / 1e9


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def peak_gflops(n=2048, repeats=7):
    """Billions of operations a second in a large matrix product: the best of several."""
    a, b = torch.rand(n, n), torch.rand(n, n)
    return 2 * n**3 / min(seconds(lambda: a @ b) for _ in range(repeats)) / 1e9


def measure(name, X, n_threads, repeats):
    """One row of the table: medians of runs in turn, and what they computed."""
    torch.set_num_threads(n_threads)
    y, inputs = np.random.default_rng(0).normal(size=N_GENES), reference_inputs(X)
    reference, ours = Reference(), Ours(X, y)
    output, gradient = compare(reference, ours, X)
    target = torch.from_numpy(y.astype(np.float32))
    theirs_gflop = gflop(lambda: reference.train(inputs, target))
    work = gflop(ours.train) / N_STEPS
    peak = peak_gflops()
    train, predict = [], []
    with alone(TimedReference, n_threads, X, y) as theirs, alone(Ours, n_threads, X, y) as mine:
        for _ in range(1 + repeats):
            for step, times in (("train", train), ("predict", predict)):
                times.append([side.submit(_call, step).result() for side in (theirs, mine)])
    # The first run takes longer.
    train, predict = (np.median(times[1:], axis=0) for times in (train, predict))
    return {
        "batch": name,
        "threads": n_threads,
        "pCREs a gene": round((X.index[:, 1:] >= 0).sum() / N_GENES, 2),
        "outputs differ by": output,
        "gradients differ by": gradient,
        "reference step s": train[0],
        "our step s": train[1],
        "training ratio": train[0] / train[1],
        "reference prediction s": predict[0],
        "our prediction s": predict[1],
        "inference ratio": predict[0] / predict[1],
        "reference GFLOP a step": theirs_gflop,
        "our GFLOP a step": work,
        "peak GFLOP/s": peak,
        "share of peak": work / train[1] / peak,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with *.bw, interactions.tsv, genes.tsv")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3, help="of the reference, per row")
    parser.add_argument("--first-batch-only", action="store_true")
    parser.add_argument("--json", type=Path, help="where to write the table too")
    options = parser.parse_args()
    run_on_cpu()
    X = read_genes(options.data)
    batches = {"as they are": X} | ({} if options.first_batch_only else {"all at 8": filled_up(X)})
    rows = []
    for n_threads in options.threads:
        for name, batch in batches.items():
            rows.append(measure(name, batch, n_threads, options.repeats))
            print(
                pd.Series(rows[-1]).to_string(float_format="{:.4g}".format), end="\n\n", flush=True
            )
            if options.json:
                first = min(rows, key=lambda row: row["threads"])
                table = {"reference_seconds_per_step": first["reference step s"], "rows": rows}
                options.json.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()

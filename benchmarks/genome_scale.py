"""A whole genome of genes on this machine: memory, seconds, and how they grow.

Simulates the RegionArray of 18,955 genes with up to 8 pCREs and 7 tracks in bins of 100 bp, shaped
like promoter-capture Hi-C of one cell type (no files are read), and takes the default regressor
through one epoch, the prediction of all genes and a 4-fold split by chromosome. Then time against
the numbers of genes, pCREs and bins, and what the paper's experiment would take here. Run from
the top of the repository::

    python benchmarks/genome_scale.py --n-threads 1
    python benchmarks/genome_scale.py --quick
"""

import argparse
import json
import math
import platform
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import GroupKFold

from skchromo import ChromoformerRegressor, RegionArray

N_GENES, N_TRACKS, BIN_SIZE = 18_955, 7, 100
TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3", "H3K27ac", "H3K9ac")
# The paper's experiment: cross-validation in four folds, each trained for ten epochs.
N_FOLDS, N_EPOCHS, BATCH_SIZE = 4, 10, 64


def pchic_counts(n_genes, rng, max_pcres=8):
    """Number of pCREs of each gene: 11 % have none, 58 % as many as are allowed, mean 5.5 of 8."""
    few = np.arange(1, max_pcres)
    share = 0.7**few
    share *= 0.31 / share.sum()
    return rng.choice(max_pcres + 1, n_genes, p=[0.11, *share, 0.58])


def fragment_lengths(n, rng):
    """Lengths of restriction fragments in bp: 1.8 to 30.5 kb, median 5.3 kb."""
    return np.clip(5_300 * rng.lognormal(0, 0.6, n), 1_800, 30_500).astype(np.int64)


def simulate(n_pcres, *, window=40_000, lengths=None, seed=0):
    """Draw a RegionArray of genes with so many pCREs each, which several genes may share.

    The promoter window, the longest region there may be, and all pCREs have lengths in bp; lengths
    of None are drawn as those that restriction fragments have.
    """
    rng = np.random.default_rng(seed)
    n_genes, max_pcres = len(n_pcres), max(n_pcres)
    # Of 4.5 fragments a gene, those that are drawn for a genome are about 60,000 distinct ones.
    n_fragments = math.ceil(4.5 * n_genes) if max_pcres else 0
    drawn = fragment_lengths(n_fragments, rng) if lengths is None else lengths
    length = np.concatenate([np.full(n_genes, window), np.broadcast_to(drawn, n_fragments)])
    pcres = n_genes + rng.integers(0, max(n_fragments, 1), (n_genes, max_pcres))
    present = np.arange(max_pcres) < n_pcres[:, None]
    index = np.concatenate([np.arange(n_genes)[:, None], np.where(present, pcres, -1)], axis=1)
    used = np.unique(index[index >= 0])
    number = np.full(len(length) + 1, -1)
    number[used] = np.arange(len(used))
    length = length[used]
    chroms = np.array([f"chr{i % 22 + 1}" for i in range(len(used))], dtype=object)
    return RegionArray(
        signal=_counts(-(-length // BIN_SIZE), rng),
        offsets=np.concatenate([[0], np.cumsum(-(-length // BIN_SIZE))]),
        chrom=chroms,
        start=np.zeros_like(length),
        end=length,
        index=number[index],
        weights=np.sort(rng.gamma(2.0, 2.0, present.shape) * present)[:, ::-1],
        genes={"chrom": chroms[:n_genes]},
        tracks=TRACKS,
        bin_size=BIN_SIZE,
        n_bins=window // BIN_SIZE,
        window=window,
    )


def _counts(n_bins, rng):
    """Read depth of all bins: Poisson counts about a level of each region and track."""
    signal = np.empty((n_bins.sum(), N_TRACKS), np.float32)
    at = 0
    for part in np.array_split(n_bins, 1 + n_bins.sum() // 200_000):
        level = np.repeat(rng.gamma(1.0, 2.0, (len(part), N_TRACKS)), part, axis=0)
        signal[at : at + len(level)] = rng.poisson(level)
        at += len(level)
    return signal


def target(X, seed=0):
    """Any numbers will do."""
    return np.random.default_rng(seed).normal(size=len(X))


def peak_gb():
    """Most memory that this process has held so far, in GB."""
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def seconds_of(operation):
    """Return the result of an operation, and its seconds."""
    start = time.perf_counter()
    result = operation()
    return result, time.perf_counter() - start


def per_gene(X, model, n_epochs=1):
    """Milliseconds a gene of the quickest of some epochs, and of a prediction after it."""
    model.set_params(max_epochs=n_epochs).fit(X, target(X))
    _, predicting = seconds_of(lambda: model.predict(X))
    return 1e3 * min(model.history_[:, "dur"]) / len(X), 1e3 * predicting / len(X)


def whole_genome(n_genes, model, report):
    """Steps of a cross-validation on one array, with seconds and the peak memory after each."""
    rows = []

    def step(name, operation):
        result, seconds = seconds_of(operation)
        rows.append({"step": name, "seconds": seconds, "peak memory, GB": peak_gb()})
        return result

    counts = pchic_counts(n_genes, np.random.default_rng(0))
    rows.append({"step": "imports, one small fit", "peak memory, GB": peak_gb()})
    X = step("simulating X", lambda: simulate(counts))
    print(X)
    print(
        f"X.nbytes: {X.nbytes / 1e9:.3f} GB (at most 0.5 at genome size); {counts.mean():.2f} "
        f"pCREs a gene, {np.mean(counts == 0):.0%} without, {np.mean(counts == 8):.0%} with 8\n"
    )
    folds = GroupKFold(N_FOLDS)
    step(
        f"{N_FOLDS}-fold split, X[rows]",
        lambda: [(X[train], X[test]) for train, test in folds.split(X, groups=X.genes["chrom"])],
    )
    step("fit, one epoch", lambda: model.set_params(max_epochs=1).fit(X, target(X)))
    step("predicting all genes", lambda: model.predict(X))
    table = pd.DataFrame(rows).set_index("step")
    print(table.round(3).to_string(na_rep=""))
    if torch.cuda.is_available() and model.device_.startswith("cuda"):
        print(f"peak device memory: {torch.cuda.max_memory_allocated() / 1e9:.3f} GB")
    print("(at most 2.5 GB at genome size)\n")
    training = model.history_[-1]["dur"] / n_genes
    predicting = table.loc["predicting all genes", "seconds"] / n_genes
    report["whole"] = {"nbytes": X.nbytes, "steps": rows}
    report["seconds_per_gene"] = {"training": training, "predicting": predicting}
    return training, predicting


def growth(name, sizes, measure, report):
    """Print and keep a small table of milliseconds a gene against a size."""
    rows = [
        {name: size, "training, ms a gene": training, "predicting, ms a gene": predicting}
        for size, (training, predicting) in ((size, measure(size)) for size in sizes)
    ]
    table = pd.DataFrame(rows).set_index(name)
    table["training, of the first"] = table.iloc[:, 0] / table.iloc[0, 0]
    print(table.round(2).to_string(), end="\n\n")
    report[name] = rows


def growth_tables(options, model, whole, report):
    """How time grows with genes, pCREs and bins."""
    quick = options.quick

    def genes(n_genes):
        if n_genes == options.n_genes:
            return 1e3 * whole[0], 1e3 * whole[1]
        return per_gene(simulate(pchic_counts(n_genes, np.random.default_rng(0))), model)

    def pcres(n_pcres):
        return per_gene(simulate(np.full(n, n_pcres)), model, 2)

    def bins(n_bins):
        length = n_bins * BIN_SIZE
        X = simulate(np.full(m, 4), window=length, lengths=length)
        return per_gene(X, model, 2)

    sizes = (256, 512) if quick else (2_000, 6_000)
    growth("genes", (*sizes, options.n_genes), genes, report)
    n, m = (256, 128) if quick else (2_000, 512)
    growth("pCREs of each gene", (0, 8, 16) if quick else (0, 4, 8, 16), pcres, report)
    growth("bins of every region", (20, 200) if quick else (20, 100, 400, 800), bins, report)


def project(training, predicting, reference_step, report):
    """Print the hours of the paper's experiment here, and by the reference's training step."""
    n_training = N_GENES * (N_FOLDS - 1) // N_FOLDS
    ours = N_FOLDS * N_EPOCHS * n_training * training + N_GENES * predicting
    print(
        f"the paper's experiment ({N_FOLDS} folds x {N_EPOCHS} epochs on {n_training:,} of "
        f"{N_GENES:,} genes, and predicting the rest): {ours / 3600:.2f} h"
    )
    report["experiment_hours"] = ours / 3600
    if reference_step is not None:
        n_steps = N_FOLDS * N_EPOCHS * math.ceil(n_training / BATCH_SIZE)
        theirs = n_steps * reference_step
        print(
            f"the reference, training alone ({n_steps:,} steps of {reference_step:.3f} s): "
            f"{theirs / 3600:.2f} h, {theirs / ours:.1f} times as long"
        )
        report["reference_hours"] = theirs / 3600


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-genes", type=int, help=f"default {N_GENES}, with --quick 1024")
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    parser.add_argument("--n-threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--reference-step",
        type=float,
        metavar="SECONDS",
        help=f"training step of the reference on {BATCH_SIZE} genes, as train_step.py prints it",
    )
    parser.add_argument(
        "--train-json", type=Path, help="where train_step.py wrote it: reference_seconds_per_step"
    )
    parser.add_argument("--json", type=Path, help="where to write the figures too")
    options = parser.parse_args()
    options.n_genes = options.n_genes or (1_024 if options.quick else N_GENES)
    if options.reference_step is None and options.train_json is not None:
        steps = json.loads(options.train_json.read_text())
        options.reference_step = steps["reference_seconds_per_step"]
    model = ChromoformerRegressor(
        batch_size=BATCH_SIZE, device=options.device, n_threads=options.n_threads, random_state=0
    )
    # The first fit of a process pays for imports and for the optimizer's start.
    per_gene(simulate(np.full(32, 2)), model)
    print(f"{model.device_}, {options.n_threads} threads, torch {torch.__version__}")
    report = {"device": model.device_, "n_threads": options.n_threads, "n_genes": options.n_genes}
    whole = whole_genome(options.n_genes, model, report)
    growth_tables(options, model, whole, report)
    project(*whole, options.reference_step, report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()

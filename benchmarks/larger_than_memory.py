"""Training on more genes than memory holds: from a file, beside in memory.

Simulates the RegionArray of several cell types as genome_scale.py does, one after the other, joins
them to one file, and trains one epoch on it: opened, then read into memory. Each part runs in a
process of its own, whose peak of memory is printed. Then the same from the file for fewer cell
types: how time and memory grow. Run from the top of the repository; the whole takes 8 GB of disk::

    python benchmarks/larger_than_memory.py --n-threads 1
    python benchmarks/larger_than_memory.py --quick
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from genome_scale import N_GENES, pchic_counts, peak_gb, seconds_of, simulate, target
from skorch.callbacks import Callback

from skchromo import ChromoformerRegressor, RegionArray


def make(path, n_genes, n_cells):
    """Write one file of all cell types, of which one at a time is in memory."""
    parts = []
    for cell in range(n_cells):
        parts.append(path.with_suffix(f".{cell}"))
        simulate(pchic_counts(n_genes, np.random.default_rng(cell)), seed=cell).save(parts[-1])
    X = RegionArray.concatenate([RegionArray.load(part) for part in parts], path)
    for part in parts:
        part.unlink()
    return {"signal, GB": X.signal.nbytes / 1e9}


class ProcessorTime(Callback):
    """Seconds of processor time of each epoch: other programs do not count."""

    def on_epoch_begin(self, net, **kwargs):
        self.started_ = time.process_time()

    def on_epoch_end(self, net, **kwargs):
        net.history.record("processor", time.process_time() - self.started_)


def train(path, options, n_cells, mmap_mode):
    """Train one epoch on the first cell types of a file."""
    X = RegionArray.load(path, mmap_mode)
    X = X[: len(X) // options.n_cells * n_cells]
    make = ChromoformerRegressor
    make = getattr(make, options.network) if options.network else make
    settings = {"batch_size": 64, "device": "cpu", "n_threads": options.n_threads}
    model = make(max_epochs=1, random_state=0, callbacks=[ProcessorTime()], **settings)
    _, seconds = seconds_of(lambda: model.fit(X, target(X)))
    (epoch,) = model.history_
    return {
        "cell types": n_cells,
        "genes": len(X),
        "from": "file" if mmap_mode else "memory",
        "fit, s": seconds,
        "epoch, s": epoch["dur"],
        "processor, s": epoch["processor"],
        "processor, ms a gene": 1e3 * epoch["processor"] / len(X),
    }


def alone(options, *step):
    """Run a step in a process of its own; its result and peak of memory."""
    command = [sys.executable, __file__, "--step", *map(str, step), "--n-genes", options.n_genes]
    command += ["--n-cells", options.n_cells, "--n-threads", options.n_threads]
    command += ["--network", options.network]
    run = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def run_step(options):
    name, path, *rest = options.step
    if name == "make":
        found = make(Path(path), options.n_genes, options.n_cells)
    else:
        found = train(path, options, int(rest[0]), "r" if name == "file" else None)
    print(json.dumps({**found, "peak memory, GB": peak_gb()}))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-genes", type=int, help=f"of a cell type; {N_GENES}, with --quick 400")
    parser.add_argument("--n-cells", type=int, help="cell types; 11, with --quick 3")
    parser.add_argument("--n-threads", type=int, default=1)
    parser.add_argument(
        "--network", default="", help="small_data or whole_genome; by default the paper's"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, about a minute")
    parser.add_argument("--folder", type=Path, help="where to write the file; a temporary folder")
    parser.add_argument("--json", type=Path, help="where to write the table too")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.n_genes = options.n_genes or (400 if options.quick else N_GENES)
    options.n_cells = options.n_cells or (3 if options.quick else 11)
    if options.step:
        run_step(options)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "cells.npz"
        made = alone(options, "make", path)
        print(f"{options.n_cells} cell types in one file: {made}", flush=True)
        few = sorted({1, (1 + options.n_cells) // 2, options.n_cells})
        rows = [alone(options, "file", path, n) for n in few]
        rows.append(alone(options, "memory", path, options.n_cells))
    table = pd.DataFrame(rows)
    print(table.round(3).to_string(index=False))
    speed = {name: rows[-1][name] / rows[-2][name] for name in ("epoch, s", "processor, s")}
    found = ", ".join(f"by {name.removesuffix(', s')} {ratio:.2f}" for name, ratio in speed.items())
    print(f"speed from the file, of that in memory (goal 0.8): {found}")
    print(f"peak memory from the file: {rows[-2]['peak memory, GB']:.2f} GB (goal 2.5)")
    if options.json:
        report = {"made": made, "rows": rows, "speed_from_file": speed}
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()

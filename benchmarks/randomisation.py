"""Whether attributions on a real genome depend on what the network has learned.

The folder is that of ``real_genome.py``. A model is trained on some genes of its first cell, and
their attributions are compared with those of randomised layers and labels. Run from the top of the
repository::

    python benchmarks/randomisation.py --data FOLDER
"""

import argparse
from pathlib import Path

import numpy as np
from real_genome import Data

from skchromo import ChromoformerRegressor
from skchromo.evaluation import pearson_r
from skchromo.inspection import randomisation_check


def check(data, n_train, n_steps):
    """Print the check of a model of some genes, with its score on other chromosomes."""
    X, y = data.regions(data.cells[0], "promoters"), data.level(data.cells[0])
    fold = np.unique(data.fold)[0]
    others, held = np.flatnonzero(data.fold != fold), np.flatnonzero(data.fold == fold)
    train = np.sort(np.random.default_rng(0).permutation(others)[:n_train])
    model = ChromoformerRegressor.whole_genome(random_state=0, n_threads=1, device="cpu")
    model.fit(X[train], y[train])
    r = pearson_r(y[held], model.predict(X[held]))
    print(f"{data.cells[0]}, promoters: trained on {len(train)} genes, r {r:.3f} on others")
    table = randomisation_check(model, X[train], y[train], n_steps=n_steps, random_state=0)
    print(table.to_string(index=False, float_format="{:.2f}".format))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder described there")
    parser.add_argument("--work", type=Path, default=Path("bench/real_genome"))
    parser.add_argument("--genes", type=int, help="only so many of the folder, drawn at random")
    parser.add_argument("--train", type=int, default=1_000, help="number of genes to train on")
    parser.add_argument("--steps", type=int, default=16, help="of integrated gradients")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    data = Data(options.data, options.work, options.genes)
    check(data, options.train, options.steps)


if __name__ == "__main__":
    main()

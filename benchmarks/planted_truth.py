"""Does the network find what was planted? Pearson's r on held-out chromosomes of simulated genomes.

For each seed a genome of 2,000 genes and 7 tracks is simulated with the default noise and distal
share; the regressor (``small_data`` settings) learns from six chromosomes and is scored on two,
with contacts, on promoters alone and with contacts of other genes, next to a ridge on
`WindowSummary` and to the planted function itself. Run from the top of the repository::

    python benchmarks/planted_truth.py --seeds 5 --n-jobs 2
"""

import argparse
import json
import tempfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, WindowSummary
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r, shuffle_pcres
from skchromo.genome.bigwig import BigWigFile

HELD_OUT = ("chr1", "chr2")


def score(seed, n_genes):
    """Every setting's r on the held-out chromosomes of one simulated genome."""
    with tempfile.TemporaryDirectory() as folder:
        data = make_epigenome(folder, n_genes=n_genes, random_state=seed)
        contacts = InteractionTransformer(data.contacts).fit_transform(data.genes)
        signal = BigWigTransformer(data.tracks)
        X = {
            "contacts": signal.fit_transform(contacts),
            "promoter only": signal.fit_transform(data.genes),
            "shuffled contacts": signal.fit_transform(shuffle_pcres(contacts, random_state=seed)),
        }
        ranking = h3k27ac_auroc(data)
    y = np.log2(data.expression.to_numpy() + 1)
    test = data.genes["chrom"].isin(HELD_OUT).to_numpy()
    model = ChromoformerRegressor.small_data(random_state=seed, n_threads=1)
    ridge = make_pipeline(WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
    fits = {name: (model, X[name]) for name in X} | {"ridge": (ridge, X["contacts"])}
    r = {
        name: pearson_r(y[test], estimator.fit(x[~test], y[~test]).predict(x[test]))
        for name, (estimator, x) in fits.items()
    }
    r["planted function"] = pearson_r(y[test], data.truth.genes["planted"][test])
    return r | ranking


def h3k27ac_auroc(data):
    """How well raw H3K27ac ranks elements with an effect, over genes with one."""
    elements = data.truth.elements
    with BigWigFile(data.tracks["H3K27ac"]) as file:
        places = zip(elements["chrom"], elements["start"], elements["end"], strict=True)
        signal = [np.nansum(file.values(*place)) / (place[2] - place[1]) for place in places]
    elements = elements.assign(signal=signal, active=elements["contribution"] > 0)
    elements = elements[elements.groupby("gene_id")["active"].transform("any")]
    used = elements[elements["contact"] == "used"]
    return {
        "H3K27ac AUROC, all elements": roc_auc_score(elements["active"], elements["signal"]),
        "H3K27ac AUROC, used contacts": roc_auc_score(used["active"], used["signal"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--n-genes", type=int, default=2_000)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write the table too")
    options = parser.parse_args()
    jobs = (joblib.delayed(score)(seed, options.n_genes) for seed in range(options.seeds))
    rows = joblib.Parallel(options.n_jobs, verbose=5)(jobs)
    table = pd.DataFrame(rows).rename_axis("seed")
    gains = table[["contacts", "shuffled contacts"]].sub(table["promoter only"], axis=0)
    lines = pd.concat(
        {
            "r or AUROC": table,
            "r over promoter only": gains,
            "share of the planted r": table[["contacts"]].div(table["planted function"], axis=0),
        },
        axis=1,
    ).T
    summary = lines.assign(mean=lines.mean(axis=1), standard_error=lines.sem(axis=1)).round(3)
    print(summary.to_string())
    # The two means differ by less than this where seeds are not paired.
    loose = np.hypot(table["shuffled contacts"].sem(), table["promoter only"].sem())
    print(f"standard error of a difference of means, shuffled to promoter only: {loose:.3f}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()

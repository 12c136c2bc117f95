"""
From bigWigs and contacts to a cross-validated, saved Pipeline
==============================================================

The whole way once: bigWig files, a list of contacts and a gene table go through a scikit-learn
Pipeline, are scored chromosome by chromosome, searched over, drawn and saved. By default the files
are simulated; with your own run::

    python examples/plot_quickstart.py --data FOLDER --output RESULTS

where FOLDER holds ``*.bw`` (one file a track, named after it), ``interactions.tsv`` (contacts) and
``genes.tsv`` (columns gene_id, chrom, tss, strand, expression).
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyBigWig
from sklearn.metrics import RocCurveDisplay
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, ChromoformerClassifier, InteractionTransformer

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, help="folder with your own files")
parser.add_argument("--paper", action="store_true", help="the paper's network, not a small one")
parser.add_argument("--output", type=Path, default=Path(tempfile.mkdtemp()))
options = parser.parse_args()
options.output.mkdir(parents=True, exist_ok=True)

# %%
# Files
# -----
# Four chromosomes with 50 genes each. An active gene has H3K4me3 at its TSS, a silent one H3K27me3
# all over; H3K27ac marks active distal elements, which count by the weight of their contact.


def simulate(folder):
    """Write tracks, contacts and genes in which expression can be predicted."""
    rng = np.random.default_rng(0)
    step, size, n_genes = 100, 10_000_000, 50
    handles, genes, contacts = {}, [], []
    for track in ("H3K4me3", "H3K27me3", "H3K27ac"):
        handles[track] = pyBigWig.open(str(folder / f"{track}.bw"), "w")
        handles[track].addHeader([(f"chr{i}", size) for i in range(1, 5)])
    for chrom in ("chr1", "chr2", "chr3", "chr4"):
        rate = {track: np.full(size // step, 0.3) for track in handles}
        for tss in np.sort(rng.choice(size // 100_000 - 2, n_genes, replace=False) + 1) * 100_000:
            at, active, silent = tss // step, rng.random(), rng.random()
            rate["H3K4me3"][at - 10 : at + 10] += 10 * active
            rate["H3K27me3"][at - 150 : at + 150] += 2 * silent
            distal, gene_id = 0, f"{chrom}_{tss}"
            for weight in rng.uniform(1.0, 6.0, rng.integers(0, 9)):
                start = rng.integers(0, size // step - 50)
                strength = rng.random()
                rate["H3K27ac"][start : start + 50] += 6 * strength
                place = start * step, (start + 50) * step
                contacts.append((gene_id, chrom, *place, round(weight, 3)))
                distal += weight * strength * (weight > 1.5)
            level = 3 * active - 2 * silent + 0.3 * distal + rng.normal(scale=0.5)
            genes.append((gene_id, chrom, tss, rng.choice(["+", "-"]), 2**level))
        for track, handle in handles.items():
            depth = rng.poisson(rate[track]).astype(float)
            handle.addEntries(chrom, 0, values=depth, span=step, step=step)
    for handle in handles.values():
        handle.close()
    columns = ["gene_id", "chrom", "start", "end", "score"]
    pd.DataFrame(contacts, columns=columns).to_csv(
        folder / "interactions.tsv", sep="\t", index=False
    )
    columns = ["gene_id", "chrom", "tss", "strand", "expression"]
    pd.DataFrame(genes, columns=columns).to_csv(folder / "genes.tsv", sep="\t", index=False)


data = options.data
if data is None:
    data = options.output / "files"
    data.mkdir(exist_ok=True)
    simulate(data)

genes = pd.read_csv(data / "genes.tsv", sep="\t")
tracks = {path.stem: path for path in sorted(data.glob("*.bw"))}
print(f"{len(genes)} genes, tracks {', '.join(tracks)}")

# %%
# Pipeline
# --------
# The label is high expression: at or above the median. It is a definition, made before
# cross-validation. Genes of one chromosome are never on both sides of a split.

make_model = ChromoformerClassifier if options.paper else ChromoformerClassifier.small_data
y = np.where(genes["expression"] >= genes["expression"].median(), "high", "low")
groups = genes["chrom"]
cv = GroupKFold(min(4, groups.nunique()))
pipe = Pipeline(
    [
        ("contacts", InteractionTransformer(data / "interactions.tsv", max_pcres=8)),
        ("signal", BigWigTransformer(tracks)),
        ("model", make_model(random_state=0)),
    ]
)
print(pipe.set_params(signal__verbose=1)[:2].fit_transform(genes))
pipe.set_params(signal__verbose=0)

# %%
# Cross-validation by chromosome
# ------------------------------
# With contacts, and with the promoter alone.

settings = {
    "with contacts": {"contacts__max_pcres": 8},
    "promoter only": {"contacts__max_pcres": 0},
}
rows = {}
for name, setting in settings.items():
    pipe.set_params(**setting)
    scores = cross_val_score(pipe, genes, y, groups=groups, cv=cv, scoring="roc_auc")
    rows[name] = {f"fold {i}": score for i, score in enumerate(scores, start=1)}
    rows[name] |= {"mean": scores.mean(), "standard error": scores.std(ddof=1) / len(scores) ** 0.5}
    print(f"{name}: AUC {scores.mean():.3f}")
table = pd.DataFrame(rows).T.round(3)
table.to_csv(options.output / "scores.csv")
print(table)

# %%
# Search
# ------
# Any parameter of any step can be searched, by any number of processes.

grid = {"contacts__max_pcres": [0, 8], "model__lr": [pipe["model"].lr, 3 * pipe["model"].lr]}
search = GridSearchCV(pipe, grid, cv=cv, scoring="roc_auc", n_jobs=2, verbose=1)
search.fit(genes, y, groups=groups)
print(f"best: {search.best_params_}, AUC {search.best_score_:.3f}")

# %%
# Picture
# -------

fig, ax = plt.subplots(figsize=(4.5, 4.5))
for name, setting in settings.items():
    pipe.set_params(**setting)
    p = cross_val_predict(pipe, genes, y, groups=groups, cv=cv, method="predict_proba")
    RocCurveDisplay.from_predictions(y, p[:, 0], pos_label="high", name=name, ax=ax)
ax.set_title("Held-out chromosomes")
fig.savefig(options.output / "roc.png", dpi=150, bbox_inches="tight")

# %%
# Save and load
# -------------
# The file holds weights and paths, no signal. Another process predicts the same.

best, path = search.best_estimator_, options.output / "model.joblib"
joblib.dump(best, path)
expected = best.predict_proba(genes)
code = """if True:
    import sys, joblib, numpy, pandas
    genes = pandas.read_csv(sys.argv[2], sep="\\t")
    numpy.save(sys.argv[3], joblib.load(sys.argv[1]).predict_proba(genes))
"""
again = options.output / "predictions.npy"
subprocess.run([sys.executable, "-c", code, path, data / "genes.tsv", again], check=True)
same = np.array_equal(np.load(again), expected)
n_bytes = sum(p.nbytes for p in best["model"].net_.module_.parameters())
print(
    f"{path}: {path.stat().st_size / 1e3:.0f} kB, weights {n_bytes / 1e3:.0f} kB; "
    f"a fresh process predicts {'the same' if same else 'SOMETHING ELSE'}"
)
print(f"Results are in {options.output}: scores.csv, roc.png, model.joblib")
sys.exit(not same)

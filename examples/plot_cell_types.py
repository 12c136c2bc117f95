"""
Train on some cell types, test on others
========================================

Gene rows with a column ``sample`` put several cell types into one table, each with tracks and
contacts of its own. A score then depends on what is held out: cell types, chromosomes or both. And
it says little without a baseline that reads no track at all, the mean of each gene over the
training cell types: most genes are expressed alike in most cell types, so that a model may owe its
score to genes that it has met before (Schreiber, Singh, Bilmes and Noble, Genome Biology 2020,
doi 10.1186/s13059-020-02177-y).

One of the four simulated cell types is sequenced three times as deep, as happens in a lab:
``scale=`` brings its tracks to the scale of the training cell types.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyBigWig
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import (
    BigWigTransformer,
    ChromoformerRegressor,
    InteractionTransformer,
    WindowSummary,
)
from skchromo.datasets import gene_mean_baseline, make_epigenome

# %%
# Four cell types
# ---------------
# The genes are the same; a fifth of promoters, elements and contacts is drawn anew in cell types 2
# to 4. The table has a row for each gene in each cell type, ``tracks`` a row for each file, and
# ``contacts`` is a mapping of cell type to file.

folder = Path(tempfile.mkdtemp())
data = make_epigenome(
    folder,
    n_genes=160,
    n_chroms=4,
    n_samples=4,
    tracks=("H3K4me1", "H3K4me3", "H3K27ac"),
    distal_share=0.4,
    planted_r=0.95,
    changing=0.2,
    random_state=0,
)
genes, y = data.genes, np.log2(data.expression.to_numpy() + 1)
print(genes.groupby("sample").size())


def deepen(path, factor):
    """Write a bigWig again, with more reads everywhere."""
    deeper = path.with_name(f"deep-{path.name}")
    with pyBigWig.open(str(path)) as file, pyBigWig.open(str(deeper), "w") as out:
        out.addHeader(list(file.chroms().items()))
        for chrom in file.chroms():
            starts, ends, values = zip(*file.intervals(chrom))
            values = [factor * value for value in values]
            out.addEntries([chrom] * len(starts), list(starts), ends=list(ends), values=values)
    return deeper


tracks = data.tracks.copy()
deep = tracks["sample"] == "sample4"
tracks.loc[deep, "path"] = [deepen(path, 3) for path in tracks.loc[deep, "path"]]

# %%
# What is held out
# ----------------
# A splitter yields row numbers, and ``cv=`` takes any list of them. With both held out, the test
# rows are a cell type's genes on some chromosomes, and whatever shares cell type or chromosome with
# them is left out of training.

by_sample = list(LeaveOneGroupOut().split(genes, y, groups=genes["sample"]))
by_chrom = list(GroupKFold(2).split(genes, y, groups=genes["chrom"]))
by_both = [
    (np.intersect1d(train, other_train), np.intersect1d(test, other_test))
    for train, test in by_sample
    for other_train, other_test in by_chrom
]
splits = {"cell type": by_sample, "chromosome": by_chrom, "both": by_both}

# %%
# Models and baselines
# --------------------
# The first baseline knows the model's training rows. Where chromosomes are held out these have none
# of the test genes, and it can only predict one number. The second looks the gene up in all other
# cell types, whatever the model was allowed to see: what there is to beat when a new cell type of
# known genes comes in.


def pipeline(*model, scale="depth"):
    """From gene table to prediction; signal is read once for all, in wide bins to be fast."""
    contacts = InteractionTransformer(data.contacts)
    signal = BigWigTransformer(tracks, bin_size=500, scale=scale, memory=folder / "cache")
    return Pipeline([("contacts", contacts), ("signal", signal), ("model", make_pipeline(*model))])


def gene_means(splits):
    """Out-of-fold predictions of the baseline."""
    predicted = np.empty(len(genes))
    for train, test in splits:
        predicted[test] = gene_mean_baseline(genes, y, train, test)
    return predicted


ridge = (WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
network = (ChromoformerRegressor.small_data(bin_sizes=(2_000, 500), random_state=0, n_threads=1),)
look_up = gene_means(by_sample)
predictions = {}
for held_out, cv in splits.items():
    predictions[held_out] = {
        "Chromoformer": cross_val_predict(pipeline(*network), genes, y, cv=cv),
        "ridge": cross_val_predict(pipeline(*ridge), genes, y, cv=cv),
        "gene mean, training rows": gene_means(cv),
        "gene mean, other cell types": look_up,
    }

# %%
# Scores
# ------
# R², the share of the variance that is predicted, in each cell type; mean and standard error over
# the four. R² and not Pearson's r, which a single number for all genes does not have.


def r2_by_sample(predicted):
    """R² of each cell type."""
    rows = genes.groupby("sample").indices
    return pd.Series({name: r2_score(y[some], predicted[some]) for name, some in rows.items()})


scores = pd.DataFrame(
    {
        (held_out, name): r2_by_sample(predicted)
        for held_out, by_name in predictions.items()
        for name, predicted in by_name.items()
    }
).T
summary = pd.DataFrame({"R²": scores.mean(axis=1), "standard error": scores.sem(axis=1)})
print(summary.round(3).to_string())

# %%
# Does a model tell in *which* cell type a gene is higher? Both expression and prediction are taken
# relative to the gene's mean over the four cell types. Remembering genes gains nothing here.


def within_genes(values):
    """Take each gene's mean over the cell types off."""
    values = pd.Series(values)
    return values - values.groupby(genes["gene_id"]).transform("mean")


for held_out, by_name in predictions.items():
    for name in ("Chromoformer", "ridge"):
        r = np.corrcoef(within_genes(y), within_genes(by_name[name]))[0, 1]
        print(f"{held_out} held out, {name}: r within genes {r:.2f}")

# %%
# Scale
# -----
# R² of the ridge in each cell type when that one is held out. Unscaled, the deep one is out of the
# range that the model was trained on.

scaling = pd.DataFrame(
    {
        str(scale): r2_by_sample(
            cross_val_predict(pipeline(*ridge, scale=scale), genes, y, cv=by_sample)
        )
        for scale in (None, "depth", "quantile")
    }
)
print(scaling.round(3).to_string())

# %%
# Picture
# -------

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
means, errors = (summary[name].unstack(sort=False) for name in ("R²", "standard error"))
means.plot.bar(ax=left, yerr=errors, rot=0, capsize=2, xlabel="held out", ylabel="R²")
left.legend(fontsize="small", ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.25))
scaling.plot.bar(ax=right, rot=0, xlabel="cell type held out", ylabel="R² of the ridge")
right.axhline(0, color="black", linewidth=0.8)
right.legend(title="scale", fontsize="small")
fig.savefig(folder / "cell_types.png", dpi=150)

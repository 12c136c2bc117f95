"""
Train on some cell types, test on others
========================================

A gene table with a column ``sample`` holds several cell types, each with its own tracks
and contacts. The score then depends on what is held out: cell types, chromosomes, or
both. It also needs a baseline that reads no track at all, the mean of each gene over
the training cell types. Most genes are expressed alike in most cell types, so a model
can owe its score to genes that it has met before (Schreiber, Singh, Bilmes and Noble,
Genome Biology 2020, `doi 10.1186/s13059-020-02177-y
<https://doi.org/10.1186/s13059-020-02177-y>`__).

One of the three simulated cell types is sequenced three times as deep as the others.
``scale=`` brings its tracks to the scale of the training cell types.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, WindowSummary
from skchromo.datasets import make_epigenome
from skchromo.evaluation import gene_mean_baseline

# %%
# Three cell types
# ----------------
# All have the same genes. In the second and the third, one fifth of the promoters,
# elements and contacts is drawn anew. The gene table has one row per gene and cell
# type, ``tracks`` one row per file, and ``contacts`` is a mapping from cell type to
# file.

folder = Path(tempfile.mkdtemp())
marks = ("H3K4me1", "H3K4me3", "H3K27ac")
effects = {"distal_share": 0.4, "planted_r": 0.95, "changing": 0.2, "random_state": 0}
data = make_epigenome(folder, n_genes=140, n_chroms=4, n_samples=3, tracks=marks, **effects)
genes, y = data.genes, np.log2(data.expression.to_numpy() + 1)
print(genes.iloc[[0, 140, 280]].to_string(index=False))


def deepened(path, factor=3):
    """Write a bigWig again, with more signal everywhere."""
    deep = path.with_name(f"deep-{path.name}")
    with pyBigWig.open(str(path)) as file, pyBigWig.open(str(deep), "w") as out:
        out.addHeader(list(file.chroms().items()))
        for chrom in file.chroms():
            starts, ends, values = map(list, zip(*file.intervals(chrom)))
            values = [factor * value for value in values]
            out.addEntries([chrom] * len(starts), starts, ends=ends, values=values)
    return deep


tracks = data.tracks.copy()
third = tracks["sample"] == "sample3"
tracks.loc[third, "path"] = [deepened(path) for path in tracks.loc[third, "path"]]

# %%
# Held-out rows
# -------------
# A splitter yields row numbers, and ``cv=`` takes any list of them. If both are held
# out, the test rows are the genes of one cell type on some of the chromosomes. All rows
# that share the cell type or a chromosome with them are left out of the training.

by_sample = list(LeaveOneGroupOut().split(genes, y, groups=genes["sample"]))
by_chrom = list(GroupKFold(2).split(genes, y, groups=genes["chrom"]))
by_both = [
    (np.intersect1d(train, other_train), np.intersect1d(test, other_test))
    for train, test in by_sample
    for other_train, other_test in by_chrom
]
splits = {"cell type": by_sample, "chromosome": by_chrom, "both": by_both}

# %%
# Models and baseline
# -------------------
# The baseline looks up the mean expression of the gene in the other cell types,
# whatever the model was allowed to see. It is what a model must beat when a new cell
# type of known genes comes in.


def pipeline(*model, scale="depth"):
    """From gene table to prediction; wide bins, and signal is read once for all."""
    contacts = InteractionTransformer(data.contacts)
    settings = {"bin_size": 500, "memory": folder / "cache"}
    signal = BigWigTransformer(tracks, scale=scale, **settings)
    return make_pipeline(contacts, signal, *model)


small = {"bin_sizes": (2_000, 500), "max_epochs": 10, "random_state": 0, "n_threads": 1}
network = ChromoformerRegressor.small_data(**small)
ridge = (WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
gene_mean = np.empty(len(genes))
for train, test in by_sample:
    gene_mean[test] = gene_mean_baseline(genes, y, train, test)

predictions = {
    held_out: {
        "Chromoformer": cross_val_predict(pipeline(network), genes, y, cv=cv),
        "ridge": cross_val_predict(pipeline(*ridge), genes, y, cv=cv),
        "gene mean": gene_mean,
    }
    for held_out, cv in splits.items()
}

# %%
# Scores
# ------
# R², the share of the variance that is predicted, is taken within each cell type. The
# table shows the mean and the standard error over the three.


def r2_by_sample(predicted):
    """R² of each cell type."""
    rows = genes.groupby("sample").indices
    return pd.Series({name: r2_score(y[i], predicted[i]) for name, i in rows.items()})


mean, error = pd.DataFrame(), pd.DataFrame()
for held_out, by_model in predictions.items():
    scores = pd.DataFrame({name: r2_by_sample(p) for name, p in by_model.items()})
    mean[held_out], error[held_out] = scores.mean(), scores.sem()
print((mean.map("{:.3f}".format) + error.map(" ± {:.3f}".format)).to_string())

# %%
# Both models score higher when only the cell type is held out: they have met the genes
# before. Holding out both is the strictest test. Chromoformer and the ridge regression
# are above the gene mean in all three, so they read something from the tracks.

ax = mean.T.plot.bar(
    yerr=error.T, rot=0, capsize=2, figsize=(7, 3.4), xlabel="held out", ylabel="R²"
)
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
ax.figure.set_layout_engine("constrained")

# %%
# Differences between cell types
# ------------------------------
# In which cell type is a gene expressed more? This question is answered by the
# differences within each gene: expression and prediction are taken relative to the
# gene's mean over the three cell types. Remembering genes gains nothing here, and the
# gene mean does not answer it at all.


def within_genes(values):
    """Subtract the mean over the cell types from each gene."""
    values = pd.Series(values)
    return values - values.groupby(genes["gene_id"]).transform("mean")


within = pd.DataFrame(
    {
        held_out: {
            name: np.corrcoef(within_genes(y), within_genes(by_model[name]))[0, 1]
            for name in ("Chromoformer", "ridge")
        }
        for held_out, by_model in predictions.items()
    }
)
print("Pearson's r within genes, by what was held out")
print(within.round(2).to_string())

# %%
# Scale
# -----
# The R² of the ridge regression in each cell type when this one is held out. Without
# ``scale``, the deep cell type is outside the range that the model was trained on. When
# another cell type is held out, the deep one is among the training rows and spoils the
# fit a little.

scaling = {}
for scale in (None, "depth", "quantile"):
    predicted = cross_val_predict(pipeline(*ridge, scale=scale), genes, y, cv=by_sample)
    scaling[str(scale)] = r2_by_sample(predicted)
print(pd.DataFrame(scaling).round(3).to_string())

"""
Differential expression
=======================

Rows of a gene table that name two samples, ``sample_a`` and ``sample_b``, ask what b has over a:
log2((b + 1) / (a + 1)). ``ChromoformerDiffRegressor`` reads each gene twice, with the tracks and
contacts of either sample, and gives the difference. Beside it stand a ridge regression on
differences of mean signals, and a regressor of levels.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import (
    BigWigTransformer,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    InteractionTransformer,
    WindowSummary,
)
from skchromo.datasets import make_epigenome, pearson_r

# %%
# Two cell types
# --------------
# Half of promoters, elements and contacts of the second are drawn anew. One row a gene, in the
# order of the expression table, whose columns are the samples.

folder = Path(tempfile.mkdtemp())
data = make_epigenome(
    folder,
    n_genes=210,
    n_chroms=3,
    n_samples=2,
    tracks=("H3K4me1", "H3K4me3", "H3K27ac"),
    distal_share=0.4,
    planted_r=0.95,
    changing=0.5,
    random_state=0,
)
genes = pd.read_csv(data.paths["genes"], sep="\t").assign(sample_a="sample1", sample_b="sample2")
level = np.log2(pd.read_csv(data.paths["expression"], sep="\t", index_col="gene_id") + 1)
y = (level["sample2"] - level["sample1"]).to_numpy()
print(genes.head(3).to_string(index=False))
print(f"log2 fold change: mean {y.mean():.2f}, standard deviation {y.std():.2f}")

# %%
# A mean far from 0 would say that the two columns were not normalised alike; the estimator warns.
#
# From pairs to fold changes
# --------------------------
# Both transformers see the two columns and add the pCREs and the signal of each sample: X has an
# axis of conditions.

contacts = InteractionTransformer(data.contacts)
signal = BigWigTransformer(data.tracks, bin_size=500, memory=folder / "cache")
settings = {"bin_sizes": (2_000, 500), "random_state": 0, "n_threads": 1}
network = ChromoformerDiffRegressor.small_data(**settings)
pipe = Pipeline([("contacts", contacts), ("signal", signal), ("model", network)])
print(pipe[:2].fit_transform(genes))

cv, groups = GroupKFold(3), genes["chrom"]
predicted = {"Chromoformer": cross_val_predict(pipe, genes, y, groups=groups, cv=cv)}

# %%
# Ridge on differences
# --------------------
# Summaries learn nothing from the genes, so they may be made before the split. Without means and
# intercept, swapping a and b negates what the ridge predicts, as it does for the network.


def of_sample(name):
    """Gene rows of one sample."""
    return genes.drop(columns=["sample_a", "sample_b"]).assign(sample=name)


summary = make_pipeline(contacts, signal, WindowSummary())
difference = summary.fit_transform(of_sample("sample2")) - summary.transform(of_sample("sample1"))
ridge = make_pipeline(
    StandardScaler(with_mean=False), RidgeCV(np.logspace(-2, 4, 13), fit_intercept=False)
)
predicted["ridge"] = cross_val_predict(ridge, difference, y, groups=groups, cv=cv)

# %%
# Levels first
# ------------
# A regressor of levels has twice as many rows to learn from. Its two predictions can be subtracted,
# or ``init_from`` starts the differential network from it: before training, that predicts the
# same. Both are made inside the folds, on training genes only.

levels = ChromoformerRegressor.small_data(**settings)
of_levels = Pipeline([("contacts", contacts), ("signal", signal), ("model", levels)])
predicted["levels, b - a"], predicted["started from levels"] = np.zeros((2, len(genes)))
both = pd.concat([of_sample("sample1"), of_sample("sample2")], ignore_index=True)
for train, test in cv.split(genes, y, groups):
    rows = [*train, *(train + len(genes))]
    of_levels.fit(both.iloc[rows], level.to_numpy().T.ravel()[rows])
    a, b = (of_levels.predict(of_sample(name).iloc[test]) for name in ("sample1", "sample2"))
    predicted["levels, b - a"][test] = b - a
    pipe.set_params(model__init_from=levels, model__lr=3e-4).fit(genes.iloc[train], y[train])
    predicted["started from levels"][test] = pipe.predict(genes.iloc[test])

# %%
# Scores
# ------
# Pearson's r on held-out chromosomes, its mean and standard error over the folds, and R² over all
# genes; "planted" is the function that made the data, without noise.

planted = data.truth.genes.pivot(index="gene_id", columns="sample", values="planted")
planted = planted.loc[genes["gene_id"]]
predicted["planted"] = (planted["sample2"] - planted["sample1"]).to_numpy()
folds = [test for _, test in cv.split(genes, y, groups)]
scores = pd.DataFrame(
    {name: [pearson_r(y[test], p[test]) for test in folds] for name, p in predicted.items()}
)
table = pd.DataFrame(
    {
        "r": scores.mean(),
        "standard error": scores.sem(),
        "R²": {name: r2_score(y, p) for name, p in predicted.items()},
    }
)
print(table.round(3).to_string())

# %%
# Swapping the two samples
# ------------------------
# Predictions change their sign, to the last bit.

swapped = genes.rename(columns={"sample_a": "sample_b", "sample_b": "sample_a"})
print(bool((pipe.predict(swapped) == -pipe.predict(genes)).all()))

# %%
# Picture
# -------

fig, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
for ax, name in zip(axes, ("started from levels", "ridge")):
    ax.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    ax.scatter(predicted[name], y, s=8, alpha=0.6)
    ax.set(title=f"{name}: r {table.loc[name, 'r']:.2f}", xlabel="predicted")
axes[0].set_ylabel("measured log2 fold change")
fig.savefig(folder / "differential.png", dpi=150)

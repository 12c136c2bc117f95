"""
Predict differential expression
===============================

The target of gene rows that name two samples, ``sample_a`` and ``sample_b``, is the
fold change from a to b, log2((b + 1) / (a + 1)).
:class:`~skchromo.ChromoformerDiffRegressor` reads each gene twice, with the tracks and
contacts of each sample, and predicts the difference. It is compared with a ridge
regression on differences of mean signals, and with a regressor of expression levels.
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
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r

# %%
# Two cell types
# --------------
# In the second cell type, half of the promoters, elements and contacts are drawn anew.
# The gene table has one row per gene, in the order of the expression table, whose
# columns are the samples.

folder = Path(tempfile.mkdtemp())
marks = ("H3K4me1", "H3K4me3", "H3K27ac")
effects = {"distal_share": 0.4, "planted_r": 0.95, "changing": 0.5, "random_state": 0}
data = make_epigenome(folder, n_genes=210, n_chroms=3, n_samples=2, tracks=marks, **effects)
genes = pd.read_csv(data.paths["genes"], sep="\t")
genes = genes.assign(sample_a="sample1", sample_b="sample2")
expression = pd.read_csv(data.paths["expression"], sep="\t", index_col="gene_id")
level = np.log2(expression + 1)
y = (level["sample2"] - level["sample1"]).to_numpy()
print(genes.head(3).to_string(index=False))
print(f"log2 fold change: mean {y.mean():.2f}, standard deviation {y.std():.2f}")

# %%
# If the mean is far from 0, the two columns were not normalised alike. The estimator
# warns of this.
#
# The Pipeline
# ------------
# Both transformers recognise the two sample columns and add the pCREs and the signal of
# each sample. X gets an axis for the two conditions.

contacts = InteractionTransformer(data.contacts)
signal = BigWigTransformer(data.tracks, bin_size=500, memory=folder / "cache")
small = {"bin_sizes": (2_000, 500), "max_epochs": 10, "random_state": 0, "n_threads": 1}
network = ChromoformerDiffRegressor.small_data(**small)
pipe = Pipeline([("contacts", contacts), ("signal", signal), ("model", network)])
print(pipe[:2].fit_transform(genes).shape)

cv, groups = GroupKFold(3), genes["chrom"]
predicted = {"Chromoformer": cross_val_predict(pipe, genes, y, groups=groups, cv=cv)}

# %%
# Ridge regression on differences
# -------------------------------
# The summaries learn nothing from the genes, so they can be computed before the split.
# Without subtracted means and without an intercept, swapping a and b changes the sign
# of the prediction, as it does for the network.


def of_sample(name):
    """Gene rows of one sample."""
    return genes.drop(columns=["sample_a", "sample_b"]).assign(sample=name)


summary = make_pipeline(contacts, signal, WindowSummary())
a, b = (summary.fit_transform(of_sample(name)) for name in ("sample1", "sample2"))
ridge = make_pipeline(
    StandardScaler(with_mean=False),
    RidgeCV(np.logspace(-2, 4, 13), fit_intercept=False),
)
predicted["ridge"] = cross_val_predict(ridge, b - a, y, groups=groups, cv=cv)

# %%
# Levels first
# ------------
# A regressor of expression levels has twice as many rows to learn from. There are two
# ways to use it: subtract its predictions for the two samples, or let the differential
# network start from its weights with ``init_from``. Both are done within the folds, on
# training genes only.

regressor = ChromoformerRegressor.small_data(**small)
levels = make_pipeline(contacts, signal, regressor)
start = ChromoformerDiffRegressor.small_data(**small, lr=3e-4, init_from=regressor)
started = make_pipeline(contacts, signal, start)
predicted["levels, b - a"], predicted["started from levels"] = np.zeros((2, len(genes)))
both = pd.concat([of_sample("sample1"), of_sample("sample2")], ignore_index=True)
both_levels = level.to_numpy().T.ravel()
for train, test in cv.split(genes, y, groups):
    rows = [*train, *(train + len(genes))]
    levels.fit(both.iloc[rows], both_levels[rows])
    a, b = (levels.predict(of_sample(s).iloc[test]) for s in ("sample1", "sample2"))
    predicted["levels, b - a"][test] = b - a
    started.fit(genes.iloc[train], y[train])
    predicted["started from levels"][test] = started.predict(genes.iloc[test])

# %%
# Scores
# ------
# Pearson's r is taken on each held-out chromosome, R² over all genes. "planted" is the
# function that made the data, before noise was added: no model can be expected to be
# better.

planted = data.truth.genes.pivot(index="gene_id", columns="sample", values="planted")
planted = planted.loc[genes["gene_id"]]
predicted["planted"] = (planted["sample2"] - planted["sample1"]).to_numpy()
r = pd.DataFrame()
for name, p in predicted.items():
    r[name] = [pearson_r(y[test], p[test]) for _, test in cv.split(genes, y, groups)]
table = pd.DataFrame({"r": r.mean(), "standard error": r.sem()})
table["R²"] = [r2_score(y, p) for p in predicted.values()]
print(table.round(3).to_string())

# %%
# Starting from levels is the best of the four here. The differences between
# neighbouring rows of the table are smaller than the standard errors, so try the
# alternatives on your own data.

fig, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
for ax, name in zip(axes, ("started from levels", "ridge")):
    ax.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    ax.scatter(predicted[name], y, s=8, alpha=0.6, c=np.where(y > 0, "tab:orange", "tab:blue"))
    ax.set(title=f"{name}: r {table.loc[name, 'r']:.2f}", xlabel="predicted")
axes[0].set_ylabel("measured log2 fold change")

# %%
# Swap the two samples
# --------------------
# The predictions change their sign and nothing else.

swapped = genes.rename(columns={"sample_a": "sample_b", "sample_b": "sample_a"})
print(np.array_equal(started.predict(swapped), -started.predict(genes)))

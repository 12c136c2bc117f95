"""
Regression, and the scale of y
==============================

A regressor predicts y as it is given, and expression spans four orders of magnitude. On the raw
scale a few genes make the loss and the score. So y is log2(x + 1), taken before fitting or, where
predictions are wanted in TPM, by a ``TransformedTargetRegressor`` around the model.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import (
    BigWigTransformer,
    ChromoformerRegressor,
    InteractionTransformer,
    WindowSummary,
)
from skchromo.datasets import make_epigenome, pearson_r

# %%
# Expression as it is measured
# ----------------------------

folder = Path(tempfile.mkdtemp())
data = make_epigenome(
    folder,
    n_genes=240,
    n_chroms=4,
    tracks=("H3K4me1", "H3K4me3", "H3K27ac"),
    distal_share=0.4,
    planted_r=0.95,
    random_state=0,
)
genes, expression = data.genes, data.expression.to_numpy()
groups, cv = genes["chrom"], GroupKFold(4)
top = np.sort(expression)[-len(expression) // 20 :].sum() / expression.sum()
print(f"median {np.median(expression):.1f}, highest {expression.max():.0f}")
print(f"the highest twentieth of the genes has {top:.0%} of all expression")

# %%
# Three ways
# ----------
# ``func`` is applied to y before fitting, ``inverse_func`` to what is predicted. ``scale_target``,
# which ``small_data`` sets, is another thing: the network learns y in units of its standard
# deviation and gives it back in its own, which is a matter of learning rates alone.


def pipeline(*model):
    """From gene table to prediction; signal is read once for all, in wide bins to be fast."""
    contacts = InteractionTransformer(data.contacts)
    signal = BigWigTransformer(data.tracks, bin_size=500, memory=folder / "cache")
    return Pipeline([("contacts", contacts), ("signal", signal), ("model", make_pipeline(*model))])


def log_target(regressor):
    """Let a regressor learn log2(x + 1), and predict x."""
    return TransformedTargetRegressor(regressor, func=to_log, inverse_func=from_log)


def to_log(x):
    return np.log2(x + 1)


def from_log(y):
    return np.maximum(2**y - 1, 0)


network = ChromoformerRegressor.small_data(bin_sizes=(2_000, 500), random_state=0, n_threads=1)
ridge = (WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
candidates = {
    "network, y raw": pipeline(network),
    "network, y log2": log_target(pipeline(network)),
    "ridge, y raw": pipeline(*ridge),
    "ridge, y log2": log_target(pipeline(*ridge)),
}
predicted = {
    name: cross_val_predict(candidate, genes, expression, groups=groups, cv=cv)
    for name, candidate in candidates.items()
}

# %%
# Scores
# ------
# Which score is meant must be said: r on the log scale is what papers on expression give, r on the
# raw scale is that of a few genes, ranks know no scale. Below 0 is taken as 0 before the logarithm;
# only models of raw y predict that.

rows = {
    name: {
        "r, log2": pearson_r(to_log(expression), to_log(np.maximum(p, 0))),
        "r, raw": pearson_r(expression, p),
        "rank correlation": spearmanr(expression, p).statistic,
        "below 0": np.count_nonzero(p < 0),
    }
    for name, p in predicted.items()
}
print(pd.DataFrame.from_dict(rows, orient="index").round(3).to_string())

# %%
# The mean of a logarithm is not the logarithm of a mean: turned back, predictions are nearer to
# the median of such genes than to their mean, and their sum falls short.

for name, p in predicted.items():
    print(f"{name}: sum of predictions over sum of expression {p.sum() / expression.sum():.2f}")

# %%
# Before or around
# ----------------
# Taking the logarithm first gives the same model. It is the simpler way wherever the log scale is
# what is reported: scorers of a search then work on it too.

y = to_log(expression)
pipe, around = pipeline(network).fit(genes, y), log_target(pipeline(network)).fit(genes, expression)
difference = np.abs(to_log(around.predict(genes)) - np.maximum(pipe.predict(genes), 0)).max()
print(f"largest difference {difference:.1g}")

# %%
# Picture
# -------

fig, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
for ax, name in zip(axes, ("network, y raw", "network, y log2")):
    ax.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    ax.scatter(to_log(np.maximum(predicted[name], 0)), y, s=8, alpha=0.6)
    ax.set(title=name, xlabel="log2(predicted + 1), held-out chromosomes")
axes[0].set_ylabel("log2(expression + 1)")
fig.savefig(folder / "scale.png", dpi=150)

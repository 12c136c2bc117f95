"""
Regression and the scale of expression
======================================

A regressor predicts y on the scale on which it is given. Expression spans four orders
of magnitude, so on the raw scale a few genes determine both the loss and the score.
Train on log2(expression + 1): take the logarithm before fitting, or let a
``TransformedTargetRegressor`` do it if you want predictions in TPM.
"""

import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, WindowSummary
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r

# %%
# Raw expression
# --------------

folder = Path(tempfile.mkdtemp())
marks = ("H3K4me1", "H3K4me3", "H3K27ac")
effects = {"distal_share": 0.4, "planted_r": 0.95, "random_state": 0}
data = make_epigenome(folder, n_genes=240, n_chroms=6, tracks=marks, **effects)
genes, expression = data.genes, data.expression.to_numpy()
share = np.sort(expression)[-len(expression) // 20 :].sum() / expression.sum()
print(f"median {np.median(expression):.0f}, highest {expression.max():.0f}")
print(f"the highest 5 % of the genes have {share:.0%} of all expression")

# %%
# Two scales
# ----------
# ``func`` is applied to y before the fit, and ``inverse_func`` to the predictions. The
# parameter ``scale_target``, which ``small_data`` sets, is something else: the network
# learns y in units of its standard deviation and predicts in the units of y. It only
# affects the training. ``fit`` warns of a raw y; the warning is silenced here.


def to_log(expression):
    return np.log2(expression + 1)


def from_log(y):
    return np.maximum(2**y - 1, 0)


def pipeline(*model):
    """From gene table to prediction; wide bins, and signal is read once for all."""
    contacts = InteractionTransformer(data.contacts)
    signal = BigWigTransformer(data.tracks, bin_size=500, memory=folder / "cache")
    return make_pipeline(contacts, signal, *model)


def log_target(regressor):
    """Let a regressor learn log2(x + 1) and predict x."""
    return TransformedTargetRegressor(regressor, func=to_log, inverse_func=from_log)


small = {"bin_sizes": (2_000, 500), "max_epochs": 10, "random_state": 0, "n_threads": 1}
network = pipeline(ChromoformerRegressor.small_data(**small))
ridge = pipeline(WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
candidates = {
    "network, raw y": network,
    "network, log2 y": log_target(network),
    "ridge, raw y": ridge,
    "ridge, log2 y": log_target(ridge),
}
split = {"groups": genes["chrom"], "cv": GroupKFold(3)}
warnings.filterwarnings("ignore", message="X and y show a sign of a common mistake")
predicted = {}
for name, model in candidates.items():
    predicted[name] = cross_val_predict(model, genes, expression, **split)

# %%
# Scores
# ------
# State the scale of every score. Papers on expression mostly report r on the log scale.
# On the raw scale, r is mainly that of the few highest genes. The rank correlation does
# not depend on the scale. The column "total" is the sum of the predictions over the sum
# of the expression.

rows = {
    name: {
        "r, log2": pearson_r(to_log(expression), to_log(np.maximum(p, 0))),
        "r, raw": pearson_r(expression, p),
        "rank correlation": spearmanr(expression, p).statistic,
        "negative": np.count_nonzero(p < 0),
        "total": p.sum() / expression.sum(),
    }
    for name, p in predicted.items()
}
print(pd.DataFrame.from_dict(rows, orient="index").round(2).to_string())

# %%
# Trained on log2, both models rank the genes better, and they do not predict negative
# expression. There is a price. The mean of logarithms is not the logarithm of the mean:
# turned back to the raw scale, the predictions are closer to a median than to a mean,
# and their total is too small. Only if you need totals, train on raw y. The points at 0
# on the left are the negative predictions.

y = to_log(expression)
fig, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
for ax, name in zip(axes, ("network, raw y", "network, log2 y")):
    ax.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    ax.scatter(to_log(np.maximum(predicted[name], 0)), y, s=8, alpha=0.6)
    ax.set(title=name, xlabel="log2(predicted + 1), held-out chromosomes")
axes[0].set_ylabel("log2(expression + 1)")

# %%
# Before or around
# ----------------
# Taking the logarithm first gives the same model. It is the simpler way if you report
# the log scale, because the scorers of a search then use the log scale as well.

before = network.fit(genes, y).predict(genes)
around = log_target(network).fit(genes, expression).predict(genes)
difference = np.abs(to_log(around) - np.maximum(before, 0)).max()
print(f"the two ways agree up to rounding: {difference < 1e-9}")

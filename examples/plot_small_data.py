"""
Hundreds of genes: small_data, linear_skip, early_stopping
==========================================================

The defaults are the paper's and suit thousands of genes. With a hundred, the network must be
narrower and its learning rate larger, a linear model is hard to beat, and the number of epochs is
worth a thought. Losses, epoch by epoch, show what goes wrong where something does.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import (
    BigWigTransformer,
    ChromoformerRegressor,
    InteractionTransformer,
    WindowSummary,
)
from skchromo.datasets import make_epigenome, pearson_r
from skchromo.inspection import LearningHistoryDisplay

# %%
# A hundred and twenty genes
# --------------------------
# Read once; ``X`` is sliced by cross-validation like an array of genes.

folder = Path(tempfile.mkdtemp())
data = make_epigenome(
    folder,
    n_genes=120,
    n_chroms=6,
    tracks=("H3K4me1", "H3K4me3", "H3K27ac"),
    distal_share=0.4,
    planted_r=0.95,
    random_state=0,
)
contacts = InteractionTransformer(data.contacts)
X = make_pipeline(contacts, BigWigTransformer(data.tracks, bin_size=500)).fit_transform(data.genes)
y, groups = np.log2(data.expression.to_numpy() + 1), data.genes["chrom"]

# %%
# What small_data changes
# -----------------------
# It is a constructor, not a mode: what it sets can be seen, and overridden.

small, paper = ChromoformerRegressor.small_data().get_params(), ChromoformerRegressor().get_params()
changed = {name: (paper[name], value) for name, value in small.items() if value != paper[name]}
print(pd.DataFrame(changed, index=["default", "small_data"]).T.to_string())

# %%
# Candidates
# ----------
# ``linear_skip`` adds a linear map of log mean signals, which starts as a ridge regression, so that
# the network learns what that misses. ``early_stopping`` holds whole chromosomes back, ends when
# the loss on them falls no more, and keeps the best epoch: fewer genes are left to learn from.

settings = {"bin_sizes": (2_000, 500), "random_state": 0, "n_threads": 1}
stopping = {"early_stopping": True, "validation_fraction": 0.2, "max_epochs": 40}
make = ChromoformerRegressor.small_data
candidates = {
    "defaults": ChromoformerRegressor(**settings),
    "small_data": make(**settings),
    "small_data, linear_skip": make(**settings, linear_skip=True),
    "small_data, early_stopping": make(**settings, **stopping, lr_schedule="constant"),
    "ridge": make_pipeline(WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))),
}
cv = GroupKFold(3)
folds = [test for _, test in cv.split(X, y, groups)]
scores = {}
for name, model in candidates.items():
    predicted = cross_val_predict(model, X, y, groups=groups, cv=cv)
    scores[name] = [pearson_r(y[test], predicted[test]) for test in folds]
scores = pd.DataFrame(scores)
table = pd.DataFrame({"r": scores.mean(), "standard error": scores.sem()})
print(table.round(3).to_string())

# %%
# Differences smaller than the standard error are none that three folds of forty genes can show.
# Compare candidates fold by fold, and with several ``random_state``, before you believe one.
#
# Losses
# ------
# A training loss that still falls at the end asks for more epochs or a larger ``lr``; a validation
# loss that rises while the other falls, for fewer epochs or ``dropout``. The variance of y is the
# loss of predicting the mean: what is not below it has learned nothing.

short = candidates["defaults"].fit(X, y)
stopped = candidates["small_data, early_stopping"].fit(X, y)
best = int(np.argmin([epoch["valid_loss"] for epoch in stopped.history_])) + 1
print(f"stopped after {stopped.n_iter_} epochs, weights are those of epoch {best}")

print(f"variance of y {y.var():.2f}")

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
LearningHistoryDisplay.from_estimator(short, ax=left)
left.set_title("defaults")
LearningHistoryDisplay.from_estimator(stopped, ax=middle)
middle.axvline(best, color="grey", linestyle=":")
for ax in (left, middle):
    ax.axhline(y.var(), color="grey", linewidth=0.8)
middle.set_title("small_data, early_stopping")
right.errorbar(table["r"], table.index, xerr=table["standard error"], fmt="o", capsize=3)
right.invert_yaxis()
right.set_xlabel("Pearson's r, held-out chromosomes")
fig.savefig(folder / "small_data.png", dpi=150)

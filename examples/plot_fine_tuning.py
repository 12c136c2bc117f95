"""
Fine-tuning from a published checkpoint
=======================================

With hundreds of genes of your own, start from a network that was trained on thousands of another
cell type. ``init_from=`` takes a fitted estimator or a checkpoint of the reference implementation,
``frozen=`` keeps parts of it as they are. What it gains is a question for held-out chromosomes.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer
from skchromo.datasets import make_epigenome, pearson_r

# %%
# Two cell types
# --------------
# Much is known of the first: 600 genes here. Of the second, there are 60, and their expression is
# in another unit, as it is between labs.

folder = Path(tempfile.mkdtemp())
simulated = {"distal_share": 0.4, "planted_r": 0.95, "tracks": ("H3K4me1", "H3K4me3", "H3K27ac")}
known = make_epigenome(folder / "known", n_genes=600, n_chroms=6, random_state=0, **simulated)
new = make_epigenome(folder / "new", n_genes=60, n_chroms=4, random_state=1, **simulated)


def pipeline(data, model):
    """From gene table to prediction; wide bins, to be fast."""
    contacts = InteractionTransformer(data.contacts)
    signal = BigWigTransformer(data.tracks, bin_size=500, memory=folder / "cache")
    return Pipeline([("contacts", contacts), ("signal", signal), ("model", model)])


# %%
# A checkpoint
# ------------
# The published files are large, so this one is written here, in the same format: a file with the
# weights and no more. Of such a file one must know which tracks it was trained on, in which order
# (the published models: see ``from_checkpoint``), on which window, and on what scale of y.

settings = {"bin_sizes": (2_000, 500), "random_state": 0, "n_threads": 1}
pretrained = pipeline(known, ChromoformerRegressor.small_data(**settings))
pretrained.fit(known.genes, np.log2(known.expression + 1))
checkpoint = folder / "published.pt"
pretrained["model"].save_checkpoint(checkpoint)
print(f"{checkpoint.name}: {checkpoint.stat().st_size / 1_000:.0f} kB")

# %%
# As it is
# --------
# Before anything is tuned: what does the published model say of the new cell type?
# Pearson's r does not know of units; the mean error does.

tracks = list(new.tracks)
published = ChromoformerRegressor.from_checkpoint(checkpoint, tracks=tracks)
published.set_params(n_threads=1)
X = pipeline(new, "passthrough").fit_transform(new.genes)
y, groups = np.log2(new.expression.to_numpy() / 8 + 1), new.genes["chrom"]
predicted = {"published, as it is": published.predict(X)}

# %%
# Tuned
# -----
# ``init_from`` needs the widths and bin sizes of the checkpoint, which ``get_params`` of what
# ``from_checkpoint`` gives shows; here they are those of ``small_data``. A smaller learning rate
# changes the weights less. Frozen stages are those that read bins: what a mark looks like is
# taken for known, what follows from it is learned.
#
# A path survives the cloning of cross-validation; a fitted estimator is given as
# ``FrozenEstimator(model)``.

candidates = {
    "from scratch": {},
    "tuned": {"init_from": checkpoint, "lr": 3e-4},
    "tuned, stages frozen": {
        "init_from": checkpoint,
        "lr": 3e-4,
        "frozen": ("embedding", "pairwise"),
    },
}
cv = GroupKFold(4)
for name, changes in candidates.items():
    model = ChromoformerRegressor.small_data(**settings, **changes)
    predicted[name] = cross_val_predict(model, X, y, groups=groups, cv=cv)

# %%
# Scores
# ------
# On 60 genes, four chromosomes. The two cell types are simulated by the same rules, so that the
# published model fits better here than one of another tissue, assembly or lab would.

folds = [test for _, test in cv.split(X, y, groups)]
scores = pd.DataFrame(
    {name: [pearson_r(y[test], p[test]) for test in folds] for name, p in predicted.items()}
)
table = pd.DataFrame(
    {
        "r": scores.mean(),
        "standard error": scores.sem(),
        "mean error": {name: np.abs(y - p).mean() for name, p in predicted.items()},
    }
)
print(table.round(3).to_string())

# %%
# Tuning on 45 genes at a time mends the unit, at a cost to the ranking, which is least where most
# is frozen. From scratch, so few genes rank worse than any of these.
#
# Picture
# -------

fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.errorbar(table["r"], table.index, xerr=table["standard error"], fmt="o", capsize=3)
ax.plot(scores.to_numpy().T, table.index, ".", color="grey", alpha=0.5)
ax.invert_yaxis()
ax.set_xlabel("Pearson's r on held-out chromosomes (grey: each)")
fig.savefig(folder / "fine_tuning.png", dpi=150)

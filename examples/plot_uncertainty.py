"""
How certain is a prediction?
============================

A network that is trained again with another seed predicts something else. The spread of
several seeds shows how much. It does not contain the error that all seeds share, such as
noise of the measurement, and effects that leave no trace in marks and contacts.
Conformal prediction measures the whole error, on genes that the model has not seen, and
turns it into intervals. This example compares both on chromosomes that had no part in
either.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from mapie.regression import CrossConformalRegressor
from scipy.stats import norm
from sklearn.ensemble import VotingRegressor
from sklearn.model_selection import GroupKFold, GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r

# %%
# Genes to learn from, and chromosomes to check on
# ------------------------------------------------
# Four chromosomes of twelve are set aside for the check at the end.

marks = ("H3K4me1", "H3K4me3", "H3K27ac")
effects = {"distal_share": 0.4, "planted_r": 0.9, "random_state": 0}
data = make_epigenome(Path(tempfile.mkdtemp()), n_genes=600, n_chroms=12, tracks=marks, **effects)
signal = BigWigTransformer(data.tracks, bin_size=500)
X = make_pipeline(InteractionTransformer(data.contacts), signal).fit_transform(data.genes)
y = np.log2(data.expression.to_numpy() + 1)
chrom = data.genes["chrom"].to_numpy()
split = GroupShuffleSplit(1, test_size=4, random_state=0)
train, test = next(split.split(X, y, groups=chrom))
print(f"{len(train)} genes to learn from, {len(test)} on {', '.join(np.unique(chrom[test]))}")

# %%
# The spread of seeds
# -------------------
# ``VotingRegressor`` trains one network per seed and predicts their mean. Its
# ``transform`` gives the prediction of each. An interval of so many standard deviations
# around the mean looks like the usual one, but see below.

small = {"bin_sizes": (2_000, 500), "max_epochs": 10, "n_threads": 1}
members = [
    (f"seed {seed}", ChromoformerRegressor.small_data(random_state=seed, **small))
    for seed in range(4)
]
ensemble = VotingRegressor(members).fit(X[train], y[train])
mean, spread = ensemble.predict(X[test]), ensemble.transform(X[test]).std(axis=1, ddof=1)
error = y[test] - mean
print(f"Pearson's r {pearson_r(y[test], mean):.2f}, root mean square error {error.std():.2f}")
print(f"spread of the seeds: {np.sqrt((spread**2).mean()):.2f}")

# %%
# Conformal intervals
# -------------------
# `MAPIE <https://mapie.readthedocs.io>`_ takes the estimator and X as they are. It fits
# one network per fold, keeps the error of each gene that the network has not seen, and
# makes intervals wide enough for the wanted share of these errors. The folds hold whole
# chromosomes, because genes close to each other share signal. With neighbours on both
# sides of a split the errors would be too small, and so would the intervals.

levels = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
conformal = CrossConformalRegressor(
    ChromoformerRegressor.small_data(random_state=0, **small),
    confidence_level=levels,
    cv=GroupKFold(4),
)
conformal.fit_conformalize(X[train], y[train], groups=chrom[train])
point, interval = conformal.predict_interval(X[test])
low, high = interval[:, 0], interval[:, 1]  # (n_genes, n_levels)

# %%
# Coverage on the chromosomes that were set aside
# -----------------------------------------------
# The share of genes whose measured expression lies in the interval. It should be the
# level, up to the error of a share of so many genes.

half = norm.ppf((1 + np.array(levels)) / 2) * spread[:, None]
covered = pd.DataFrame(
    {
        "seeds": (np.abs(error)[:, None] <= half).mean(axis=0),
        "conformal": ((low <= y[test, None]) & (y[test, None] <= high)).mean(axis=0),
    },
    index=pd.Index(levels, name="level"),
)
covered["error of a share"] = np.sqrt(covered.index * (1 - covered.index) / len(test))
print(covered.round(2).to_string())

# %%
# By chromosome, at the level 0.9: each share comes from a few genes.

inside = (low[:, 4] <= y[test]) & (y[test] <= high[:, 4])
print(pd.Series(inside).groupby(chrom[test]).agg(["mean", "size"]).round(2).to_string())

# %%
# The two panels: shares covered beside the level, and the intervals of single genes. The
# seeds agree with each other much better than with the measurement.

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
left.axline((0.5, 0.5), slope=1, color="grey", linewidth=0.8, label="as promised")
left.errorbar(
    levels, covered["conformal"], covered["error of a share"], marker="o", label="conformal"
)
left.plot(levels, covered["seeds"], marker="s", linestyle="--", label="spread of seeds")
left.set(xlabel="level of the interval", ylabel="share of genes in it", ylim=(0, 1))
left.legend(frameon=False)
left.set_title("Coverage on unseen chromosomes")

order = np.argsort(point)
rank = np.arange(len(order))
right.fill_between(
    rank, low[order, 4], high[order, 4], color="C0", alpha=0.2, linewidth=0, label="interval, 0.9"
)
right.plot(rank, point[order], color="C0", label="predicted")
for within, color, label in ((True, "0.35", "measured, inside"), (False, "C1", "outside")):
    chosen = inside[order] == within
    right.scatter(rank[chosen], y[test][order][chosen], s=9, color=color, label=label, zorder=3)
right.set(xlabel="unseen genes, by prediction", ylabel="log2(expression + 1)")
right.legend(frameon=False, fontsize="small")
right.set_title(f"{inside.mean():.0%} of the genes are inside")

# %%
# What the intervals promise, and what they do not
# ------------------------------------------------
# - The share holds for all genes together, and not for each kind of gene. Silent genes
#   may lie in their intervals more often than the level says, and others less often.
# - It holds for genes like those of the training. For another cell type, the folds need
#   cell types that were not trained on: give the sample of each gene as its group.
# - All intervals have about the same width here. The spread of seeds differs by gene, and
#   says where the network is least certain of itself.
# - For the probabilities of the classifier there is
#   :class:`~sklearn.calibration.CalibratedClassifierCV`: see :doc:`/guide/sklearn_tools`.

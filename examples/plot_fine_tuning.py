"""
Fine-tune a published checkpoint
================================

If you have expression for only some dozens or hundreds of genes, start from a network
that was trained on thousands of genes of another cell type. ``from_checkpoint`` loads a
checkpoint of the authors' implementation, ``init_from`` starts training from its
weights, and ``frozen`` keeps parts of them as they are. Held-out chromosomes show
whether this is better than the published model as it is, and better than training from
scratch.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyBigWig
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r

# %%
# A checkpoint
# ------------
# The authors of Chromoformer have published their trained models, and
# ``ChromoformerRegressor.from_pretrained("E003", fold=1)`` downloads one. This example
# needs no connection: a small checkpoint is written here, in the same format. A network
# is trained on 600 genes of the "published" cell type, and ``save_checkpoint`` writes
# its weights. The seven tracks are the same as in the published models, in their order.

tracks = ["H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3", "H3K27ac", "H3K9ac"]
folder = Path(tempfile.mkdtemp())
simulated = {"tracks": tracks, "distal_share": 0.4, "planted_r": 0.95}
there = make_epigenome(folder / "there", n_genes=600, random_state=0, **simulated)


def regions(data, files):
    """Read promoters and pCREs, in bins of 500 bp to be fast."""
    contacts = InteractionTransformer(data.contacts)
    return make_pipeline(contacts, BigWigTransformer(files, bin_size=500))


reproducible = {"random_state": 0, "n_threads": 1}
network = ChromoformerRegressor.small_data(bin_sizes=(2_000, 500), **reproducible)
X_there = regions(there, there.tracks).fit_transform(there.genes)
network.fit(X_there, np.log2(there.expression + 1))
checkpoint = folder / "published.pt"
network.save_checkpoint(checkpoint)

# %%
# Your cell type
# --------------
# You have 80 genes, and your tracks are sequenced a fifth as deep as in the
# published cell type. Such a difference between laboratories is common, and the network
# has never seen it.

simulated.update(n_genes=80, n_chroms=4, random_state=1)
here = make_epigenome(folder / "here", **simulated)


def thinned(path, factor=0.2):
    """Write a bigWig again, with less signal everywhere."""
    thin = path.with_name(f"thin-{path.name}")
    with pyBigWig.open(str(path)) as file, pyBigWig.open(str(thin), "w") as out:
        out.addHeader(list(file.chroms().items()))
        for chrom in file.chroms():
            starts, ends, values = map(list, zip(*file.intervals(chrom)))
            values = [factor * value for value in values]
            out.addEntries([chrom] * len(starts), starts, ends=ends, values=values)
    return thin


files = {track: thinned(path) for track, path in here.tracks.items()}
X = regions(here, files).fit_transform(here.genes)
y, groups = np.log2(here.expression.to_numpy() + 1), here.genes["chrom"]

# %%
# Load the checkpoint
# -------------------
# A checkpoint holds weights and nothing else. The bin sizes and widths of the network
# are read from their shapes. You must know the tracks and their order, the window (40
# kb in the published models), and the unit of y (log2(RPKM + 1)). The loaded model
# predicts at once.

published = ChromoformerRegressor.from_checkpoint(checkpoint, tracks=tracks)
print(published.bin_sizes, published.d_model, published.tracks_)
predicted = {"published, as it is": published.predict(X)}

# %%
# Train from it
# -------------
# ``clone`` gives a new network of the same size, and ``init_from`` its first weights.
# With ``frozen``, the two stages that read bins stay as they are, and only the later
# ones learn. ``init_from`` is a path here, which cross-validation copies as it is. To
# start from a fitted estimator, pass ``FrozenEstimator(model)``.

training = {"lr": 3e-4, "lr_schedule": "one_cycle", "batch_size": 16, "max_epochs": 15}
tuned = clone(published).set_params(init_from=checkpoint, **training, **reproducible)
stages = ("embedding", "pairwise")
candidates = {
    "from scratch": clone(network),
    "tuned": tuned,
    "tuned, two stages frozen": clone(tuned).set_params(frozen=stages),
}
cv = GroupKFold(4)
for name, model in candidates.items():
    predicted[name] = cross_val_predict(model, X, y, groups=groups, cv=cv)

# %%
# Compare
# -------
# All models are scored on the same four held-out chromosomes, with Pearson's r and the
# mean absolute error. The difference in r to the published model is taken fold by fold.

folds = [test for _, test in cv.split(X, y, groups)]
scores = pd.DataFrame()
for name, p in predicted.items():
    scores[name] = [pearson_r(y[test], p[test]) for test in folds]
difference = scores.sub(scores["published, as it is"], axis=0)
table = pd.DataFrame(
    {
        "r": scores.mean(),
        "difference": difference.mean(),
        "its standard error": difference.sem(),
        "mean error": {name: np.abs(y - p).mean() for name, p in predicted.items()},
    }
)
print(table.round(3).to_string())

# %%
# As it is, the published model suffers from the different depth: both the order of the
# genes and the level are off. From scratch, 60 genes per fold are few. Fine-tuning uses
# both sources and is clearly the best in both columns. Freezing two stages makes little
# difference here; it is worth a try when there are still fewer genes. If your data are
# like the published model's, the model as it is can be the better one, so always
# keep it in the comparison.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(scores.columns, scores.to_numpy().T, color="grey", alpha=0.5)
ax.errorbar(scores.columns, scores.mean(), yerr=scores.sem(), fmt="o", capsize=3)
ax.set_ylabel("Pearson's r on held-out chromosomes\n(grey: each of them)")

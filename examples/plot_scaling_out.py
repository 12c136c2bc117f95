"""
Many genes, many fits
=====================

``X`` of a genome is a third of a gigabyte, and a search fits it many times. What keeps that small:
each region is stored once, an opened file is handed to other processes as its path, signal is read
from bigWig files once. What makes it fast: threads that read, processes that fit, and not both at
the same place.
"""

import pickle
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skchromo import (
    BigWigTransformer,
    ChromoformerRegressor,
    InteractionTransformer,
    RegionArray,
)
from skchromo.datasets import make_epigenome, pearson_scorer

folder = Path(tempfile.mkdtemp())
data = make_epigenome(folder, n_genes=400, n_chroms=4, distal_share=0.4, random_state=0)
genes, y = data.genes, np.log2(data.expression.to_numpy() + 1)

# %%
# Read once
# ---------
# ``n_jobs`` of the transformer is threads, one a file is right. With ``memory=`` each region of
# each file is read once: for all folds, candidates, processes and days. On local files of this size
# reading is quick either way; whole genomes and web servers are what it is for.

signal = BigWigTransformer(data.tracks, memory=folder / "cache", n_jobs=len(data.tracks))
features = make_pipeline(InteractionTransformer(data.contacts), signal)
seconds = {}
for which in ("first time", "from memory="):
    started = time.perf_counter()
    X = features.fit_transform(genes)
    seconds[which] = time.perf_counter() - started
print({which: f"{value:.2f} s" for which, value in seconds.items()})
print(X)

# %%
# Store once
# ----------
# Genes hold numbers of regions, and a region that several share is there once. ``save`` writes it
# to a file, ``load`` opens that without reading it: what a batch needs is read when it is needed,
# for arrays larger than memory.

X.save(folder / "regions.npz")
opened = RegionArray.load(folder / "regions.npz")
print(opened.stored_at == str(folder / "regions.npz"), opened.equals(X))

# %%
# Processes get what they are sent. Rows of an array in memory carry the regions that they use; rows
# of an opened file only its path and their numbers.

half = np.arange(0, len(X), 2)
sizes = {
    "dense": sum(part.nbytes for part in X.to_dense()),
    "RegionArray": X.nbytes,
    "half of the rows, pickled": len(pickle.dumps(X[half])),
    "the same of an opened file": len(pickle.dumps(opened[half])),
}
print(pd.Series(sizes, name="MB").div(1e6).round(3).to_string())

# %%
# The finest bins of X need be no finer than those that the model reads.

wide = features.set_params(bigwigtransformer__bin_size=500).fit_transform(genes)
print(f"bins of 500 bp: {wide.nbytes / 1e6:.1f} MB")

# %%
# Fit side by side
# ----------------
# ``n_jobs`` of scikit-learn is processes, ``n_threads`` of an estimator threads of PyTorch in one
# fit. With several fits to make: as many processes as cores, one thread each. With one fit: no
# processes, as many threads as cores. Both at once get in each other's way. Results do not depend
# on ``n_jobs``.

wide.save(folder / "wide.npz")
wide = RegionArray.load(folder / "wide.npz")
model = ChromoformerRegressor.small_data(
    bin_sizes=(2_000, 500), max_epochs=5, random_state=0, n_threads=1
)
split = {"cv": GroupKFold(4), "groups": genes["chrom"], "scoring": pearson_scorer}
scores = {}
for n_jobs in (1, 2):
    started = time.perf_counter()
    scores[n_jobs] = cross_val_score(model, wide, y, n_jobs=n_jobs, **split)
    seconds[f"4 fits, n_jobs={n_jobs}"] = time.perf_counter() - started
    took = seconds[f"4 fits, n_jobs={n_jobs}"]
    print(f"n_jobs={n_jobs}: r {scores[n_jobs].mean():.3f}, {took:.1f} s")
print(bool((scores[1] == scores[2]).all()))

# %%
# Where processes are started anew, each imports PyTorch first, which takes seconds: it pays for
# fits that take longer than these.
#
# A cluster
# ---------
# ``joblib.parallel_config`` sends the same calls to Dask or Ray. The saved file must lie where all
# machines see it, and only its path travels. A GPU fits one model at a time: leave ``n_jobs``.
#
# Picture
# -------

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
for ax, values, label in ((left, sizes, "bytes"), (right, seconds, "seconds")):
    ax.plot(list(values.values()), list(values), "o")
    ax.invert_yaxis()
    ax.grid(axis="x")
    ax.set(xscale="log", xlabel=label)
fig.savefig(folder / "scaling.png", dpi=150)

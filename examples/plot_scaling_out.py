"""
Many genes, many fits
=====================

The array ``X`` of a whole genome takes about a third of a gigabyte
(``benchmarks/genome_scale.py``), and a search fits a model to it many times. This
example shows what keeps the work small: the signal is read from bigWig files once, each
region is stored once, and other processes open a file instead of receiving a copy. It
then shows how to run fits side by side, on one machine and on a cluster.
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

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, RegionArray
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_scorer

folder = Path(tempfile.mkdtemp())
data = make_epigenome(folder, n_genes=400, n_chroms=4, random_state=0)
genes, y = data.genes, np.log2(data.expression.to_numpy() + 1)

# %%
# Read once
# ---------
# With ``memory=``, each region of each file is read once for all folds, candidates,
# processes and days. ``n_jobs`` of this transformer is a number of threads: several
# files are read at a time. Small local files are read quickly anyway; it matters for
# whole genomes and for files on a web server.

signal = BigWigTransformer(data.tracks, memory=folder / "cache", n_jobs=4)
features = make_pipeline(InteractionTransformer(data.contacts), signal)
for which in ("from bigWig files", "from memory="):
    started = time.perf_counter()
    X = features.fit_transform(genes)
    print(f"{which}: {time.perf_counter() - started:.2f} s")

# %%
# Store once
# ----------
# The genes hold numbers of regions, and a region that several genes share is stored
# once. ``save`` writes the array to a file. ``load`` opens the file without reading it:
# each batch then reads what it needs, so that the array can be larger than the memory.

X.save(folder / "X.npz")
opened = RegionArray.load(folder / "X.npz")
print(opened.equals(X))

# %%
# The bins of X need not be finer than the model's. Here is ``X`` for a model
# with ``bin_sizes=(2_000, 500)``.

features.set_params(bigwigtransformer__bin_size=500)
features.fit_transform(genes).save(folder / "X500.npz")
X500 = RegionArray.load(folder / "X500.npz")

# %%
# The sizes of the same 400 genes. The last two bars are what another process receives
# if it works on every second gene: from an array in memory the regions that these rows
# use, from an opened file only the path and the row numbers.

half = np.arange(0, len(X), 2)
n_bytes = {
    "dense arrays": sum(part.nbytes for part in X.to_dense()),
    "X, bins of 100 bp": X.nbytes,
    "X, bins of 500 bp": X500.nbytes,
    "half of X, sent to a process": len(pickle.dumps(X[half])),
    "half of an opened file, sent": len(pickle.dumps(opened[half])),
}
size = pd.Series(n_bytes).div(1e6)
fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
bars = ax.barh(size.index, size)
ax.bar_label(bars, [f"{value:.2g} MB" for value in size], padding=3)
ax.set(xscale="log", xlim=(0.01, 200), xlabel="size (MB)")
ax.invert_yaxis()

# %%
# Fit side by side
# ----------------
# There are two kinds of parallel work. ``n_jobs`` of scikit-learn starts processes,
# and each fits another model. ``n_threads`` of an estimator is the number of CPU
# threads within one fit. If there are several fits, start as many processes as there
# are cores, with one thread each. If there is one fit, give it all cores as threads.
# Too many of both slow each other down. The scores do not depend on ``n_jobs``.

small = {"bin_sizes": (2_000, 500), "max_epochs": 5, "random_state": 0, "n_threads": 1}
model = ChromoformerRegressor.small_data(**small)
split = {"cv": GroupKFold(4), "groups": genes["chrom"], "scoring": pearson_scorer}
scores = {n: cross_val_score(model, X500, y, n_jobs=n, **split) for n in (1, 2)}
print(f"the same scores: {np.array_equal(scores[1], scores[2])}")

# %%
# Every new process imports PyTorch first, which takes seconds. Processes therefore pay
# off for longer fits than these.
#
# On a cluster
# ------------
# Save ``X`` in a folder that all machines see; then only its path travels. With Dask,
# the search itself stays as it is:
#
# .. code-block:: python
#
#    from dask.distributed import Client
#    from joblib import parallel_config
#
#    client = Client("tcp://scheduler:8786")
#    X = RegionArray.load("/shared/X.npz")
#    with parallel_config(backend="dask"):
#        search.fit(X, y, groups=X.genes["chrom"])
#
# With SLURM, one task of an array per fold:
#
# .. code-block:: sh
#
#    #SBATCH --array=0-3
#    #SBATCH --cpus-per-task=4
#    export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
#    python fit_fold.py $SLURM_ARRAY_TASK_ID
#
# where ``fit_fold.py`` contains:
#
# .. code-block:: python
#
#    fold = int(sys.argv[1])
#    X, y = RegionArray.load("/shared/X.npz"), np.load("/shared/y.npy")
#    splits = list(GroupKFold(4).split(X, y, groups=X.genes["chrom"]))
#    train, test = splits[fold]
#    model = ChromoformerRegressor(random_state=0, n_threads=4).fit(X[train], y[train])
#    np.savez(f"fold{fold}.npz", test=test, predicted=model.predict(X[test]))
#
# On one GPU, fit one model at a time and leave ``n_jobs`` at its default.

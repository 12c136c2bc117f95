"""
Save, load and share a model
============================

There are three kinds of file for three purposes: a pickle of the whole Pipeline for
yourself, ``save`` and ``load_model`` for others and for the long term, and a checkpoint
for the authors' implementation. In this example a model goes from one laboratory to
another, which works on another cell type.
"""

import tempfile
import textwrap
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, load_model
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r

# %%
# A model
# -------
# It is trained on the first of two cell types, without the genes of ``chr4``.

folder = Path(tempfile.mkdtemp())
marks = ("H3K4me1", "H3K4me3", "H3K27ac")
effects = {"distal_share": 0.4, "planted_r": 0.95, "changing": 0.5, "random_state": 0}
data = make_epigenome(folder, n_genes=240, n_chroms=4, n_samples=2, tracks=marks, **effects)
y = np.log2(data.expression + 1)
train = (data.genes["sample"] == "sample1") & (data.genes["chrom"] != "chr4")


def pipeline(sample, model):
    """From gene table to prediction, with the files of one cell type."""
    files = data.tracks[data.tracks["sample"] == sample]
    tracks = dict(zip(files["track"], files["path"]))
    return Pipeline(
        [
            ("contacts", InteractionTransformer(data.contacts[sample])),
            ("signal", BigWigTransformer(tracks, bin_size=500)),
            ("model", model),
        ]
    )


small = {"bin_sizes": (2_000, 500), "random_state": 0, "n_threads": 1}
network = ChromoformerRegressor.small_data(**small)
genes = data.genes[train].drop(columns="sample")
pipe = pipeline("sample1", network).fit(genes, y[train])
expected = pipe.predict(genes)

# %%
# For yourself: joblib
# --------------------
# The whole Pipeline, or a whole search, in one file. It holds the weights and the
# *paths* of tracks and contacts, and no signal. A pickle runs code when it is loaded:
# load only your own, and do not rely on it after an update of the packages.

joblib.dump(pipe, folder / "pipeline.joblib")
same = {"pipeline.joblib": joblib.load(folder / "pipeline.joblib").predict(genes)}

# %%
# For others: save and load_model
# -------------------------------
# The model alone, as numbers and text. Loading it runs no code, so you can load a file
# from people whom you do not know. The model knows which input it needs. A page for
# people, the model card, is written beside it. Say there what the model cannot know.

network.save(folder / "model.safetensors", about={"y": "log2(expression + 1)"})
loaded = load_model(folder / "model.safetensors")
print("tracks", loaded.tracks_)
print(f"window {loaded.window_} bp, bins {loaded.bin_size_} bp")
print("trained on", loaded.metadata_["genes_per_chrom"])
card = (folder / "model.md").read_text()
print(card[card.index("## What it takes") : card.index("## Settings")])
shared = Pipeline([*pipe.steps[:2], ("model", loaded)])
same["model.safetensors"] = shared.predict(genes)

# %%
# For the authors' implementation: a checkpoint
# ---------------------------------------------
# The weights and nothing else. Whoever loads it must know the tracks and the window.

network.save_checkpoint(folder / "model.pt")
path, tracks = folder / "model.pt", network.tracks_
from_weights = ChromoformerRegressor.from_checkpoint(path, tracks=tracks)
shared = Pipeline([*pipe.steps[:2], ("model", from_weights.set_params(n_threads=1))])
same["model.pt"] = shared.predict(genes)

# %%
# All three predict the same, the checkpoint up to rounding.

difference = {name: np.abs(p - expected).max() for name, p in same.items()}
table = pd.DataFrame({"largest difference": difference})
table["kB"] = [(folder / name).stat().st_size // 1_000 for name in table.index]
print(table.to_string(float_format="{:.0e}".format))

# %%
# In the other laboratory
# -----------------------
# They have ``model.safetensors`` and their own files. ``FrozenEstimator`` keeps the
# model as it is while the transformers are fitted on these files. With a pickled
# Pipeline, ``set_params(signal__tracks=..., contacts__contacts=...)`` does the same.

there = (data.genes["sample"] == "sample2") & (data.genes["chrom"] == "chr4")
their_genes = data.genes[there].drop(columns="sample")
theirs = pipeline("sample2", FrozenEstimator(loaded)).fit(their_genes)
predicted = theirs.predict(their_genes)
r = pearson_r(y[there], predicted)

fig, ax = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
ax.axline((5, 5), slope=1, color="grey", linewidth=0.8)
ax.scatter(predicted, y[there], s=12)
ax.set(xlabel="predicted", ylabel="log2(expression + 1)")
ax.set_title(f"Other cell type, other chromosome: r {r:.2f}")

# %%
# A model refuses input that it was not made for: other tracks, another order, other
# bins, another assembly.

files = theirs["signal"].tracks
reordered = {name: files[name] for name in sorted(files, reverse=True)}
theirs.set_params(signal__tracks=reordered).fit(their_genes)
try:
    theirs.predict(their_genes)
except ValueError as error:
    print(textwrap.fill(str(error), 88))

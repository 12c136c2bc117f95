"""
Save, load, share
=================

Three files for three needs: a pickle of the whole Pipeline for yourself, ``save`` and
``load_model`` for others and for long, a checkpoint for the reference implementation. Here a model
goes from one lab to another, which has another cell type.
"""

import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, load_model
from skchromo.datasets import make_epigenome, pearson_r

# %%
# A model
# -------
# Trained on one of two cell types, without ``chr4``.

folder = Path(tempfile.mkdtemp())
data = make_epigenome(
    folder,
    n_genes=240,
    n_chroms=4,
    n_samples=2,
    tracks=("H3K4me1", "H3K4me3", "H3K27ac"),
    distal_share=0.4,
    planted_r=0.95,
    changing=0.5,
    random_state=0,
)
y = np.log2(data.expression + 1)
train = (data.genes["sample"] == "sample1") & (data.genes["chrom"] != "chr4")


def pipeline(sample, model):
    """From gene table to prediction, with the files of one sample; wide bins, to be fast."""
    files = data.tracks[data.tracks["sample"] == sample]
    tracks = dict(zip(files["track"], files["path"]))
    return Pipeline(
        [
            ("contacts", InteractionTransformer(data.contacts[sample])),
            ("signal", BigWigTransformer(tracks, bin_size=500)),
            ("model", model),
        ]
    )


network = ChromoformerRegressor.small_data(bin_sizes=(2_000, 500), random_state=0, n_threads=1)
genes = data.genes[train].drop(columns="sample")
pipe = pipeline("sample1", network).fit(genes, y[train])
expected = pipe.predict(genes)

# %%
# For yourself: joblib
# --------------------
# All of the Pipeline, or of a search, in one file. It holds weights and *paths* of tracks and
# contacts, no signal. A pickle runs code when it is loaded: take none from strangers, and do not
# count on it after an update.

joblib.dump(pipe, folder / "pipeline.joblib")
same = {"pipeline.joblib": joblib.load(folder / "pipeline.joblib").predict(genes)}

# %%
# For others: save and load_model
# -------------------------------
# The model alone, as weights and text. Nothing in the file is run, so that it can be loaded
# from anybody. It says what it must be fed.

network.save(folder / "model.safetensors")
loaded = load_model(folder / "model.safetensors")
print(loaded.tracks_, loaded.window_, loaded.bin_size_, loaded.versions_["skchromo"])
shared = Pipeline([*pipe.steps[:-1], ("model", loaded)])
same["model.safetensors"] = shared.predict(genes)

# %%
# For the reference implementation: a checkpoint
# ----------------------------------------------
# The weights and nothing else: tracks and window must be told.

network.save_checkpoint(folder / "model.pt")
from_weights = ChromoformerRegressor.from_checkpoint(folder / "model.pt", tracks=network.tracks_)
shared = Pipeline([*pipe.steps[:-1], ("model", from_weights.set_params(n_threads=1))])
same["model.pt"] = shared.predict(genes)

table = {
    name: {
        "kB": (folder / name).stat().st_size // 1_000,
        "largest difference": np.abs(predicted - expected).max(),
    }
    for name, predicted in same.items()
}
print(pd.DataFrame.from_dict(table, orient="index").to_string())

# %%
# In the other lab
# ----------------
# They have ``model.safetensors`` and files of their own. ``FrozenEstimator`` keeps the model as it
# is while the transformers get to know these files. With a pickled Pipeline,
# ``set_params(signal__tracks=..., contacts__contacts=...)`` does the same.

there = (data.genes["sample"] == "sample2") & (data.genes["chrom"] == "chr4")
their_genes = data.genes[there].drop(columns="sample")
theirs = pipeline("sample2", FrozenEstimator(loaded)).fit(their_genes)
predicted = theirs.predict(their_genes)
r = pearson_r(y[there], predicted)
print(f"another cell type, another chromosome: r {r:.2f} on {len(predicted)} genes")

# %%
# A model refuses what it was not made for: other tracks, another order, other bins, another
# assembly.

files = theirs["signal"].tracks
theirs.set_params(signal__tracks={name: files[name] for name in sorted(files, reverse=True)})
try:
    theirs.fit(their_genes).predict(their_genes)
except ValueError as error:
    print(error)

# %%
# Picture
# -------

fig, ax = plt.subplots(figsize=(4, 4), layout="constrained")
ax.axline((5, 5), slope=1, color="grey", linewidth=0.8)
ax.scatter(predicted, y[there], s=10)
ax.set(xlabel="predicted", ylabel="log2(expression + 1)", title=f"in the other lab: r {r:.2f}")
fig.savefig(folder / "shared.png", dpi=150)

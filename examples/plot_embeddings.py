"""
Embeddings of genes
===================

A trained network first turns each gene into some hundred numbers, its embedding, and
then the embedding into a prediction. Embeddings are the network's summary of marks and
contacts. This example draws genes by them, and uses them as the columns of another
model.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import (
    BigWigTransformer,
    ChromoformerEmbedding,
    ChromoformerRegressor,
    InteractionTransformer,
)
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r
from skchromo.inspection import embeddings

# %%
# A trained model
# ---------------
# The genes of one chromosome in four are held out: their expression has no part in what
# follows until it is drawn or scored.

marks = ("H3K4me1", "H3K4me3", "H3K27ac")
effects = {"distal_share": 0.4, "planted_r": 0.95, "random_state": 0}
data = make_epigenome(Path(tempfile.mkdtemp()), n_genes=600, n_chroms=4, tracks=marks, **effects)
contacts = InteractionTransformer(data.contacts)
X = make_pipeline(contacts, BigWigTransformer(data.tracks)).fit_transform(data.genes)
y = np.log2(data.expression.to_numpy() + 1)
train, test = next(GroupKFold(4).split(X, y, groups=data.genes["chrom"]))
model = ChromoformerRegressor.small_data(random_state=0).fit(X[train], y[train])
print(f"Pearson's r {pearson_r(y[test], model.predict(X[test])):.2f} on {len(test)} unseen genes")

# %%
# The table
# ---------
# ``embeddings`` takes any fitted estimator or Pipeline, and returns a row for each gene
# and a column for each bin size and dimension.

table = embeddings(model, X[test])
print(table.iloc[:3, :3].round(2).to_string())
print(f"{table.shape[0]} genes, {table.shape[1]} columns")

# %%
# Genes by their embeddings
# -------------------------
# The first two principal components of the genes that the model has not seen, coloured
# by measured expression. UMAP or a clustering takes the same table. Genes of like
# expression lie close to each other, because the network was trained to predict it. How
# the genes lie says what this network distinguishes, and not which kinds of genes exist.

pca = make_pipeline(StandardScaler(), PCA(2)).set_output(transform="pandas")
places = pca.fit_transform(table)
shares = pca[-1].explained_variance_ratio_

fig, ax = plt.subplots(figsize=(5, 4), layout="constrained")
points = ax.scatter(places["pca0"], places["pca1"], c=y[test], s=12, cmap="viridis")
fig.colorbar(points, label="log2(expression + 1)")
ax.set_xlabel(f"first component ({shares[0]:.0%} of variance)")
ax.set_ylabel(f"second component ({shares[1]:.0%} of variance)")

# %%
# Columns of another model
# ------------------------
# ``ChromoformerEmbedding`` is the same as a transformer. In a ``FrozenEstimator`` the
# trained network stays as it is, and only what follows it is fitted: here a ridge
# regression on the number of active elements of each gene, which the network was never
# trained on. It is fitted on half of the unseen genes and scored on the other half.

elements = data.truth.elements
active = elements[elements["contribution"] > 0].groupby("gene_id").size()
n_active = active.reindex(data.genes["gene_id"], fill_value=0).to_numpy()

ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 5, 13)))
pipe = make_pipeline(ChromoformerEmbedding(FrozenEstimator(model)), ridge)
half = len(test) // 2
pipe.fit(X[test[:half]], n_active[test[:half]])
r = pearson_r(n_active[test[half:]], pipe.predict(X[test[half:]]))
print(f"number of active elements: Pearson's r {r:.2f}")

# %%
# Without ``FrozenEstimator``, ``fit`` trains a network on the y of the Pipeline, and
# cross-validation trains one in each fold.

"""
Hi-C and Micro-C matrices as contacts
=====================================

Where no caller has listed contacts there is still the matrix: ``ContactMatrix`` reads the row of
each promoter from a ``.cool``, ``.mcool`` or ``.hic`` file, one virtual 4C a gene. What counts as
strong is a choice: raw counts favour what is near, counts over what is expected at that distance do
not.
"""

import tempfile
from pathlib import Path

import hictkpy
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import BigWigTransformer, ContactMatrix, InteractionTransformer, WindowSummary
from skchromo.datasets import make_epigenome, pearson_r

# %%
# A matrix
# --------
# Simulated: counts fall with distance, and bins that are in contact have more of them, by the
# weight of the contact.

folder = Path(tempfile.mkdtemp())
data = make_epigenome(
    folder,
    n_genes=160,
    n_chroms=2,
    tracks=("H3K4me1", "H3K4me3", "H3K27ac"),
    distal_share=0.5,
    planted_r=0.95,
    random_state=0,
)
genes, y = data.genes, np.log2(data.expression.to_numpy() + 1)
signal = BigWigTransformer(data.tracks, bin_size=500, memory=folder / "cache").fit(genes)
width, rng = 10_000, np.random.default_rng(0)
planted = data.truth.elements.dropna(subset="weight").merge(genes[["gene_id", "tss"]])
writer = hictkpy.cooler.FileWriter(str(folder / "hic.cool"), signal.chromsizes_, width)
before = 0
for chrom, size in signal.chromsizes_.items():
    n_bins = -(-size // width)
    one, other = np.triu_indices(n_bins)
    some = planted[planted["chrom"] == chrom]
    ends = [(some["start"] + some["end"]) // 2 // width, some["tss"] // width]
    fold = np.ones((n_bins, n_bins))
    np.maximum.at(fold, (np.minimum(*ends), np.maximum(*ends)), some["weight"].to_numpy())
    counts = rng.poisson(3_000 / (1 + other - one) * fold[one, other])
    seen = counts > 0
    writer.add_pixels_from_dict(
        {
            "bin1_id": (before + one[seen]).tolist(),
            "bin2_id": (before + other[seen]).tolist(),
            "count": counts[seen].tolist(),
        }
    )
    before += n_bins
writer.finalize().close()

# %%
# One gene's row
# --------------
# ``contacts_of`` gives what the transformer will choose from: a table with a row for each bin.

over_expected = ContactMatrix(folder / "hic.cool", min_count=5)
observed = ContactMatrix(folder / "hic.cool", value="observed", min_count=5)
print(over_expected.resolutions, over_expected.chromsizes)
gene = genes.iloc[[40]]
print(over_expected.contacts_of(gene).head(4).round(2).to_string(index=False))

# %%
# Which elements are found
# ------------------------
# ``weight_transform="rank"`` puts scores of any kind on the scale that the network knows;
# ``weight_threshold`` counts in the units of the matrix. Of the elements that do something, how
# many lie in one of the eight bins chosen for their gene?

sources = {
    "list of contacts": InteractionTransformer(data.contacts),
    "counts over expected": InteractionTransformer(
        over_expected, weight_threshold=1.5, weight_transform="rank"
    ),
    "counts": InteractionTransformer(observed, weight_threshold=None, weight_transform="rank"),
}
active = data.truth.elements.query("contribution > 0").set_index("gene_id")


def share_found(table):
    """Share of the active elements whose middle is in a pCRE of their gene."""
    found = 0
    pcres = table.set_index("gene_id")["pcres"]
    for gene_id, element in active.iterrows():
        middle = (element["start"] + element["end"]) // 2
        cell = pcres[gene_id]
        found += bool(np.any((cell.start <= middle) & (middle < cell.end)))
    return found / len(active)


# %%
# What they are worth
# -------------------
# A ridge regression on mean signals, held-out chromosome by chromosome; one step away from any
# other model, the network among them.

ridge = make_pipeline(WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
sources["none"] = InteractionTransformer(data.contacts, max_pcres=0)
rows = {}
for name, contacts in sources.items():
    pipe = make_pipeline(contacts, signal, ridge)
    predicted = cross_val_predict(pipe, genes, y, groups=genes["chrom"], cv=GroupKFold(2))
    found = share_found(contacts.fit_transform(genes))
    rows[name] = {"active elements found": found, "r": pearson_r(y, predicted)}
print(pd.DataFrame(rows).T.round(2).to_string())

# %%
# Real matrices are sparser and biased: give ``balance="weight"`` (``.cool``) or ``"SCALE"``
# (``.hic``), a ``resolution`` at which a promoter's row has counts to speak of, and ``min_count``.
#
# Picture
# -------
# A gene's row both ways, and where its active elements are.

gene = genes[genes["gene_id"] == active.index[len(active) // 2]]
fig, axes = plt.subplots(2, 1, figsize=(8, 4.2), sharex=True, layout="constrained")
for ax, value, label in zip(axes, ("observed", "oe"), ("counts", "over expected")):
    row = ContactMatrix(folder / "hic.cool", value=value, max_contacts=None).contacts_of(gene)
    middle = (row["start"] + row["end"]) / 2e6
    ax.bar(middle, row["score"], width=width / 1e6, color="grey")
    for element in active.loc[gene["gene_id"]].itertuples():
        ax.axvline((element.start + element.end) / 2e6, color="tab:red", linewidth=1)
    ax.axvline(gene["tss"].item() / 1e6, color="black", linestyle=":")
    ax.set_ylabel(label)
chrom, gene_id = gene[["chrom", "gene_id"]].iloc[0]
axes[0].set_title(f"{gene_id}: promoter (dotted) and active elements (red)")
axes[1].set_xlabel(f"{chrom} (Mb)")
fig.savefig(folder / "matrix.png", dpi=150)

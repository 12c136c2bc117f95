"""
Use a Hi-C or Micro-C matrix
============================

If nobody has called contacts for your cell type, a contact matrix will do.
:class:`~skchromo.genome.ContactMatrix` reads the row of each promoter from a ``.cool``,
``.mcool`` or ``.hic`` file, like one virtual 4C experiment per gene. You decide what
makes a contact strong. Raw counts favour the nearest bins; counts divided by the count
expected at that distance do not.
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
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r

# %%
# Simulated files
# ---------------
# The simulated genome has a list of contacts. Its matrices are made from that list:
# counts fall with distance, and two bins in contact have more of them, in proportion to
# the weight of the contact. The package ``hictkpy`` writes the files.

folder = Path(tempfile.mkdtemp())
marks = ("H3K4me1", "H3K4me3", "H3K27ac")
effects = {"distal_share": 0.5, "planted_r": 0.95, "random_state": 0}
data = make_epigenome(folder, n_genes=160, n_chroms=2, tracks=marks, **effects)
genes, y = data.genes, np.log2(data.expression.to_numpy() + 1)
signal = BigWigTransformer(data.tracks, bin_size=500, memory=folder / "cache")
sizes = signal.fit(genes).chromsizes_
width = 10_000


def counts_of(chrom, rng):
    """Pairs of bins of one chromosome and their counts."""
    elements = data.truth.elements.query("chrom == @chrom").dropna(subset="weight")
    elements = elements.merge(genes[["gene_id", "tss"]], on="gene_id")
    middle = (elements["start"] + elements["end"]) // 2
    ends = np.sort([middle // width, elements["tss"] // width], axis=0)
    n_bins = -(-sizes[chrom] // width)
    fold = np.ones((n_bins, n_bins))
    np.maximum.at(fold, tuple(ends), elements["weight"].to_numpy())
    first, second = np.triu_indices(n_bins)
    expected = 3_000 / (1 + second - first)
    return first, second, rng.poisson(expected * fold[first, second])


def write(writer):
    """Write one matrix."""
    rng, before = np.random.default_rng(0), 0
    for chrom, size in sizes.items():
        first, second, count = counts_of(chrom, rng)
        columns = np.stack([before + first, before + second, count])[:, count > 0]
        names = ("bin1_id", "bin2_id", "count")
        writer.add_pixels_from_dict(dict(zip(names, columns.tolist())))
        before += -(-size // width)
    writer.finalize().close()


write(hictkpy.cooler.FileWriter(str(folder / "hic.cool"), sizes, width))
write(hictkpy.hic.FileWriter(str(folder / "hic.hic"), sizes, [width, 2 * width]))

# %%
# Open a matrix
# -------------
# A ``.cool`` file has one resolution. Of a file with several, say which: in the path of
# an ``.mcool`` file, or with ``resolution=`` for any format. Real matrices are biased.
# The weights that balance them are in the file and are used by default;
# ``balance_used`` names them, and ``balance="SCALE"`` chooses others. The simulated
# matrices have none and need none. ``min_count`` leaves out bins with few reads, which
# are noise at large distances.

print(ContactMatrix("K562.mcool::resolutions/5000", min_count=5))
print(ContactMatrix("K562.hic", resolution=5_000, balance="SCALE", min_count=5))

over_expected = ContactMatrix(folder / "hic.cool", min_count=5)
observed = ContactMatrix(folder / "hic.cool", value="observed", min_count=5)
wide = ContactMatrix(folder / "hic.hic", resolution=2 * width, min_count=5)
for matrix in (over_expected, wide):
    print(Path(matrix.path).name, matrix.resolutions, matrix.balance_used)

# %%
# The row of one gene
# -------------------
# ``contacts_of`` returns what InteractionTransformer will choose from: one row per bin
# of the matrix, the highest scores first.

active = data.truth.elements.query("contribution > 0").set_index("gene_id")
gene = genes[genes["gene_id"] == "G00108"]
print(over_expected.contacts_of(gene).head(4).round(2).to_string(index=False))

# %%
# The whole row in both units, with the active elements of the gene marked. Counts are
# highest beside the promoter. Over the expected count, the elements in contact stand
# out: the active ones, and others that do nothing.

chrom, gene_id = gene[["chrom", "gene_id"]].iloc[0]
fig, axes = plt.subplots(2, 1, figsize=(8, 4.2), sharex=True, layout="constrained")
for ax, value, label in zip(axes, ("observed", "oe"), ("counts", "over expected")):
    matrix = ContactMatrix(folder / "hic.cool", value=value, max_contacts=None)
    row = matrix.contacts_of(gene)
    middle = (row["start"] + row["end"]) / 2e6
    ax.bar(middle, row["score"], width=width / 1e6, color="0.6")
    for element in active.loc[[gene_id]].itertuples():
        place = (element.start + element.end) / 2e6
        height = row["score"][(middle - place).abs().idxmin()]
        ax.plot(place, height, "v", color="tab:red")
    ax.axvline(gene["tss"].item() / 1e6, color="black", linestyle=":")
    ax.set_ylabel(label)
axes[0].set_title(f"{gene_id}: promoter (dotted) and active elements (triangles)")
axes[1].set_xlabel(f"{chrom} (Mb)")

# %%
# Which elements are found
# ------------------------
# ``weight_threshold`` is in the units of the matrix. Wider bins mix the element with
# its surroundings, so that the same contacts stand out less and the threshold must be
# lower. ``weight_transform="rank"`` then brings the scores to the scale that the
# network expects, whatever their units are. How many of the active elements are in one
# of the (at most eight) pCREs chosen for their gene?

rank = {"weight_transform": "rank"}
sources = {
    "list of contacts": InteractionTransformer(data.contacts),
    "over expected, 10 kb": InteractionTransformer(over_expected, **rank),
    "over expected, 20 kb": InteractionTransformer(wide, weight_threshold=1.2, **rank),
    "counts, 10 kb": InteractionTransformer(observed, weight_threshold=None, **rank),
    "no contacts": InteractionTransformer(data.contacts, max_pcres=0),
}


def share_found(contacts):
    """Share of the active elements whose middle is in a pCRE of their gene."""
    pcres = contacts.fit_transform(genes).set_index("gene_id")["pcres"]
    found = []
    for element in active.itertuples():
        middle, cell = (element.start + element.end) // 2, pcres[element.Index]
        found.append(np.any((cell.start <= middle) & (middle < cell.end)))
    return np.mean(found)


found = {name: share_found(contacts) for name, contacts in sources.items()}
print(pd.Series(found).map("{:.0%}".format).to_string())

# %%
# The gain from contacts
# ----------------------
# A ridge regression on mean signals, scored on the held-out chromosome, shows what the
# contacts add to the prediction; the network fits into the same Pipeline. Counts over
# expected keep most of what the list of contacts gains. Raw counts gain almost nothing.

ridge = (WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
settings = {"groups": genes["chrom"], "cv": GroupKFold(2)}
r = {}
for name, contacts in sources.items():
    pipe = make_pipeline(contacts, signal, *ridge)
    r[name] = pearson_r(y, cross_val_predict(pipe, genes, y, **settings))
print(pd.Series(r).round(2).to_string())

"""
From your own bigWigs and contacts to X
=======================================

What a lab has on disk is seldom one clean table: an annotation, a quantifier's output, a folder of
bigWigs with replicates, contacts from one caller or another. This is the way from such files to
gene table, y and ``X``, with the checks that are worth a minute.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skchromo import BigWigTransformer, InteractionTransformer, WindowSummary
from skchromo.datasets import make_epigenome
from skchromo.genome import join_expression, list_tracks, read_contacts, read_expression, read_genes

# %%
# Files
# -----
# Simulated, and then named and written as they come: two replicates of one mark (here the same file
# twice), a GTF, TPM with versions on the ids, contacts as six columns and a score.

folder = Path(tempfile.mkdtemp())
data = make_epigenome(
    folder / "made", n_genes=80, n_chroms=2, tracks=("H3K4me3", "H3K27ac"), random_state=0
)
ids = "ENSG000000" + data.genes["gene_id"].str[1:]
(folder / "tracks").mkdir()
for name, path in {
    "H1-H3K4me3_rep1.bw": data.tracks["H3K4me3"],
    "H1-H3K4me3_rep2.bw": data.tracks["H3K4me3"],
    "H1-H3K27ac_rep1.bw": data.tracks["H3K27ac"],
}.items():
    (folder / "tracks" / name).write_bytes(path.read_bytes())

with open(folder / "genes.gtf", "w") as file:
    for gene in data.genes.assign(gene_id=ids).itertuples():
        forward = gene.strand == "+"
        start, end = (gene.tss, gene.tss + 9_999) if forward else (gene.tss - 9_999, gene.tss)
        about = f'gene_id "{gene.gene_id}.3"; gene_type "protein_coding";'
        fields = (gene.chrom, "lab", "gene", start + 1, end + 1, ".", gene.strand, ".", about)
        print(*fields, sep="\t", file=file)

tpm = pd.DataFrame({"gene_id": ids + ".5", "H1": data.expression})
tpm.iloc[:-1].to_csv(folder / "tpm.tsv", sep="\t", index=False)

pairs = pd.read_csv(data.contacts, sep="\t").drop(columns="name")
pairs.to_csv(folder / "contacts.txt", sep="\t", index=False)
print(*sorted(path.name for path in [*folder.glob("*.*"), *folder.glob("tracks/*")]), sep="\n")

# %%
# Genes and expression
# --------------------
# One row a gene; of its transcripts the canonical one tells the TSS, 0-based. The versions of the
# ids are taken off on both sides.

genes = read_genes(folder / "genes.gtf")
expression = read_expression(folder / "tpm.tsv")
print(genes.head(3).to_string(index=False))

# %%
# A gene without a value is told, and nothing goes missing in silence.

try:
    join_expression(genes, expression)
except ValueError as error:
    print(error)

measured = genes[genes["gene_id"].isin(expression.index)]
table = join_expression(measured, expression)
print({name: n for name, n in table.attrs["expression_report"].items() if np.isscalar(n)})
y = np.log2(table["expression"] + 1)

# %%
# Tracks
# ------
# A pattern says where in a name sample and track stand; ``*`` is what tells replicates, which are
# averaged. The listing is a table: choose among its rows, or write one yourself.

tracks = list_tracks(f"{folder}/tracks/{{sample}}-{{track}}_rep*.bw")
print(tracks.assign(path=tracks["path"].map(lambda path: Path(path).name)).to_string(index=False))

# %%
# Contacts
# --------
# The form is told by the content. Look at the distribution of the scores before you choose
# ``weight_threshold``: 1.5 suits normalised promoter-capture Hi-C, 5 is usual for CHiCAGO. Fitted
# on all genes of the annotation, the transformer counts contacts that belong to none, and warns.

found = read_contacts(folder / "contacts.txt")
print(found.head(3).to_string(index=False))
print(found["weight"].describe(percentiles=[0.1, 0.5, 0.9]).round(2).to_dict())

contacts = InteractionTransformer(folder / "contacts.txt", weight_threshold=1.5)
with_pcres = contacts.fit(genes).transform(table)
print(f"{contacts.n_contacts_} contacts above it, {contacts.n_unmatched_} of no gene")
print(with_pcres[["gene_id", "tss", "pcres"]].head(3).to_string(index=False))

# %%
# X
# -
# One row in is one row out, in order: rows of X and of y belong together.

X = BigWigTransformer(tracks).fit_transform(with_pcres)
print(X)
values, weights, lengths = X[:2].to_dense()
print("values", values.shape, "weights", weights.shape, "lengths", lengths.shape)

# %%
# Does it look right?
# -------------------
# Marks of active promoters must stand at the TSS, and go with expression. Where the mean profile
# is flat, or as high 20 kb away, assembly, strand or TSS are not what you think. A correlation of
# the core promoter's signal with y shows whether the rows belong together.

summary = WindowSummary().fit(X)
columns = pd.DataFrame(summary.transform(X), columns=summary.get_feature_names_out())
print(columns.corrwith(y.reset_index(drop=True)).round(2).to_string())

promoters = X.to_dense().values[:, 0]
middle = np.arange(promoters.shape[1]) * X.bin_size + X.bin_size / 2 - X.window / 2
high = (y >= y.median()).to_numpy()
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for number, (ax, track) in enumerate(zip(axes, X.tracks)):
    for some, label in ((high, "high"), (~high, "low")):
        ax.plot(middle / 1_000, promoters[some, :, number].mean(axis=0), label=label, linewidth=1)
    ax.set(title=track, xlabel="kb from the TSS, in reading direction", ylabel="mean signal")
axes[0].legend(title="expression")
fig.savefig(folder / "profiles.png", dpi=150)

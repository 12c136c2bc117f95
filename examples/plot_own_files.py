"""
Bring your own files into shape
===============================

A laboratory rarely has one clean table. It has an annotation, the output of a
quantification tool, a folder of bigWig files with replicates, and contacts from some
caller. This example turns such files into a gene table, y and ``X``, with checks that
find the usual mistakes.
"""

import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skchromo import BigWigTransformer, InteractionTransformer, WindowSummary
from skchromo.datasets import make_epigenome
from skchromo.genome import join_expression, list_tracks, read_contacts, read_expression, read_genes

# %%
# The files
# ---------
# They are simulated, then written as they often come: a GTF file, TPM values whose gene
# ids have versions, two replicates of one mark (here twice the same file), and contacts
# as a table of six columns and a score. One gene is missing from the TPM table.

folder = Path(tempfile.mkdtemp())
simulated = {"tracks": ("H3K4me3", "H3K27ac"), "random_state": 0}
data = make_epigenome(folder / "made", n_genes=80, n_chroms=2, **simulated)
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
        first = gene.tss if gene.strand == "+" else gene.tss - 9_999
        about = f'gene_id "{gene.gene_id}.3"; gene_type "protein_coding";'
        place = (gene.chrom, "lab", "gene", first + 1, first + 10_000)
        print(*place, ".", gene.strand, ".", about, sep="\t", file=file)

tpm = pd.DataFrame({"gene_id": ids + ".5", "H1": data.expression})
tpm.iloc[:-1].to_csv(folder / "tpm.tsv", sep="\t", index=False)

pairs = pd.read_csv(data.contacts, sep="\t").drop(columns="name")
pairs.to_csv(folder / "contacts.txt", sep="\t", index=False)
files = [*folder.glob("*.*"), *folder.glob("tracks/*")]
print(*sorted(str(path.relative_to(folder)) for path in files), sep="\n")

# %%
# Genes and expression
# --------------------
# ``read_genes`` gives one row per gene. If a gene has several transcripts, the TSS is
# that of the canonical one. Positions are 0-based. The versions of the ids are removed
# in both tables.

genes = read_genes(folder / "genes.gtf")
expression = read_expression(folder / "tpm.tsv")
print(genes.head(3).to_string(index=False))

# %%
# Genes without a value are reported as an error, not dropped.

try:
    join_expression(genes, expression)
except ValueError as error:
    print(textwrap.fill(str(error), 88))

# %%
# You decide what to do about them. Here the gene is left out. The table keeps a report
# of the join in ``attrs``.

measured = genes[genes["gene_id"].isin(expression.index)]
table = join_expression(measured, expression)
report = table.attrs["expression_report"]
print(f"{report['n_joined']} of {report['n_genes']} genes have a value")
y = np.log2(table["expression"] + 1)

# %%
# Tracks
# ------
# A pattern says which part of the file name is the sample and which is the track. The
# replicates are what ``*`` matches; they are averaged. The result is a table: select
# rows from it, or write such a table yourself.

tracks = list_tracks(f"{folder}/tracks/{{sample}}-{{track}}_rep*.bw")
names = tracks["path"].map(lambda path: Path(path).name)
print(tracks.assign(path=names).to_string(index=False))

# %%
# Contacts
# --------
# The format is recognised by the content of the file. Look at the distribution of the
# scores before you choose ``weight_threshold``: 1.5 suits normalised promoter-capture
# Hi-C, 5 is usual for CHiCAGO scores. Fit the transformer on all genes of the
# annotation: it then counts the contacts that belong to none of them, and warns if
# there are many.

found = read_contacts(folder / "contacts.txt")
print(found.head(3).to_string(index=False))
print(found["weight"].describe(percentiles=[0.1, 0.5, 0.9]).round(2).to_frame().T)

# %%

contacts = InteractionTransformer(folder / "contacts.txt", weight_threshold=1.5)
with_pcres = contacts.fit(genes).transform(table)
print(f"{contacts.n_contacts_} contacts, {contacts.n_unmatched_} without gene")
print(with_pcres[["gene_id", "tss", "pcres"]].head(3).to_string(index=False))

# %%
# The array X
# -----------
# X has a row for each row of the gene table, in order, so X and y belong together.
# ``to_dense`` gives plain arrays, here of the first two genes.

X = BigWigTransformer(tracks).fit_transform(with_pcres)
print(X.shape, X.tracks)
values, weights, lengths = X[:2].to_dense()
print("values", values.shape, "weights", weights.shape, "lengths", lengths.shape)

# %%
# Does it look right?
# -------------------
# Marks of active promoters must be highest around the TSS, and higher in genes of high
# expression. If the mean profile is flat, or as high 20 kb away, then the assembly, the
# strand or the TSS is wrong.

promoters = X.to_dense().values[:, 0]
n_bins = promoters.shape[1]
kb = ((np.arange(n_bins) + 0.5) * X.bin_size - X.window / 2) / 1_000
high = (y >= y.median()).to_numpy()
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for number, (ax, track) in enumerate(zip(axes, X.tracks)):
    for some, label in ((high, "high"), (~high, "low")):
        ax.plot(kb, promoters[some, :, number].mean(axis=0), label=label, linewidth=1)
    ax.set(title=track, xlabel="kb from the TSS, 5' to 3'", ylabel="mean signal")
axes[0].legend(title="expression")

# %%
# The signal of the core promoter must be correlated with y. If it is not, the rows of
# the two tables may not belong together.

summary = WindowSummary().fit(X)
columns = pd.DataFrame(summary.transform(X), columns=summary.get_feature_names_out())
r = columns.corrwith(y.reset_index(drop=True))
r.index = r.index.str.split("_", expand=True)
print(r.unstack().round(2).to_string())

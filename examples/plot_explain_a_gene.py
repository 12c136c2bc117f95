"""
Why a gene is predicted as it is
================================

A model is trained, and one gene that it has not seen is taken apart: what each distal element does
to its prediction, which bins of which marks make it, and where the network looked. On simulated
files the answer is known, and is compared. With your own run::

    python examples/plot_explain_a_gene.py --data FOLDER --gene ENSG00000158008 --output RESULTS

where FOLDER is as for ``plot_quickstart.py``. Without ``--gene`` the gene is taken that owes most
to one of its pCREs.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer
from skchromo.datasets import make_epigenome, pearson_r
from skchromo.inspection import (
    AttentionDisplay,
    GeneDisplay,
    LearningHistoryDisplay,
    MarkImportanceDisplay,
    PCREImportanceDisplay,
    Perturbation,
    attributions,
    pcre_importance,
    perturb,
    to_bedpe,
    to_bigwig,
    to_interact,
)

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, help="folder with your own files")
parser.add_argument("--gene", help="id of the gene to explain")
parser.add_argument("--output", type=Path, default=Path(tempfile.mkdtemp()))
options = parser.parse_args()
options.output.mkdir(parents=True, exist_ok=True)

# %%
# Files
# -----
# In the simulated genome, distal elements make 40 % of what can be predicted: enhancers (H3K4me1
# and H3K27ac) in strong contacts. Elements that look alike, but do nothing, are there to mislead.

if options.data is None:
    folder = Path(tempfile.mkdtemp(dir=options.output, prefix="files-"))
    data = make_epigenome(
        folder, n_genes=600, n_chroms=4, distal_share=0.4, planted_r=0.95, random_state=0
    )
    genes, expression, truth = data.genes, data.expression, data.truth
    tracks, contact_file = data.tracks, data.contacts
else:
    genes = pd.read_csv(options.data / "genes.tsv", sep="\t")
    if "expression" not in genes:
        table = pd.read_csv(options.data / "expression.tsv", sep="\t", index_col="gene_id")
        genes["expression"] = table.iloc[:, 0].reindex(genes["gene_id"]).to_numpy()
    expression, truth = genes["expression"], None
    tracks = {path.stem: path for path in sorted(options.data.glob("*.bw"))}
    (contact_file,) = (p for p in options.data.iterdir() if p.stem in ("contacts", "interactions"))

# %%
# A model that is worth explaining
# --------------------------------
# An explanation is one of the model. Where the model predicts nothing, it explains nothing: so the
# score on held-out chromosomes comes first, and only genes of these are explained.

y = np.log2(expression.to_numpy() + 1)
groups = genes["chrom"]
if options.gene is not None and options.gene not in set(genes["gene_id"]):
    parser.error(f"there is no gene {options.gene} in the gene table")
folds = GroupKFold(min(4, groups.nunique())).split(genes, y, groups)
train, test = next(
    fold for fold in folds if options.gene in {None, *genes["gene_id"].iloc[fold[1]]}
)
pipe = Pipeline(
    [
        ("contacts", InteractionTransformer(contact_file)),
        ("signal", BigWigTransformer(tracks, memory=options.output / "cache")),
        ("model", ChromoformerRegressor.small_data(random_state=0)),
    ]
)
pipe.fit(genes.iloc[train], y[train])
unseen, y_unseen = genes.iloc[test], y[test]
r = pearson_r(y_unseen, pipe.predict(unseen))
print(f"{len(train)} genes trained on, Pearson's r {r:.2f} on {len(test)} of other chromosomes")

display = LearningHistoryDisplay.from_estimator(pipe)
display.figure_.savefig(options.output / "history.png")

# %%
# Which distal elements
# ---------------------
# Each pCRE is taken away, and the gene predicted again: above 0, the pCRE raises the prediction.
# ``contribution`` is the truth of the simulated genome.

importance = pcre_importance(pipe, unseen)
owed = np.nan_to_num(importance.importance, nan=-np.inf).max(axis=1)
gene = options.gene or str(unseen["gene_id"].iloc[owed.argmax()])
table = importance.to_frame()
if truth is not None:
    places = ["gene_id", "chrom", "start", "end"]
    table = table.merge(truth.elements[[*places, "contribution"]], on=places)
print(f"Gene {gene}:")
print(table[table["gene_id"] == gene].round(3).to_string(index=False))

display = PCREImportanceDisplay(importance, gene).plot()
display.figure_.savefig(options.output / "pcres_of_gene.png")
display = PCREImportanceDisplay(importance).plot()
display.figure_.savefig(options.output / "pcres_of_all.png")

# %%
# With the truth at hand: how often does an element that does something rank above one that does
# not, over all genes that the model has not seen? Contact weight is what one would rank by
# without a model.

if truth is not None:
    active = table["contribution"] > 0
    print(
        f"Area under the ROC curve, {active.sum()} active of {len(active)} elements: by importance "
        f"{roc_auc_score(active, table['importance']):.2f}, by contact weight "
        f"{roc_auc_score(active, table['weight']):.2f}"
    )

# %%
# Which bins of which marks
# -------------------------
# Integrated gradients share the prediction out to bins and tracks: they sum to the difference
# between the gene and the same gene without any signal. Grey is the signal, below it stands what
# it does; arcs are pCREs, wide by contact weight, coloured by importance.

display = GeneDisplay.from_estimator(pipe, unseen, gene)
display.figure_.savefig(options.output / "gene.png")
display = GeneDisplay.from_estimator(pipe, unseen, gene, window=8_000)
display.figure_.savefig(options.output / "gene_near_tss.png")

# %%
# Which marks, over all genes
# ---------------------------

display = MarkImportanceDisplay.from_estimator(pipe, unseen, y_unseen, random_state=0)
display.figure_.savefig(options.output / "marks.png")
print(display.importance.to_frame().round(3).to_string(index=False))

# %%
# Where the network looks
# -----------------------
# Attention is not importance: a pCRE may be read and change nothing.

display = AttentionDisplay.from_estimator(pipe, unseen, gene)
display.figure_.savefig(options.output / "attention_to_pcres.png")
display = AttentionDisplay.from_estimator(pipe, unseen, level="embedding")
display.figure_.savefig(options.output / "attention_at_tss.png")

# %%
# A question of your own
# ----------------------

gene_row = unseen[unseen["gene_id"] == gene]
questions = [
    Perturbation("knock_out", tracks=track, regions=regions)
    for track in tracks
    for regions in ("promoter", "pcres")
]
print(perturb(pipe, gene_row, questions).to_frame().round(3).to_string(index=False))

# %%
# For a genome browser
# --------------------
# bigWig and BEDPE for IGV, HiGlass and pyGenomeTracks, interact for UCSC.

to_bigwig(attributions(pipe, gene_row), options.output / "attribution-{track}.bw")
to_bedpe(importance, options.output / "contacts.bedpe")
to_interact(importance, options.output / "contacts.interact", genes=gene)
print(f"Pictures and files are in {options.output}")

# %%
# What may be concluded, and what not
# -----------------------------------
# All of this is about the model. That it lowers its prediction when an element is taken away says
# that the model has learned to read this element; that the cell does so too is for an experiment
# (CRISPRi) to show. It is a reason to test this element first.
#
# - The better the score on held-out chromosomes, the more an explanation can mean; with tens of
#   genes, as in a demo, pictures show how the tool works and nothing about the cell.
# - Marks occur together. Credit is shared among those that do, and which gets it can change from
#   one random_state to another: train several models, and trust what all of them say.
# - A mark that goes with transcription need not cause it: H3K36me3 along the gene predicts
#   expression, as it is laid down by it.
# - Importances are of one element at a time. Two elements that stand in for each other can both
#   seem unimportant, and those of a gene do not sum to anything.
# - A changed input may look like nothing that the model has seen; the larger the change, the less
#   its prediction means.

"""
Explain the prediction of a gene
================================

This example trains a model and explains its prediction for one gene that it has not
seen: the effect of each distal element on the prediction, the bins and marks that
matter, and the attention of the network. On simulated files the true effect of every element is
known, so the explanation can be checked.

One command draws a gene of your own files, in a folder as ``--help`` describes it::

    python -m skchromo.demo --data FOLDER --gene ID --output RESULTS
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r
from skchromo.inspection import (
    AttentionDisplay,
    GeneDisplay,
    LearningHistoryDisplay,
    MarkImportanceDisplay,
    PCREImportanceDisplay,
    Perturbation,
    attributions,
    count_saturation,
    pcre_importance,
    perturb,
    to_bedpe,
    to_bigwig,
    to_interact,
    weight_saturation,
)

# %%
# The files
# ---------
# In the simulated genome, distal elements account for 40 % of what can be predicted.
# Enhancers (H3K4me1 and H3K27ac) in strong contacts raise expression. Other elements
# have similar marks or contacts and do nothing. ``truth`` holds the contribution of
# each element.

output = Path(tempfile.mkdtemp())
shares = {"distal_share": 0.4, "planted_r": 0.95}
data = make_epigenome(output / "files", n_genes=600, n_chroms=4, **shares, random_state=0)
genes, tracks, truth = data.genes, data.tracks, data.truth.elements
y = np.log2(data.expression.to_numpy() + 1)
# sphinx_gallery_start_ignore
# sphinx_gallery_thumbnail_number = 4
# sphinx_gallery_end_ignore

# %%
# A model worth explaining
# ------------------------
# An explanation describes the model, so the model must predict well. The score on
# held-out chromosomes therefore comes first, and only genes of these chromosomes are
# explained.

groups = genes["chrom"]
train, test = next(GroupKFold(4).split(genes, y, groups))
pipe = Pipeline(
    [
        ("contacts", InteractionTransformer(data.contacts)),
        ("signal", BigWigTransformer(tracks, memory=output / "cache")),
        ("model", ChromoformerRegressor.small_data(random_state=0)),
    ]
)
pipe.fit(genes.iloc[train], y[train])
unseen, y_unseen = genes.iloc[test], y[test]
r = pearson_r(y_unseen, pipe.predict(unseen))
print(f"trained on {len(train)} genes; Pearson's r {r:.2f} on {len(test)} other genes")

display = LearningHistoryDisplay.from_estimator(pipe)
display.figure_.savefig(output / "history.png")

# %%
# Which distal elements
# ---------------------
# ``pcre_importance`` removes one pCRE after the other and predicts the gene again. An
# importance above 0 means that the pCRE raises the prediction. The column
# ``contribution`` is the truth. Three elements of this gene are active. The model finds
# them, in the right order, and gives values near 0 to the others, one of which has the
# strongest contact.

gene = "G00553"
importance = pcre_importance(pipe, unseen)
place = ["gene_id", "chrom", "start", "end"]
table = importance.to_frame().merge(truth[[*place, "contribution"]], on=place)
print(table[table["gene_id"] == gene].round(2).to_string(index=False))

display = PCREImportanceDisplay(importance, gene).plot()
display.figure_.savefig(output / "pcres_of_gene.png")

# %%
# The same over all genes that the model has not seen. The area under the ROC curve is
# the probability that an active element ranks above an inactive one. Without a model,
# one would rank the elements by contact weight.

active = table["contribution"] > 0
print(f"{active.sum()} of {len(active)} pCREs are active")
for ranking in ("importance", "weight"):
    auc = roc_auc_score(active, table[ranking])
    print(f"area under the ROC curve by {ranking}: {auc:.2f}")

display = PCREImportanceDisplay(importance).plot()
display.figure_.savefig(output / "pcres_of_all.png")

# %%
# Bins and marks
# --------------
# Integrated gradients divide the prediction among bins and tracks. Their sum is the
# difference between this gene and the same gene without any signal. The upper part
# shows the contacts: wide arcs have a large contact weight, and the colour is the
# importance. Below, the signal of each track is grey, and the colour under it is what
# it does to the prediction. A bin of an element does little alone: the arc shows what
# the whole element does. The active elements 2, 5 and 7 carry both H3K4me1 and H3K27ac.
# Elements 4 and 8 have as much H3K27ac, but with H3K4me3, as promoters have, and do
# nothing.

display = GeneDisplay.from_estimator(pipe, unseen, gene)
display.figure_.savefig(output / "gene.png", dpi=200)

# %%
# With a smaller ``window`` the bins around the TSS become visible.

display = GeneDisplay.from_estimator(pipe, unseen, gene, window=8_000)
display.figure_.savefig(output / "gene_near_tss.png")

# %%
# Which marks, over all genes
# ---------------------------
# One track at a time is shuffled among the genes. The importance of a track is the loss
# of score. H3K9me3, which means nothing in the simulated genome, has almost none.

display = MarkImportanceDisplay.from_estimator(pipe, unseen, y_unseen, random_state=0)
display.figure_.savefig(output / "marks.png")

# %%
# Attention
# ---------
# Most heads of this gene attend to the promoter, then to the active elements 2, 5 and 7.
# Two attend most to pCRE 1: its contact is the strongest, and removing it hardly changes
# the prediction. Attention is not importance.

display = AttentionDisplay.from_estimator(pipe, unseen, gene)
display.figure_.savefig(output / "attention_to_pcres.png")

# %%
# This is the attention over the bins of the promoter window, as a mean over all genes.
# In bins of 2,000 and 500 bp it is spread over the whole window. In bins of 100 bp, one
# of the two heads reads both sides of the TSS, within 2 kb, and the other reads the
# whole window.

display = AttentionDisplay.from_estimator(pipe, unseen, level="embedding")
display.figure_.savefig(output / "attention_at_tss.png")

# %%
# More or stronger contacts
# -------------------------
# How does the prediction answer to the number of active contacts, and to their
# strength? ``count_saturation`` adds the pCREs rich in H3K27ac one by one, the
# strongest contact first. ``weight_saturation`` multiplies the weights of these
# contacts. The curves are means over genes; their bars are standard errors. More
# contacts and stronger ones raise the prediction, as they should: in the simulated
# genome the contributions add up.

mark = "H3K27ac" if "H3K27ac" in tracks else None
saturations = (
    count_saturation(pipe, unseen, track=mark),
    weight_saturation(pipe, unseen, track=mark),
)
fig, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
for ax, saturation in zip(axes, saturations):
    curve = saturation.curve()
    steps = curve[saturation.step_name]
    ax.errorbar(steps, curve["change"], yerr=curve["standard_error"], marker="o")
axes[0].set(xlabel=f"pCREs rich in {mark}", ylabel="change of the prediction")
axes[1].set_xlabel("factor on their contact weights")
fig.savefig(output / "saturation.png")

# %%
# A question of your own
# ----------------------
# ``perturb`` changes the input in any way and predicts again. Here each mark is removed
# from the promoter, then from all pCREs of the gene. The values are the change of
# log2(expression + 1).

gene_row = unseen[unseen["gene_id"] == gene]
questions = [
    Perturbation("knock_out", tracks=track, regions=regions)
    for track in tracks
    for regions in ("promoter", "pcres")
]
change = perturb(pipe, gene_row, questions).to_frame()["change"].to_numpy()
change = pd.DataFrame(change.reshape(-1, 2), tracks, ["promoter", "pcres"])
print(change.round(2).to_string())

# %%
# For a genome browser
# --------------------
# IGV, HiGlass and pyGenomeTracks read bigWig and BEDPE; the UCSC browser reads
# interact.

to_bigwig(attributions(pipe, gene_row), output / "attribution-{track}.bw")
to_bedpe(importance, output / "contacts.bedpe")
to_interact(importance, output / "contacts.interact", genes=gene)
written = [*output.glob("attribution-*.bw"), *output.glob("contacts.*")]
print(*sorted(path.name for path in written), sep="\n")

# %%
# Conclusions
# -----------
# All of this describes the model. If the prediction falls when an element is removed,
# then the model has learned to use this element. Whether the cell uses it too, only an
# experiment (CRISPRi) can show. The explanation is a reason to test this element first.
#
# - The better the score on held-out chromosomes, the more an explanation can mean. With
#   tens of genes, as in the public demo data, the pictures show how the tool works, not
#   how the cell works.
# - Marks occur together. The credit is shared among them, and which one gets it can
#   change with ``random_state``. Train several models and trust what all of them show.
# - A mark that occurs with transcription need not cause it. H3K36me3 along the gene
#   body predicts expression because transcription deposits it.
# - Importances are for one element at a time. Two elements that replace each other can
#   both seem unimportant, and the importances of a gene do not add up to anything.
# - A changed input can be unlike everything that the model has seen. The larger the
#   change, the less its prediction means.

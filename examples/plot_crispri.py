"""
Compare a model with a CRISPRi screen
=====================================

A CRISPRi screen silences one element after the other, and measures which genes lose
expression. It tests whether a model has found the enhancers of a gene, and not only marks
that occur with expression. This example silences the same elements in a model,
and compares the model's ranking with the outcome of the screen and with simple
baselines, as the field does.

For a real screen, :func:`~skchromo.datasets.fetch_crispri` fetches the tables of the
public benchmark.
"""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer
from skchromo.datasets import make_epigenome
from skchromo.evaluation import crispri_scores, match_elements, pearson_scorer
from skchromo.genome import read_bins, read_contacts
from skchromo.inspection import CRISPRiDisplay, element_effects, to_crispr_comparison

# %%
# A genome and a screen
# ---------------------
# In the simulated genome, distal elements make 40 % of what can be predicted. The
# screen has tested each element on its gene: 500 bp in its middle are silenced, and the
# element regulates its gene if it contributes to its expression. Most elements do not:
# some carry the marks of promoters, others have a weak contact or none.

folder = Path(tempfile.mkdtemp())
marks = ("H3K4me1", "H3K4me3", "H3K27ac")
shares = {"distal_share": 0.4, "planted_r": 0.95}
data = make_epigenome(folder, n_genes=400, n_chroms=2, tracks=marks, **shares, random_state=0)
genes, y = data.genes, np.log2(data.expression.to_numpy() + 1)

elements = data.truth.elements
middle = (elements["start"] + elements["end"]) // 2
pairs = elements[["gene_id", "chrom"]].assign(start=middle - 250, end=middle + 250)
pairs["Regulated"] = elements["contribution"] > 0
pairs = pairs.drop_duplicates(["gene_id", "chrom", "start"])
print(f"{len(pairs)} pairs, {pairs['Regulated'].sum()} of them regulated")

# %%
# Models that have not seen the chromosome
# ----------------------------------------
# The models of a cross-validation over chromosomes are kept, with the rows that each was
# trained on.

pipe = Pipeline(
    [
        ("contacts", InteractionTransformer(data.contacts)),
        ("signal", BigWigTransformer(data.tracks, memory=folder / "cache")),
        ("model", ChromoformerRegressor.small_data(random_state=0)),
    ]
)
folds = cross_validate(
    pipe,
    genes,
    y,
    groups=genes["chrom"],
    cv=GroupKFold(2),
    scoring=pearson_scorer,
    return_estimator=True,
    return_indices=True,
)
print("Pearson's r on chromosomes held out:", folds["test_score"].round(2))

# %%
# Silence the elements
# --------------------
# ``element_effects`` silences each element wherever the model reads it, and predicts the
# gene again: an effect below 0 means that the prediction falls, as the expression does
# in the screen. Each gene is explained by the model that has not seen its chromosome.
# The percentile compares the effect with those of other places at the same distance.
# An element that the model does not read has no effect, and a reason.

effects = element_effects(folds, genes, pairs, random_state=0)
columns = ["gene_id", "distance", "effect", "percentile", "held_by", "reason"]
print(effects[columns].head(8).round(2).to_string(index=False))
print(effects["reason"].value_counts().to_string())

# %%
# Baselines
# ---------
# A score that does not beat these has found nothing: the distance to the TSS, and the
# H3K27ac of the element divided by it. With the scores of another program, such as
# contacts or Activity-by-Contact, ``match_elements`` gives each pair the scores of the
# elements that overlap it.

signal, _ = read_bins(data.tracks["H3K27ac"], pairs["chrom"], pairs["start"], pairs["end"], 500)
contacts = read_contacts(data.contacts).merge(genes, left_on="chrom1", right_on="chrom")
contacts = contacts.query("start1 <= tss < end1")[["gene_id", "chrom2", "start2", "end2", "weight"]]
contacts.columns = ["gene_id", "chrom", "start", "end", "score"]
scores = {
    "silenced in the model": -effects["effect"],
    "contact": match_elements(pairs, contacts, aggregate="max"),
    "distance": -effects["distance"],
    "H3K27ac/distance": signal / effects["distance"],
}

# %%
# The comparison
# --------------
# Average precision says how far the regulated elements come first. The intervals draw
# whole genes, because pairs of one gene are not independent. The difference from a
# baseline is measured on the same drawn genes: where its interval holds 0, neither of
# the two scores is better.

table = crispri_scores(
    pairs, scores, genes=genes, reference="H3K27ac/distance", n_bootstrap=300, random_state=0
)
auprc = table[table["metric"] == "auprc"].drop(columns="metric")
print(auprc.round(2).to_string(index=False))

# %%
# The curves show the share of the proposed elements that are right (precision), when
# some share of the regulated elements is found (recall).

display = CRISPRiDisplay.from_scores(pairs, scores, genes=genes)
display.figure_.savefig(folder / "curves.png")

# %%
# To compare with other predictors, write the scores for the public workflow. Its genes
# have symbols; here the ids take their place.

ranked = effects.assign(score=scores["silenced in the model"], symbol=effects["gene_id"])
paths = to_crispr_comparison(ranked, folder / "silenced.tsv")
print(*paths["pred_config"].read_text().splitlines(), sep="\n")

# %%
# Conclusions
# -----------
# - In this genome, contacts decide which elements act, and a model that reads contacts
#   has learned it. In a real genome most elements that a screen finds are near the TSS,
#   and the distance alone is a strong baseline: show it.
# - The model can rank only elements that it reads. A missing effect ranks last.
# - Choose tracks, settings and the number of elements on other chromosomes than those
#   on which you compare.

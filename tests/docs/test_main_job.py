"""The whole way on real files: bigWigs and contacts to a searched, saved and reloaded Pipeline."""

import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, ChromoformerClassifier, InteractionTransformer


@pytest.fixture(scope="module")
def genes(h1_e003):
    return pd.read_csv(h1_e003 / "genes.tsv", sep="\t")


@pytest.fixture(scope="module")
def y(genes):
    return np.where(genes["expression"] >= genes["expression"].median(), "high", "low")


@pytest.fixture(scope="module")
def pipe(h1_e003):
    tracks = {mark: str(h1_e003 / f"{mark}.bw") for mark in ("H3K4me3", "H3K27ac")}
    path = str(h1_e003 / "interactions.tsv")
    contacts = InteractionTransformer(path, max_pcres=8, weight_threshold=1.5)
    model = ChromoformerClassifier(max_epochs=10, device="auto", random_state=0)
    return Pipeline(
        [("contacts", contacts), ("signal", BigWigTransformer(tracks)), ("model", model)]
    )


def test_cross_validation_by_chromosome_scores_well(pipe, genes, y):
    scores = cross_val_score(
        pipe, genes, y, groups=genes["chrom"], cv=GroupKFold(3), scoring="roc_auc"
    )
    assert scores.shape == (3,)
    assert scores.mean() > 0.7


@pytest.fixture(scope="module")
def search(pipe, genes, y):
    grid = {"contacts__max_pcres": [0, 8], "model__lr": [3e-5, 1e-4]}
    search = GridSearchCV(pipe, grid, cv=GroupKFold(3), scoring="roc_auc", n_jobs=2)
    return search.fit(genes, y, groups=genes["chrom"])


def test_search_over_contacts_and_learning_rate_finds_a_difference(search):
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 4
    assert np.isfinite(scores).all()
    assert len(set(scores)) > 1, "contacts and learning rate must make a difference"
    assert search.best_score_ > 0.7


def test_saved_search_predicts_the_same_in_a_fresh_process(search, genes, h1_e003, tmp_path):
    best = search.best_estimator_
    joblib.dump(best, tmp_path / "h1.joblib")
    n_bytes = sum(p.nbytes for p in best["model"].net_.module_.parameters())
    assert (tmp_path / "h1.joblib").stat().st_size <= 1.1 * n_bytes
    code = """if True:
        import sys, joblib, numpy, pandas
        genes = pandas.read_csv(sys.argv[2], sep="\\t")
        numpy.save(sys.argv[3], joblib.load(sys.argv[1]).predict_proba(genes))
    """
    paths = [tmp_path / "h1.joblib", h1_e003 / "genes.tsv", tmp_path / "p.npy"]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), best.predict_proba(genes))

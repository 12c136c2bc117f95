"""Reading of signal in searches, with and without caches."""

import numpy as np
import pyBigWig
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from small_models import TINY, make_gene_table, make_regions

from skchromo import BigWigTransformer, ChromoformerRegressor, WindowSummary
from skchromo.genome import bigwig, read_bins

REGRESSOR = ChromoformerRegressor(**{**TINY, "max_epochs": 1, "n_threads": 1})
FOLDS = GroupKFold(3)


@pytest.fixture(scope="module")
def genes():
    return make_gene_table()


@pytest.fixture(scope="module")
def signal(tmp_path_factory):
    path = tmp_path_factory.mktemp("signal") / "ATAC.bw"
    rng = np.random.default_rng(0)
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([(f"chr{number}", 100_000) for number in (1, 2, 3)])
        for number in (1, 2, 3):
            values = rng.poisson(2.0, 1000).astype(float)
            handle.addEntries(f"chr{number}", 0, values=values, span=100, step=100)
    return BigWigTransformer({"ATAC": str(path)}, window=1_600)


@pytest.fixture
def reads(monkeypatch):
    """Place of every region that is read from a file."""
    seen = []

    def counting(path, chrom, start, end, bin_size, **options):
        seen.extend(zip(chrom, start.tolist(), end.tolist()))
        return read_bins(path, chrom, start, end, bin_size, **options)

    monkeypatch.setattr(bigwig, "read_bins", counting)
    return seen


def test_a_search_in_two_processes_extracts_and_finds_what_one_finds(genes, signal, tmp_path):
    y = np.random.default_rng(0).normal(size=len(genes))
    grid = {"signal__window": [800, 1_600], "model__lr": [1e-3, 0.1]}
    scores = []
    for n_jobs, memory in ((None, None), (2, None), (2, tmp_path / "cache")):
        pipe = Pipeline([("signal", clone(signal).set_params(memory=memory)), ("model", REGRESSOR)])
        search = GridSearchCV(pipe, grid, cv=FOLDS, n_jobs=n_jobs, error_score="raise")
        search.fit(genes, y, groups=genes["chrom"])
        scores.append(search.cv_results_["mean_test_score"])
    assert len(set(scores[0])) == 4
    for others in scores[1:]:
        np.testing.assert_array_equal(others, scores[0])
    assert list((tmp_path / "cache").rglob("*.npz"))


def test_signal_is_not_read_for_every_candidate(genes, signal, reads, tmp_path):
    """Three ways of caching give the scores of none; the page has the same numbers."""
    y, lr = np.random.default_rng(0).normal(size=len(genes)), [1e-4, 1e-3, 1e-2]
    cached = clone(signal).set_params(memory=str(tmp_path / "signal"))

    def search(model, table, name):
        found = GridSearchCV(model, {name: lr}, cv=FOLDS, refit=False, error_score="raise")
        reads.clear()
        found.fit(table() if callable(table) else table, y, groups=genes["chrom"])
        return found.cv_results_["mean_test_score"], len(reads)

    def pipeline(step, memory=None):
        return Pipeline([("signal", step), ("model", REGRESSOR)], memory=memory)

    scores, n_reads = search(pipeline(signal), genes, "model__lr")
    assert len(set(scores)) == 3
    assert n_reads == 9 * 12
    for model, table, name, expected in [
        (pipeline(cached), genes, "model__lr", 12),
        (REGRESSOR, lambda: clone(signal).fit_transform(genes), "lr", 12),
        (pipeline(signal, str(tmp_path / "steps")), genes, "model__lr", 3 * 8 + 9 * 4),
    ]:
        again, n_reads = search(model, table, name)
        np.testing.assert_array_equal(again, scores)
        assert n_reads == expected


def test_steps_kept_by_a_pipeline_are_read_again_for_other_genes(genes, signal, reads, tmp_path):
    y = np.random.default_rng(0).normal(size=len(genes))
    pipe = make_pipeline(signal, REGRESSOR, memory=str(tmp_path))
    expected = pipe.fit(genes, y).predict(genes)
    reads.clear()
    np.testing.assert_array_equal(clone(pipe).fit(genes, y)[-1].n_iter_, 1)
    assert not reads
    moved = genes.assign(tss=genes["tss"] + 100)
    assert not np.array_equal(clone(pipe).fit(moved, y).predict(moved), expected)
    assert len(reads) == 2 * 12


def test_regions_are_kept_by_a_pipeline_as_input_of_a_step(tmp_path):
    X, y = make_regions(), np.random.default_rng(1).normal(size=40)
    pipe = make_pipeline(WindowSummary(core=400), Ridge(), memory=str(tmp_path))
    expected = make_pipeline(WindowSummary(core=400), Ridge()).fit(X, y).predict(X)
    for _ in range(2):
        np.testing.assert_array_equal(clone(pipe).fit(X, y).predict(X), expected)
    assert list(tmp_path.rglob("output.pkl"))

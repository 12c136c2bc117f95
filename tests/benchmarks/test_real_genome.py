"""benchmarks/real_genome.py on a folder of its form."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_genome import write_genome

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        return importlib.import_module("real_genome")


@pytest.fixture
def folder(tmp_path):
    return write_genome(tmp_path)


def run(benchmark, monkeypatch, folder, *options):
    work = folder / "work"
    words = ["real_genome.py", "--data", folder, "--work", work, "--json", folder / "scores.json"]
    monkeypatch.setattr(sys, "argv", [*map(str, words), *options])
    benchmark.main()
    kept = {path.name: path.stat().st_mtime_ns for path in work.glob("*ridge*.npz")}
    return pd.DataFrame(json.loads((folder / "scores.json").read_text())), kept


def test_scores_are_of_held_out_folds_and_kept(benchmark, monkeypatch, folder, capsys):
    options = ["--tasks", "A: level", "--models", "ridge", "--inputs", "promoters", "all tracks"]
    scores, kept = run(benchmark, monkeypatch, folder, *options)
    assert set(scores["task"]) == {"A: level", "A -> B", "A -> B, level known in A"}
    own = scores[(scores["task"] == "A: level") & (scores["input"] == "promoters")]
    assert own["fold"].tolist() == [1, 2, 3]
    assert (own["r"] > 0.9).all()
    known = scores[scores["model"] == "the known level"]
    genes = pd.read_csv(folder / "genes.tsv", sep="\t")
    of_fold = genes[genes["fold"] == 1]
    r = np.corrcoef(np.log2(of_fold["A"] + 1), np.log2(of_fold["B"] + 1))[0, 1]
    assert known["task"].tolist() == ["A -> B, level known in A"] * 3
    assert known["r"].iloc[0] == pytest.approx(r)
    assert "A: level: r" in capsys.readouterr().out
    again, same = run(benchmark, monkeypatch, folder, *options)
    assert len(kept) == 6
    assert same == kept
    pd.testing.assert_frame_equal(again, scores)


def test_differences_are_paired_by_fold(benchmark):
    seeds = pd.MultiIndex.from_product([[1, 2], [0, 1]], names=["fold", "seed"])
    values = pd.Series([0.5, 0.7, 0.8, 0.8], seeds)
    reference = pd.Series([0.4, 0.6], seeds[[0, 2]])
    mean, error = benchmark.paired(values, reference)
    assert mean == pytest.approx(0.2)
    assert error == pytest.approx(np.std([0.1, 0.3, 0.2, 0.2], ddof=1) / 2)


def test_models_that_were_trained_on_other_genes_do_not_vote(benchmark, monkeypatch, folder):
    """With few genes each seed draws its own: only the network and boosting of one draw vote."""
    models = (benchmark.BEST, benchmark.NESTED_BOOSTING)
    options = ["--seeds", "2", "--tasks", "A: level", "--models", *models]
    options += ["--inputs", "100 genes", "--curve", str(folder / "curve.svg")]
    scores, _ = run(benchmark, monkeypatch, folder, *options)
    assert benchmark.VOTE_OF_BOTH in (folder / "curve.svg").read_text()  # in its legend
    scores = scores[scores["task"] == "A: level"]
    votes = scores[scores["model"] == benchmark.VOTE_OF_BOTH]
    assert set(scores["model"]) == {*models, benchmark.VOTE_OF_BOTH}
    assert sorted(zip(votes["fold"], votes["seed"])) == [(f, s) for f in (1, 2, 3) for s in (0, 1)]

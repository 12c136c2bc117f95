"""benchmarks/missing_tracks.py on a folder of its form."""

import importlib
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from small_genome import write_genome

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        return importlib.import_module("missing_tracks")


@pytest.fixture
def folder(tmp_path):
    return write_genome(tmp_path)


def test_each_mark_is_missing_once_and_predictions_are_kept(benchmark, monkeypatch, folder, capsys):
    monkeypatch.setattr(benchmark, "MARKS", ("H3K4me3", "H3K27ac"))
    lacking = {"none": (), "H3K4me3": ("H3K4me3",), "H3K27ac": ("H3K27ac",)}
    monkeypatch.setattr(benchmark, "LACKING", lacking)
    words = ["x", "--data", folder, "--work", folder / "work", "--json", folder / "scores.json"]
    monkeypatch.setattr(sys, "argv", [*map(str, words), "--folds", "1", "2", "--rates", "0", "0.5"])
    benchmark.main()
    table = pd.DataFrame(json.loads((folder / "scores.json").read_text()))
    assert len(table) == 2 * (2 * 3 + 2)
    r = table.groupby(["missing", "track_dropout"])["r"].mean()
    # H3K4me3 alone follows expression
    assert r["none", "0.0"] > 0.5
    assert r["H3K4me3", "trained without"] < r["none", "0.0"] - 0.3
    assert "trained without" in capsys.readouterr().out
    monkeypatch.setattr(benchmark, "train", None)
    benchmark.main()

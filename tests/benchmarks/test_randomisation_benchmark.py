"""benchmarks/randomisation.py on a folder of its form."""

import importlib
import sys
from pathlib import Path

from small_genome import write_genome

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def test_every_layer_and_the_labels_are_randomised(monkeypatch, tmp_path, capsys):
    folder = write_genome(tmp_path)
    monkeypatch.syspath_prepend(FOLDER)
    words = ["x", "--data", folder, "--work", folder / "work", "--train", "40", "--steps", "2"]
    monkeypatch.setattr(sys, "argv", [*map(str, words)])
    importlib.import_module("randomisation").main()
    first, *lines = capsys.readouterr().out.strip().splitlines()
    assert first.startswith("A, promoters: trained on 40 genes")
    modes = [line.split()[0] for line in lines[1:]]
    assert modes == ["cascading"] * 6 + ["independent"] * 6 + ["labels"]
    assert float(lines[6].split()[-3]) < 0.9

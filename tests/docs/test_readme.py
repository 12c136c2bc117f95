"""The README: its Python runs, and the files and names in it exist."""

import re
from contextlib import chdir
from pathlib import Path

import numpy as np
from docs_code import blocks_of, run, write_stand_ins

import skchromo

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_of_readme_runs(tmp_path):
    write_stand_ins(tmp_path)
    names = {"np": np}
    with chdir(tmp_path):
        blocks = blocks_of(README)
        assert blocks
        for block in blocks:
            run(block, names)
        assert Path("h1.joblib").stat().st_size > 0
    assert set(names["search"].best_params_) == {"contacts__max_pcres", "model__lr"}


def test_targets_of_readme_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"[`\n]make ([a-z]+)\b", README)
    assert len(targets) > 3
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_extras_of_readme_exist():
    setup = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    for extra in set(re.findall(r"'\.\[(\w+)\]'", README)):
        assert re.search(rf"^{extra} =$", setup, re.MULTILINE), extra


def test_public_names_of_readme_exist():
    named = re.findall(r"`(datasets|evaluation)\.(\w+)", README)
    assert len(named) > 4
    for room, name in named:
        assert name in getattr(skchromo, room).__all__, name

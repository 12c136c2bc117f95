"""The README: its Python runs, and what it names is there."""

import re
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from docs_code import blocks_of, run, write_stand_ins

from skchromo import datasets

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_python_runs(tmp_path):
    write_stand_ins(tmp_path)
    names = {"np": np}
    with chdir(tmp_path):
        blocks = blocks_of(README)
        assert blocks
        for block in blocks:
            run(block, names)
        assert Path("h1.joblib").stat().st_size > 0
    assert set(names["search"].best_params_) == {"contacts__max_pcres", "model__lr"}


def test_files_and_targets_that_it_names_are_there():
    for path in re.findall(r"\b(?:examples|benchmarks|tests)/\w+\.py\b", README):
        assert (ROOT / path).is_file(), path
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z]+)\b", README):
        if f"`make {target}" in README or f"\nmake {target}" in README:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_extras_that_it_names_are_there():
    setup = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    for extra in set(re.findall(r"'\.\[(\w+)\]'", README)):
        assert re.search(rf"^{extra} =$", setup, re.MULTILINE), extra


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`datasets\.(\w+)", README))))
def test_names_of_datasets_are_there(name):
    assert name in datasets.__all__

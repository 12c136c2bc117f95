"""The README: its Python gives what it shows, and what it names exists."""

import re
from contextlib import chdir
from pathlib import Path

import pytest
from docs_code import blocks_of

import skchromo
from skchromo.demo import write_files

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "docs" / "guide" / f"{name}.rst" for name in ("evaluation", "performance")]


def test_readme_is_short():
    assert len(README.splitlines()) < 120


def test_python_of_readme_gives_what_it_shows_on_the_files_of_the_demo(tmp_path, capsys):
    (block,) = blocks_of(README)
    assert len([line for line in block.splitlines() if line and "import" not in line]) <= 12
    with chdir(write_files(tmp_path / "files")):
        capsys.readouterr()
        exec(compile(block, "README.md", "exec"), {})
    shown = re.search(r"^```text\n\[(.*)\]", README, re.MULTILINE)[1].split()
    printed = capsys.readouterr().out.strip("[] \n").split()
    # rounding differs between machines, and training amplifies it
    assert [float(x) for x in printed] == pytest.approx([float(x) for x in shown], abs=0.06)


def test_figures_of_readme_are_on_the_pages_that_explain_them():
    pages = " ".join(page.read_text(encoding="utf-8") for page in PAGES)
    without_code = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    figures = re.findall(r"\b0\.\d\d\d(?: ± 0\.\d+)?|\b[\d.]+ s\b", without_code)
    assert len(figures) > 20
    assert [figure for figure in figures if figure not in pages] == []


def test_links_of_readme_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 10
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_targets_of_readme_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"[`\n]make ([a-z]+)\b", README))
    assert targets >= {"demo", "test", "docs"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_extras_of_readme_exist():
    setup = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    extras = re.findall(r"\.\[([\w,]+)\]", README)
    for extra in {name for names in extras for name in names.split(",")}:
        assert re.search(rf"^{extra} =$", setup, re.MULTILINE), extra


def test_public_names_of_readme_exist():
    named = re.findall(r"`(datasets|evaluation)\.(\w+)", README)
    assert named
    for room, name in named:
        assert name in getattr(skchromo, room).__all__, name

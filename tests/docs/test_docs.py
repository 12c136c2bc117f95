"""The pages of the site: their Python runs, messages and tests that they name are there."""

import ast
import configparser
import re
from contextlib import chdir
from pathlib import Path

import pytest
from docs_code import blocks_of, run, write_stand_ins

from skchromo import __version__

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GUIDE = re.findall(r"^   (\w+)$", (DOCS / "guide" / "index.rst").read_text(), re.MULTILINE)


def text_of(page):
    return (DOCS / page).read_text(encoding="utf-8")


def test_the_start_page_runs(tmp_path):
    write_stand_ins(tmp_path)
    with chdir(tmp_path):
        (block,) = blocks_of(text_of("index.rst"))
        run(block, {})


def test_every_page_of_the_guide_is_listed():
    assert {path.stem for path in (DOCS / "guide").glob("*.rst")} == {"index", *GUIDE}
    assert len(GUIDE) > 10


@pytest.mark.parametrize("page", GUIDE)
def test_the_guide_runs_page_by_page(page, tmp_path):
    write_stand_ins(tmp_path)
    names = {}
    with chdir(tmp_path):
        for block in blocks_of(text_of(f"guide/{page}.rst")):
            run(block, names)


def test_tests_of_the_reliability_page_are_there():
    rows = re.findall(r"^   \* - .*\n     - (.*)$", text_of("reliability.rst"), re.MULTILINE)
    rows = [row for row in rows if row != "Test"]
    assert len(rows) > 20
    for row in rows:
        path, name = re.fullmatch(r"``(tests/\w+\.py)::(\w+)``", row).groups()
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in functions, row


def test_figures_of_the_performance_page_are_those_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    readme = " ".join(readme.split())
    page = text_of("guide/performance.rst")
    figures = re.findall(
        r"^     - ([\d,.]+ ?s?h?)\b(?: \((?:the reference: )?([\d.]+))?", page, re.M
    )
    assert len(figures) > 4
    for figure in [number.strip() for row in figures for number in row if number]:
        assert figure in readme, figure


WRITTEN = [path for path in DOCS.rglob("*.rst") if path.relative_to(DOCS).parts[0] != "generated"]


@pytest.mark.parametrize("page", WRITTEN, ids=lambda path: path.stem)
def test_scripts_that_pages_name_are_there(page):
    for path in re.findall(r"\b(?:examples|benchmarks|tests)/\w+\.py\b", page.read_text("utf-8")):
        assert (ROOT / path).is_file(), path


def test_conda_asks_for_what_pip_does():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    texts = [setup["options"]["install_requires"], *(extras[e] for e in ("matrix", "plot"))]
    wanted = {line for text in [*texts, extras["datasets"]] for line in text.split("\n") if line}
    wanted = {line.lower() for line in wanted if not line.startswith("#")}
    names = {"torch>": "pytorch>", "matplotlib>": "matplotlib-base>"}
    for pip, conda in names.items():
        wanted = {re.sub(f"^{pip}", conda, line) for line in wanted}
    listed = re.findall(r"^  - (\S+)$", (ROOT / "environment.yml").read_text("utf-8"), re.MULTILINE)
    assert wanted | {"python>=3.11"} <= set(listed)


def test_the_citation_is_of_this_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE)[1] == __version__
    assert "10.1038/s41467-022-34152-5" in citation


def test_files_that_contributors_are_sent_to_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:skchromo|tests|docs|examples)/[\w/.]+|\.ci/run)`", text)
    paths = [path for path in paths if "_build" not in path]
    assert len(paths) > 10
    for path in paths:
        assert (ROOT / path).exists(), path

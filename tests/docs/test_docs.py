"""The pages of the site: their Python runs, and the tests, scripts and files in them exist."""

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
GUIDE_INDEX = (DOCS / "guide" / "index.rst").read_text(encoding="utf-8")
GUIDE = re.findall(r"^   (\w+)$", GUIDE_INDEX, re.MULTILINE)


def text_of(page):
    return (DOCS / page).read_text(encoding="utf-8")


def test_guide_lists_each_of_its_pages():
    assert {path.stem for path in (DOCS / "guide").glob("*.rst")} == {"index", *GUIDE}
    assert len(GUIDE) > 10
    assert re.findall(r"^:doc:`(\w+)`\n   [A-Z].*\.$", GUIDE_INDEX, re.MULTILINE) == GUIDE


# The code of beyond_one_machine runs in tests/docs/test_beyond_one_machine.py.
RUN = [name for name in GUIDE if name != "beyond_one_machine"]


@pytest.mark.parametrize("page", ["index.rst", *(f"guide/{name}.rst" for name in RUN)])
def test_python_of_page_runs(page, tmp_path):
    write_stand_ins(tmp_path)
    names = {}
    with chdir(tmp_path):
        for block in blocks_of(text_of(page)):
            run(block, names)


def test_tests_of_reliability_page_exist():
    rows = re.findall(r"^   \* - .*\n     - (.*)$", text_of("reliability.rst"), re.MULTILINE)
    rows = [row for row in rows if row != "Test"]
    assert len(rows) > 20
    for row in rows:
        path, name = re.fullmatch(r"``(tests/[\w/]+\.py)::(\w+)``", row).groups()
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in functions, row


PAGES = [path for path in DOCS.rglob("*.rst") if "generated" not in path.parts]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda path: path.stem
)
def test_files_that_page_names_exist(page):
    named = re.findall(
        r"(?<![\w/.])(?:skchromo|tests|docs|examples|benchmarks)/[\w/.*]*[\w*]",
        page.read_text("utf-8"),
    )
    assert [path for path in named if "_build" not in path and not any(ROOT.glob(path))] == []


def test_conda_requirements_equal_those_of_pip():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    texts = [setup["options"]["install_requires"], *(extras[e] for e in ("matrix", "plot"))]
    wanted = {line for text in texts for line in text.split("\n") if line}
    wanted = {line.lower() for line in wanted if not line.startswith("#")}
    names = {"torch>": "pytorch>", "matplotlib>": "matplotlib-base>", "fsspec[http]>": "fsspec>"}
    for pip, conda in names.items():
        wanted = {re.sub(f"^{re.escape(pip)}", conda, line) for line in wanted}
    listed = re.findall(r"^  - (\S+)$", (ROOT / "environment.yml").read_text("utf-8"), re.MULTILINE)
    assert wanted | {"python>=3.11", "aiohttp"} <= set(listed)


def test_citation_has_the_version_of_the_package():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE)[1] == __version__
    assert "10.1038/s41467-022-34152-5" in citation

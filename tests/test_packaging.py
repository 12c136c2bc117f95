"""What is written twice, for tools that read no other file, says the same in both places."""

import configparser
import re
from pathlib import Path

from skchromo import __version__

ROOT = Path(__file__).resolve().parent.parent
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base", "fsspec[http]": "fsspec"}


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def requirements(*extras):
    """Return name and version, as conda has them, of what the package and extras require."""
    texts = [SETUP["options"]["install_requires"]]
    texts += [SETUP["options.extras_require"][extra] for extra in extras]
    lines = [line for text in texts for line in text.split("\n") if line and line[0] != "#"]
    pairs = [line.split(">=") for line in lines]
    return {(CONDA_NAMES.get(name, name.lower()), version) for name, version in pairs}


def test_conda_recipe_has_the_requirements_and_version_of_the_package():
    recipe = text_of("conda/meta.yaml")
    assert re.search(r'set version = "(.*)"', recipe)[1] == __version__
    run = re.search(r"^  run:\n((?:    - .*\n)+)", recipe, re.MULTILINE)[1]
    listed = {tuple(line.split(" >=")) for line in re.findall(r"- (.*)", run)}
    assert listed == requirements("matrix", "plot") | {("aiohttp",), ("python", "3.11")}


def test_hooks_have_the_version_of_ruff_that_tests_require():
    (pinned,) = re.findall(r"^ruff==(.*)$", SETUP["options.extras_require"]["test"], re.MULTILINE)
    hooks = text_of(".pre-commit-config.yaml")
    assert re.search(r"ruff-pre-commit\n    rev: v(.*)\n", hooks)[1] == pinned


def test_targets_of_continuous_integration_exist():
    workflow = text_of(".github/workflows/tests.yml")
    listed = [
        name for names in re.findall(r"target: \[(.*)\]", workflow) for name in names.split(", ")
    ]
    named = re.findall(r"target: ([\w-]+)", workflow)
    named += re.findall(r"\bmake ([a-z][\w-]*)", text_of(".readthedocs.yaml") + text_of(".ci/run"))
    assert len(listed) > 3
    assert len(named) > 5
    for target in {*listed, *named}:
        assert re.search(rf"^{target}:", text_of("Makefile"), re.MULTILINE), target

"""What the site adds to its pages: anchors of messages, headings between parameters."""

import inspect
import re
from pathlib import Path

import pytest
import site_parts
from docutils.nodes import make_id
from sphinx.application import Sphinx

import skchromo

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
MESSAGES = (GUIDE / f"{Path(site_parts.AnchorMessages.page).name}.rst").read_text("utf-8")
ESTIMATORS = ("ChromoformerClassifier", "ChromoformerRegressor", "ChromoformerDiffRegressor")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of the page of messages and an estimator."""
    source = tmp_path_factory.mktemp("site")
    (source / "guide").mkdir()
    (source / "guide" / "troubleshooting.rst").write_text(MESSAGES, "utf-8")
    page = "Page\n====\n\n.. toctree::\n\n   guide/troubleshooting\n"
    page += "\n.. autoclass:: skchromo.ChromoformerClassifier\n"
    (source / "index.rst").write_text(page)
    extensions = ["numpydoc", "sphinx.ext.autodoc"]
    settings = {"extensions": extensions, "numpydoc_show_class_members": False}
    folders = {"outdir": source / "html", "doctreedir": source / "trees", "confdir": None}
    app = Sphinx(
        source, buildername="html", confoverrides=settings, status=None, warning=None, **folders
    )
    app.add_transform(site_parts.GroupParameters)
    app.add_transform(site_parts.AnchorMessages)
    app.build()
    return source / "html"


def test_each_message_has_an_anchor_and_a_place_in_the_index(site):
    html = (site / "guide" / "troubleshooting.html").read_text("utf-8")
    index = (site / "genindex.html").read_text("utf-8")
    rows = re.findall(r"^[~-]+\n(``.*``)$", MESSAGES, re.MULTILINE)
    messages = [text for row in rows for text in re.findall(r"``(.+?)``", row)]
    assert len(messages) > 60
    for text in messages:
        anchor = make_id(f"message {text}")
        assert html.count(f'id="{anchor}"') == 1, text
        assert f'troubleshooting.html#{anchor}"' in index, text


def test_parameters_stand_under_the_headings_of_their_groups(site):
    html = (site / "index.html").read_text("utf-8")
    headings = [heading for heading, _ in site_parts.PARAMETER_GROUPS.values()]
    found = re.findall(r'<dt class="parameter-group">(.*?)</dt>', html)
    assert found == headings
    assert html.index(">Size of the network<") < html.index("<strong>bin_sizes</strong>")
    assert html.index("<strong>dropout</strong>") < html.index(">Training<")
    assert html.index(">Training<") < html.index("<strong>lr</strong>")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_groups_begin_with_parameters_of_each_estimator_in_their_order(name):
    parameters = list(inspect.signature(getattr(skchromo, name)).parameters)
    places = [parameters.index(first) for first in site_parts.PARAMETER_GROUPS]
    assert places[0] == 0
    assert places == sorted(places)

"""Links to other projects' pages: inventories that a site gives are used, others left out."""

import importlib
import sys
from pathlib import Path

import pytest
from local_server import LocalServer

DOCS = Path(__file__).resolve().parents[2] / "docs"
sys.path.insert(0, str(DOCS))
inventories = importlib.import_module("inventories")
sys.path.remove(str(DOCS))


@pytest.fixture
def server():
    server = LocalServer()
    yield server
    server.close()


def test_site_without_an_inventory_is_left_out(server, tmp_path):
    content = b"# Sphinx inventory version 2\n# Project: good\n"
    server.files["good/objects.inv"] = content
    server.files["portal/objects.inv"] = b"<html>Log in to the network</html>"
    sites = {name: f"{server.url}/{name}/" for name in ("good", "portal", "gone")}
    sites["closed"] = "http://127.0.0.1:9/"
    found = inventories.fetch(sites, tmp_path / "kept")
    path = tmp_path / "kept" / "good.inv"
    assert found == {"good": (sites["good"], str(path))}
    assert path.read_bytes() == content


def test_site_that_breaks_off_is_left_out(server, tmp_path):
    server.files["objects.inv"] = b"# Sphinx inventory version 2\n" * 100
    server.faults.append("drop:40")
    assert inventories.fetch({"cut": f"{server.url}/"}, tmp_path) == {}

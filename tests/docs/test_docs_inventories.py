"""Links to other projects' pages: inventories that a site gives are used, others left out."""

import inventories
from local_server import closed_port, serving

CONTENT = b"# Sphinx inventory version 2\n# Project: good\n" * 100


def test_site_without_an_inventory_is_left_out(tmp_path):
    with serving() as server:
        server.files["good/objects.inv"] = CONTENT
        server.files["portal/objects.inv"] = b"<html>Log in to the network</html>"
        sites = {name: f"{server.url}/{name}/" for name in ("good", "portal", "gone")}
        sites["closed"] = f"{closed_port()}/"
        found = inventories.fetch(sites, tmp_path / "kept")
    path = tmp_path / "kept" / "good.inv"
    assert found == {"good": (sites["good"], str(path))}
    assert path.read_bytes() == CONTENT


def test_site_that_breaks_off_is_left_out(tmp_path):
    with serving() as server:
        server.files["objects.inv"] = CONTENT
        server.faults.append("drop:40")
        assert inventories.fetch({"cut": f"{server.url}/"}, tmp_path) == {}

"""Inventories of other projects' sites, for links to their pages."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from urllib.request import urlopen

_START = b"# Sphinx inventory version"


def fetch(sites, folder, seconds=5):
    """Fetch the inventory of each site; one that does not answer with one is left out.

    The build then continues without links to that site, where Sphinx itself would warn, and a
    warning ends the build.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def fetch_one(name, address):
        try:
            with urlopen(f"{address}objects.inv", timeout=seconds) as answer:
                content = answer.read()
        except (OSError, HTTPException):
            return None
        if not content.startswith(_START):
            return None  # for example the page of a portal that needs a login
        path = folder / f"{name}.inv"
        path.write_bytes(content)
        return address, str(path)

    with ThreadPoolExecutor(len(sites)) as pool:
        found = dict(zip(sites, pool.map(fetch_one, sites, sites.values()), strict=True))
    return {name: place for name, place in found.items() if place}

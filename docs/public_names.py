"""The API reference, written from ``__all__``, so that no public name can be forgotten."""

import inspect
import re
import shutil
from collections import Counter
from importlib import import_module

# What a user of files calls. The rest of skchromo.genome serves the transformers.
GENOME = (
    "read_genes",
    "read_expression",
    "join_expression",
    "list_tracks",
    "mean_signal",
    "read_contacts",
    "ContactMatrix",
    "read_blacklist",
    "read_bins",
    "read_chromsizes",
    "check_genes",
    "promoter_windows",
    "choose_pcres",
)
ROOMS = {
    "skchromo": "Transformers and estimators",
    "skchromo.regions": "Regions",
    "skchromo.genome": "Readers of files",
    "skchromo.inspection": "Inspection",
    "skchromo.datasets": "Data, simulated and public, and scores",
}
_INTERNAL = {
    "skchromo.regions": ("check_as_fitted", "check_signal", "ranges", "RegionArray", "whole_file")
}


def names_of(room):
    """List the names of a room that have a page, in the order of ``__all__``."""
    if room == "skchromo.genome":
        return list(GENOME)
    listed = import_module(room).__all__
    hidden = ("__version__", *_INTERNAL.get(room, ()), *(GENOME if room == "skchromo" else ()))
    return [name for name in listed if name not in hidden]


def full_names():
    """List every name of the reference with its room."""
    return [f"{room}.{name}" for room in ROOMS for name in names_of(room)]


def file_names():
    """Name pages apart that a file system without upper and lower case would mix up."""
    names = full_names()
    times = Counter(name.lower() for name in names)
    return {
        name: f"{name}-function"
        for name in names
        if times[name.lower()] > 1 and inspect.isfunction(_get(name))
    }


def not_ours():
    """Give the pattern of references that may lead nowhere: all but those to our names."""
    ours = "|".join({re.escape(name.rpartition(".")[2]) for name in full_names()})
    return rf"(?!skchromo\b)(?!({ours})$).*"


def write_pages(folder):
    """Write one page a room, and the page that lists them; drop pages of names that are gone."""
    shutil.rmtree(folder / "api", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "api.rst").write_text(page_of_rooms(), encoding="utf-8")
    for room, title in ROOMS.items():
        (folder / f"{_file(room)}.rst").write_text(page_of(room, title), encoding="utf-8")


def _get(name):
    """Import what a full name stands for."""
    room, _, name = name.rpartition(".")
    return getattr(import_module(room), name)


def _file(room):
    """Name the page of a room."""
    return f"api-{room.replace('.', '-')}"


def _headed(title):
    """Underline a title."""
    return f"{title}\n{'=' * len(title)}\n"


def page_of_rooms():
    """List the pages of the rooms."""
    entries = "\n".join(f"   {title} <{_file(room)}>" for room, title in ROOMS.items())
    return f"{_headed('API reference')}\n.. toctree::\n   :maxdepth: 2\n\n{entries}\n"


def page_of(room, title):
    """List the names of a room, each with a page of its own."""
    entries = "\n".join(f"   {name}" for name in names_of(room))
    elsewhere = [name for name in import_module(room).__all__ if name in GENOME]
    also = "".join(f"Also here: :obj:`skchromo.genome.{name}`.\n\n" for name in elsewhere)
    return (
        f"{_headed(title)}\n.. module:: {room}\n\n{inspect.getdoc(import_module(room))}\n\n"
        f".. autosummary::\n   :toctree: api\n\n{entries}\n\n"
        f"{also if room == 'skchromo' else ''}"
    )

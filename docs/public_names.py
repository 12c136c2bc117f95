"""The API reference, written from ``__all__``, so that no public name can be forgotten."""

import inspect
import re
import shutil
from collections import Counter
from importlib import import_module
from pathlib import Path

import skchromo

# What a user of files calls, in the order of the work.
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
    "choose_pcres",
)
ROOMS = {
    "skchromo": "Transformers and estimators",
    "skchromo.regions": "Regions",
    "skchromo.genome": "Readers of files",
    "skchromo.nn": "The network (PyTorch modules)",
    "skchromo.inspection": "Inspection",
    "skchromo.evaluation": "Labels, folds, scores and controls",
    "skchromo.datasets": "Data, simulated and public",
}
# These rooms do not have a page: the root gives their names, and its page lists the others.
AT_THE_ROOT = ("features", "estimators")
# What users call first, under its heading. The rest of __all__ follows under the heading of REST.
FIRST = {
    "skchromo": {
        "": (
            "InteractionTransformer",
            "BigWigTransformer",
            "WindowSummary",
            "ChromoformerClassifier",
            "ChromoformerRegressor",
            "ChromoformerDiffRegressor",
            "load_model",
            "RegionArray",
        ),
    },
    "skchromo.regions": {"": ("DenseRegions",)},
    "skchromo.genome": {"": GENOME},
    "skchromo.nn": {
        "": (
            "ChromoformerNetwork",
            "DeviceRegions",
            "PairNetwork",
            "PairRegions",
            "attention_maps",
        ),
        "Checkpoints of the reference implementation": (
            "load_checkpoint",
            "save_checkpoint",
            "read_checkpoint",
            "checkpoint_sizes",
            "load_reference_state",
            "reference_state",
        ),
    },
    "skchromo.inspection": {
        "": (
            "attention",
            "attributions",
            "perturb",
            "Perturbation",
            "pcre_importance",
            "mark_importance",
            "count_saturation",
            "weight_saturation",
        ),
        "Displays": (
            "GeneDisplay",
            "AttentionDisplay",
            "MarkImportanceDisplay",
            "PCREImportanceDisplay",
            "LearningHistoryDisplay",
        ),
        "Files for genome browsers": ("to_bigwig", "to_bedgraph", "to_bedpe", "to_interact"),
    },
    "skchromo.evaluation": {"": ()},
    "skchromo.datasets": {
        "Simulated data": ("make_epigenome",),
        "Public data": (
            "fetch_chromoformer_demo",
            "fetch_roadmap",
            "fetch_encode",
            "fetch_contacts",
            "get_data_home",
            "clear_data_home",
        ),
    },
}
_BLOCKS = (
    "Building blocks",
    "The transformers and estimators are made of these. They may change between minor versions.",
)
REST = {}


def names_of(room):
    """List the names of a room that have a page, in the order of the room's page."""
    return [name for _, _, names in sections_of(room) for name in names]


def sections_of(room):
    """Divide the names of a room into sections: a heading, a sentence and names for each."""
    first = [(heading, "", names) for heading, names in FIRST[room].items()]
    listed = {name for _, _, names in first for name in names}
    rest = [name for name in _at_home(room) if name not in listed]
    return [*first, (*REST.get(room, _BLOCKS), rest)] if rest else first


def _at_home(room):
    """List the names of a room, but those whose page another room has."""
    at_root = [name for name in skchromo.__all__ if name not in ("__version__", *GENOME)]
    if room != "skchromo":
        return [name for name in import_module(room).__all__ if name not in at_root]
    only_there = [
        f"{part}.{name}"
        for part in AT_THE_ROOT
        for name in import_module(f"skchromo.{part}").__all__
        if name not in at_root
    ]
    return at_root + only_there


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
    """Write one page per room, and the page that lists them; drop pages of names that are gone."""
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


def _headed(title, line="="):
    """Underline a title."""
    return f"{title}\n{line * len(title)}\n"


def page_of_rooms():
    """List the pages of the rooms."""
    entries = "\n".join(f"   {title} <{_file(room)}>" for room, title in ROOMS.items())
    return f"{_headed('API reference')}\n.. toctree::\n   :maxdepth: 2\n\n{entries}\n"


def page_of(room, title):
    """List the names of a room, each with a page of its own; values stand on this page."""
    parts = [_headed(title), f".. module:: {room}\n", f"{inspect.getdoc(import_module(room))}\n"]
    for heading, sentence, names in sections_of(room):
        parts += [_headed(heading, "-")] if heading else []
        parts += [f"{sentence}\n"] if sentence else []
        entries = "\n".join(f"   {name}" for name in names if not _is_value(f"{room}.{name}"))
        parts.append(f".. autosummary::\n   :toctree: api\n\n{entries}\n")
        parts += [_value(room, name) for name in names if _is_value(f"{room}.{name}")]
    parts += [f"Also here: :obj:`{name}`.\n" for name in _elsewhere(room)]
    return "\n".join(parts)


def _is_value(name):
    """Whether a full name is that of a constant or an instance, which has no page of its own."""
    return not (inspect.isclass(_get(name)) or inspect.isfunction(_get(name)))


def _value(room, name):
    """Describe a value by the comment before it, which starts with ``#:``."""
    value, folder = _get(f"{room}.{name}"), Path(import_module(room).__file__).parent
    comment = rf"((?:^#: .*\n)+){name} = "
    found = [re.search(comment, p.read_text("utf-8"), re.MULTILINE) for p in folder.glob("*.py")]
    (text,) = (match[1].replace("#: ", "   ") for match in found if match)
    gallery = f"   .. minigallery:: {room}.{name}\n"
    return f".. data:: {name}\n   :value: {value!r}\n\n{text}\n{gallery}"


def _elsewhere(room):
    """List the full names of what a room gives and another room has the page of."""
    names = set(import_module(room).__all__) - set(names_of(room))
    return sorted(name for name in full_names() if name.rpartition(".")[2] in names)

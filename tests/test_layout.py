"""The rooms: which may import which, and that importing the package is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skchromo

PACKAGE = Path(skchromo.__file__).parent
ROOT_FILES = {
    "_addresses",
    "_arrays",
    "_fetch",
    "_files",
    "_http",
    "_npz",
    "_progress",
    "_validation",
    "_versions",
    "_words",
}
GENOME = {
    f"genome.{part}"
    for part in (
        *("text", "annotation", "expression", "bigwig", "tracks"),
        *("matrix", "contacts", "elements"),
    )
}

# room or sub-room: (rooms that it may import, packages that it never imports). A sub-room may
# also import the files beside its folder, and every room the files at the root.
RULES = {
    "regions": (set(), {"torch", "sklearn", "skorch", "pandas"}),
    "genome": (GENOME | {"regions"}, {"torch", "sklearn", "skorch"}),
    "genome.text": (set(), {"torch", "sklearn", "skorch"}),
    "genome.annotation": ({"genome.text"}, {"torch", "sklearn", "skorch"}),
    "genome.expression": ({"genome.text"}, {"torch", "sklearn", "skorch"}),
    "genome.bigwig": ({"regions"}, {"torch", "sklearn", "skorch"}),
    "genome.tracks": ({"genome.text", "genome.bigwig"}, {"torch", "sklearn", "skorch"}),
    "genome.matrix": ({"regions"}, {"torch", "sklearn", "skorch"}),
    "genome.contacts": ({"genome.text", "genome.matrix"}, {"torch", "sklearn", "skorch"}),
    "genome.elements": (
        {f"genome.{part}" for part in ("text", "bigwig", "tracks", "matrix", "contacts")},
        {"torch", "sklearn", "skorch"},
    ),
    "features": (GENOME | {"genome", "regions"}, {"torch", "skorch"}),
    "nn": ({"nn.layers", "nn.reference", "regions"}, {"sklearn", "skorch", "pandas"}),
    "nn.layers": ({"regions"}, {"sklearn", "skorch", "pandas"}),
    "nn.reference": ({"nn.layers", "regions"}, {"sklearn", "skorch", "pandas"}),
    "estimators": ({"estimators.training", "nn", "regions"}, set()),
    "estimators.training": ({"nn", "regions"}, set()),
    "evaluation": ({"genome", "regions"}, {"torch", "skorch"}),
    "inspection": (
        {"inspection._plot", "inspection.export", "inspection.perturbation"}
        | {"estimators", "nn", "regions", "genome", "evaluation"},
        set(),
    ),
    "inspection._plot": ({"inspection.perturbation", "regions", "evaluation"}, set()),
    "inspection.perturbation": ({"regions", "genome", "evaluation"}, set()),
    "inspection.export": (
        GENOME | {"inspection._plot", "genome", "regions", "evaluation"},
        {"torch", "skorch"},
    ),
    "datasets": ({"datasets.simulated", "datasets.public"}, {"torch", "skorch"}),
    "datasets.simulated": ({"genome", "genome.bigwig", "regions"}, {"torch", "skorch"}),
    "datasets.public": (GENOME | {"datasets.simulated", "genome", "regions"}, {"torch", "skorch"}),
}


def room_of(file):
    return ".".join(file.relative_to(PACKAGE).parts[:-1])


def imported(file):
    """List the absolute dotted names of all imports of a file, at any depth."""
    here = ["skchromo", *file.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def taken_from(name):
    """Return the room that an import comes from, and the name that follows the room."""
    parts = name.split(".")[1:]
    room = next(
        (".".join(parts[:n]) for n in (2, 1) if ".".join(parts[:n]) in RULES and len(parts) > n),
        "",
    )
    rest = parts[len(room.split(".")) if room else 0 :]
    return room, rest[0]


def test_every_room_has_a_rule():
    assert {room_of(face) for face in PACKAGE.rglob("__init__.py")} - {""} == set(RULES)
    assert {file.stem for file in PACKAGE.glob("*.py")} - {"__init__", "demo"} == ROOT_FILES


@pytest.mark.parametrize("room", RULES)
def test_room_imports_only_what_it_may(room):
    allowed, never = RULES[room]
    outer = room.rpartition(".")[0]
    for file in sorted((PACKAGE / room.replace(".", "/")).glob("*.py")):
        for name in imported(file):
            if not name.startswith("skchromo."):
                assert name.split(".")[0] not in never, f"{room}/{file.name} imports {name}"
                continue
            other, first = taken_from(name)
            if other == "":
                assert first in ROOT_FILES | {"__version__"}, f"{room}/{file.name} imports {name}"
                # It needs scikit-learn, and regions.
                assert first != "_validation" or "sklearn" not in never
            elif other == outer:  # a file beside the folder of this sub-room
                assert first.startswith("_"), f"{room}/{file.name} imports {name}"
            elif other != room:
                assert other in allowed, f"{room}/{file.name} imports {name}"
                assert not first.startswith("_"), f"{room}/{file.name} reaches into {name}"


def test_importing_is_quiet_and_loads_no_heavy_package():
    code = "import sys, skchromo; print({'torch', 'sklearn', 'pandas'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")

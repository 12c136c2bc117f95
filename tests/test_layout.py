"""Which room may import which, and that importing the package is cheap."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import skchromo

PACKAGE = Path(skchromo.__file__).parent

# room: (rooms of ours it may import, packages it never imports)
RULES = {
    "regions": (set(), {"torch", "sklearn", "skorch", "pandas"}),
    "genome": ({"regions"}, {"torch", "sklearn", "skorch"}),
    "features": ({"genome", "regions"}, {"torch", "skorch"}),
    "nn": ({"regions"}, {"sklearn", "skorch", "pandas"}),
    "estimators": ({"nn", "regions"}, set()),
    "inspection": ({"estimators", "nn", "regions", "genome"}, set()),
    "datasets": ({"genome", "regions"}, {"torch", "skorch"}),
}


def files_of(room):
    single = PACKAGE / f"{room}.py"
    return [single] if single.exists() else sorted((PACKAGE / room).glob("**/*.py"))


def imported(file):
    """Absolute dotted name of everything that a file imports, wherever it stands."""
    here = ["skchromo", *file.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def test_every_room_has_a_rule():
    rooms = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert rooms - {"__init__"} == set(RULES)


@pytest.mark.parametrize("room", RULES)
def test_rooms_import_only_what_they_may(room):
    allowed, never = RULES[room]
    for file in files_of(room):
        for name in imported(file):
            parts = name.split(".")
            assert parts[0] not in never, f"{file.name} imports {name}"
            if parts[0] == "skchromo" and len(parts) > 1 and parts[1] != room:
                assert parts[1] in allowed, f"{file.name} imports {name}"
                private = len(parts) > 2 and parts[2].startswith("_")
                assert not private, f"{file.name} reaches past a room's face: {name}"


def test_importing_is_quiet_and_loads_no_heavy_package():
    code = "import sys, skchromo; print({'torch', 'sklearn', 'pandas'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_public_names_are_there():
    for name in skchromo.__all__:
        assert getattr(skchromo, name) is not None
    assert set(skchromo.__all__) <= set(dir(skchromo))
    with pytest.raises(AttributeError, match="no attribute 'Chromoformer'"):
        _ = skchromo.Chromoformer


def test_rooms_are_there_without_an_import_of_their_own():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms <= set(dir(skchromo))
    for room in rooms:
        assert skchromo.__getattr__(room) is importlib.import_module(f"skchromo.{room}")
    with pytest.raises(AttributeError, match="has no attribute 'nowhere'"):
        _ = skchromo.nowhere

"""Docstrings of public names: documented defaults are the real ones, and nothing is left out."""

import ast
import dataclasses
import importlib
import inspect
import re
import sys
from operator import attrgetter
from pathlib import Path

import pytest
from numpydoc.docscrape import FunctionDoc
from numpydoc.validate import validate

import skchromo

DOCS = Path(__file__).resolve().parents[2] / "docs"
sys.path.insert(0, str(DOCS))
names = importlib.import_module("public_names")
sys.path.remove(str(DOCS))

# https://numpydoc.readthedocs.io/en/latest/validation.html
CHECKS = {
    *("GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10"),
    *("SS01", "SS02", "SS03", "SS04", "SS05", "SS06"),
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10"),
    *("RT01", "RT03", "RT04", "RT05", "YD01", "SA02", "SA03", "SA04"),
}


def get(name):
    """Import what a full name stands for, a method of a class included."""
    rooms = [room for room in names.ROOMS if name.startswith(f"{room}.")]
    room = max(rooms, key=len)
    return attrgetter(name.removeprefix(f"{room}."))(importlib.import_module(room))


def is_ours(member):
    """Tell functions of this package from those that classes inherit."""
    member = inspect.unwrap(getattr(member, "__func__", member))
    return inspect.isfunction(member) and member.__module__.startswith("skchromo")


def surface():
    """List public functions and classes, and the public methods of these."""
    listed = []
    for name in names.full_names():
        found = get(name)
        if not (inspect.isclass(found) or inspect.isfunction(found)):
            continue  # an instance, which has its class's docstring
        listed.append(name)
        if inspect.isclass(found):
            members = (member for member in dir(found) if not member.startswith("_"))
            listed += [f"{name}.{one}" for one in members if is_ours(getattr(found, one))]
    return listed


SURFACE = surface()


def documented_parameters(found):
    """Parameters of a numpydoc docstring, one by one, with the text about their type."""
    text = inspect.getdoc(found)
    parsed = FunctionDoc(found, doc=text)
    return {
        name.strip().lstrip("*"): parameter.type
        for parameter in parsed["Parameters"]
        for name in parameter.name.split(",")
    }


def same(text, value):
    """Compare a default as it is written, perhaps with ``...`` in it, with the real one."""
    try:
        said = ast.literal_eval(text)
        if isinstance(said, str) and "..." in said:
            return re.fullmatch(re.escape(said).replace(r"\.\.\.", ".+"), value)
        return said == value
    except (ValueError, SyntaxError):
        return text == getattr(value, "__name__", repr(value))


@pytest.mark.parametrize("name", SURFACE)
def test_documented_defaults_are_those_of_the_signature(name):
    found = get(name)
    documented = documented_parameters(found)
    for parameter in inspect.signature(found).parameters.values():
        if parameter.name not in documented or parameter.default is parameter.empty:
            continue
        said = re.search(r"default=(.*)$", documented[parameter.name].replace("\n", " "))
        assert said, f"{parameter.name} of {name} has a default that is not documented"
        assert same(said[1], parameter.default), (parameter.name, said[1], parameter.default)


@pytest.mark.parametrize("name", SURFACE)
def test_docstrings_are_complete(name):
    errors = [f"{code}: {message}" for code, message in validate(name)["errors"] if code in CHECKS]
    found = get(name)
    if dataclasses.is_dataclass(found) or hasattr(found, "_fields"):
        # what a result holds stands under Attributes
        parts = set(inspect.signature(found).parameters)
        attributes = {part.name for part in FunctionDoc(found, doc=found.__doc__)["Attributes"]}
        attributes = {name.strip() for names in attributes for name in names.split(",")}
        missing = parts - attributes - set(documented_parameters(found))
        errors = [error for error in errors if not error.startswith("PR01")]
        assert not missing, f"{name} does not document {sorted(missing)}"
    assert not errors, errors


def examples_of(found):
    """Text of the Examples section of a docstring."""
    return "\n".join(FunctionDoc(found, doc=inspect.getdoc(found))["Examples"])


def shows(example, method):
    """Whether an example runs a method; torch runs ``forward`` where a module is called."""
    return f".{method}(" in example or (method == "forward" and ">>> " in example)


@pytest.mark.parametrize("name", SURFACE)
def test_there_is_an_example(name):
    """A method has one of its own, or is called in that of its class or where it points to."""
    example = examples_of(get(name))
    if ">>> " in example:
        return
    owner, _, method = name.rpartition(".")
    assert owner in SURFACE, f"{name} has no Examples section"
    pointed = re.findall(r"`([\w.]+)`", example)
    others = [one for end in pointed for one in SURFACE if one.endswith(f".{end}")]
    shown = any(shows(examples_of(get(one)), method) for one in (owner, *others))
    assert shown, f"{name} has no Examples section, and the one of {owner} does not call it"


def test_every_public_name_has_a_place_in_the_reference():
    """Its page is that of the room, or that of the root for what both give."""
    documented = [get(name) for name in names.full_names()]
    for room in ("skchromo", *(f"skchromo.{part}" for part in skchromo._ROOMS)):
        for name in set(importlib.import_module(room).__all__) - {"__version__"}:
            found = getattr(importlib.import_module(room), name)
            assert any(found is one for one in documented), f"{name} of {room}"
            if room in names.ROOMS:
                page = names.page_of(room, names.ROOMS[room])
                assert re.search(rf"\b{name}$|\b{name}`", page, re.MULTILINE), f"{name} of {room}"


def test_every_room_has_a_page():
    """Or gives its names at the root."""
    paged = {room.partition(".")[2] for room in names.ROOMS} - {""}
    assert paged | set(names.AT_THE_ROOT) == set(skchromo._ROOMS)


def test_names_are_once_in_the_reference():
    full = names.full_names()
    assert len(full) == len(set(full))
    assert len({id(get(name)) for name in full}) == len(full)


def test_readers_of_files_are_in_the_reference():
    public = importlib.import_module("skchromo.genome").__all__
    readers = {name for name in public if name.startswith(("read_", "join_"))}
    # takes what InteractionTransformer has opened
    assert readers - {"read_source"} <= set(names.GENOME)


def test_pages_are_apart_on_every_file_system():
    written = names.file_names()
    files = [written.get(name, name).lower() for name in names.full_names()]
    assert len(files) == len(set(files))

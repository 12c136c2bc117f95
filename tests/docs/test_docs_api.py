"""Docstrings of public names: documented defaults are the real ones, and nothing is left out."""

import ast
import dataclasses
import inspect
import re
from operator import attrgetter

import public_names as names
import pytest
from numpydoc.docscrape import FunctionDoc
from numpydoc.validate import validate

import skchromo

# https://numpydoc.readthedocs.io/en/latest/validation.html
CHECKS = {
    *("GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10"),
    *("SS01", "SS02", "SS03", "SS04", "SS05", "SS06"),
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10"),
    *("RT01", "RT03", "RT04", "RT05", "YD01", "SA02", "SA03", "SA04"),
}


def get(name):
    """Import a full name, which may be that of a method."""
    return attrgetter(name.removeprefix("skchromo."))(skchromo)


def is_of_package(member):
    """Return whether a member of a class is a function of this package, not an inherited one."""
    member = inspect.unwrap(getattr(member, "__func__", member))
    return inspect.isfunction(member) and member.__module__.startswith("skchromo")


def is_result(name):
    """Return whether a name is the class of a result, which users hold but do not type."""
    return name.rpartition(".")[2] in names.PAGES["skchromo.inspection"]["Results"].split()


def documented_names():
    """List the functions and classes of the reference, and the public methods of the classes."""
    listed = []
    for name in filter(names.is_described, names.full_names()):
        listed.append(name)
        if inspect.isclass(get(name)) and not is_result(name):
            members = (one for one in dir(get(name)) if not one.startswith("_"))
            listed += [f"{name}.{one}" for one in members if is_of_package(getattr(get(name), one))]
    return listed


DOCUMENTED = documented_names()


def sections_of(found):
    """Return the sections of a numpydoc docstring."""
    return FunctionDoc(found, doc=inspect.getdoc(found))


def split_names(parameters):
    """Map each parameter of a section to its type; several may share a line."""
    return {
        name.strip().lstrip("*"): parameter.type
        for parameter in parameters
        for name in parameter.name.split(",")
    }


def equals_default(text, value):
    """Return whether a default as it is written, perhaps with ``...`` in it, is the real one."""
    try:
        said = ast.literal_eval(text)
        if isinstance(said, str) and "..." in said:
            return re.fullmatch(re.escape(said).replace(r"\.\.\.", ".+"), value)
        return said == value
    except (ValueError, SyntaxError):
        return text == getattr(value, "__name__", repr(value))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_defaults_are_those_of_the_signature(name):
    documented = split_names(sections_of(get(name))["Parameters"])
    for parameter in inspect.signature(get(name)).parameters.values():
        if parameter.name not in documented or parameter.default is parameter.empty:
            continue
        said = re.search(r"default=(.*)$", documented[parameter.name].replace("\n", " "))
        assert said, f"{parameter.name} of {name} has a default that is not documented"
        assert equals_default(said[1], parameter.default), (parameter.name, said[1])


@pytest.mark.parametrize("name", DOCUMENTED)
def test_docstring_is_complete(name):
    errors = [f"{code}: {message}" for code, message in validate(name)["errors"] if code in CHECKS]
    found = get(name)
    if dataclasses.is_dataclass(found) or hasattr(found, "_fields"):
        # the fields of a result stand under Attributes
        sections = sections_of(found)
        written = split_names([*sections["Attributes"], *sections["Parameters"]])
        missing = set(inspect.signature(found).parameters) - set(written)
        errors = [error for error in errors if not error.startswith("PR01")]
        assert not missing, f"{name} does not document {sorted(missing)}"
    assert not errors, errors


def example_of(name):
    return "\n".join(sections_of(get(name))["Examples"])


@pytest.mark.parametrize("name", DOCUMENTED)
def test_docstring_has_an_example(name):
    """A method has one of its own, or is called in that of its class or where it points to.

    A result has it in the function that returns it.
    """
    example = example_of(name)
    if ">>> " in example or is_result(name):
        return
    owner, _, method = name.rpartition(".")
    assert owner in DOCUMENTED, f"{name} has no Examples section"
    pointed = re.findall(r"`([\w.]+)`", example)
    others = [one for end in pointed for one in DOCUMENTED if one.endswith(f".{end}")]
    call = ">>> " if method == "forward" else f".{method}("  # of a module, calling it
    called = any(call in example_of(one) for one in (owner, *others))
    assert called, f"{name} has no Examples section, and the one of {owner} does not call it"


def test_reference_has_each_public_name_once():
    documented = [id(get(name)) for name in names.full_names()]
    assert len(documented) == len(set(documented))
    for room in filter(inspect.ismodule, map(get, map("skchromo.{}".format, skchromo.__all__))):
        for name in room.__all__:
            assert id(getattr(room, name)) in documented, f"{name} of {room.__name__}"


def test_page_of_room_lists_its_names():
    page = names.page_of("skchromo.evaluation")
    for name in skchromo.evaluation.__all__:
        assert re.search(rf"^   {name}$|data:: {name}$", page, re.MULTILINE), name


def test_pages_are_apart_where_upper_and_lower_case_are_one():
    written = names.file_names()
    files = [written.get(name, name).lower() for name in names.full_names()]
    assert len(files) == len(set(files))

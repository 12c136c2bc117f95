"""The tables of messages: every error and warning of the package stands in one, as it is worded."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted((DOCS / "messages").glob("*.rst")), DOCS / "guide" / "troubleshooting.rst"]
SOURCES = sorted((ROOT / "skchromo").rglob("*.py"))
# Fewer words in a row cannot be searched for: such a message is put together from others.
SHORTEST = 12
# One of our readers tells another where a block is damaged, which says so by file and place.
_NEVER_SEEN = {"BlockDamageError"}


def words_of(node):
    """Text of a string expression, what is filled in left out; both texts of an alternative."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words_of(value) or "\0" for value in node.values)
    if isinstance(node, ast.BinOp):
        return words_of(node.left) + words_of(node.right)
    if isinstance(node, ast.IfExp):
        return words_of(node.body) + "\0" + words_of(node.orelse)
    return ""


def calls_that_tell(tree):
    """Calls that make an error which is raised or returned, or a warning."""
    for node in ast.walk(tree):
        told = None
        if isinstance(node, ast.Raise):
            told = node.exc
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
            told = node.value if ast.unparse(node.value.func).endswith("Error") else None
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn":
            told = node
        if isinstance(told, ast.Call) and ast.unparse(told.func) not in _NEVER_SEEN:
            yield told


def messages_of(path):
    """Line and text of each message of a source file."""
    for call in calls_that_tell(ast.parse(path.read_text(encoding="utf-8"))):
        text = "\0".join(filter(None, map(words_of, call.args)))
        if max(map(len, text.split("\0")), default=0) >= SHORTEST:
            yield call.lineno, text


def quoted_messages():
    """Texts in the first column of the tables of messages."""
    cells = [
        cell
        for page in PAGES
        for cell in re.findall(r"^   \* - (``.*(?:\n       .*)*)", page.read_text("utf-8"), re.M)
    ]
    return [
        " ".join(text.split()) for cell in cells for text in re.findall("``(.+?)``", cell, re.S)
    ]


QUOTED = quoted_messages()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_message_stands_in_a_table(path):
    missing = [
        f"{path.name}:{line}: {text}".replace("\0", "...")
        for line, text in messages_of(path)
        if not any(quoted in text for quoted in QUOTED)
    ]
    assert not missing, "\n".join(missing)


def texts_of(path):
    """All strings of a source file but docstrings: some messages are put together elsewhere."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
    return [words_of(node) for node in nodes if node not in docstrings]


def test_every_message_of_a_table_is_in_the_source():
    assert len(QUOTED) > 400
    source = "\n".join(text for path in SOURCES for text in texts_of(path))
    assert [quoted for quoted in QUOTED if quoted not in source] == []


def test_quoted_words_are_enough_to_find_a_message_by():
    assert [quoted for quoted in QUOTED if len(quoted) < SHORTEST] == []

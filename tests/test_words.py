"""Parts of messages."""

from skchromo._words import name_some


def test_names_are_listed_once_and_counted():
    assert name_some(["a", "b", "a"]) == "a, b"
    assert name_some(range(8)) == "0, 1, 2, 3, 4 and 3 more"

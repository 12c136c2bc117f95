"""Parts of messages, and checks of single parameters."""

import numbers
import re

# Of Unicode; a terminal obeys those that a name may bring along.
_CONTROL = re.compile("[\x01-\x1f\x7f-\x9f]")


def printable(name):
    r"""Return a name from a file as text for a message, control characters as ``\x1b``.

    A terminal would obey them: they can hide text, or write to the title or the clipboard.
    """
    text = str(name)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def name_some(names, n_shown=5):
    """Join the first few distinct names for a message, and count the rest: 'A, B and 2 more'."""
    distinct = list(dict.fromkeys(printable(name) for name in names))
    text = ", ".join(distinct[:n_shown])
    n_left = len(distinct) - n_shown
    return f"{text} and {n_left} more" if n_left > 0 else text


def has_control(text):
    """Return whether a text holds control characters."""
    return _CONTROL.search(text) is not None


def check_names(what, names):
    """Refuse names with control characters, so that other messages can show names as they are."""
    bad = [name for name in names if isinstance(name, str) and has_control(name)]
    if bad:
        raise ValueError(
            f"{what}: control characters in {name_some(bad)}: rename, and find out where they come "
            "from, because they can make a terminal show another text than the one that is there"
        )


def is_whole(value):
    """Return whether a value is an integer, Python's or numpy's, and not a bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def check_whole(name, value, least, unit=""):
    """Refuse a parameter that is not an integer of at least `least`, in `unit` (such as "bp")."""
    if not is_whole(value) or value < least:
        unit = f" {unit}" if unit else ""
        raise ValueError(f"{name} must be an integer of at least {least}{unit}, got {value!r}")


def check_choice(name, value, choices):
    """Refuse a parameter that is not one of the choices."""
    if not any(isinstance(value, type(choice)) and value == choice for choice in choices):
        *others, last = (repr(choice) for choice in choices)
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"{name} must be {allowed}, got {value!r}")

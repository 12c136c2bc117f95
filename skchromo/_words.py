"""Parts of messages, and checks of single parameters."""

import numbers


def name_some(names, n_shown=5):
    """Join the first few distinct names for a message, and count the rest: 'A, B and 2 more'."""
    distinct = list(dict.fromkeys(str(name) for name in names))
    text = ", ".join(distinct[:n_shown])
    n_left = len(distinct) - n_shown
    return f"{text} and {n_left} more" if n_left > 0 else text


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

"""Columns of Python objects as JSON and back, and which arrays need it."""

import json

import numpy as np

_PLAIN = (str, bool, int, float, type(None))


def to_json(values, what):
    """JSON of str, numbers, bool, None and NaN; anything else is refused.

    Parameters
    ----------
    values : iterable
    what : str
        What holds them, for the message.

    Returns
    -------
    text : str

    Raises
    ------
    ValueError
        Naming what holds the value and where.
    """
    plain = []
    for place, value in enumerate(values):
        if isinstance(value, np.generic):
            value = value.item()
        if type(value) not in _PLAIN:
            raise ValueError(
                f"{what} holds a {type(value).__name__} at place {place}, which cannot be saved: "
                "use str, numbers or bool, and None or NaN for what is missing"
            )
        plain.append(value)
    return json.dumps(plain)


def from_json(text):
    """Array of Python objects, ndarray of shape (n,), object.

    Parameters
    ----------
    text : str or bytes
        What :func:`to_json` returned.
    """
    values = json.loads(text)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column

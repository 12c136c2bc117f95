"""Plain data: Python values that go into JSON and come back as they were."""

import numpy as np

_ATOMS = (bool, int, float, str, type(None))
_NUMBERS = tuple(np.dtype(code).name for code in "?bhiqBHIQefd")


def to_plain(value):
    """Turn a value into what JSON holds; tuples and dicts are marked as such.

    Parameters
    ----------
    value : object
        None, bool, int, float, str and NumPy scalars of these; list, tuple and dict of them.

    Returns
    -------
    plain : object

    Raises
    ------
    TypeError
        If it is, or holds, anything else.

    Examples
    --------
    >>> to_plain({0: 0.5, "bins": (400, 100)})
    {'dict': [[0, 0.5], ['bins', {'tuple': [400, 100]}]]}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in _ATOMS:
        return value
    if type(value) is list:
        return [to_plain(one) for one in value]
    if type(value) is tuple:
        return {"tuple": to_plain(list(value))}
    if type(value) is dict:
        return {"dict": [[to_plain(key), to_plain(one)] for key, one in value.items()]}
    raise TypeError(f"a {type(value).__name__} cannot be saved: use text, numbers or bool")


def from_plain(plain):
    """Turn back what :func:`to_plain` made.

    Parameters
    ----------
    plain : object

    Returns
    -------
    value : object

    Raises
    ------
    KeyError, TypeError, ValueError
        If it did not make it.

    Examples
    --------
    >>> from_plain({"dict": [[0, 0.5], ["bins", {"tuple": [400, 100]}]]})
    {0: 0.5, 'bins': (400, 100)}
    """
    if isinstance(plain, list):
        return [from_plain(one) for one in plain]
    if not isinstance(plain, dict):
        return plain
    if "tuple" in plain:
        return tuple(from_plain(one) for one in plain["tuple"])
    return {from_plain(key): from_plain(one) for key, one in plain["dict"]}


def labels_to_plain(labels):
    """Turn classes into plain data that keeps their type.

    Parameters
    ----------
    labels : ndarray of shape (n_classes,)
        Numbers, bool or str, or Python objects of these.

    Returns
    -------
    plain : dict
        With ``dtype`` and ``values``.

    Raises
    ------
    TypeError
        If they are of another type.

    Examples
    --------
    >>> import numpy as np
    >>> labels_to_plain(np.array(["high", "low"]))
    {'dtype': 'str', 'values': ['high', 'low']}
    """
    name = {"U": "str", "O": "object"}.get(labels.dtype.kind, labels.dtype.name)
    if name not in ("str", "object", *_NUMBERS):
        raise TypeError(
            f"classes of dtype {labels.dtype} cannot be saved: fit with text, integers or bool, "
            "such as y.astype(str)"
        )
    return {"dtype": name, "values": to_plain(list(labels))}


def labels_from_plain(plain):
    """Turn back what :func:`labels_to_plain` made.

    Parameters
    ----------
    plain : dict

    Returns
    -------
    labels : ndarray of shape (n_classes,)

    Raises
    ------
    KeyError, TypeError, ValueError, OverflowError
        If it did not make it, or they are not distinct and sorted.

    Examples
    --------
    >>> labels_from_plain({"dtype": "bool", "values": [False, True]})
    array([False,  True])
    """
    name, values = plain["dtype"], plain["values"]
    if name not in ("str", "object", *_NUMBERS):
        raise ValueError(f"classes are of dtype {name}")
    if not isinstance(values, list) or not all(type(value) in _ATOMS for value in values):
        raise ValueError("classes are no list of labels")
    labels = np.array(values, dtype=name)
    if not np.array_equal(np.unique(labels), labels):
        raise ValueError("classes are not distinct and sorted")
    return labels

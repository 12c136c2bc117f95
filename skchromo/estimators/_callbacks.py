"""Callbacks of an estimator by name: for `get_params`, `set_params` and `clone`."""

from collections import Counter

from sklearn.base import clone


def name_callbacks(callbacks):
    """Return (name, callback) of each, with the names that skorch gives them.

    A callback without a name has that of its class, and a number where a class is there twice.
    Whatever is not a list has none; `fit` refuses it.
    """
    pairs = []
    for item in callbacks if isinstance(callbacks, (list, tuple)) else ():
        if isinstance(item, (tuple, list)):
            pairs.append(tuple(item))
        else:
            cls = item if isinstance(item, type) else type(item)
            pairs.append((cls.__name__, item))
    n_alike, number = Counter(name for name, _ in pairs), Counter()
    named = []
    for name, callback in pairs:
        number[name] += 1
        named.append((f"{name}_{number[name]}" if n_alike[name] > 1 else name, callback))
    return named


def callback_params(callbacks):
    """Return the callbacks and their parameters as parameters of the estimator."""
    params = {}
    for name, callback in name_callbacks(callbacks):
        params[f"callbacks__{name}"] = callback
        if not isinstance(callback, type) and hasattr(callback, "get_params"):
            for key, value in callback.get_params(deep=False).items():
                params[f"callbacks__{name}__{key}"] = value
    return params


def set_callback(callbacks, key, value):
    """Return callbacks, one of them replaced or with another parameter.

    `key` is the name of a callback, for which None leaves it out, or ``name__parameter``.
    """
    name, is_parameter, parameter = key.partition("__")
    named = name_callbacks(callbacks)
    place = next((i for i, (one, _) in enumerate(named) if one == name), None)
    if place is None:
        known = ", ".join(one for one, _ in named) or "none"
        raise ValueError(
            f"Invalid parameter 'callbacks__{key}': callbacks has no {name} (it has {known}). Give "
            f"it first, as callbacks=[('{name}', ...)]; a callback that skorch adds by itself is "
            f"set by net_params__callbacks__{key}"
        )
    if is_parameter:
        named[place][1].set_params(**{parameter: value})
        return callbacks
    named[place] = (name, value)
    return [(one, callback) for one, callback in named if callback is not None]


def check_copies(callbacks, error):
    """Raise TypeError that names the callback for which cloning an estimator failed."""
    for name, callback in name_callbacks(callbacks):
        try:
            clone(callback, safe=False)
        except Exception as reason:  # whatever the object behind it raises
            raise TypeError(
                f"the callback {name} cannot be copied ({reason}), but clone, cross-validation and "
                "searches copy an estimator with its callbacks. fit alone takes it as it is. Open "
                "what it holds (a file, a writer, a run) in its on_train_begin, or leave it out of "
                "callbacks here"
            ) from error

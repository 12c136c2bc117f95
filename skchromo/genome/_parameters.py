"""Parameters of the field's objects: dataclasses that work as scikit-learn's estimators do."""

import dataclasses
import os

import pandas as pd

from .._addresses import hide_logins
from .._words import name_some


class Parameters:
    """Base of dataclasses whose fields are parameters, which `_check_parameters` checks."""

    def __post_init__(self):
        self._check_parameters()

    def __setattr__(self, name, value):
        """Set a parameter, whose addresses do not print their logins."""
        super().__setattr__(name, hide_logins(value))

    def __repr__(self):
        first, *others = dataclasses.fields(self)
        changed = [
            f"{field.name}={_spell(getattr(self, field.name))}"
            for field in others
            if not _is_same(getattr(self, field.name), field.default)
        ]
        shown = [_spell(getattr(self, first.name)), *changed]
        return f"{type(self).__name__}({', '.join(shown)})"

    def get_params(self, deep=True):
        """Return the parameters, as scikit-learn's estimators do.

        Parameters
        ----------
        deep : bool, default=True
            Whether to list the parameters of parameters too, such as ``contact__resolution``.

        Returns
        -------
        dict of str to object
            Value of each parameter.

        Examples
        --------
        >>> from skchromo import ContactMatrix
        >>> ContactMatrix("K562.mcool", resolution=5_000).get_params()["resolution"]
        5000
        """
        params = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        inner = {name: value for name, value in params.items() if _has_params(value)}
        for name, value in inner.items() if deep else ():
            params |= {f"{name}__{key}": item for key, item in value.get_params().items()}
        return params

    def set_params(self, **params):
        """Set some of the parameters, as scikit-learn's estimators do.

        Parameters
        ----------
        **params : object
            New values by name.

        Returns
        -------
        self : object
            The object itself.

        Raises
        ------
        TypeError, ValueError
            If there is no such parameter or a value is not valid; nothing is set then.

        Examples
        --------
        >>> from skchromo import ContactMatrix
        >>> ContactMatrix("K562.mcool").set_params(resolution=5_000)
        ContactMatrix('K562.mcool', resolution=5000)
        """
        before = self.get_params(deep=False)
        own = {name: hide_logins(value) for name, value in params.items() if "__" not in name}
        inner = {}
        for name in params.keys() - own.keys():
            outer, _, key = name.partition("__")
            inner.setdefault(outer, {})[key] = params[name]
        after = before | own
        unknown = [name for name in own if name not in before]
        unknown += [name for name in inner if not _has_params(after.get(name))]
        if unknown:
            raise ValueError(
                f"{type(self).__name__} has no parameter {name_some(unknown)}: it has "
                f"{', '.join(before)}"
            )
        self.__dict__.update(own)
        try:
            self._check_parameters()
            for name, values in inner.items():
                after[name].set_params(**values)
        except (TypeError, ValueError):
            self.__dict__.update(before)
            raise
        return self


def _has_params(value):
    """Return whether an object has parameters that can be set."""
    return hasattr(value, "set_params") and not isinstance(value, type)


def _is_same(value, default):
    """Return whether a value is the default; tables never are."""
    return value is default or (type(value) is type(default) and value == default)


def _spell(value):
    """Spell a value in a line: a table by its size."""
    if isinstance(value, pd.DataFrame):
        return f"<DataFrame of {len(value)} rows>"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_spell(item)}" for key, item in value.items()) + "}"
    return repr(os.fspath(value) if isinstance(value, os.PathLike) else value)

"""show_versions: the versions of all that a result depends on, for a report."""

import platform
import re
import sys
from importlib import metadata

# Extras that users install; the others are for work on the package itself.
_EXTRAS = ("matrix", "plot", "remote")


def show_versions():
    """Print the versions of skchromo, Python and all packages that it uses, and the device.

    Put the output into a report of a fault, and beside results that others should repeat. A package
    of an extra that is not installed is shown as "none".

    Examples
    --------
    >>> import skchromo
    >>> skchromo.show_versions()  # doctest: +ELLIPSIS
    skchromo        ...
    python          ...
    """
    import torch

    import skchromo

    device = "cpu"
    if torch.cuda.is_available():
        device = f"cuda {torch.version.cuda}, {torch.cuda.get_device_name()}"
    elif torch.backends.mps.is_available():
        device = "mps"
    rows = {"skchromo": skchromo.__version__, "python": sys.version.split()[0]}
    rows |= {"platform": platform.platform()}
    rows |= {name: _version(name) for name in _required()}
    rows |= {"device": device, "torch threads": torch.get_num_threads()}
    for name, value in rows.items():
        print(f"{name:<15} {value}")  # noqa: T201 - to print is what it is for


def _required():
    """Return the names of the packages that skchromo needs, then those of its extras."""
    needed, extra = [], []
    for requirement in metadata.requires("skchromo") or ():
        name = re.match(r"[\w.-]+", requirement)[0]
        found = re.search(r"extra == .(\w+)", requirement)
        if found is None:
            needed.append(name)
        elif found[1] in _EXTRAS:
            extra.append(name)
    return [*sorted(needed, key=str.lower), *sorted(extra, key=str.lower)]


def _version(name):
    """Return the version of an installed package, or "none"."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"

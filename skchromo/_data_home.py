"""Where downloaded files are kept."""

import os
import shutil
from pathlib import Path

# One folder a source; nothing else in the data home is ever touched.
_FOLDERS = ("roadmap", "encode", "contacts", "crispri", "chromoformer", "models")


def get_data_home(data_home=None):
    """Return the folder in which ``fetch_*`` and ``from_pretrained`` keep their downloads.

    Parameters
    ----------
    data_home : str, os.PathLike or None, default=None
        The folder. None takes the environment variable ``SKCHROMO_DATA``, and without it the
        folder ``skchromo`` in ``XDG_CACHE_HOME``, or in ``~/.cache``.

    Returns
    -------
    data_home : Path
        The folder, absolute; it need not exist yet. A fetched file is found there again without a
        connection: a node of a cluster needs none if its data home is shared.

    See Also
    --------
    clear_data_home : Delete what was downloaded.

    Examples
    --------
    >>> import tempfile
    >>> from skchromo.datasets import get_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     get_data_home(folder).is_absolute()
    True
    """
    if data_home is None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
        data_home = os.environ.get("SKCHROMO_DATA") or cache / "skchromo"
    return Path(data_home).expanduser().absolute()


def clear_data_home(data_home=None):
    """Delete everything that ``fetch_*`` and ``from_pretrained`` have downloaded.

    Parameters
    ----------
    data_home : str, os.PathLike or None, default=None
        As for :func:`get_data_home`. Only the folders ``roadmap``, ``encode``, ``contacts``,
        ``crispri``, ``chromoformer`` and ``models`` in it are deleted.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skchromo.datasets import clear_data_home
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / "encode").mkdir()
    >>> clear_data_home(folder)
    >>> list(folder.iterdir())
    []
    """
    for name in _FOLDERS:
        shutil.rmtree(get_data_home(data_home) / name, ignore_errors=True)

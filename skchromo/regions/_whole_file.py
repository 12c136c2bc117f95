"""Files that appear under their name only when they are whole."""

import contextlib
import os
import secrets
from pathlib import Path


@contextlib.contextmanager
def whole_file(path):
    """Open a file to write that takes its name, and the place of an older one, when it is whole.

    Until then it lies beside `path` as ``.NAME.XXXXXXXX.unfinished``. An error removes it; a
    process that is killed leaves it, and the older file as it was.

    Parameters
    ----------
    path : str or Path
        File to write. A link is followed.

    Yields
    ------
    file : binary file

    Raises
    ------
    FileNotFoundError
        If there is no such folder.

    Examples
    --------
    >>> import os, tempfile
    >>> from skchromo.regions import whole_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(os.path.join(folder, "a.bin")) as file:
    ...         n_written = file.write(b"all of it")
    ...         before = os.path.exists(os.path.join(folder, "a.bin"))
    ...     before, os.listdir(folder)
    (False, ['a.bin'])
    """
    if not Path(path).parent.is_dir():
        raise FileNotFoundError(f"cannot save to {path}: there is no folder {Path(path).parent}")
    path = Path(os.path.realpath(path))
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise

"""Files that appear under their name only when they are whole."""

import contextlib
import os
import secrets
import time
from pathlib import Path

# Seconds; no write takes as long, so that an older unfinished file was left by a killed process.
_LONGEST_WRITE = 86_400


@contextlib.contextmanager
def whole_file(path):
    """Open a file to write; it gets its name, replacing an older file, once it is complete.

    Until then it lies beside `path` as ``.NAME.XXXXXXXX.unfinished``. An error removes it; a
    process that is killed leaves it, and the older file as it was. The next file of this name
    removes what has been left for a day.

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
    IsADirectoryError
        If `path` is a folder.
    FileExistsError
        If something else than a file has this name, such as a device or a pipe.

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
    given, path = path, Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(f"cannot save to {given}: it is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"cannot save to {given}: it is a device or a pipe, not a file")
    remove_leftovers(path.parent, f".{path.name}.")
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


def remove_leftovers(folder, prefix=""):
    """Remove unfinished files that processes which were killed have left for a day.

    Parameters
    ----------
    folder : str or Path
        Folder to look into; the folders in it are left alone.
    prefix : str, default=""
        Beginning of the names of files to remove, which end in ``.unfinished``.

    Examples
    --------
    >>> import os, tempfile
    >>> from skchromo.regions import remove_leftovers
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, changed in (("old.unfinished", 0), ("old", 0), ("new.unfinished", None)):
    ...         path = os.path.join(folder, name)
    ...         open(path, "w").close()
    ...         os.utime(path, None if changed is None else (changed, changed))
    ...     remove_leftovers(folder)
    ...     sorted(os.listdir(folder))
    ['new.unfinished', 'old']
    """
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as files:
        for file in files:
            if file.name.startswith(prefix) and file.name.endswith(".unfinished"):
                with contextlib.suppress(OSError):
                    if time.time() - file.stat().st_mtime > _LONGEST_WRITE:
                        os.unlink(file)

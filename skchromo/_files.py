"""Files: written whole or not at all, and the difference between a path and an address."""

import contextlib
import os
import re
import secrets
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

# Seconds; no write takes as long, so that an older unfinished file was left by a killed process.
_LONGEST_WRITE = 86_400
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@contextlib.contextmanager
def whole_file(path):
    """Open a binary file to write; it gets its name, replacing an older file, once it is complete.

    Until then it lies beside `path` as ``.NAME.XXXXXXXX.unfinished``. An error removes it; a
    process that is killed leaves it, and the older file as it was. The next file of this name
    removes what has been left for a day. A link is followed.
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
    """Remove unfinished files of this prefix that killed processes left in a folder a day ago."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as files:
        for file in files:
            if file.name.startswith(prefix) and file.name.endswith(".unfinished"):
                with contextlib.suppress(OSError):
                    if time.time() - file.stat().st_mtime > _LONGEST_WRITE:
                        os.unlink(file)


def is_url(path):
    """Return whether a path is an address: ``http://...`` or any other scheme."""
    return isinstance(path, str) and _URL.match(path) is not None


def without_login(path):
    """Return an address without name and password, for messages; a path as it is."""
    if not is_url(path):
        return path
    parts = urlsplit(path)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def path_on_disk(path, what):
    """Return a Path, and refuse an address; `what` names the file in the message."""
    if is_url(path):
        raise ValueError(
            f"{what}: {without_login(path)} is a web address, from which only tracks are read: "
            "download it and give the path of the file"
        )
    return Path(path)

"""A file in the data home: downloaded once, checked at every use."""

import contextlib
import hashlib
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from ._data_home import import_pooch
from ._fetch_http import ResumingDownload

_N_THREADS = 8


def fetch_file(url, path, *, checksum=None, progress=True):
    """Give a file that is at `path`, downloading it first where it is not.

    Parameters
    ----------
    url : str
        Where it is to be had; http or https.
    path : Path
        Where it is kept.
    checksum : str or None, default=None
        What the publisher says of it, such as ``"md5:0123..."``. Where nobody says anything the
        SHA256 of the first download is written beside it (``<name>.sha256``, as sha256sum writes
        it) and holds from then on.
    progress : bool, default=True
        Show a bar.

    Returns
    -------
    path : Path
    """
    path = Path(path)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, path, checksum, progress)
    _verify(path, url, checksum)
    return path


def fetch_files(urls, *, progress=True, desc=None):
    """Fetch many small files at a time; `urls` maps the path of each to its address."""
    with _quiet_pooch(), ThreadPoolExecutor(_N_THREADS) as pool:
        tasks = [pool.submit(fetch_file, url, path, progress=False) for path, url in urls.items()]
        try:
            for task in tqdm(tasks, desc=desc, unit="file", disable=not progress):
                task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def join_url(base_url, path):
    """Address of a path below a base address."""
    if not isinstance(base_url, str) or not base_url.startswith(("http://", "https://")):
        raise ValueError(f"base_url must be an http or https address, got {base_url!r}")
    return f"{base_url.rstrip('/')}/{path}"


def how_to_fetch_again(path):
    """Say what to delete: the checksum of a first download is kept beside it, and compared."""
    return f"delete it and {_record(path)} to have it downloaded again"


def _download(url, path, checksum, progress):
    """Download under a lock, so that a second process waits and then finds the file."""
    pooch = import_pooch()
    expected = checksum or _recorded(path)
    with _locked_part(path) as part:
        if path.is_file():
            return
        try:
            with _quiet_pooch():
                pooch.retrieve(
                    url,
                    known_hash=expected,
                    fname=path.name,
                    path=path.parent,
                    downloader=ResumingDownload(part, path, progress),
                )
        except ValueError as error:
            if "does not match the known hash" not in str(error):
                raise
            remedy = "" if checksum else f": delete {_record(path)} to take the new one"
            source = "its publisher" if checksum else f"an earlier download, in {_record(path)}"
            raise ValueError(
                f"what came from {url} is not {path.name} as told by {source} ({expected}): try "
                f"again; if it stays so, the file has changed at its source{remedy}"
            ) from error
    if not checksum:
        _record_now(path)


@contextlib.contextmanager
def _locked_part(path):
    """Lock a target and open its part file, which is left only if something has arrived."""
    name = path.with_name(path.name + ".part")
    with _lock(path.with_name(path.name + ".lock")), open(name, "ab") as part:
        try:
            yield part
        finally:
            if name.exists() and not name.stat().st_size:
                name.unlink()
                Path(f"{name}.tag").unlink(missing_ok=True)


@contextlib.contextmanager
def _lock(name):
    """Wait until nobody else holds a lock file; take it away in the end."""
    import fcntl

    while True:
        with open(name, "w") as handle:
            # Some file systems of clusters have no locks; the check of length is left there.
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever held it before has taken the file away, and another may have made a new one.
            if not _is_at(handle, name):
                continue
            try:
                yield
            finally:
                name.unlink(missing_ok=True)
            return


def _is_at(handle, name):
    """Whether an open file is the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(name))
    except FileNotFoundError:
        return False


def _verify(path, url, checksum):
    """Raise unless a file is what its publisher, or its first download, says."""
    expected = checksum or _recorded(path)
    if expected is None:
        _record_now(path)
        return
    algorithm, _, digest = expected.rpartition(":")
    found = _digest(path, algorithm or "sha256")
    if found != digest.lower():
        source = "its publisher's" if checksum else f"the one recorded in {_record(path)}"
        raise ValueError(
            f"{path} is damaged or was changed: its checksum {found} is not {source} ({digest}): "
            f"delete the file to have it downloaded again from {url}"
        )


def _digest(path, algorithm):
    """Hexadecimal checksum of a file."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, algorithm).hexdigest()


def _record(path):
    """Path of the file that holds the checksum of the first download."""
    return path.with_name(path.name + ".sha256")


def _recorded(path):
    """Checksum of the first download, None before it."""
    record = _record(path)
    return f"sha256:{record.read_text().split()[0]}" if record.is_file() else None


def _record_now(path):
    """Write down the checksum of a file, as a whole."""
    record = _record(path)
    mine = record.with_name(f"{record.name}.{os.getpid()}-{threading.get_ident()}")
    mine.write_text(f"{_digest(path, 'sha256')}  {path.name}\n")
    os.replace(mine, record)


@contextlib.contextmanager
def _quiet_pooch():
    """Keep pooch from printing a line for each file."""
    logger = import_pooch().get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)

"""The data home and its files: downloaded once, in several calls if need be, and checked."""

import contextlib
import hashlib
import io
import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from ._addresses import hide_logins
from ._files import OF_DISK, RemoteFile, download, saving_to, whole_file

_FILES_AT_ONCE = 8
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


class _WholeRemoteFile(RemoteFile):
    """A remote file to be read from its beginning to its end: small ones in one request.

    With `span`, the first and last byte of a part, that part is read as if it were the file.
    """

    first_range = RemoteFile.longest_range

    def __init__(self, url, span=None):
        self._offset = span[0] if span else 0
        super().__init__(url)
        if span:
            self.size = span[1] - span[0]

    def fetch(self, starts, stops):
        """Read ranges, counted from the beginning of the part."""
        moved = ([place + self._offset for place in places] for places in (starts, stops))
        return super().fetch(*moved)


def fetch_file(url, path, *, checksum=None, progress=True, span=None):
    """Return the path of a file, and download it first where it is not there.

    `checksum` is the publisher's, such as "md5:0123...". Without one the SHA256 of the first
    download is written beside the file (``<name>.sha256``, as sha256sum writes it) and holds from
    then on. `span` is where the file begins and ends in what is at the address, by default all.
    """
    path, url = Path(path), hide_logins(url)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part_of(path) as part:
            if not path.is_file():
                _download(url, part, path, progress, span)
                _check_arrived(url, part, path, checksum)
                with saving_to(path):
                    os.replace(part, path)  # not by whole_file, because a part can be continued
    _check_kept(path, url, checksum)
    return path


def fetch_files(urls, *, progress=True, desc=None):
    """Fetch many small files at a time; `urls` maps the path of each to its address."""
    with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
        tasks = [pool.submit(fetch_file, url, path, progress=False) for path, url in urls.items()]
        try:
            for task in tqdm(tasks, desc=desc, unit="file", disable=not progress):
                task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def join_url(base_url, path):
    """Return the address of a path below a base address."""
    if not isinstance(base_url, str) or not base_url.startswith(("http://", "https://")):
        raise ValueError(f"base_url must be an http or https address, got {base_url!r}")
    return f"{base_url.rstrip('/')}/{path}"


def how_to_fetch_again(path):
    """Return words that name what to delete: a file and the checksum of its first download."""
    return f"delete it and {_record(path)} to have it downloaded again"


@contextlib.contextmanager
def _part_of(path):
    """Give the part file of a download; a second process waits, and then finds the file.

    Where files cannot be locked (no fcntl, some file systems of clusters) nobody waits: each
    download has a part file of its own, which no later call continues.
    """
    name = path.with_name(path.name + ".lock")
    while True:
        with open(name, "w") as handle:
            if not _lock(handle):
                break
            if not _is_at(handle, name):
                continue  # its last holder has removed it, and another may have made a new one
            try:
                yield path.with_name(path.name + ".part")
            finally:
                name.unlink(missing_ok=True)
            return
    with contextlib.suppress(OSError):
        name.unlink()
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
    finally:
        _remove(part)


def _lock(handle):
    """Wait for the lock of an open file; return whether there are locks."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
    except (ImportError, OSError):
        return False
    return True


def _is_at(handle, name):
    """Return whether an open file is the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(name))
    except FileNotFoundError:
        return False


def _tag(part):
    """Return the path of the file that holds the server's version of a part."""
    return part.with_name(part.name + ".tag")


def _remove(part):
    """Remove a part file and its version."""
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _download(url, part, path, progress, span):
    """Download to a part file, after the bytes that an earlier call has left there.

    Bytes are kept after an error only where the server names a version of the file: the tag beside
    the part holds it, and the next call compares it.
    """
    options = {"desc": path.name, "disable": not progress, "leave": False}
    options |= {"unit": "B", "unit_scale": True, "unit_divisor": 1024}
    try:
        try:
            remote = _WholeRemoteFile(url, span)
        except io.UnsupportedOperation:
            if span:
                raise
            with open(part, "wb") as file, tqdm(**options) as bar:
                download(url, file, bar)
        else:
            _download_ranges(remote, part, options)
    except BaseException as error:
        kept = 0
        if part.name == f"{path.name}.part" and part.exists() and _tag(part).exists():
            kept = part.stat().st_size
        if not kept:
            _remove(part)
        if isinstance(error, ConnectionError):
            left = f" {kept} bytes are kept and continued by the next call." if kept else ""
            raise ConnectionError(
                f"{path.name} could not be downloaded: {error}.{left} Try again with a connection, "
                f"or put the file at {path} by hand"
            ) from error
        with saving_to(path) if _is_of_disk(error) else contextlib.nullcontext():
            raise
    _tag(part).unlink(missing_ok=True)


def _is_of_disk(error):
    """Return whether an error comes from the disk."""
    return isinstance(error, OSError) and error.errno in OF_DISK


def _download_ranges(remote, part, options):
    """Download the rest of a file in ranges, several at a time."""
    tag = _tag(part)
    if part.exists() and part.stat().st_size > remote.size:
        part.unlink()
    if not tag.exists() or remote.version is None or tag.read_text() != remote.version:
        _remove(part)
    if remote.version is not None:
        tag.write_text(remote.version)
    with (
        open(part, "ab") as file,
        tqdm(total=remote.size, initial=file.tell(), **options) as bar,
    ):
        if not file.tell():
            bar.update(file.write(remote.read_at(0, remote.first_range)))
        for content in remote.read_on(file.tell()):
            bar.update(file.write(content))


def _check_arrived(url, part, path, checksum):
    """Refuse, and remove, a download that is a web page or has another checksum than expected."""
    with open(part, "rb") as file:
        start = file.read(200).lstrip().lower()
    expected = _expected(path, checksum)
    if start.startswith((b"<!doctype html", b"<html")):
        problem = (
            f"{url} gave a web page where a file was expected: open it in a browser to see why, or "
            f"put the file at {path} by hand"
        )
    elif expected is not None and _digest(part, expected) != expected:
        source = "its publisher" if checksum else f"an earlier download, in {_record(path)}"
        remedy = "" if checksum else f": delete {_record(path)} to take the new one"
        problem = (
            f"the download from {url} does not have the checksum of {path.name} from {source} "
            f"({expected}): try again; if it stays so, the file has changed at its source{remedy}"
        )
    else:
        return
    part.unlink()
    raise ValueError(problem)


def _check_kept(path, url, checksum):
    """Refuse a file without the checksum of its publisher, or of its first download."""
    expected = _expected(path, checksum)
    if expected is None:
        with whole_file(_record(path)) as file:
            digest = _digest(path, "sha256:").partition(":")[2]
            file.write(f"{digest}  {path.name}\n".encode())
        return
    found = _digest(path, expected)
    if found != expected:
        source = "its publisher's" if checksum else f"the one recorded in {_record(path)}"
        raise ValueError(
            f"{path} is damaged or was changed: its checksum {found} is not {source} ({expected}): "
            f"delete the file to have it downloaded again from {url}"
        )


def _digest(path, like):
    """Return the checksum of a file by the algorithm of another, such as "md5:..."."""
    algorithm = like.partition(":")[0]
    with open(path, "rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def _record(path):
    """Return the path of the file that holds the checksum of the first download."""
    return path.with_name(path.name + ".sha256")


def _expected(path, checksum):
    """Return the publisher's checksum, or that of the first download, None before it."""
    if checksum is None and _record(path).is_file():
        checksum = f"sha256:{_record(path).read_text().split()[0]}"
    return None if checksum is None else checksum.lower()

"""Files on disk and at addresses: opened and read, and written whole or not at all."""

import contextlib
import copy
import errno
import gzip
import io
import operator
import os
import secrets
import stat
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

from tqdm import tqdm

from ._addresses import is_url, plain, scheme_of, shown, shown_in, without_login
from ._words import printable

# Seconds; no write takes as long, so that an older unfinished file was left by a killed process.
_LONGEST_WRITE = 86_400
# Errors of the disk, and not of the network.
OF_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES})
_GZIPPED = b"\x1f\x8b"
# Bytes that are read of a remote file where few are needed.
_AHEAD = 1 << 19
# Names under which fsspec's systems give the version of a file.
_VERSIONS = ("ETag", "etag", "generation", "LastModified", "mtime", "modify", "created")
_PACKAGES = {"http": "aiohttp", "https": "aiohttp", "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs"}
_PACKAGES["hf"] = "huggingface_hub"
# Messages by the kind of error that a server gives, whose words take the place of the braces.
_REMEDIES = {
    FileNotFoundError: "the server has no such file ({}): check the address",
    PermissionError: "the server refuses access ({}): check the address and your rights (a public "
    "s3 bucket needs FSSPEC_S3_ANON=true in the environment; a login in an address stays in its "
    "process: other processes find one in ~/.netrc), or download the file with your login and give "
    "its path",
    ConnectionError: "the server cannot be read from ({}): check the address and the network, or "
    "download the file and give its path",
    ImportError: "{}",
    io.UnsupportedOperation: "{}",
    ValueError: "{}",
}


@contextlib.contextmanager
def whole_file(path):
    """Open a binary file to write; it gets its name, replacing an older file, once it is complete.

    Until then it lies beside `path` as ``.NAME.<random>.unfinished``. An error removes it; a
    process that is killed leaves it, and the older file as it was. The next file of this name
    removes what has been left for a day. A link is followed. The older file's permissions, group
    and owner stay where the system lets them; one that is write-protected is not replaced.
    """
    target = Path(os.path.realpath(path))
    older = _check_target(path, target)
    remove_leftovers(target.parent, f".{target.name}.")
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.unfinished")
    mode = 0o666 if older is None else 0o600  # until it has the permissions of the older file

    def opener(name, flags):
        return os.open(name, flags, mode)

    try:
        with saving_to(path):
            raw = _NewFile(unfinished, "xb", opener=opener)
        raw.becomes = path
        with io.BufferedWriter(raw) as file:
            if older is not None:
                _keep_rights(raw.fileno(), older)
            yield file
            file.flush()
            with saving_to(path):
                os.fsync(raw.fileno())
        with saving_to(path):
            os.replace(unfinished, target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


class _NewFile(io.FileIO):
    """A file whose errors name the file that it is to become."""

    becomes = None

    def write(self, content):
        """Write some bytes, and return how many."""
        with saving_to(self.becomes):
            return super().write(content)


@contextlib.contextmanager
def saving_to(path):
    """Name the file, and the cure, in errors of the system."""
    try:
        yield
    except OSError as error:
        cure = "make room, or save elsewhere"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            cure = (
                f"ask for the right to write to {printable(Path(path).parent)}, or save elsewhere"
            )
        raise OSError(
            error.errno,
            f"cannot save to {printable(path)}: {error.strerror} (nothing was replaced): {cure}",
        ) from error


def _check_target(path, target):
    """Return the state of the file that is to be replaced, None where there is none."""
    name = printable(path)
    if not target.parent.is_dir():
        folder = printable(target.parent)
        raise FileNotFoundError(f"cannot save to {name}: there is no folder {folder}")
    with saving_to(path):
        try:
            state = os.stat(target)
        except FileNotFoundError:
            return None
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(f"cannot save to {name}: it is a folder; name a file in it")
    if not stat.S_ISREG(state.st_mode):
        raise FileExistsError(f"cannot save to {name}: it is a device or a pipe, not a file")
    try:
        if not state.st_mode & 0o222:  # root may write to it all the same
            raise PermissionError
        open(target, "r+b").close()
    except PermissionError:
        raise PermissionError(
            f"cannot save to {name}: the file is write-protected: allow writing to it (chmod u+w), "
            "or save under another name"
        ) from None
    return state


def _keep_rights(descriptor, older):
    """Give an open file owner, group and permissions of the one that it is to replace."""
    if os.chmod not in os.supports_fd:
        return
    mode = stat.S_IMODE(older.st_mode) & 0o777
    for owner in (older.st_uid, -1):  # only root may give files away
        with contextlib.suppress(OSError):
            os.chown(descriptor, owner, older.st_gid)
            break
    if os.fstat(descriptor).st_gid != older.st_gid:
        mode = mode & ~0o070 | (mode & 0o007) << 3  # another group gets the rights of others
    with contextlib.suppress(OSError):  # some file systems have no permissions
        os.chmod(descriptor, mode)


def check_overwrite(path, what, is_one, overwrite):
    """Refuse to replace a file with content that is not `what`, as `is_one` finds, unless asked."""
    if overwrite or not os.path.isfile(path) or not os.path.getsize(path) or is_one(path):
        return
    raise FileExistsError(
        f"{printable(path)} is there and is not {what}, so it is not overwritten: save under "
        "another name, or set overwrite=True to replace it"
    )


def remove_leftovers(folder, prefix=""):
    """Remove unfinished files of this prefix that killed processes left in a folder a day ago.

    The prefix is the whole name of the file before its random part: ".m." is not of "m.md".
    """
    with contextlib.suppress(OSError), os.scandir(folder) as files:
        for file in files:
            random = file.name.removeprefix(prefix).removesuffix(".unfinished")
            if file.name != prefix + random + ".unfinished" or (prefix and "." in random):
                continue
            with contextlib.suppress(OSError):
                if time.time() - file.stat().st_mtime > _LONGEST_WRITE:
                    os.unlink(file)


def path_on_disk(path, what):
    """Return a Path, and refuse an address; `what` names the file in the message."""
    if is_url(path):
        raise ValueError(
            f"{what}: {shown(path)} is a web address, from which only tracks and saved models are "
            "read: download it and give the path of the file"
        )
    return Path(path)


def check_is_file(path, name=None):
    """Refuse a pipe, a socket or a device, which may never end; `name` is its name in the error.

    What is not there, and a folder, are left to the reader.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ValueError(
                f"{printable(name or path)} is not a regular file, but a pipe, a socket or a "
                "device: save its content to a file and give that"
            )


class FileWatch:
    """The state of a file on disk or at an address, by which it is noticed if it is replaced.

    It is taken before the first byte is read. Watches of a file in the same state are equal, so
    that they can be keys of what is kept in a process. `name` is the file's name in errors.
    """

    def __init__(self, path, name=None):
        self.path, self.name = path, name or shown(path)
        if not is_url(path):
            check_is_file(path, self.name)
        self._state = self._now()

    def __eq__(self, other):
        return isinstance(other, FileWatch) and self._state == other._state

    def __hash__(self):
        return hash(self._state)

    def check(self):
        """Refuse a file that is not the one it was: renamed over, or written to in its place."""
        try:
            same = self._now() == self._state
        except FileNotFoundError:
            same = False
        if not same:
            raise ValueError(f"{self.name}: the file was replaced while it was read: read again")

    def _now(self):
        """Return the present state."""
        if is_url(self.path):
            return RemoteFile(self.path, self.name).state
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.name}: no such file: check the path") from None
        # A time of change can be set back; that of the last change of the inode cannot.
        times = found.st_mtime_ns, found.st_ctime_ns
        return (os.path.abspath(self.path), found.st_dev, found.st_ino, found.st_size, *times)


def file_state(path, name=None):
    """Return the path or address, size, and time of change or version: they differ after a change.

    `name` is the file's name in errors; a server that sends no version is refused, because a
    replaced file would not be noticed.
    """
    if is_url(path):
        file = RemoteFile(path, name)
        if file.version is None:
            raise ValueError(
                f"{file.name}: the server sends neither ETag nor Last-Modified, so that a replaced "
                "file would not be noticed: set memory=None, or download the file"
            )
        return file.state
    try:
        state = os.stat(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{printable(name or path)}: no such file: check the path"
        ) from None
    return (os.path.abspath(path), state.st_size, state.st_mtime_ns)


def open_binary(path, name=None):
    """Open a path or an address to read its bytes in order; gzip and bgzip are decompressed.

    The content decides about compression, not the name. `name` is the file's name in errors of
    servers; the disk raises Python's own.
    """
    if is_url(path):
        file = io.BufferedReader(_Stream(RemoteFile(path, name)), _AHEAD)
        return gzip.open(file) if file.peek(2).startswith(_GZIPPED) else file
    file = open(path, "rb")  # noqa: SIM115 - the caller closes it
    if not file.peek(2).startswith(_GZIPPED):
        return file
    file.close()
    return gzip.open(path)


def open_at(path, name=None):
    """Open a path or an address to read bytes at any place: a `DiskFile` or a `RemoteFile`."""
    return RemoteFile(path, name) if is_url(path) else DiskFile(path, name)


class DiskFile:
    """A file on disk that several threads, and processes after a fork, read at any place."""

    # Bytes: the widest gap between two ranges that is worth reading along, and the longest range.
    widest_gap, longest_range = 0, 1 << 20

    def __init__(self, path, name=None):
        self._watch = FileWatch(path, name)
        self._file = open(path, "rb")  # noqa: SIM115 - `close` does
        self._lock = threading.Lock()
        self.size = os.fstat(self._file.fileno()).st_size

    def read_at(self, offset, size):
        """Read some bytes: fewer than `size` at the file's end."""
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(size)

    def read_ranges(self, starts, stops):
        """Yield the bytes of each range; what is yielded is good until the next is read."""
        buffer = bytearray(max(map(operator.sub, stops, starts), default=0))
        for start, stop in zip(starts, stops, strict=True):
            if hasattr(os, "preadv"):
                view = memoryview(buffer)[: stop - start]
                yield view[: os.preadv(self._file.fileno(), [view], start)]
            else:
                yield memoryview(self.read_at(start, stop - start))

    def check_unchanged(self):
        """Refuse a file that has been replaced since it was opened."""
        self._watch.check()

    def close(self):
        """Close the file."""
        self._file.close()


class RemoteFile:
    """A file at an address (http, https, s3, gs, ftp, ...) that several threads and processes read.

    Nothing is open between two calls. `size` is in bytes; `version` is the server's ETag, date or
    the like, None where it sends none; `name` is its name in errors, by default the address without
    login. Files of the same address, size and version are equal.
    """

    # Bytes; the first range is read when the file is opened.
    widest_gap, longest_range, first_range = 1 << 18, 1 << 21, 1 << 16
    # Requests at one time, and seconds to wait before one is made again.
    n_at_once, pauses = 8, (0.3, 1.0, 3.0)

    def __init__(self, url, name=None):
        self.url = plain(url)
        self.name = printable(name or shown(url))
        self._scheme = scheme_of(url)
        self._seen = self._latest = None  # size and version; the address of a redirect
        self._windows, self._lock = deque(maxlen=4), threading.Lock()
        (self._head,) = self.fetch([0], [self.first_range])
        self.size, self.version = self._seen

    @property
    def state(self):
        """Return address without login, size and version."""
        return (without_login(self.url), self.size, self.version)

    def __eq__(self, other):
        known = isinstance(other, RemoteFile) and self.version is not None
        return self is other or (known and (self.url, self.state) == (other.url, other.state))

    def __hash__(self):
        return hash(self.state)

    def named(self, name):
        """Return the same file, with the same bytes at hand, under another name in errors."""
        twin = copy.copy(self)
        twin.name = name
        return twin

    def check_unchanged(self):
        """Do nothing, because each answer of the server is compared with the first."""

    def close(self):
        """Do nothing, because nothing is open."""

    def read_at(self, offset, size):
        """Read some bytes, and keep those that follow: fewer than `size` at the file's end."""
        stop = min(offset + size, self.size)
        if stop <= offset:
            return b""
        with self._lock:
            for start, content in ((0, self._head), *self._windows):
                if start <= offset and stop <= start + len(content):
                    return content[offset - start : stop - start]
            (content,) = self.fetch([offset], [min(max(stop, offset + _AHEAD), self.size)])
            self._windows.append((offset, content))
        return content[: stop - offset]

    def read_ranges(self, starts, stops):
        """Yield the bytes of each range; a few ranges are fetched at the same time."""
        for i in range(0, len(starts), self.n_at_once):
            some = slice(i, i + self.n_at_once)
            yield from map(memoryview, self.fetch(starts[some], stops[some]))

    def read_on(self, start=0):
        """Yield the bytes from a place to the end; the file's first range alone, others together.

        The size is the server's claim: nothing is made of that length.
        """
        step, n = self.longest_range, self.n_at_once if start else 1
        while start < self.size:
            starts = range(start, min(start + n * step, self.size), step)
            yield from self.read_ranges(starts, [min(at + step, self.size) for at in starts])
            start, n = starts[-1] + step, self.n_at_once

    def fetch(self, starts, stops):
        """Read ranges, several at a time, and return the bytes of each.

        Each range is tried several times. `io.UnsupportedOperation` (a ValueError) comes from a
        server that sends whole files only.
        """
        read = self._from_http if self._scheme in ("http", "https") else self._from_others
        with _named_errors(self.name):
            contents, states = read(list(starts), list(stops))
            self._seen = self._seen or states[0]
            if any(state != self._seen for state in states):
                raise ValueError(
                    "the file was replaced on the server while it was read: read again"
                )
        return contents

    def _from_http(self, starts, stops):
        """Read ranges over http, and size and version with each."""
        system = _http_file(self.url, self._latest)
        contents = _raise_any(
            system.cat_ranges([self.url] * len(starts), starts, stops, batch_size=self.n_at_once)
        )
        self._latest = system.latest
        return contents, system.states

    def _from_others(self, starts, stops):
        """Read ranges through fsspec, and size and version before and after them."""
        try:
            from fsspec.core import url_to_fs

            system, path = url_to_fs(self.url)
        except ImportError as error:
            raise _lacks_package(self._scheme) from error
        except ValueError as error:
            raise ValueError(
                f"addresses that begin with {self._scheme}:// cannot be read: download the file "
                "and give its path",
            ) from error
        for pause in (*self.pauses, None):
            try:
                before = self._seen or _size_and_version(system, path)
                ends = [min(stop, before[0]) for stop in stops]
                contents = _raise_any(system.cat_ranges([path] * len(ends), starts, ends))
                return contents, [before, _size_and_version(system, path)]
            except (FileNotFoundError, PermissionError):
                raise
            except Exception as error:  # each system raises errors of its own kinds
                trouble = error
            if pause is not None:
                time.sleep(pause)
        raise ConnectionError(f"{trouble}; tried {len(self.pauses) + 1} times") from trouble


def download(url, file, bar):
    """Download from a server that sends whole files only; `bar` shows the bytes that arrive."""
    with _named_errors(shown(url)):
        _http_file(plain(url)).download(file, bar)


@contextlib.contextmanager
def on_disk(path):
    """Give the path of a file; for an address, of a download that is removed again."""
    if not is_url(path):
        yield os.fspath(path)
        return
    with tempfile.TemporaryDirectory(prefix="skchromo-") as folder:
        copied = os.path.join(folder, "download")
        with open(copied, "xb") as file:
            try:
                for content in RemoteFile(path).read_on():
                    file.write(content)
            except io.UnsupportedOperation:  # a server without ranges
                download(path, file, tqdm(disable=True))
        yield copied


def _http_file(url, latest=None):
    """Return a file on a web server, for one call."""
    try:
        from ._http import HttpFile
    except ImportError as error:
        raise _lacks_package(scheme_of(url)) from error
    return HttpFile(url, latest, RemoteFile.pauses)


def _lacks_package(scheme):
    """Return the error for an address whose package is not installed."""
    package = _PACKAGES.get(scheme, "the package that fsspec needs for them")
    return ImportError(
        f"addresses that begin with {scheme}:// need {package}: pip install {package}"
    )


@contextlib.contextmanager
def _named_errors(name):
    """Raise what a server or its package raises with the file's name and a remedy."""
    try:
        yield
    except tuple(_REMEDIES) as error:
        kind = next(kind for kind in _REMEDIES if isinstance(error, kind))
        # The words of a library may hold the address. Its error itself is left out for that reason.
        raise kind(f"{name}: {_REMEDIES[kind].format(shown_in(str(error)))}") from None


def _raise_any(contents):
    """Raise the first error among contents, which fsspec before 2026.6 returns in any case."""
    for content in contents:
        if isinstance(content, Exception):
            raise content
    return contents


def _size_and_version(system, path):
    """Return size and version of a file, under the names that fsspec's systems use."""
    system.invalidate_cache()
    info = system.info(path)
    named = (info.get(name) for name in _VERSIONS)
    return info["size"], next((str(value) for value in named if value), None)


class _Stream(io.RawIOBase):
    """The bytes of a remote file in order: one range first, then several at a time."""

    def __init__(self, file):
        self._parts = file.read_on()
        self._left = memoryview(b"")

    def readable(self):
        """Return True."""
        return True

    def readinto(self, buffer):
        """Read to a buffer and return the number of bytes, 0 at the end."""
        self._left = self._left or next(self._parts, memoryview(b""))
        n_read = min(len(buffer), len(self._left))
        buffer[:n_read] = self._left[:n_read]
        self._left = self._left[n_read:]
        return n_read

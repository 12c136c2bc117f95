"""A file on a web server, read over http by ranges of bytes."""

import base64
import http.client
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from urllib.parse import unquote, urlsplit, urlunsplit

import numpy as np

from ..._files import is_url, without_login

# urllib follows redirects and the system's proxies and certificates, and is there already; fsspec
# would bring aiohttp and a thread with an event loop, which does not survive a fork.

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_TIMEOUT = 30
# Seconds to wait before a request is tried again.
_PAUSES = (0.3, 1.0, 3.0)
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
# Bytes: what is read of a file at once when it is opened and where little is asked for, the widest
# gap between data blocks that is read along, and the most that is fetched of blocks at a time.
_HEAD, _AHEAD, _GAP, _LONGEST = 1 << 16, 1 << 19, 1 << 18, 1 << 23


class RemoteError(Exception):
    """What keeps a remote file from being read: the kind of error to raise, and its words."""


class RemoteFile:
    """A file on a web server; several threads and processes may read one.

    No connection outlives a request. A request that fails in passing is made again, after a pause.

    Parameters
    ----------
    url : str
        Its address, http or https; a name and password in it are sent as basic authentication.

    Attributes
    ----------
    size : int
        Length in bytes.
    version : str or None
        The server's ETag or, where it sends none, date of the last change.

    Raises
    ------
    RemoteError
        If the server cannot be reached, has no such file, or does not serve parts of files.
    """

    def __init__(self, url):
        self.url = url
        self._address, self._login = _split_login(url)
        self._latest = self._address
        self._windows, self._lock = deque(maxlen=4), threading.Lock()
        self.size = self.version = None
        self._head = self.fetch(0, _HEAD)

    @property
    def state(self):
        """By what a replaced file is told: address, size and version."""
        return (self.url, self.size, self.version)

    def close(self):
        """Do nothing: there is nothing open."""

    def read_at(self, offset, size):
        """Read some bytes, and keep those that follow: fewer than asked for at the file's end."""
        stop = min(offset + size, self.size)
        if stop <= offset:
            return b""
        with self._lock:
            for start, content in ((0, self._head), *self._windows):
                if start <= offset and stop <= start + len(content):
                    return content[offset - start : stop - start]
            content = self.fetch(offset, min(max(stop, offset + _AHEAD), self.size))
            self._windows.append((offset, content))
        return content[: stop - offset]

    def fetch(self, start, stop):
        """Request a range of bytes, several times if need be."""
        for pause in (*_PAUSES, None):
            try:
                return self._request(start, stop)
            except urllib.error.HTTPError as answer:
                answer.close()
                trouble = f"HTTP {answer.code}"
                if answer.code not in _PASSING:
                    if self._latest == self._address:
                        raise _refusal(answer.code) from None
                    # An address that the server redirected to may be good for some time only.
                    self._latest = self._address
                    continue
            except (OSError, http.client.HTTPException) as error:
                trouble = getattr(error, "reason", None) or error or type(error).__name__
            if pause is not None:
                time.sleep(pause)
        raise RemoteError(
            ConnectionError,
            f"the server cannot be read from ({trouble}; tried {len(_PAUSES) + 1} times): check "
            "the address and the network, or download the file and give its path",
        )

    def _request(self, start, stop):
        """Make one request, and judge what comes back."""
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        request = urllib.request.Request(
            self._latest, headers={**headers, "User-Agent": "skchromo"}
        )
        if self._login and self._latest == self._address:
            request.add_unredirected_header("Authorization", self._login)
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            part = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if response.status != 206 or not part:
                raise RemoteError(
                    ValueError,
                    "the server sends whole files only (it does not answer range requests): "
                    "download the file and give its path",
                )
            self._latest = response.geturl()
            version = response.headers.get("ETag") or response.headers.get("Last-Modified")
            size = int(part[3])
            if self.size is None:
                self.size, self.version = size, version
            elif (size, version) != (self.size, self.version):
                raise RemoteError(
                    ValueError, "the file was replaced on the server while it was read: read again"
                )
            content = response.read()
        expected = min(stop, self.size) - start
        if int(part[1]) != start or len(content) != expected:
            raise http.client.HTTPException(f"only {len(content)} of {expected} bytes arrived")
        return content


class _Fetched:
    """Part of a remote file that has been fetched."""

    def __init__(self, file, start, stop):
        self._start, self._content = start, memoryview(file.fetch(start, stop))

    def read_at(self, offset, size):
        """Give some of its bytes."""
        return self._content[offset - self._start : offset - self._start + size]


def open_remote(url):
    """Open a file on a web server.

    Parameters
    ----------
    url : str
        Its address.

    Returns
    -------
    RemoteFile

    Raises
    ------
    RemoteError
        If it cannot be read, or the address is neither http nor https.
    """
    scheme = url.partition("://")[0]
    if scheme.lower() not in ("http", "https"):
        raise RemoteError(
            ValueError,
            f"addresses that begin with {scheme}:// are not read, only http:// and https://: "
            "download the file and give its path",
        )
    return RemoteFile(url)


def file_state(path):
    """Give what tells a replaced file from the one that was there.

    Parameters
    ----------
    path : str
        A path or an address.

    Returns
    -------
    tuple
        Absolute path, size and time of modification; or address, size and version.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError, ConnectionError, PermissionError
        If a server cannot be read from, or does not state what tells one version from another.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "a.bw")
    >>> _ = path.write_bytes(b"12345")
    >>> file_state(str(path))[1]
    5
    """
    if not is_url(path):
        try:
            state = os.stat(path)
        except FileNotFoundError:
            raise FileNotFoundError(f"{path}: no such file: check the path") from None
        return (os.path.abspath(path), state.st_size, state.st_mtime_ns)
    try:
        file = open_remote(path)
    except RemoteError as error:
        kind, words = error.args
        raise kind(f"{without_login(path)}: {words}") from error
    if file.version is None:
        raise ValueError(
            f"{without_login(path)}: the server sends neither ETag nor Last-Modified, so that a "
            "replaced file would not be noticed: set memory=None, or download the file"
        )
    return file.state


def fetch_blocks(file, blocks):
    """Fetch data blocks that stand near one another in one go, where the file is remote.

    Parameters
    ----------
    file : file object or RemoteFile
        The bigWig.
    blocks : Blocks
        The blocks to be read.

    Yields
    ------
    file : file object or _Fetched
        What the blocks are to be read from.
    blocks : Blocks
        Some of the blocks, in order; all of them at once where the file is on disk.
    """
    if not isinstance(file, RemoteFile) or not len(blocks.offset):
        yield file, blocks
        return
    ends = blocks.offset + blocks.size
    gaps = blocks.offset[1:] - ends[:-1]
    starts = np.append(0, np.flatnonzero((gaps < 0) | (gaps > _GAP)) + 1)
    origin = np.repeat(blocks.offset[starts], np.diff(np.append(starts, len(ends))))
    part = (blocks.offset - origin) // _LONGEST
    cuts = np.union1d(starts[1:], np.flatnonzero(np.diff(part)) + 1)
    for rows in np.split(np.arange(len(ends)), cuts.astype(np.int64)):
        yield (
            _Fetched(file, int(blocks.offset[rows[0]]), int(ends[rows[-1]])),
            blocks.take(rows),
        )


def _split_login(url):
    """Part an address from the header that its name and password make."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    token = base64.b64encode(unquote(login).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), f"Basic {token}"


def _refusal(code):
    """Word the error for an answer that will not change."""
    if code in (404, 410):
        words = f"the server has no such file (HTTP {code}): check the address"
        return RemoteError(FileNotFoundError, words)
    if code in (401, 403):
        return RemoteError(
            PermissionError,
            f"the server refuses access (HTTP {code}): check the address and your rights, or "
            "download the file with your login and give its path",
        )
    return RemoteError(
        ConnectionError,
        f"the server answers HTTP {code}: check the address, or download the file and give its "
        "path",
    )

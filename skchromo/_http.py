"""Ranges of a file over http: fsspec's file system, with each answer checked and tried again."""

import asyncio
import contextlib
import io
import os
import re
from urllib.parse import urlsplit

import aiohttp
import yarl
from fsspec.implementations.http import HTTPFileSystem

# Start of a range and size of the file; a range beyond the end has a star for its place.
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")
# Seconds without a byte, and the longest wait that a server may name in Retry-After.
_TIMEOUT, _LONGEST_PAUSE = 30, 30.0
_REFUSALS = {
    404: FileNotFoundError,
    410: FileNotFoundError,
    401: PermissionError,
    403: PermissionError,
}
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class _StatusError(Exception):
    """An answer that is not part of a file: its status, and the wait that it names."""


class HttpRanges(HTTPFileSystem):
    """One file on a web server, for a single call of `cat_ranges`.

    fsspec's own system takes any answer for the range: the whole file from a server without ranges,
    or part of a file that has been replaced. Its connections stay open and belong to one process;
    a fork that closes them cuts off its parent, because both wait on the same sockets. Here the
    connections end with the call, and nothing of them is left for a fork, a pickle or the exit of
    the interpreter. fsspec's thread with its event loop stays; fsspec renews it after a fork.
    """

    cachable = False

    def __init__(self, address, latest, pauses):
        timeout = aiohttp.ClientTimeout(None, sock_connect=_TIMEOUT, sock_read=_TIMEOUT)
        super().__init__(
            client_kwargs={
                "timeout": timeout,
                "trust_env": True,  # proxies
                "auto_decompress": False,
                "headers": {"Accept-Encoding": "identity", "User-Agent": "skchromo"},
            }
        )
        self._address, self._pauses = address, pauses
        # The address of a redirect, None at first, and size and version by each answer.
        self.latest, self.states = latest, []

    async def _cat_ranges(self, *arguments, **options):
        self._session = await self.get_client(loop=self.loop, **self.client_kwargs)
        async with self._session:
            return await super()._cat_ranges(*arguments, **options)

    async def _cat_file(self, path, start=None, end=None, **options):
        """Request a range, several times if need be."""
        for pause in (*self._pauses, None):
            address = self.latest or self._address
            try:
                return await self._request(address, start, end)
            except _StatusError as answer:
                status, named = answer.args
                trouble = f"HTTP {status}"
                if status not in _PASSING:
                    if address == self._address:
                        raise _REFUSALS.get(status, ConnectionError)(trouble) from None
                    # An address that the server redirected to may be good for some time only.
                    self.latest = None
                    continue
                pause = pause if named is None or pause is None else named
            except io.UnsupportedOperation:
                raise
            except aiohttp.InvalidURL:
                raise ValueError("this is not a web address: check it") from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                trouble = _words_of(error)
            if pause is not None:
                await asyncio.sleep(pause)
        raise ConnectionError(f"{trouble}; tried {len(self._pauses) + 1} times")

    async def _request(self, address, start, stop):
        """Make one request, and check its answer."""
        # An address is sent as it stands, because it may be signed; yarl quotes blanks and accents.
        url = yarl.URL(address, encoded=address.isascii() and " " not in address)
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        async with self._session.get(url, headers=headers) as answer:
            part = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            beyond = answer.status == 416 and part
            if answer.status >= 300 and not beyond:
                raise _StatusError(answer.status, _named_pause(answer))
            if not beyond and (answer.status != 206 or not part):
                raise io.UnsupportedOperation(
                    "the server sends whole files only (it does not answer range requests): "
                    "download the file and give its path"
                )
            version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            size = int(part[2])
            self.states.append((size, version))
            content = b"" if beyond else await answer.read()
            # A login goes to the address alone, so that one with a login is always asked anew.
            if answer.history and "@" not in urlsplit(self._address).netloc:
                self.latest = str(answer.url)
        expected = max(min(stop, size) - start, 0)
        if len(content) != expected or (part[1] and int(part[1]) != start):
            raise OSError(f"only {len(content)} of {expected} bytes arrived")
        return content


def _named_pause(answer):
    """Return the seconds that a server wants to be left alone, or None."""
    with contextlib.suppress(KeyError, ValueError):
        return min(max(float(answer.headers["Retry-After"]), 0.0), _LONGEST_PAUSE)
    return None


def _words_of(error):
    """Say why a connection failed."""
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT} s"
    if isinstance(error, OSError) and (error.errno or 0) > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__

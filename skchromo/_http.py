"""A file over http: fsspec's file system, with each answer checked, bounded and tried again."""

import asyncio
import contextlib
import io
import os
import re
from urllib.parse import urljoin

import aiohttp
import yarl
from fsspec.asyn import sync
from fsspec.implementations.http import HTTPFileSystem

from ._addresses import quoted, scheme_of, shown, without_login
from ._files import OF_DISK

# Start of a range and size of the file; a range beyond the end has a star for its place.
_RANGE = re.compile(r"bytes (?:(\d{1,18})-\d{1,18}|\*)/(\d{1,18})")
# Seconds without a byte, and the longest wait that a server may name in Retry-After.
_TIMEOUT, _LONGEST_PAUSE = 30, 30.0
# Letters of the words of a library that a message repeats.
_LONGEST_WORDS = 200
# Bytes per second, over so many seconds, below which an answer is given up.
_SLOWEST = 1 << 10
_REDIRECTS, _MOST_REDIRECTS = frozenset({301, 302, 303, 307, 308}), 10
_REFUSALS = {
    404: FileNotFoundError,
    410: FileNotFoundError,
    401: PermissionError,
    403: PermissionError,
}
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class _StatusError(Exception):
    """An answer that is not part of a file: its status, and the wait that it names."""


class _FinalError(Exception):
    """A failure that another try would repeat: the words that say why."""


class HttpFile(HTTPFileSystem):
    """One file on a web server, for a single call of `cat_ranges` or `download`.

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
                "trust_env": True,  # proxies, and logins of ~/.netrc
                "auto_decompress": False,
                "headers": {"Accept-Encoding": "identity", "User-Agent": "skchromo"},
            }
        )
        self._address, self._pauses = address, pauses
        # The address of a redirect, None at first, and size and version by each answer.
        self.latest, self.states = latest, []

    def download(self, file, bar):
        """Write the whole file to an open one; `bar` shows the bytes that arrive."""

        async def in_session():
            async with await self._new_session():
                await self._tried(lambda address: self._request_all(address, file, bar))

        sync(self.loop, in_session)

    async def _cat_ranges(self, *arguments, **options):
        async with await self._new_session():
            return await super()._cat_ranges(*arguments, **options)

    async def _cat_file(self, path, start=None, end=None, **options):
        """Request a range, several times if need be."""
        return await self._tried(lambda address: self._request(address, start, end))

    async def _new_session(self):
        """Return the session of this call."""
        self._session = await self.get_client(loop=self.loop, **self.client_kwargs)
        return self._session

    async def _tried(self, request):
        """Make a request, several times if need be."""
        for n_before, pause in enumerate((*self._pauses, None)):
            address = self.latest or self._address
            try:
                return await request(address)
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
            except _FinalError as error:
                raise ConnectionError(str(error)) from None
            except (io.UnsupportedOperation, ValueError):
                raise
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if isinstance(error, OSError) and error.errno in OF_DISK:
                    raise
                trouble = _words_of(error)
                if isinstance(error, TimeoutError) and n_before:
                    pause = None
            if pause is None:
                break
            await asyncio.sleep(pause)
        raise ConnectionError(f"{trouble}; tried {n_before + 1} times")

    async def _request(self, address, start, stop):
        """Request a range, and check the answer; no more is read than was asked for."""
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        async with self._answer(address, headers) as answer:
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
            expected = max(min(stop, size) - start, 0)
            if part[1] and int(part[1]) != start:
                raise OSError(f"bytes from {part[1]} on arrived, not from {start} on")
            content = io.BytesIO()
            if not beyond:
                await _receive(answer, content.write, expected)
        if content.tell() != expected:
            raise OSError(f"only {content.tell()} of {expected} bytes arrived")
        return content.getvalue()

    async def _request_all(self, address, file, bar):
        """Request a whole file, and write it from the beginning of an open one."""
        async with self._answer(address, {}) as answer:
            if answer.status >= 300:
                raise _StatusError(answer.status, _named_pause(answer))
            expected = answer.content_length
            file.seek(0)
            file.truncate()
            bar.reset(expected)
            await _receive(answer, lambda part: bar.update(file.write(part)), expected)
        if expected not in (None, file.tell()):
            raise OSError(f"only {file.tell()} of {expected} bytes arrived")

    @contextlib.asynccontextmanager
    async def _answer(self, address, headers):
        """Give the answer of the address that redirects lead to; keep that address."""
        url = _sent(address)
        seen = {url}
        while True:
            get = self._session.get(url, headers=headers, allow_redirects=False)
            answer = await asyncio.wait_for(get, 2 * _TIMEOUT)
            async with answer:
                if answer.status not in _REDIRECTS:
                    # A login goes to its own host alone: an address with one is asked anew.
                    if len(seen) > 1 and without_login(self._address) == self._address:
                        self.latest = str(url)
                    yield answer
                    return
                target = _target(url, answer)
            if target in seen or len(seen) > _MOST_REDIRECTS:
                raise _cannot_follow(f"{shown(str(target))}, in a circle")
            url = target
            seen.add(url)


def _sent(address):
    """Return an address as it is sent."""
    try:
        url = yarl.URL(quoted(address), encoded=True)
        if not url.host or not url.port:  # a wrong port is a ValueError
            raise ValueError
    except ValueError:
        raise ValueError("this is not a web address: check it") from None
    return url


def _target(url, answer):
    """Return the address that an answer redirects to; a login stays with its own host."""
    to = answer.headers.get("Location")
    if not to:
        raise _cannot_follow("nowhere (no Location)")
    try:
        target = urljoin(str(url), to)
        scheme = scheme_of(target)
        if scheme in ("http", "https"):
            target = _sent(target)
            if target.raw_user is None and target.origin() == url.origin():
                target = target.with_user(url.user).with_password(url.password)
            return target
    except ValueError:
        raise _cannot_follow(f"{shown(to)!r}, which is not an address") from None
    raise _cannot_follow(f"{shown(target)}, but only redirects to http and https are followed")


def _cannot_follow(where):
    """Return the error for a redirect."""
    return ValueError(
        f"the server redirects to {where}: check the address, or download the file and give its "
        "path"
    )


async def _receive(answer, write, expected):
    """Write the body of an answer, which may have at most the `expected` bytes; None: any number.

    Refuse one that is longer, and one that arrives too slowly.
    """
    most = float("inf") if expected is None else expected
    if (answer.content_length or 0) > most:
        raise _FinalError(f"it sends {answer.content_length} bytes where {most} were asked for")
    clock = asyncio.get_running_loop().time
    n_bytes, since, n_then = 0, clock(), 0
    async for part in answer.content.iter_any():
        n_bytes += len(part)
        if n_bytes > most:
            raise _FinalError(f"it sends more than the {most} bytes that were asked for")
        write(part)
        if clock() - since > _TIMEOUT:
            if n_bytes - n_then < _SLOWEST * _TIMEOUT:
                raise _FinalError(f"it sent only {n_bytes - n_then} bytes in {_TIMEOUT} s")
            since, n_then = clock(), n_bytes


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
    # What a server sends in place of an answer may be in the words.
    return " ".join(str(error).split())[:_LONGEST_WORDS] or type(error).__name__

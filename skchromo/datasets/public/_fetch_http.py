"""One file over HTTP into a part file that later attempts and later calls go on with."""

import os
import time
from pathlib import Path

from tqdm import tqdm

_ATTEMPTS = 4  # in a row that bring nothing new
_WAIT = 1.0  # s before the second attempt; doubles with each
_TIMEOUT = (10, 60)  # s to connect, s without a byte
_CHUNK = 1 << 18


class _BrokenError(Exception):
    """An answer from which the file cannot be had this time."""


class ResumingDownload:
    """Downloader for pooch that continues a partial file.

    Parameters
    ----------
    part : binary file
        Opened for appending; what it holds is continued if the server still has the same file.
    target : Path
        Where the file goes in the end; only named in messages.
    progress : bool
        Show a bar.
    """

    def __init__(self, part, target, progress):
        self._part, self._target, self._progress = part, target, progress
        self._tag = Path(part.name + ".tag")

    def __call__(self, url, output_file, pooch=None):
        """Download `url` and move it to `output_file`."""
        import requests
        from urllib3.exceptions import HTTPError

        most, failures = self._held(), 0
        while True:
            try:
                self._attempt(url)
                break
            except (requests.RequestException, HTTPError, _BrokenError) as error:
                gained = self._held() > most
                most, failures = max(most, self._held()), 1 if gained else failures + 1
                if failures == _ATTEMPTS:
                    raise self._gave_up(url, error) from error
            time.sleep(_WAIT * 2 ** (failures - 1))
        self._tag.unlink(missing_ok=True)
        os.replace(self._part.name, output_file)

    def _held(self):
        """Bytes that have arrived."""
        return os.fstat(self._part.fileno()).st_size

    def _attempt(self, url):
        """Get what is missing, or raise."""
        import requests

        # Servers that label a .gz as compressed would have it unpacked on the way otherwise.
        headers = {"Accept-Encoding": "identity"}
        held = self._held()
        if held and self._tag.exists():
            headers |= {"Range": f"bytes={held}-", "If-Range": self._tag.read_text()}
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
            self._check_status(url, answer)
            if answer.status_code == 206:
                start = answer.headers.get("Content-Range", "").partition("-")[0]
                if start != f"bytes {held}":
                    self._start_over()
                    raise _BrokenError(f"the server continued at {start!r}, not at byte {held}")
            else:
                self._start_over(answer)
            self._receive(answer)

    def _check_status(self, url, answer):
        """Raise for every answer but (a part of) a file."""
        status = answer.status_code
        if status in (404, 410):
            raise FileNotFoundError(f"there is no file at {url} (HTTP status {status})")
        if status in (401, 403):
            raise PermissionError(f"{url} is not open to everyone (HTTP status {status})")
        if status == 416:
            self._start_over()
        if status == 416 or status == 429 or status >= 500:
            raise _BrokenError(f"the server answered HTTP status {status}")
        if status not in (200, 206):
            raise OSError(f"{url} cannot be downloaded: HTTP status {status}")
        if answer.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise ValueError(
                f"{url} gave a web page where a file was expected: open it in a browser to see "
                f"why, or put the file at {self._target} by hand"
            )

    def _start_over(self, answer=None):
        """Drop what has arrived; remember by what the server knows this version of the file."""
        self._part.truncate(0)
        headers = answer.headers if answer is not None else {}
        tag = headers.get("ETag", "")
        if not tag or tag.startswith("W/"):
            tag = headers.get("Last-Modified", "")
        if tag:
            self._tag.write_text(tag)
        else:
            self._tag.unlink(missing_ok=True)

    def _receive(self, answer):
        """Append the body to the part file and check its length."""
        length = answer.headers.get("Content-Length")
        total = self._held() + int(length) if length else None
        bar = tqdm(
            desc=self._target.name,
            total=total,
            initial=self._held(),
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            leave=False,
            disable=not self._progress,
        )
        with bar:
            for chunk in answer.raw.stream(_CHUNK, decode_content=False):
                self._part.write(chunk)
                self._part.flush()
                bar.update(len(chunk))
        if total is not None and self._held() != total:
            if self._held() > total:
                self._start_over()
            raise _BrokenError(f"{self._held()} of {total} bytes arrived")

    def _gave_up(self, url, error):
        """Say what to do without a connection."""
        kept = ""
        if self._held() and self._tag.exists():
            kept = f" {self._held()} bytes are kept and continued by the next call."
        return ConnectionError(
            f"{self._target.name} could not be downloaded from {url}: {error}.{kept} Try again "
            f"with a connection, or put the file at {self._target} by hand"
        )

"""A text file of the field: plain or gzipped, read line by line, with errors that name the line."""

import gzip
import io
import os
import zlib
from functools import partial

from ..._files import path_on_disk

# Bytes; no table of the field has such a line, but a small compressed file can.
LONGEST_LINE = 1 << 27

_BUFFER = 1 << 20
_UNIX = "save the file as plain text with Unix or Windows line endings"


class TextFile:
    r"""A text file that is read once from its beginning to its end, as often as asked.

    Parameters
    ----------
    path : str or os.PathLike
        The file; plain, gzipped or bgzipped, whatever its name ends in.
    what : str
        What to call it in a message, such as ``"annotation"``.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    name : str
        `what` and the path, for a message.
    gzipped : bool
        Whether it is compressed.

    Raises
    ------
    TypeError
        If `path` is no path.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is a folder, is empty or holds no text.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "genes.bed")
    >>> _ = path.write_bytes(b"chr1\t10\t20\n")
    >>> list(TextFile(path, "annotation").lines())
    [(1, b'chr1\t10\t20\n')]
    """

    def __init__(self, path, what):
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"the {what} must be a path to a file, got {type(path).__name__}")
        self.path = path_on_disk(path, what)
        self.name = f"{what} file '{self.path}'"
        if self.path.is_dir():
            raise ValueError(f"{self.name} is a folder: name the file in it")
        try:
            with self.path.open("rb") as handle:
                start = handle.read(4096)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.name} does not exist: check the path") from None
        self.gzipped = start.startswith(b"\x1f\x8b")
        if not start:
            raise ValueError(f"{self.name} is empty: fetch or write it again")
        if not self.gzipped and b"\x00" in start:
            raise ValueError(f"{self.name} is not a text file: give plain or gzipped text")

    def lines(self):
        """Give each line with its number, counted from 1.

        Yields
        ------
        number : int
            Number of the line.
        line : bytes
            The line as it stands, without a byte-order mark.

        Raises
        ------
        ValueError
            If the file cannot be decompressed to its end, or a line does not end where it should.
        """
        opener = gzip.open if self.gzipped else open
        try:
            with opener(self.path, "rb") as raw, io.BufferedReader(raw, _BUFFER) as handle:
                read = partial(handle.readline, LONGEST_LINE)
                for number, line in enumerate(iter(read, b""), start=1):
                    if b"\r" in line and b"\r" in line.rstrip(b"\r\n"):
                        raise self.problem(number, "a carriage return within the line: " + _UNIX)
                    if len(line) == LONGEST_LINE:
                        raise self.problem(
                            number, f"this line has more than {LONGEST_LINE} bytes: " + _UNIX
                        )
                    yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(
                f"{self.name} is damaged or cut short ({error}): fetch or write it again"
            ) from error

    def problem(self, number, text):
        """Make the error for a line.

        Parameters
        ----------
        number : int
            Number of the line.
        text : str
            What is wrong with it, and what to do.

        Returns
        -------
        ValueError
            To be raised by the caller.
        """
        return ValueError(f"{self.name}, line {number}: {text}")


def text_of(line):
    r"""Decode a line without its end.

    Parameters
    ----------
    line : bytes
        A line.

    Returns
    -------
    str
        Its text; bytes that are no UTF-8 are replaced.

    Examples
    --------
    >>> text_of(b"chr1\t10\r\n")
    'chr1\t10'
    """
    return line.decode("utf-8", "replace").rstrip("\r\n")


def whole_number(text):
    """Read a position as the formats write it: digits alone.

    Parameters
    ----------
    text : str
        A field.

    Returns
    -------
    int or None
        None where it is no whole number from 0 on, or larger than any position is.

    Examples
    --------
    >>> whole_number("1000"), whole_number("1_000"), whole_number("-1")
    (1000, None, None)
    """
    text = text.strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 18 else None


def is_comment(text):
    """Tell whether a line holds no record.

    Parameters
    ----------
    text : str
        A line.

    Returns
    -------
    bool
        True for an empty line, a comment and the browser's own lines.

    Examples
    --------
    >>> is_comment("# a comment"), is_comment("track name=genes"), is_comment("chr1 10 20")
    (True, True, False)
    """
    return not text.strip() or text.startswith(("#", "track ", "browser "))

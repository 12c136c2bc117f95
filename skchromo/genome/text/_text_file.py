"""A text file of the field: plain or gzipped, read line by line, with errors that name the line."""

import contextlib
import io
import os
import re
import zlib
from functools import partial

from ..._addresses import shown
from ..._files import FileWatch, open_binary, path_on_disk
from ..._words import printable
from ._lines import is_comment, split_line, text_of

_BUFFER = 1 << 20


# Control characters that a terminal obeys; tabs, ends of lines, pages and files are in old files.
_CONTROL = re.compile(b"[\x01-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]")
_CONTROLS = bytes(code for code in range(256) if _CONTROL.match(bytes([code])))


class _WithoutControl(io.RawIOBase):
    """The bytes of a file, refused with their line where a control character is among them."""

    def __init__(self, raw, problem):
        self._raw, self._problem, self._n_lines = raw, problem, 0

    def readable(self):
        """Return True."""
        return True

    def readinto(self, buffer):
        """Read to a buffer and return the number of bytes, 0 at the end."""
        size = self._raw.readinto(buffer)
        content = bytes(memoryview(buffer)[:size])
        if len(content.translate(None, _CONTROLS)) < size:
            found = _CONTROL.search(content)
            number = self._n_lines + content.count(b"\n", 0, found.start()) + 1
            raise self._problem(
                number,
                f"control character {found[0].decode()!a}, which can make a terminal show "
                "another text than the one that is there: find out where it comes from, and "
                "remove it",
            )
        self._n_lines += content.count(b"\n")
        return size


class TextFile:
    """A text file that can be read from its beginning any number of times.

    It is plain, gzipped or bgzipped, whatever its name ends in. `what` names its kind in messages,
    such as "annotation". `others` maps the first bytes of formats that are often passed by mistake
    to the end of the message that refuses them.
    """

    # Bytes. No table of the field has such a line, but a small compressed file can unfold into one.
    longest_line = 1 << 27

    def __init__(self, path, what, others=None):
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"the {what} must be a path to a file, got {type(path).__name__}")
        self.path = path_on_disk(path, what)
        self.name = printable(f"{what} file '{shown(str(self.path))}'")
        if self.path.is_dir():
            raise ValueError(f"{self.name} is a folder: name the file in it")
        # The file is opened several times, and all must find the same content.
        self._watch = None
        with self._naming():
            self._watch = FileWatch(self.path, self.name)
        with self._naming(), open_binary(self.path) as raw:
            start = raw.read(4096)
        for magic, text in (others or {}).items():
            if start.startswith(magic):
                raise ValueError(f"{self.name} {text}")
        if b"\x00" in start:
            raise ValueError(
                f"{self.name} is not a text file, but perhaps a workbook, an archive or UTF-16 "
                "text: save it as UTF-8 text, plain or gzipped"
            )

    @contextlib.contextmanager
    def open(self):
        """Open the file to read its bytes, decompressed; an error names a damaged file.

        A file that has been replaced since its first reading is refused at the end.
        """
        with self._naming():
            with open_binary(self.path) as raw:
                yield io.BufferedReader(_WithoutControl(raw, self.problem), _BUFFER)
            self._watch.check()

    @contextlib.contextmanager
    def _naming(self):
        """Name the file in errors of the system and of a damaged file."""
        try:
            yield
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.name} does not exist: check the path") from None
        except PermissionError:
            raise
        except (EOFError, OSError, zlib.error) as error:
            if self._watch:
                self._watch.check()
            raise ValueError(
                f"{self.name} is damaged or cut short ({error}): fetch or write it again"
            ) from error

    def lines(self):
        """Yield the number of each line, counted from 1, and its bytes with the line end.

        Lines end as on Unix, Windows or old Macintoshes. A byte-order mark is left out.
        """
        number, longest = 0, self.longest_line
        with self.open() as handle:
            for line in iter(partial(handle.readline, longest), b""):
                number += 1
                if len(line) == longest:
                    raise self.problem(
                        number,
                        f"this line has more than {longest} bytes: save the file as plain text "
                        "with Unix or Windows line endings",
                    )
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if b"\r" in line and b"\r" in line.rstrip(b"\r\n"):
                    *before, line = line.splitlines(keepends=True)
                    yield from enumerate(before, number)
                    number += len(before)
                yield number, line

    def head(self, n_records):
        """Return the comments above the first record, and the number and fields of some records.

        A record is a line that is neither blank nor a comment. The result is a list of str and a
        list of at most `n_records` tuples (number, fields, separator), see `split_line`.
        """
        comments, records = [], []
        for number, line in self.lines():
            try:
                text = line.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise self.problem(number, f"not UTF-8 text ({error}): save it as UTF-8") from error
            if not is_comment(text):
                records.append((number, *split_line(text)))
            elif text.strip() and not records:
                comments.append(text)
            if len(records) == n_records:
                break
        return comments, records

    def records(self):
        """Yield number and text of each line that is neither blank nor a comment."""
        for number, line in self.lines():
            text = text_of(line)
            if not is_comment(text):
                yield number, text

    def problem(self, number, text):
        """Return a ValueError that names the file and the line, followed by `text`."""
        return ValueError(f"{self.name}, line {number}: {printable(text)}")

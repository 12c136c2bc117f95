"""Contact tables before they are judged: a frame in memory, a text file."""

import gzip
import itertools
import zlib
from functools import partial

import numpy as np
import pandas as pd

from ..._files import path_on_disk
from ..text import LONGEST_LINE, split_line
from ._formats import looks_like_header
from ._values import show

_MATRIX_MAGIC = (b"\x89HDF", b"HIC\x00")
_PART = 1 << 20
_SKIPPED = ("#", "track ", "track\t", "browser ", "browser\t")
_TEXT_ROLES = ("gene_id", "chrom", "chrom1", "chrom2")
_JOINED_ROLES = ("region", "region1", "region2", "target", "neighbors")


class FrameTable:
    """A contact table that is already in memory.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table; an index named gene_id counts as a column.
    name : str, default="the contacts DataFrame"
        What to call it in a message.

    Attributes
    ----------
    header : list of str or None
        Column names; None where all are numbers.
    first : list of str or None
        The first row as text; None where there is none.
    """

    def __init__(self, frame, name="the contacts DataFrame"):
        self.name = name
        index_named = frame.index.name == "gene_id" and "gene_id" not in frame.columns
        self._frame = frame.reset_index() if index_named else frame
        self._labels = frame.index
        columns = list(self._frame.columns)
        if not columns:
            raise ValueError(f"{self.name} is empty: it has no columns")
        unnamed = all(isinstance(column, (int, np.integer)) for column in columns)
        self.header = None if unnamed else [str(column) for column in columns]
        self.first = None
        if len(frame):
            self.first = [str(self._frame.iloc[0, column]) for column in range(len(columns))]
        elif unnamed:
            raise ValueError(f"{self.name} is empty: it has neither rows nor column names")

    def load(self, columns):
        """Give the wanted columns under their roles."""
        return pd.DataFrame({role: self._frame.iloc[:, at].array for role, at in columns.items()})

    def where(self, row):
        """Say where a row stands."""
        return f"row {row} (index {show(self._labels[row])})"


class FileTable:
    """A contact table in a text file, gzipped (or bgzipped) or not.

    Parameters
    ----------
    path : str or os.PathLike
        Where it is.

    Attributes
    ----------
    name : str
        What to call it in a message.
    header : list of str or None
        Column names, from the first line or from a comment above it.
    first : list of str or None
        The first row as text; None where there is none.
    """

    def __init__(self, path):
        self._path = path_on_disk(path, "contacts")
        self.name = f"contacts file '{self._path}'"
        self._gzipped = self._judge_content()
        self._separator = None
        head = []
        for line in self._lines():
            head.append(line)
            if line.strip() and not line.startswith(_SKIPPED):
                break
        last = head[-1] if head else ""
        if last.startswith(_SKIPPED) or not last.strip():
            self.first, self._n_skipped = None, len(head)
        else:
            self.first, self._separator = split_line(last)
            self._n_skipped = len(head) - 1
        self.header = self._comment_header(head, self.first)
        if self.header is None and self.first is not None and looks_like_header(self.first):
            self._take_first_line_as_header(head)
        if self.header is None and self.first is None:
            raise ValueError(
                f"{self.name} is empty: it needs a header or at least one contact (an empty list "
                "of contacts is a file with the header alone)"
            )

    def load(self, columns):
        """Read the wanted columns, under their roles."""
        if self.first is None:
            return pd.DataFrame({role: pd.Series(dtype=float) for role in columns})
        if self._gzipped:
            # A small file can unfold into one line that is longer than the memory.
            for _ in self._lines():
                pass
        wanted = sorted({0, *columns.values()})
        is_text = {
            0,
            *(at for role, at in columns.items() if role in (*_TEXT_ROLES, *_JOINED_ROLES)),
        }
        if "neighbors" in columns:
            is_text.add(columns["weight"])
        try:
            frame = pd.read_csv(
                self._path,
                sep=self._separator,
                header=None,
                usecols=wanted,
                names=range(len(self.first)),
                dtype=dict.fromkeys(is_text, str),
                skiprows=self._n_skipped,
                keep_default_na=False,
                skipinitialspace=True,
                low_memory=False,
                compression="gzip" if self._gzipped else None,
                encoding="utf-8",
            )
        except (pd.errors.ParserError, UnicodeDecodeError, EOFError, OSError, zlib.error) as error:
            raise ValueError(
                f"{self.name} cannot be read as a table ({' '.join(str(error).split())}): mend it, "
                "or fetch or write it again"
            ) from error
        self._check_quotes(len(frame))
        comments = frame[0].str.startswith(_SKIPPED) | frame[0].isin(["track", "browser"])
        comments = comments.to_numpy(dtype=bool)
        if comments.any():
            frame = frame[~comments].reset_index(drop=True)
        return pd.DataFrame({role: frame[at].array for role, at in columns.items()})

    def where(self, row):
        """Say on which line a row stands."""
        rows = (number for number, line in self._rows() if not line.startswith(_SKIPPED))
        return f"line {next(itertools.islice(rows, row, None))}"

    def _rows(self):
        """Give each line that pandas takes for a row, with its number."""
        lines = enumerate(self._lines(), start=1)
        # a line of tabs alone is a row of empty fields
        blank = " \r\n" if self._separator == "\t" else " \t\r\n"
        for number, line in itertools.islice(lines, self._n_skipped, None):
            if line.strip(blank):
                yield number, line

    def _check_quotes(self, n_found):
        """Refuse a quote that is not closed: pandas takes the rows up to the next one for one."""
        with (gzip.open if self._gzipped else open)(self._path, "rb") as handle:
            if not any(b'"' in part for part in iter(lambda: handle.read(_PART), b"")):
                return
        n_rows = sum(1 for _ in self._rows())
        if n_rows != n_found:
            opened = (number for number, line in self._rows() if line.count('"') % 2)
            raise ValueError(
                f"{self.name}, line {next(opened, self._n_skipped + 1)}: a quote is not closed, so "
                f"that {n_rows} lines are {n_found} rows: close it, or remove it"
            )

    def _judge_content(self):
        """Refuse what is no text table; tell whether it is gzipped."""
        if self._path.is_dir():
            raise ValueError(f"{self.name} is a folder: name the file in it")
        try:
            with self._path.open("rb") as handle:
                start = handle.read(4096)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.name} does not exist: check the path") from None
        if start.startswith(_MATRIX_MAGIC):
            raise ValueError(
                f"{self.name} is a contact matrix, not a list of contacts: InteractionTransformer "
                "takes a matrix whose name ends in .cool, .mcool or .hic; or call loops with your "
                "Hi-C tools and pass the list, for example as BEDPE"
            )
        gzipped = start.startswith(b"\x1f\x8b")
        if not gzipped and b"\x00" in start:
            raise ValueError(
                f"{self.name} is no text table, but a workbook, an archive or UTF-16 text, say: "
                "save it as UTF-8 text with tabs, commas or white space between columns"
            )
        return gzipped

    def _lines(self):
        """Give the lines of the file as text."""
        opener = gzip.open if self._gzipped else open
        try:
            with opener(self._path, "rt", encoding="utf-8-sig") as handle:
                for number, line in enumerate(iter(partial(handle.readline, LONGEST_LINE), ""), 1):
                    if len(line) == LONGEST_LINE:
                        raise EOFError(f"line {number} is longer than {LONGEST_LINE} characters")
                    yield line
        except (UnicodeDecodeError, EOFError, OSError, zlib.error) as error:
            raise ValueError(
                f"{self.name} is damaged or no text ({error}): fetch or write it again"
            ) from error

    def _comment_header(self, head, data):
        """Find the column names in the comment lines above the first row."""
        found = None
        for line in head:
            fields, separator = split_line(line.lstrip("#").lstrip())
            if not line.startswith("#") or not looks_like_header(fields):
                continue
            if data is None:
                longer = found is None or len(fields) > len(found)
                found = fields if longer and len(fields) > 2 else found
            elif len(fields) == len(data) and separator == self._separator:
                found = fields
        return found

    def _take_first_line_as_header(self, head):
        """Move from the header line to the first row below it."""
        self.header, self.first = self.first, None
        n_lines = 0
        for line in self._lines():
            n_lines += 1
            if n_lines > len(head) and line.strip() and not line.startswith(_SKIPPED):
                self.first, self._separator = split_line(line)
                break
        self._n_skipped = len(head) if self.first is None else n_lines - 1

"""Tables with or without a header: in a text file, or as a DataFrame.

Both kinds have the same face. `name` is the name for messages; `header` the names of the columns,
None where there are none; `first` the fields of the first row as text, None where there is no row.
`load` returns columns, `sample` the first rows as text, and `where` says in which line or row a
fault is.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ._lines import COMMENTS
from ._text_file import TextFile

_PART = 1 << 20
_COMMENTS = tuple(mark.encode() for mark in COMMENTS)


class FrameTable:
    """A table that is already in memory; an index named gene_id counts as a column."""

    def __init__(self, frame, name):
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

    def sample(self, n_rows):
        """Return the fields of the first rows, each a list of str."""
        rows = self._frame.head(n_rows).itertuples(index=False, name=None)
        return [[str(field) for field in row] for row in rows]

    def load(self, columns, as_text=()):
        """Return the columns at these positions, a dict of role to position, by role."""
        return pd.DataFrame({role: self._frame.iloc[:, at].array for role, at in columns.items()})

    def where(self, row):
        """Return the place of a row for a message."""
        label = self._labels[row]
        return f"row {row} (index {repr(label) if isinstance(label, str) else label})"


@dataclass(frozen=True)
class TextTable:
    """A table in a text file, below the first `n_skipped` lines.

    `separator` is pandas' name for it. Where a table has comments between its rows
    (`has_comments`), they are not rows.
    """

    file: TextFile
    header: list | None
    first: list | None
    separator: str | None
    n_skipped: int
    has_comments: bool = False

    @property
    def name(self):
        """Name of the table in messages."""
        return self.file.name

    def sample(self, n_rows):
        """Return the fields of the first rows, each a list of str."""
        records = self.file.head(n_rows + 1)[1]
        return [fields for number, fields, _ in records if number > self.n_skipped][:n_rows]

    def lines(self):
        """Yield number and bytes of each line that pandas reads as a row."""
        # A line of tabs alone is a row of empty fields.
        blank = b" \r\n" if self.separator == "\t" else b" \t\r\n"
        for number, line in self.file.lines():
            if number > self.n_skipped and line.strip(blank):
                yield number, line

    def load(self, columns, as_text=(), n_lines=None):
        """Return the columns at these positions, a dict of role to position, by role.

        Roles in `as_text` are read as text, the others as numbers where they are. `n_lines` is the
        number of lines that are rows, where the caller has counted them.
        """
        if self.first is None:
            return pd.DataFrame({role: pd.Series(dtype=float) for role in columns})
        if n_lines is None:
            n_lines = self._count_lines()
        positions = set(columns.values()) | ({0} if self.has_comments else set())
        text = {at for role, at in columns.items() if role in as_text}
        text |= {0} if self.has_comments else set()
        try:
            with self.file.open() as handle:
                frame = pd.read_csv(
                    handle,
                    sep=self.separator,
                    header=None,
                    usecols=sorted(positions),
                    names=range(len(self.first)),
                    dtype=dict.fromkeys(text, str),
                    skiprows=self.n_skipped,
                    na_filter=False,
                    skipinitialspace=True,
                    low_memory=False,
                    encoding="utf-8",
                )
        except (pd.errors.ParserError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{self.name} cannot be read as a table ({' '.join(str(error).split())}): save it "
                "as UTF-8 text with every quote closed, or fetch or write it again"
            ) from error
        if n_lines is not None and n_lines != len(frame):
            opened = (number for number, line in self.lines() if line.count(b'"') % 2)
            raise self.file.problem(
                next(opened, self.n_skipped + 1),
                f"a quote is not closed, so that {n_lines} lines are {len(frame)} rows: close or "
                "remove it",
            )
        if self.has_comments:
            comments = frame[0].str.startswith(COMMENTS) | frame[0].isin(["track", "browser"])
            if comments.any():
                frame = frame[~comments.to_numpy(dtype=bool)]
        return pd.DataFrame({role: frame[at].array for role, at in columns.items()})

    def where(self, row):
        """Return the place of a row for a message."""
        numbers = (
            number
            for number, line in self.lines()
            if not (self.has_comments and line.startswith(_COMMENTS))
        )
        return f"line {next(itertools.islice(numbers, row, None))}"

    def _count_lines(self):
        """Return the number of lines that are rows; None where no quote can join two of them.

        A line that is too long is refused here, because pandas would take the memory for it.
        """
        n_open = 0
        with self.file.open() as handle:
            for part in iter(lambda: handle.read(_PART), b""):
                n_after = len(part) - 1 - part.rfind(b"\n")
                n_open = n_after if n_after < len(part) else n_open + n_after
                if b'"' in part or n_open >= self.file.longest_line:
                    return sum(1 for _ in self.lines())
        return None

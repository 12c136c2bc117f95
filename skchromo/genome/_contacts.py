"""Contact lists: read from a file or a table into one of two shapes."""

import gzip
import itertools
import os
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from ._contact_formats import (
    REGION,
    check_reading,
    looks_like_header,
    recognise,
    split_line,
)

_MATRIX_MAGIC = (b"\x89HDF", b"HIC\x00")
_SKIPPED = ("#", "track ", "browser ")
_TEXT_ROLES = ("gene_id", "chrom", "chrom1", "chrom2", "region1", "region2", "neighbors")


def read_contacts(source, *, format="auto", score_column=None):
    """Read a list of 3D chromatin contacts.

    Parameters
    ----------
    source : str, os.PathLike or pandas.DataFrame
        A text table (gzipped or not; tabs, commas or white space; lines that begin with ``#`` are
        comments), or the same table as a frame. Positions are 0-based and half-open, in bp.
    format : {"auto", "bedpe", "pairs", "fragments", "reference"}, default="auto"
        ``"bedpe"``: ``chrom1 start1 end1 chrom2 start2 end2 name score``, with or without a header
        (ENCODE and Juicer loops); ``"pairs"``: a header with ``gene_id chrom start end score``;
        ``"fragments"``: two intervals, in six columns or as two ``chr:start-end``, and a score;
        ``"reference"``: one row a gene with ``gene_id``, ``neighbors`` (``chr:start-end``) and
        ``scores``, both joined by ``;``. ``"auto"`` tells them apart by their content.
    score_column : str, int or None, default=None
        Where the score stands: a name in the header or a 0-based position. None takes the column
        named ``score`` or ``weight`` (``scores`` in a reference table) under a header, and without
        one the eighth column of ``"bedpe"``, the one after the intervals of ``"fragments"``.

    Returns
    -------
    pandas.DataFrame of shape (n_contacts, 5 or 7)
        Either gene-keyed pairs, ``gene_id chrom start end weight``, or fragment pairs, ``chrom1
        start1 end1 chrom2 start2 end2 weight``. Positions are int64 (bp), ``weight`` is float64,
        the other columns are str. Order and repeats are kept; the index counts from 0.

    Raises
    ------
    FileNotFoundError
        If `source` is a path that does not exist.
    TypeError
        If `source` is neither a path nor a frame.
    ValueError
        If the table is empty, damaged or in none of the formats, lacks a score column, or has a
        row with a position or score that is missing, no number or impossible.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"bait": ["chr1:100-200"], "other": ["chr1:5000-5400"], "score": [2.5]}
    ... )
    >>> read_contacts(table)
      chrom1  start1  end1 chrom2  start2  end2  weight
    0   chr1     100   200   chr1    5000  5400     2.5
    """
    check_reading(format, score_column)
    if isinstance(source, pd.DataFrame):
        table = _FrameTable(source)
    elif isinstance(source, (str, os.PathLike)):
        table = _FileTable(source)
    else:
        raise TypeError(
            f"contacts must be a path to a file or a pandas DataFrame, got {type(source).__name__}"
        )
    layout = recognise(table.header, table.first, table.name, format, score_column)
    raw = table.load(layout.columns)
    if layout.kind == "reference":
        return _from_reference(raw, table)
    if layout.kind == "regions":
        raw = _split_regions(raw, table)
    checked = {}
    for role in raw.columns.drop("weight"):
        text = role.startswith(("gene_id", "chrom"))
        checked[role] = _text(raw[role], role, table) if text else _whole(raw[role], role, table)
    for side in ("", "1", "2"):
        if "start" + side in checked:
            _check_intervals(checked["start" + side], checked["end" + side], table)
    checked["weight"] = _weights(raw["weight"], table)
    return pd.DataFrame(checked)


class _FrameTable:
    """A contact table that is already in memory."""

    def __init__(self, frame):
        self.name = "the contacts DataFrame"
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
        return f"row {row} (index {_show(self._labels[row])})"


class _FileTable:
    """A contact table in a text file."""

    def __init__(self, path):
        self._path = Path(path)
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
        wanted = sorted({0, *columns.values()})
        is_text = {0, *(at for role, at in columns.items() if role in _TEXT_ROLES)}
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
            raise ValueError(f"{self.name} cannot be read as a table: {error}") from error
        comments = frame[0].str.startswith(_SKIPPED).to_numpy(dtype=bool)
        if comments.any():
            frame = frame[~comments].reset_index(drop=True)
        return pd.DataFrame({role: frame[at].array for role, at in columns.items()})

    def where(self, row):
        """Say on which line a row stands."""
        lines = enumerate(self._lines(), start=1)
        rows = (
            number
            for number, line in itertools.islice(lines, self._n_skipped, None)
            if line.strip() and not line.startswith(_SKIPPED)
        )
        return f"line {next(itertools.islice(rows, row, None))}"

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
                f"{self.name} is a contact matrix (.cool, .mcool or .hic), not a list of contacts: "
                "call loops with your Hi-C tools and pass the list, for example as BEDPE"
            )
        gzipped = start.startswith(b"\x1f\x8b")
        if not gzipped and b"\x00" in start:
            raise ValueError(
                f"{self.name} is no text table: give a tab, comma or white-space separated list"
            )
        return gzipped

    def _lines(self):
        """Give the lines of the file as text."""
        opener = gzip.open if self._gzipped else open
        try:
            with opener(self._path, "rt", encoding="utf-8-sig") as handle:
                yield from handle
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


def _from_reference(raw, table):
    """Turn one row a gene with joined lists into gene-keyed pairs."""
    genes = _text(raw["gene_id"], "gene_id", table)
    repeated = genes.duplicated().to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        raise ValueError(
            f"{table.name}, {table.where(row)}: gene {genes[row]} has more than one row: keep the "
            "rows of one cell type (or pass one table per sample)"
        )
    lists = {}
    for role in "neighbors", "weight":
        text = raw[role].astype(object).where(raw[role].notna(), "").astype(str).str.strip("; ")
        lists[role] = text.mask(text.str.lower().isin(["nan", "na", "."]), "").str.split(";")
        lists[role] = [[] if parts == [""] else parts for parts in lists[role]]
    n_regions = np.array([len(parts) for parts in lists["neighbors"]], dtype=np.int64)
    n_scores = np.array([len(parts) for parts in lists["weight"]], dtype=np.int64)
    unequal = n_regions != n_scores
    if unequal.any():
        row = int(np.argmax(unequal))
        raise ValueError(
            f"{table.name}, {table.where(row)}: gene {genes[row]} has {n_regions[row]} neighbors "
            f"but {n_scores[row]} scores: give one score to each neighbor"
        )
    row_of = np.repeat(np.arange(len(genes)), n_regions)
    place = _Rows(table, row_of)
    regions = pd.Series(list(itertools.chain.from_iterable(lists["neighbors"])), dtype=object)
    scores = pd.Series(list(itertools.chain.from_iterable(lists["weight"])), dtype=object)
    chrom, start, end = _parse_regions(regions, "neighbors", place)
    _check_intervals(start, end, place)
    columns = {"gene_id": genes.to_numpy()[row_of], "chrom": chrom, "start": start, "end": end}
    pairs = pd.DataFrame({**columns, "weight": _weights(scores, place)})
    return pairs.astype({"gene_id": str, "chrom": str})


class _Rows:
    """A table of which each item stands in a known row of another."""

    def __init__(self, table, row_of):
        self.name, self.header, self.first = table.name, table.header, table.first
        self._table, self._row_of = table, row_of

    def where(self, item):
        """Say where an item stands."""
        return self._table.where(int(self._row_of[item]))


def _split_regions(raw, table):
    """Turn two ``chr:start-end`` columns into six."""
    split = {}
    for side in "12":
        chrom, start, end = _parse_regions(raw["region" + side], "region" + side, table)
        split.update({"chrom" + side: chrom, "start" + side: start, "end" + side: end})
    return pd.DataFrame({**split, "weight": raw["weight"].array})


def _parse_regions(regions, role, table):
    """Parse ``chr:start-end`` texts: each distinct one once."""
    codes, distinct = pd.factorize(regions, use_na_sentinel=False)
    distinct = [str(region) for region in np.asarray(distinct, dtype=object)]
    try:
        halves = [region.rpartition(":") for region in distinct]
        spans = [half[2].rpartition("-") for half in halves]
        chrom = np.array([half[0].strip() for half in halves], dtype=object)
        start = np.array([int(span[0]) for span in spans], dtype=np.int64)
        end = np.array([int(span[2]) for span in spans], dtype=np.int64)
    except (ValueError, OverflowError):
        chrom = np.array([""])
    if not all(chrom):
        good = [REGION.fullmatch(region.strip()) is not None for region in distinct]
        row = int(np.argmax(codes == good.index(False)))
        raise ValueError(
            f"{table.name}, {table.where(row)}: {role} {_show(regions.iloc[row])} is no region: "
            "write chr:start-end, such as chr1:3008934-3016866"
        )
    return chrom[codes], start[codes], end[codes]


def _show(value):
    """Spell a value in a message: text in quotes, numbers without their type."""
    return repr(value) if isinstance(value, str) else str(value)


def _text(column, role, table):
    """Judge a column of names."""
    missing = (column.isna() | (column == "").fillna(False)).to_numpy(dtype=bool)
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(
            f"{table.name}, {table.where(row)}: {role} is missing: fill it in or remove the row"
        )
    return column.astype(str)


def _numbers(column):
    """Give a column as numbers, NaN where it holds something else."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return np.full(len(column), np.nan)
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return column.to_numpy()
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _whole(column, role, table):
    """Judge a column of positions and return int64."""
    values = _numbers(column)
    if values.dtype.kind not in "iu":
        bad = ~((np.abs(values) < 2**53) & (values == np.floor(values)))
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"{table.name}, {table.where(row)}: {role} {_show(column.iloc[row])} is no whole "
                "number: a position is counted in bp from 0"
            )
    return values.astype(np.int64)


def _check_intervals(start, end, table):
    """Refuse intervals that are negative or hold no base."""
    start, end = np.asarray(start), np.asarray(end)
    for bad, what in (
        (start < 0, "starts before 0"),
        (end <= start, "ends at or before its start"),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"{table.name}, {table.where(row)}: interval {start[row]}-{end[row]} {what}: "
                "intervals are 0-based and half-open, 0 <= start < end; mend or remove the row"
            )


def _weights(column, table):
    """Judge the scores and return float64."""
    values = _numbers(column).astype(np.float64)
    bad = ~(np.abs(values) <= np.finfo(np.float32).max)
    if bad.any():
        row = int(np.argmax(bad))
        found = table.header if table.header is not None else table.first
        raise ValueError(
            f"{table.name}, {table.where(row)}: score {_show(column.iloc[row])} is no finite "
            "number: mend or remove the row, or pass score_column= to take the score from another "
            f"of the columns {', '.join(found)}"
        )
    return values

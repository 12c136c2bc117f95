"""Tracks listed in a table on disk: a sample sheet, or ENCODE's metadata.tsv."""

import csv
import os
from collections import Counter

import pandas as pd

from ..._addresses import is_url
from ..._files import FileWatch
from ..._words import name_some, printable
from .._sniff import BIGWIG, SNIFFED, explain_format

ENCODE_TABLE = "metadata.tsv"
# How Excel's files begin: a zip archive, or "Unicode text".
_EXCEL = (b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")
_SUFFIXES = (".bigWig", ".bigwig", ".bw")
_ENCODE_COLUMNS = (
    "File accession",
    "File format",
    "Output type",
    "File assembly",
    "Experiment accession",
    "Experiment target",
    "Assay",
    "Biosample term name",
    "Biological replicate(s)",
    "File download URL",
)


def read_sheet(path):
    """Read a sample sheet or ENCODE's metadata.tsv, see `list_tracks`, as a table of files."""
    table = _read_table(path)
    if "File accession" in table:
        return _from_encode(table, path)
    table.columns = [str(name).strip().lower() for name in table.columns]
    table = with_track_and_path(table, _named(path))
    columns = [name for name in ("sample", "track", "path") if name in table]
    for name in columns:
        empty = table.index[table[name] == ""]
        if len(empty):
            raise ValueError(f"{_named(path)}, line {empty[0]}: {name} is empty: fill it in")
    folder = os.path.dirname(path)
    paths = [name if is_url(name) else os.path.join(folder, name) for name in table["path"]]
    return table[columns].assign(path=paths).reset_index(drop=True)


def with_track_and_path(table, where):
    """Return a table of tracks, its column mark called track; refuse one without both columns."""
    if "mark" in table and "track" not in table:
        table = table.rename(columns={"mark": "track"})
    missing = [name for name in ("track", "path") if name not in table]
    if missing:
        raise ValueError(
            f"{where} has no column {', '.join(missing)}: it needs track, path and, for several "
            f"samples, sample, and has {name_some(table, 12)}"
        )
    return table


def _read_table(path):
    """Read a table of text; its index holds the number of each line."""
    watch = FileWatch(path, _named(path))
    with open(path, "rb") as file:
        start = file.read(SNIFFED)
    if int.from_bytes(start[:4], "little") == BIGWIG:
        raise ValueError(
            f"tracks: '{printable(path)}' is one bigWig: give it with the name of its "
            f"track, such as {{'H3K4me3': {path!r}}}"
        )
    if start.startswith(_EXCEL):
        raise ValueError(
            f"tracks: '{printable(path)}' is not a sample sheet, but a workbook or UTF-16 "
            "text: save it as TSV or CSV in UTF-8"
        )
    if not start or b"\x00" in start or start.startswith(b"\x1f\x8b"):
        raise ValueError(
            f"tracks: '{printable(path)}' is not a sample sheet (TSV or CSV): "
            f"{explain_format(start, path)}"
        )
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            mark = "\t" if "\t" in header else ","
            rows = [(n, _split(line, mark, n, path)) for n, line in enumerate(file, start=1)]
    except UnicodeDecodeError:
        raise ValueError(
            f"{_named(path)} is not UTF-8 text: save it as TSV or CSV in UTF-8"
        ) from None
    watch.check()
    rows = [(number, row) for number, row in rows if any(row)]
    names = rows[0][1] if rows else []
    if len(rows) < 2:
        raise ValueError(
            f"{_named(path)} has no rows below its header: one row per file is needed, with "
            "the columns sample, track and path"
        )
    repeated = [name for name, count in Counter(map(str.lower, names)).items() if count > 1]
    if any(repeated):
        raise ValueError(
            f"{_named(path)}: {name_some(filter(None, repeated))} names more than one "
            "column: give each its own name"
        )
    for number, row in rows[1:]:
        if any(row[len(names) :]):
            raise ValueError(
                f"{_named(path)}, line {number}: {len(row)} fields, but the header has "
                f"{len(names)}: give each line as many"
            )
    width = len(names)
    return pd.DataFrame(
        [[*row[:width], *[""] * (width - len(row))] for _, row in rows[1:]],
        columns=names,
        index=[number for number, _ in rows[1:]],
    )


def _named(path):
    """Name a sample sheet in a message."""
    return printable(f"sample sheet '{path}'")


def _split(line, mark, number, path):
    """Split a line of a sheet; a quote must end in the line that it begins in."""
    try:
        return [
            field.strip()
            for row in csv.reader([line], delimiter=mark, strict=True)
            for field in row
        ]
    except csv.Error as error:
        raise ValueError(
            f"{_named(path)}, line {number}: cannot be split into fields ({error}): close "
            "or remove its quotes"
        ) from None


def _from_encode(table, path):
    """Return the bigWigs of ENCODE's table; refuse signals that do not compare."""
    where = f"ENCODE's table '{printable(path)}'"
    missing = [name for name in _ENCODE_COLUMNS if name not in table]
    if missing:
        raise ValueError(
            f"{where} has no column {name_some(missing, 12)}: take the metadata.tsv as ENCODE "
            "gives it"
        )
    table = table[table["File format"].str.lower() == "bigwig"]
    if table.empty:
        raise ValueError(f"{where} lists no bigWig: choose the file format bigWig at ENCODE")
    target = table["Experiment target"].str.rsplit("-", n=1).str[0]
    table = table.assign(
        sample=table["Biosample term name"],
        track=target.where(target != "", table["Assay"]),
    )
    unnamed = table[["File accession", "sample", "track"]].eq("").any(axis=1)
    if unnamed.any():
        raise ValueError(
            f"{where}, line {table.index[unnamed][0]}: File accession, Biosample term name and one "
            "of Experiment target and Assay must be there: take the metadata.tsv as ENCODE gives it"
        )
    _refuse_mixture(table, [], "File assembly", where)
    _refuse_mixture(table, ["track"], "Output type", where)
    _refuse_mixture(table, ["sample", "track"], "Experiment accession", where)
    for (sample, track), rows in table.groupby(["sample", "track"]):
        if len(rows) > 1:
            _refuse_repeated(rows, f"{track} in {sample}", where)
    folder = os.path.dirname(path)
    paths = [
        _encode_file(folder, accession, url, where)
        for accession, url in zip(table["File accession"], table["File download URL"], strict=True)
    ]
    found = table[["sample", "track"]].assign(path=paths)
    return found.sort_values(["sample", "track", "path"]).reset_index(drop=True)


def _refuse_mixture(table, by, column, where):
    """Raise where files that belong together differ in a column."""
    for key, rows in table.groupby(by) if by else [((), table)]:
        several = sorted(rows[column].unique())
        if len(several) > 1:
            of = f" of {' '.join(reversed(key))}" if key else ""
            # some files only, because others may rightly be of this kind
            files = rows.loc[rows[column] != several[0], "File accession"]
            spare = ("File accession", files) if by else (column, several[1:])
            raise ValueError(
                f"{where} lists bigWigs{of} of several kinds, by {column}: {', '.join(several)}; "
                + _leave_out(*spare)
            )


def _refuse_repeated(rows, owner, where):
    """Raise where files of one track share a replicate, whose reads would count twice."""
    replicate = rows["Biological replicate(s)"]
    pooled = replicate.str.contains(",")
    if pooled.any():
        others = rows["File accession"].drop(_first_released(rows[pooled]))
        raise ValueError(
            f"{where} lists pooled and single replicates of {owner} "
            f"({name_some(rows['File accession'])}), which would count some of them twice: "
            + _leave_out("File accession", others)
        )
    technical = rows.get("Technical replicate(s)", replicate)
    joined = technical.eq("") | technical.str.contains(",")
    # Two technical replicates are two files, unless one of them is pooled.
    replicate = technical.where(~joined.groupby(replicate).transform("any"), replicate)
    repeated = [same for _, same in rows.groupby(replicate) if len(same) > 1]
    if repeated:
        others = [same["File accession"].drop(_first_released(same)) for same in repeated]
        known = [name for name in ("File Status", "File analysis title") if name in rows]
        listed = (
            f"{row['File accession']} ({', '.join(filter(None, row[known])) or 'no status'})"
            for same in repeated
            for _, row in same.iterrows()
        )
        raise ValueError(
            f"{where} lists a replicate of {owner} more than once ({name_some(listed, 12)}), which "
            "are not replicates of each other: keep one of them, as a rule the released one of the "
            "newest analysis; " + _leave_out("File accession", pd.concat(others))
        )


def _first_released(rows):
    """Return the label of the first released file, or of the first one."""
    status = rows.get("File Status", pd.Series("", rows.index))
    return (status == "released").idxmax()


def _leave_out(column, values):
    """Return the advice how to leave out rows, and to keep the other tracks and samples."""
    return (
        "leave out those that you do not want in a table beside it, with pandas: t = pd.read_csv("
        f"'{ENCODE_TABLE}', sep='\\t'); t[~t['{column}'].isin({list(values)})].to_csv("
        "'chosen.tsv', sep='\\t', index=False); and give the path of that"
    )


def _encode_file(folder, accession, url, where):
    """Return the path of a file of ENCODE, or its address if it is not on disk."""
    for suffix in _SUFFIXES:
        path = os.path.join(folder, accession + suffix)
        if os.path.exists(path):
            return path
    if not is_url(url):
        raise FileNotFoundError(
            f"{where} lists {accession}, but {accession}.bigWig is not beside it and there is no "
            "File download URL: download the file to the folder of the table"
        )
    return url

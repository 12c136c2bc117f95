"""Contact lists opened: the text file or frame, its header and its first row."""

import os

import pandas as pd

from ..text import FrameTable, TextFile, TextTable, split_line
from ._formats import looks_like_header

# Roles of columns that are not numbers; the scores of `neighbors` are joined, too.
TEXT_ROLES = (
    *("gene_id", "chrom", "chrom1", "chrom2"),
    *("region", "region1", "region2", "target", "neighbors"),
)
_MATRIX = (
    "is a contact matrix, not a list of contacts: InteractionTransformer takes a matrix whose name "
    "ends in .cool, .mcool or .hic; or call loops with your Hi-C tools and pass the list, for "
    "example as BEDPE"
)


def open_table(source):
    """Open the path or DataFrame of a contact list as a TextTable or FrameTable."""
    if isinstance(source, pd.DataFrame):
        return FrameTable(source, "the contacts DataFrame")
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            f"contacts must be a path to a file or a pandas DataFrame, got {type(source).__name__}"
        )
    file = TextFile(source, "contacts", others={b"\x89HDF": _MATRIX, b"HIC\x00": _MATRIX})
    comments, records = file.head(2)
    n_header, header = 0, _comment_header(comments, *records[:1])
    if header is None and records and looks_like_header(records[0][1]):
        n_header, header = 1, records[0][1]
    if header is None and not records:
        raise ValueError(
            f"{file.name} is empty: it needs a header or at least one contact (an empty list "
            "of contacts is a file with the header alone)"
        )
    if len(records) == n_header:
        return TextTable(file, header, None, None, 0, has_comments=True)
    number, first, separator = records[n_header]
    return TextTable(file, header, first, separator, number - 1, has_comments=True)


def _comment_header(comments, record=None):
    """Return the column names in the comments above the first record, None where there are none."""
    found = None
    for line in comments:
        fields, separator = split_line(line.lstrip("#").lstrip())
        if not line.startswith("#") or not looks_like_header(fields):
            continue
        if record is None:
            longer = found is None or len(fields) > len(found)
            found = fields if longer and len(fields) > 2 else found
        elif len(fields) == len(record[1]) and separator == record[2]:
            found = fields
    return found

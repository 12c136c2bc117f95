"""bigBed files: all items as a table. They lie in a file as the blocks of a bigWig do."""

import re
import zlib

import numpy as np
import pandas as pd

from ..._files import open_at
from ._blocks import inflate, stored_blocks
from ._index import DamageError, Layout

BIGBED = 0x8789F2EB
_PLACE = np.dtype([("chrom", "<u4"), ("start", "<u4"), ("end", "<u4")])
# Where the header holds the place of the description of the fields, and how long that may be.
_SQL_AT, _LONGEST_SQL = 36, 1 << 16
_FIELD = re.compile(r"^\s*[\w\[\], ()]+\s(\w+)\s*;", re.MULTILINE)


def is_bigbed(path):
    """Return whether a file on disk begins as a bigBed."""
    with open(path, "rb") as file:
        return int.from_bytes(file.read(4), "little") == BIGBED


def read_bigbed(path, name):
    """Read all items to a table of text, with the names of the file's fields where it has them.

    Without names the columns are numbered; `name` is the file's in errors.
    """
    file = open_at(path, name)
    try:
        layout = Layout(file, BIGBED)
        rows = [
            [chrom, str(start), str(end), *rest.split("\t")]
            for chrom in layout.chroms
            for start, end, rest in _items(file, layout, chrom)
        ]
        names = _read_names(file)
        file.check_unchanged()
    except (DamageError, zlib.error):
        file.check_unchanged()
        raise ValueError(
            f"{name}: the file is incomplete or damaged ({file.size} bytes): copy or download it "
            "again"
        ) from None
    finally:
        file.close()
    table = pd.DataFrame(rows)
    return table.set_axis(names, axis=1) if len(names) == table.shape[1] else table


def _items(file, layout, chrom):
    """Yield start, end and the further fields of each item of a chromosome."""
    blocks, number = layout.blocks(file, chrom), layout.chroms[chrom].number
    for block in stored_blocks(file, blocks):
        if layout.inflated_size:
            block = inflate(block, layout.inflated_size)
        content, at = bytes(block), 0
        while at < len(content):
            stop = content.find(b"\0", at + _PLACE.itemsize)
            if stop < 0:
                raise DamageError
            found, start, end = np.frombuffer(content, "<u4", 3, at).tolist()
            if found != number or not start < end <= layout.chroms[chrom].size:
                raise DamageError
            yield start, end, content[at + _PLACE.itemsize : stop].decode("utf-8", "replace")
            at = stop + 1


def _read_names(file):
    """Return the names of all fields, as the description in the file has them."""
    place = int.from_bytes(file.read_at(_SQL_AT, 8), "little")
    text = file.read_at(place, _LONGEST_SQL) if 0 < place < file.size else b""
    return _FIELD.findall(text.partition(b"\0")[0].decode("latin-1"))

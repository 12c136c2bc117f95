"""The directory of a .hic file, judged before the file is read.

Where the directory is damaged, such as the zeros at the end of a file that was fetched in part, the
reader finds no contacts and says nothing.
"""

import os
import re
import struct

import numpy as np

_KEY = re.compile(rb"(\d+)_(\d+)")
_LONGEST_KEY = 64
_BLOCK = np.dtype([("number", "<i4"), ("place", "<i8"), ("size", "<i4")])
# Numbers of a resolution behind its unit: order, sum, occupied cells, two estimates, width of a
# bin, bins of a block, columns of blocks, blocks.
_RESOLUTION = struct.Struct("<iffffiiii")


def is_whole_hic(path):
    """Tell whether the directory of a .hic file leads to what is in the file.

    Format versions 6 to 9, see https://github.com/aidenlab/hic-format.

    Parameters
    ----------
    path : str
        A file that begins as a .hic does.

    Returns
    -------
    bool
        False if the file ends too early, or its directory is empty or makes no sense.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        try:
            file.seek(4)
            version, place = _read(file, "<iq")
            file.seek(place)
            _, n_matrices = _read(file, "<qi" if version > 8 else "<ii")
            matrices = [(_read_key(file), *_read(file, "<qi")) for _ in range(n_matrices)]
            return bool(matrices) and all(_is_whole(file, size, *matrix) for matrix in matrices)
        except (OSError, struct.error, ValueError):
            return False


def _is_whole(file, size, chroms, place, n_bytes):
    """Tell whether one matrix, and what it says of its blocks, lies within the file."""
    if place < 0 or n_bytes < 12 or place + n_bytes > size:
        return False
    if chroms[0] != chroms[1]:
        return True
    file.seek(place)
    content = file.read(n_bytes)
    first, second, n_resolutions = struct.unpack_from("<iii", content)
    at = 12
    for _ in range(n_resolutions):
        at = content.index(b"\0", at) + 1
        *numbers, n_blocks = _RESOLUTION.unpack_from(content, at)
        at += _RESOLUTION.size
        blocks = (
            np.frombuffer(content, _BLOCK, n_blocks, at) if n_blocks > 0 else np.empty(0, _BLOCK)
        )
        at += blocks.nbytes
        within = (blocks["place"] > 0) & (blocks["size"] > 0)
        within &= blocks["place"] <= size - blocks["size"]
        if n_blocks < 0 or not within.all() or (not n_blocks and numbers[1] > 0):
            return False
    return (first, second) == chroms


def _read(file, form):
    """Read some numbers."""
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _read_key(file):
    """Read which two chromosomes a matrix is of."""
    place = file.tell()
    text = file.read(_LONGEST_KEY).partition(b"\0")[0]
    found = _KEY.fullmatch(text)
    if not found:
        raise ValueError(text)
    file.seek(place + len(text) + 1)
    return int(found[1]), int(found[2])

"""Where things stand in a bigWig file: its header, chromosomes and the index of data blocks."""

import os
import struct
import threading
from typing import NamedTuple

import numpy as np

from .._sniff import BIGWIG

_CHROM_TREE = 0x78CA8C91
_BLOCK_INDEX = 0x2468ACE0
_WORD = struct.Struct("<I")
_SUMMARY = struct.Struct("<Q4d")
_HEADER = struct.Struct("<IHHQQQHHQQIQ")
_ZOOM = struct.Struct("<IIQQ")
_TREE = struct.Struct("<IIIIQQ")
_INDEX = struct.Struct("<IIQIIIIQII")
_NODE = struct.Struct("<BBH")
_BRANCH = np.dtype([("bounds", "<u4", 4), ("child", "<u8")])
_LEAF = np.dtype(
    [
        ("chrom", "<u4"),
        ("start", "<u4"),
        ("last_chrom", "<u4"),
        ("end", "<u4"),
        ("offset", "<u8"),
        ("size", "<u8"),
    ]
)


class DamageError(Exception):
    """What a file holds is not what its format promises."""


class Header(NamedTuple):
    """The header's numbers that a reader needs; places are in bytes from the file's start."""

    tree: int
    index: int
    summary: int
    inflated_size: int


class Summary(NamedTuple):
    """What a file's header says of all its signal: bases covered, and of their values the rest."""

    n_bases: int
    least: float
    most: float
    total: float
    total_of_squares: float


class Chrom(NamedTuple):
    """A chromosome: its number in the file and its length in bp."""

    number: int
    size: int


class Blocks(NamedTuple):
    """Data blocks of one chromosome: what they cover (bp) and where they stand (bytes)."""

    start: np.ndarray
    end: np.ndarray
    offset: np.ndarray
    size: np.ndarray

    def take(self, rows):
        """Some of the blocks."""
        return Blocks(*(column[rows] for column in self))


class Layout:
    """What a bigWig file says of itself: checked at once, the index when it is asked for.

    Parameters
    ----------
    file : file object or RemoteFile
        The bigWig, open for reading in binary mode.

    Attributes
    ----------
    file : file object or RemoteFile
        The file.
    inflated_size : int
        Bytes that the largest data block inflates to; 0 where blocks are not compressed.
    summary : Summary or None
        The file's own numbers on all its signal, where it has them.
    may_hold_nan : bool
        Whether a NaN may be stored: the file's own sum of all values would show it.
    chroms : dict of str to Chrom
        The chromosomes, in the order of their numbers.

    Raises
    ------
    DamageError
        If the file ends too early or something else stands where the header points.
    """

    def __init__(self, file):
        self.file = file
        self._header = _read_header(file)
        self.inflated_size = self._header.inflated_size
        self.summary = _read_summary(file, self._header.summary)
        self.may_hold_nan = self.summary is None or bool(np.isnan(self.summary.total))
        self.chroms = _read_chroms(file, self._header.tree)
        self._blocks, self._lock = None, threading.Lock()

    def blocks(self, chrom):
        """Read where the data blocks of a chromosome stand.

        Parameters
        ----------
        chrom : str
            Chromosome, as the file names it.

        Returns
        -------
        Blocks
            By rising start.

        Raises
        ------
        DamageError
            If the index makes no sense.
        """
        with self._lock:
            if self._blocks is None:
                found = _read_blocks(self.file, self._header.index)
                if not {*found[0].tolist()} <= {known.number for known in self.chroms.values()}:
                    raise DamageError
                self._blocks = found
        numbers, blocks = self._blocks
        number = self.chroms[chrom].number
        first, last = np.searchsorted(numbers, [number, number + 1])
        return blocks.take(slice(first, last))


def read_at(file, offset, size):
    """Read bytes without moving the file's position, so that threads and forks may share it.

    Parameters
    ----------
    file : file object
        Open for reading, in binary mode; or an object with a method ``read_at(offset, size)``.
    offset, size : int
        Where to begin, and how many bytes to read.

    Returns
    -------
    bytes
        Fewer than `size` where the file ends before.
    """
    if hasattr(file, "read_at"):
        return file.read_at(offset, size)
    return os.pread(file.fileno(), size, offset)


def file_size(file):
    """Give the length of a file.

    Parameters
    ----------
    file : file object or RemoteFile
        Open for reading.

    Returns
    -------
    int
        In bytes.
    """
    return file.size if hasattr(file, "size") else os.fstat(file.fileno()).st_size


def read_into(file, offset, buffer):
    """Read bytes to memory that is there already, without moving the file's position.

    Parameters
    ----------
    file : file object
        Open for reading, in binary mode; or an object with a method ``read_at(offset, size)``.
    offset : int
        Where to begin.
    buffer : memoryview
        Where to put them, and how many.

    Returns
    -------
    int
        How many were read: fewer where the file ends before.
    """
    if not hasattr(file, "read_at"):
        return os.preadv(file.fileno(), [buffer], offset)
    content = file.read_at(offset, len(buffer))
    buffer[: len(content)] = content
    return len(content)


def _read_header(file):
    """Read the header, and follow its offsets: readers trust them, and may crash."""
    _, _, n_zooms, tree, data, index, _, _, _, summary, inflated_size, _ = _unpack(_HEADER, file, 0)
    zooms = read_at(file, _HEADER.size, n_zooms * _ZOOM.size)
    if len(zooms) < n_zooms * _ZOOM.size:
        raise DamageError
    size = file_size(file)
    places = [place for zoom in _ZOOM.iter_unpack(zooms) for place in zoom[2:]]
    if max(tree, data, index, summary, *places) >= size:
        raise DamageError
    marks = [(size - 4, BIGWIG), (tree, _CHROM_TREE), *([(index, _BLOCK_INDEX)] if index else [])]
    if any(read_at(file, place, 4) != _WORD.pack(expected) for place, expected in marks):
        raise DamageError
    # A file without any signal may do without an index; no other one.
    stored = _read_summary(file, summary)
    if not index and (n_zooms or (stored is not None and stored.n_bases)):
        raise DamageError
    return Header(tree, index, summary, inflated_size)


def _read_summary(file, place):
    """Read what the file says of all its signal; None where it says nothing."""
    stored = read_at(file, place, _SUMMARY.size) if place else b""
    return Summary(*_SUMMARY.unpack(stored)) if len(stored) == _SUMMARY.size else None


def _read_chroms(file, tree):
    """Read the chromosomes by name, in the order of their numbers."""
    _, _, key_size, value_size, _, _ = _unpack(_TREE, file, tree)
    if value_size != 8 or not 0 < key_size < 1 << 16:
        raise DamageError
    leaf = np.dtype([("name", f"S{key_size}"), ("number", "<u4"), ("size", "<u4")])
    branch = np.dtype([("name", f"S{key_size}"), ("child", "<u8")])
    chroms = {}
    for items in _leaves(file, tree + _TREE.size, leaf, branch):
        for name, number, size in items.tolist():
            try:
                chroms[name.decode()] = Chrom(number, size)
            except UnicodeDecodeError:
                raise DamageError from None
    known = {chrom.number for chrom in chroms.values() if chrom.size}
    if len(known) < len(chroms):
        raise DamageError
    return dict(sorted(chroms.items(), key=lambda entry: entry[1].number))


def _read_blocks(file, index):
    """Read all data blocks with the numbers of their chromosomes, in rising order."""
    leaves, n_promised = [np.zeros(0, dtype=_LEAF)], 0
    if index:
        n_promised = _unpack(_INDEX, file, index)[2]
        leaves.extend(_leaves(file, index + _INDEX.size, _LEAF, _BRANCH))
    found = np.concatenate(leaves)
    size = file_size(file)
    place = found["chrom"].astype(np.uint64) << np.uint64(32) | found["start"]
    if (
        len(found) < n_promised
        or (place[1:] < place[:-1]).any()
        or (found["chrom"] != found["last_chrom"]).any()
        or (found["offset"] > size).any()
        or (found["size"] > size - found["offset"]).any()
    ):
        raise DamageError
    columns = (found[name].astype(np.int64) for name in Blocks._fields)
    return found["chrom"].astype(np.int64), Blocks(*columns)


def _unpack(form, file, place):
    """Read one record."""
    content = read_at(file, place, form.size)
    if len(content) < form.size:
        raise DamageError
    return form.unpack(content)


def _leaves(file, root, leaf, branch):
    """Yield the items of each leaf of a tree, in order."""
    size = file_size(file)
    waiting, seen = [root], set()
    while waiting:
        place = waiting.pop()
        if place in seen or place > size:
            raise DamageError
        seen.add(place)
        is_leaf, _, count = _unpack(_NODE, file, place)
        form = leaf if is_leaf else branch
        if is_leaf > 1 or count * form.itemsize > size - place:
            raise DamageError
        content = read_at(file, place + _NODE.size, count * form.itemsize)
        if len(content) < count * form.itemsize:
            raise DamageError
        items = np.frombuffer(content, dtype=form)
        if is_leaf:
            yield items
        else:
            waiting.extend(items["child"][::-1].tolist())

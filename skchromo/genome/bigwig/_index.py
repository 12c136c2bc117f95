"""Where things stand in a bigWig file: its header, chromosomes and the index of data blocks."""

import struct
import threading
from typing import NamedTuple

import numpy as np

from ..._words import has_control
from .._sniff import BIGWIG

# The first version of the format whose files end with the signature.
_SIGNED_AT_END = 4
CHROM_TREE = 0x78CA8C91
BLOCK_INDEX = 0x2468ACE0
WORD = struct.Struct("<I")
SUMMARY = struct.Struct("<Q4d")
HEADER = struct.Struct("<IHHQQQHHQQIQ")
ZOOM = struct.Struct("<IIQQ")
TREE = struct.Struct("<IIIIQQ")
INDEX = struct.Struct("<IIQIIIIQII")
NODE = struct.Struct("<BBH")
BRANCH = np.dtype([("bounds", "<u4", 4), ("child", "<u8")])
LEAF = np.dtype(
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
    """The content of a file breaks the rules of its format."""


class Summary(NamedTuple):
    """The header's numbers on all signal: the bases that are covered, and their values."""

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
    """Data blocks of one chromosome: start and end in bp, offset and size in bytes."""

    start: np.ndarray
    end: np.ndarray
    offset: np.ndarray
    size: np.ndarray

    def take(self, rows):
        """Return some of the blocks."""
        return Blocks(*(column[rows] for column in self))


class Layout:
    """Header, chromosomes and index of a bigWig file; the index is read when it is first needed.

    `inflated_size` is the number of bytes that the largest data block inflates to, 0 where blocks
    are not compressed; `summary` a Summary or None; `chroms` holds a Chrom by name, in the order of
    their numbers. `DamageError` if the file ends too early or something else stands where the
    header points. The file is not kept, so that one layout serves whoever opens the file again. A
    bigBed is laid out alike, under another `signature`.
    """

    def __init__(self, file, signature=BIGWIG):
        self._index, summary, tree, self.inflated_size = _read_header(file, signature)
        self.summary = _read_summary(file, summary)
        self.chroms = _read_chroms(file, tree)
        self._blocks, self._lock = None, threading.Lock()

    def blocks(self, file, chrom):
        """Return the data blocks of a chromosome by rising start; the index is read once."""
        with self._lock:
            if self._blocks is None:
                found = _read_blocks(file, self._index)
                if not {*found[0].tolist()} <= {known.number for known in self.chroms.values()}:
                    raise DamageError
                self._blocks = found
        numbers, blocks = self._blocks
        number = self.chroms[chrom].number
        first, last = np.searchsorted(numbers, [number, number + 1])
        return blocks.take(slice(first, last))

    def chroms_with_signal(self, file):
        """Return the set of chromosomes that have a data block; empty if all values are 0."""
        stored = self.summary
        # Of a file of one value, pyBigWig writes a wrong maximum.
        if stored is not None and (not stored.n_bases or stored.total_of_squares == 0):
            return set()
        return {name for name in self.chroms if len(self.blocks(file, name).size)}


def _read_header(file, signature):
    """Read the places (bytes) of index, summary and chromosomes, and the largest inflated block.

    Every place that the header names is checked.
    """
    header = _unpack(HEADER, file, 0)
    _, version, n_zooms, tree, data, index, _, _, _, summary, inflated_size, _ = header
    zooms = file.read_at(HEADER.size, n_zooms * ZOOM.size)
    if len(zooms) < n_zooms * ZOOM.size:
        raise DamageError
    size = file.size
    places = [place for zoom in ZOOM.iter_unpack(zooms) for place in zoom[2:]]
    if max(tree, data, index, summary, *places) >= size:
        raise DamageError
    marks = [(tree, CHROM_TREE), *([(index, BLOCK_INDEX)] if index else [])]
    if version >= _SIGNED_AT_END:
        marks.append((size - 4, signature))
    if any(file.read_at(place, 4) != WORD.pack(expected) for place, expected in marks):
        raise DamageError
    # A file without any signal may do without an index; no other one.
    stored = _read_summary(file, summary)
    if not index and (n_zooms or (stored is not None and stored.n_bases)):
        raise DamageError
    return index, summary, tree, inflated_size


def _read_summary(file, place):
    """Read the numbers on all signal; None where there are none."""
    stored = file.read_at(place, SUMMARY.size) if place else b""
    return Summary(*SUMMARY.unpack(stored)) if len(stored) == SUMMARY.size else None


def _read_chroms(file, tree):
    """Read the chromosomes by name, in the order of their numbers."""
    _, _, key_size, value_size, _, _ = _unpack(TREE, file, tree)
    if value_size != 8 or not 0 < key_size < 1 << 16:
        raise DamageError
    leaf = np.dtype([("name", f"S{key_size}"), ("number", "<u4"), ("size", "<u4")])
    branch = np.dtype([("name", f"S{key_size}"), ("child", "<u8")])
    chroms = {}
    for items in _leaves(file, tree + TREE.size, leaf, branch):
        for name, number, size in items.tolist():
            try:
                chroms[name.decode()] = Chrom(number, size)
            except UnicodeDecodeError:
                raise DamageError from None
    known = {chrom.number for chrom in chroms.values() if chrom.size}
    if len(known) < len(chroms) or any(map(has_control, chroms)):
        raise DamageError
    return dict(sorted(chroms.items(), key=lambda entry: entry[1].number))


def _read_blocks(file, index):
    """Read all data blocks with the numbers of their chromosomes, in rising order."""
    leaves, n_promised = [np.zeros(0, dtype=LEAF)], 0
    if index:
        n_promised = _unpack(INDEX, file, index)[2]
        leaves.extend(_leaves(file, index + INDEX.size, LEAF, BRANCH))
    found = np.concatenate(leaves)
    size = file.size
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
    content = file.read_at(place, form.size)
    if len(content) < form.size:
        raise DamageError
    return form.unpack(content)


def _leaves(file, root, leaf, branch):
    """Yield the items of each leaf of a tree, in order."""
    size = file.size
    waiting, seen, n_bytes = [root], set(), 0
    while waiting:
        place = waiting.pop()
        if place in seen or place > size:
            raise DamageError
        seen.add(place)
        is_leaf, _, count = _unpack(NODE, file, place)
        form = leaf if is_leaf else branch
        n_bytes += NODE.size + count * form.itemsize
        if is_leaf > 1 or n_bytes > size or count * form.itemsize > size - place:
            raise DamageError
        content = file.read_at(place + NODE.size, count * form.itemsize)
        if len(content) < count * form.itemsize:
            raise DamageError
        items = np.frombuffer(content, dtype=form)
        if is_leaf:
            yield items
        else:
            waiting.extend(items["child"][::-1].tolist())

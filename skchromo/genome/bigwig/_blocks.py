"""Data blocks of a bigWig file: read, inflated and brought to arrays of runs."""

import struct
import zlib
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ._index import DamageError, read_into

_HEAD = struct.Struct("<IIIIIBBH")
_BED_GRAPH, _VARIABLE_STEP, _FIXED_STEP = 1, 2, 3
# Numbers of 4 bytes that an item has in blocks of each kind.
_ITEM_WIDTHS = {_BED_GRAPH: 3, _VARIABLE_STEP: 2, _FIXED_STEP: 1}
_LARGEST_BLOCK = _HEAD.size + 4 * 3 * 0xFFFF
_BATCH = 2 << 20


class Runs(NamedTuple):
    """Runs of equal signal, by rising position: half-open intervals in bp, and values."""

    start: np.ndarray
    end: np.ndarray
    value: np.ndarray


class BlockDamageError(DamageError):
    """A block that cannot be read; its number among those asked for is the argument."""


class BlockReader:
    """Reads the runs of many blocks at a time.

    Each block goes to its place in the arrays at once, while the processor's cache still holds what
    it inflated to. A reader belongs to one thread; the file may be shared.

    Parameters
    ----------
    file : file object
        The bigWig, open for reading in binary mode.
    inflated_size : int
        Bytes that its largest block inflates to; 0 where blocks are not compressed.
    """

    def __init__(self, file, inflated_size):
        self._file = file
        self._inflated_size = min(inflated_size, _LARGEST_BLOCK)
        self._stored = bytearray()

    def batches(self, blocks):
        """Divide blocks into batches that fit a processor's cache.

        Parameters
        ----------
        blocks : Blocks
            The blocks to be read.

        Returns
        -------
        list of Blocks
        """
        step = max(1, _BATCH // self._largest(blocks))
        return [blocks.take(slice(i, i + step)) for i in range(0, len(blocks.size), step)]

    def read(self, blocks, number):
        """Read the runs of a batch of blocks of one chromosome.

        Parameters
        ----------
        blocks : Blocks
            The blocks, at least one.
        number : int
            The chromosome's number in the file.

        Returns
        -------
        Runs
            In the order of the blocks: uint32 positions, float32 values.

        Raises
        ------
        BlockDamageError
            If a block does not inflate, or holds what cannot be.
        """
        largest = self._largest(blocks)
        most = len(blocks.size) * (largest // 4)
        start, end, bits = (np.empty(most, dtype=np.uint32) for _ in range(3))
        stops = [0]
        for block in self._load(blocks):
            try:
                content = _inflate(block, largest) if self._inflated_size else block
                room = slice(stops[-1], None)
                n_runs = _parse(content, number, start[room], end[room], bits[room])
            except (zlib.error, DamageError):
                raise BlockDamageError(len(stops) - 1) from None
            stops.append(stops[-1] + n_runs)
        filled = slice(stops[-1])
        runs = Runs(start[filled], end[filled], bits[filled].view(np.float32))
        _check_runs(runs, blocks, np.array(stops))
        return runs

    def _largest(self, blocks):
        """Bytes that no block may exceed once it is inflated."""
        return self._inflated_size or min(int(blocks.size.max(initial=1)), _LARGEST_BLOCK)

    def _load(self, blocks):
        """Yield the bytes of each block; neighbours are read in one go."""
        ends = blocks.offset + blocks.size
        cuts = (np.flatnonzero(blocks.offset[1:] != ends[:-1]) + 1).tolist()
        for first, last in pairwise([0, *cuts, len(ends)]):
            begin = int(blocks.offset[first])
            size = int(ends[last - 1]) - begin
            if len(self._stored) < size:
                self._stored = bytearray(size)
            stored = memoryview(self._stored)
            stored = stored[: read_into(self._file, begin, stored[:size])]
            starts = (blocks.offset[first:last] - begin).tolist()
            stops = (ends[first:last] - begin).tolist()
            yield from (stored[i:j] for i, j in zip(starts, stops, strict=True))


def _inflate(block, largest):
    """Inflate a block, which may hold more than memory does, to no more than it should hold."""
    stream = zlib.decompressobj()
    content = stream.decompress(block, largest + 1)
    if not stream.eof or len(content) > largest:
        raise DamageError
    return content


def _parse(block, number, start, end, bits):
    """Write the runs of one block to the front of three arrays, and count them."""
    if len(block) < _HEAD.size:
        raise DamageError
    chrom, first, _, step, span, kind, _, count = _HEAD.unpack_from(block)
    width = _ITEM_WIDTHS.get(kind, 0)
    if chrom != number or not width or len(block) < _HEAD.size + 4 * width * count:
        raise DamageError
    items = np.frombuffer(block, dtype="<u4", count=width * count, offset=_HEAD.size)
    bits[:count] = items[width - 1 :: width]
    if kind == _BED_GRAPH:
        start[:count] = items[::3]
        end[:count] = items[1::3]
        return count
    if kind == _VARIABLE_STEP:
        start[:count] = items[::2]
    elif first + step * count < 1 << 32:
        start[:count] = np.arange(count, dtype=np.uint32) * np.uint32(step) + np.uint32(first)
    else:
        raise DamageError
    np.add(start[:count], np.uint32(span), out=end[:count])
    return count


def _check_runs(runs, blocks, stops):
    """Refuse empty and reversed runs, and those that the index does not promise."""
    filled = runs.end > runs.start
    if not filled.all():
        raise BlockDamageError(int(np.searchsorted(stops, filled.argmin(), "right")) - 1)
    holders = np.flatnonzero(np.diff(stops))
    first, last = stops[holders], stops[holders + 1] - 1
    outside = (runs.start[first] < blocks.start[holders]) | (runs.end[last] > blocks.end[holders])
    if outside.any():
        raise BlockDamageError(int(holders[outside.argmax()]))

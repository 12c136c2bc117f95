"""Data blocks of a bigWig file: read, inflated and brought to arrays of runs."""

import struct
import zlib
from itertools import islice
from typing import NamedTuple

import numpy as np

from ._index import DamageError

_HEAD = struct.Struct("<IIIIIBBH")
_BED_GRAPH, _VARIABLE_STEP, _FIXED_STEP = 1, 2, 3
# Numbers of 4 bytes that an item has in blocks of each kind.
_ITEM_WIDTHS = {_BED_GRAPH: 3, _VARIABLE_STEP: 2, _FIXED_STEP: 1}
_LARGEST_BLOCK = _HEAD.size + 4 * 3 * 0xFFFF
# Inflated bytes that fit a processor's cache.
_BATCH = 2 << 20


class Runs(NamedTuple):
    """Runs of equal signal, by rising position: half-open intervals in bp, and values."""

    start: np.ndarray
    end: np.ndarray
    value: np.ndarray


class BlockDamageError(DamageError):
    """A block that cannot be read; its start and end in bp are the arguments."""


def read_runs(file, blocks, number, inflated_size):
    """Yield the runs of blocks of one chromosome, a batch of blocks at a time.

    `number` is the chromosome's in the file, `inflated_size` the header's: bytes that the largest
    block inflates to, 0 where blocks are not compressed. Runs are uint32 positions and float32
    values in the order of the blocks. Each block goes to its place in the arrays at once, while
    the processor's cache still holds what it inflated to.
    """
    # Deflate makes nothing much longer.
    too_long = np.flatnonzero(blocks.size > 2 * _LARGEST_BLOCK)
    if len(too_long):
        raise _damage(blocks, too_long[0])
    largest = min(inflated_size or int(blocks.size.max(initial=1)), _LARGEST_BLOCK)
    stored = stored_blocks(file, blocks)
    step = max(1, _BATCH // largest)
    for i in range(0, len(blocks.size), step):
        batch = blocks.take(slice(i, i + step))
        most = len(batch.size) * (largest // 4)
        start, end, bits = (np.empty(most, dtype=np.uint32) for _ in range(3))
        stops = [0]
        for block in islice(stored, len(batch.size)):
            try:
                content = inflate(block, largest) if inflated_size else block
                room = slice(stops[-1], None)
                n_runs = _parse(content, number, start[room], end[room], bits[room])
            except (zlib.error, DamageError):
                raise _damage(batch, len(stops) - 1) from None
            stops.append(stops[-1] + n_runs)
        filled = slice(stops[-1])
        runs = Runs(start[filled], end[filled], bits[filled].view(np.float32))
        _check_runs(runs, batch, np.array(stops))
        yield runs


def stored_blocks(file, blocks):
    """Yield the bytes of each block as they are stored; near blocks are read in one go."""
    if not len(blocks.size):
        return
    ends = blocks.offset + blocks.size
    gaps = blocks.offset[1:] - ends[:-1]
    firsts = np.append(0, np.flatnonzero((gaps < 0) | (gaps > file.widest_gap)) + 1)
    origin = np.repeat(blocks.offset[firsts], np.diff(np.append(firsts, len(ends))))
    part = (blocks.offset - origin) // file.longest_range
    firsts = np.union1d(firsts, np.flatnonzero(np.diff(part)) + 1)
    lasts = np.append(firsts[1:], len(ends)) - 1
    starts, stops = blocks.offset[firsts].tolist(), ends[lasts].tolist()
    contents = file.read_ranges(starts, stops)
    for first, last, start, content in zip(firsts, lasts, starts, contents, strict=True):
        rows = slice(first, last + 1)
        places = zip(
            (blocks.offset[rows] - start).tolist(), blocks.size[rows].tolist(), strict=True
        )
        yield from (content[place : place + size] for place, size in places)


def inflate(block, largest):
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
    """Refuse empty and reversed runs, and those outside the bounds that the index gives."""
    filled = runs.end > runs.start
    if not filled.all():
        raise _damage(blocks, int(np.searchsorted(stops, filled.argmin(), "right")) - 1)
    holders = np.flatnonzero(np.diff(stops))
    first, last = stops[holders], stops[holders + 1] - 1
    outside = (runs.start[first] < blocks.start[holders]) | (runs.end[last] > blocks.end[holders])
    if outside.any():
        raise _damage(blocks, int(holders[outside.argmax()]))


def _damage(blocks, row):
    """Return the error for a block."""
    return BlockDamageError(blocks.start[row], blocks.end[row])

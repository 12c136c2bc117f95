"""bigWig files, written through a file object of Python.

libBigWig, which pyBigWig wraps, ends the whole process where a disk is full, or leaves a part of
the file without an error. Here the file object reports what the disk refuses. The layout is that
of Kent et al. 2010, Bioinformatics 26:2204, and its supplement.
"""

import zlib
from typing import NamedTuple

import numpy as np

from ..._arrays import ranges
from .._sniff import BIGWIG
from . import _index

_RUN = np.dtype([("start", "<u4"), ("end", "<u4"), ("value", "<f4")])
_ZOOMED = np.dtype(
    [(name, "<u4") for name in ("chrom", "start", "end", "n_bases")]
    + [(name, "<f4") for name in ("least", "most", "total", "total_of_squares")]
)
# Of a data block: chromosome, start, end, step and span of other kinds, kind, items.
_BLOCK = np.dtype("<u4, <u4, <u4, <u4, <u4, u1, u1, <u2")
_VERSION, _BEDGRAPH = 4, 1
_RUNS_A_BLOCK, _ZOOMED_A_BLOCK, _MOST_A_NODE = 1024, 512, 256
_LARGEST_BLOCK = max(
    _BLOCK.itemsize + _RUNS_A_BLOCK * _RUN.itemsize, _ZOOMED_A_BLOCK * _ZOOMED.itemsize
)
_MOST_ZOOMS, _FIRST_ZOOM, _ZOOM_STEP = 10, 10, 4


class _Pooled(NamedTuple):
    """Bins of one chromosome that have signal: their numbers, and numbers on their bases."""

    bin: np.ndarray
    n_bases: np.ndarray
    least: np.ndarray
    most: np.ndarray
    total: np.ndarray
    total_of_squares: np.ndarray


def write_bigwig(file, chromsizes, signal):
    """Write a bigWig with zoom levels to a binary file that can be sought.

    `chromsizes` holds the length in bp of each chromosome, and `signal` start, end and value of the
    runs of those that have any: arrays, half-open, by rising start, without overlap.
    """
    if max(chromsizes.values(), default=0) >= 1 << 32:
        raise ValueError("a bigWig cannot hold a chromosome of 4,294,967,296 bp or more")
    numbered = [
        (number, size, *map(np.asarray, signal[chrom]))
        for number, (chrom, size) in enumerate(chromsizes.items())
        if chrom in signal and len(signal[chrom][0])
    ]
    summary = _index.HEADER.size + _MOST_ZOOMS * _index.ZOOM.size
    file.write(bytes(summary + _index.SUMMARY.size))
    tree = file.tell()
    _write_chroms(file, chromsizes)
    data = file.tell()
    index = _write_blocks(file, _blocks_of_runs(numbered), "<u8", _RUNS_A_BLOCK)
    bin_size = _FIRST_ZOOM * max(1, round(_mean_length(numbered)))
    pooled = [(one[0], one[1], _pool_runs(*one[2:], bin_size)) for one in numbered]
    numbers = _summarise([bins for _, _, bins in pooled])
    zooms = []
    while len(zooms) < _MOST_ZOOMS and bin_size < max((one[1] for one in pooled), default=0):
        place = file.tell()
        blocks = _blocks_of_zoom(pooled, bin_size)
        zooms.append((bin_size, 0, place, _write_blocks(file, blocks, "<u4", _ZOOMED_A_BLOCK)))
        bin_size *= _ZOOM_STEP
        pooled = [
            (number, size, _pool(bins._replace(bin=bins.bin // _ZOOM_STEP)))
            for number, size, bins in pooled
        ]
    file.write(_index.WORD.pack(BIGWIG))
    file.seek(0)
    places = (tree, data, index, 0, 0, 0, summary, _LARGEST_BLOCK, 0)
    file.write(_index.HEADER.pack(BIGWIG, _VERSION, len(zooms), *places))
    for zoom in zooms:
        file.write(_index.ZOOM.pack(*zoom))
    file.seek(summary)
    file.write(_index.SUMMARY.pack(*numbers))


def _mean_length(numbered):
    """Return the mean length of all runs in bp, 0 where there are none."""
    n_runs = sum(len(start) for _, _, start, _, _ in numbered)
    return sum(int((end - start).sum()) for _, _, start, end, _ in numbered) / max(n_runs, 1)


def _summarise(pooled):
    """Return the header's numbers on all signal."""
    if not pooled:
        return 0, 0.0, 0.0, 0.0, 0.0
    n_bases, total, squares = (
        sum(getattr(bins, name).sum() for bins in pooled)
        for name in ("n_bases", "total", "total_of_squares")
    )
    least, most = min(bins.least.min() for bins in pooled), max(bins.most.max() for bins in pooled)
    return int(n_bases), least, most, total, squares


def _pool_runs(start, end, value, bin_size):
    """Return the bins of one size that runs touch, a run split where a bin ends."""
    first = start // bin_size
    n_bins = (end - 1) // bin_size - first + 1
    bins, run = ranges(first, n_bins), np.repeat(np.arange(len(start)), n_bins)
    stop = np.minimum(end[run], (bins + 1) * bin_size)
    n_bases = stop - np.maximum(start[run], bins * bin_size)
    value = value.astype(np.float32).astype(np.float64)[run]
    return _pool(_Pooled(bins, n_bases, value, value, n_bases * value, n_bases * value**2))


def _pool(parts):
    """Join neighbours that lie in one bin."""
    first = np.flatnonzero(np.diff(parts.bin, prepend=-1))
    joins = np.add, np.minimum, np.maximum, np.add, np.add
    columns = (join.reduceat(part, first) for join, part in zip(joins, parts[1:]))
    return _Pooled(parts.bin[first], *columns)


def _blocks_of_runs(numbered):
    """Yield number of the chromosome, start, end and content of each data block."""
    for number, _, start, end, value in numbered:
        runs = np.empty(len(start), dtype=_RUN)
        runs["start"], runs["end"], runs["value"] = start, end, value
        for some in _parts(runs, _RUNS_A_BLOCK):
            place = number, some["start"][0], some["end"][-1]
            head = np.array((*place, 0, 0, _BEDGRAPH, 0, len(some)), dtype=_BLOCK)
            yield *place, head.tobytes() + some.tobytes()


def _blocks_of_zoom(pooled, bin_size):
    """Yield number of the chromosome, start, end and content of each block of a zoom level."""
    for number, size, bins in pooled:
        zoomed = np.empty(len(bins.bin), dtype=_ZOOMED)
        zoomed["chrom"], zoomed["start"] = number, bins.bin * bin_size
        zoomed["end"] = np.minimum((bins.bin + 1) * bin_size, size)
        for name in _Pooled._fields[1:]:
            zoomed[name] = getattr(bins, name)
        for some in _parts(zoomed, _ZOOMED_A_BLOCK):
            yield number, some["start"][0], some["end"][-1], some.tobytes()


def _write_blocks(file, blocks, counted_as, items_a_block):
    """Write the number of blocks, blocks and their index, and return the place of the index."""
    begin = file.tell()
    file.write(bytes(np.dtype(counted_as).itemsize))
    leaves = []
    for number, start, end, content in blocks:
        packed = zlib.compress(content)
        leaves.append((number, start, number, end, file.tell(), len(packed)))
        file.write(packed)
    index = file.tell()
    file.seek(begin)
    file.write(np.array(len(leaves), dtype=counted_as).tobytes())
    file.seek(index)
    leaves = np.array(leaves, dtype=_index.LEAF)
    bounds = _bounds(leaves, 0, -1) if len(leaves) else (0, 0, 0, 0)
    size = _node_size(leaves)
    head = _index.BLOCK_INDEX, size, len(leaves), *bounds, index, items_a_block, 0
    file.write(_index.INDEX.pack(*head))
    _write_tree(file, leaves, size, _index.BRANCH, "bounds", _bounds)
    return index


def _bounds(items, first, last):
    """Return the places from the first item of an index to the last, as its branches hold them."""
    if items.dtype == _index.BRANCH:
        return (*items["bounds"][first][:2].tolist(), *items["bounds"][last][2:].tolist())
    return (
        *items[["chrom", "start"]][first].tolist(),
        *items[["last_chrom", "end"]][last].tolist(),
    )


def _write_chroms(file, chromsizes):
    """Write names, numbers and lengths of chromosomes, by name."""
    names = [chrom.encode() for chrom in chromsizes]
    key = f"S{max(map(len, names), default=1)}"
    leaf = np.dtype([("name", key), ("number", "<u4"), ("size", "<u4")])
    items = np.array(
        sorted(zip(names, range(len(names)), chromsizes.values(), strict=True)), dtype=leaf
    )
    size, value_size = _node_size(items), 8
    head = _index.CHROM_TREE, size, leaf["name"].itemsize, value_size, len(items), 0
    file.write(_index.TREE.pack(*head))
    branch = np.dtype([("name", key), ("child", "<u8")])
    _write_tree(file, items, size, branch, "name", lambda items, first, _: items["name"][first])


def _node_size(items):
    """Return how many items a node of a tree over these has room for."""
    return min(max(len(items), 1), _MOST_A_NODE)


def _write_tree(file, leaves, size, branch, label, label_of):
    """Write items as a tree, the root first, whose nodes have room for `size` items.

    `branch` is the type of an item above leaves, whose `label` is that of its first and last item.
    """
    levels = [leaves]
    while len(levels[0]) > size:
        below = levels[0]
        level = np.zeros(-(-len(below) // size), dtype=branch)
        for i in range(len(level)):
            level[label][i] = label_of(below, i * size, min((i + 1) * size, len(below)) - 1)
        levels.insert(0, level)
    place = file.tell()
    for level, below in zip(levels, [*levels[1:], None]):
        nodes = list(_parts(level, size)) or [level]
        place += len(nodes) * (_index.NODE.size + size * level.dtype.itemsize)
        if below is not None:
            bytes_a_node = _index.NODE.size + size * below.dtype.itemsize
            level["child"] = place + bytes_a_node * np.arange(len(level))
        for node in nodes:
            full = np.zeros(size, dtype=level.dtype)
            full[: len(node)] = node
            file.write(_index.NODE.pack(below is None, 0, len(node)) + full.tobytes())


def _parts(items, size):
    """Yield the items in parts of one size; the last may be shorter."""
    for first in range(0, len(items), size):
        yield items[first : first + size]

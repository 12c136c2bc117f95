"""Regions on a device, and batches of genes cut from them by index."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from .._arrays import offsets_of, ranges
from ..regions import pool
from ._find_blocks import find_blocks, tokens_of
from .layers import ALIGNED, Bins, Blocks, TokenLayout

# At inference genes, and pCREs, are filled up to multiples of the first, and the pCREs of one width
# to multiples of the second: libraries multiply few or odd numbers of rows in ways that round
# differently, and a gene's prediction must not depend on the genes predicted with it.
_ROWS = 64
_REGIONS_OF_A_WIDTH = 16

# pCREs are padded to the next of these shares of the longest possible region: the width of a
# region depends on its own length alone.
_LENGTH_BUCKETS = (1 / 8, 1 / 4, 1 / 2, 1)

# Arrays of up to so many bytes are sent to the device as one, each from a multiple of the second.
_LARGEST_MESSAGE, _ROUNDED = 1 << 25, 64


@dataclass(frozen=True)
class Batch:
    """Input of the network for some genes; its length is their number.

    - `n_genes`: genes that were wanted; the tensors may hold more, see `fixed` of
      :meth:`DeviceRegions.batch`;
    - `promoters`: a Bins of the promoter windows for each bin size;
    - `pairs`: the pCREs, grouped by width: for each width a Bins per bin size;
    - `layout`: a TokenLayout: which regions are of one gene, and their contact weights.
    """

    n_genes: int
    promoters: list
    pairs: list
    layout: TokenLayout

    def __len__(self):
        return self.n_genes

    def drop_tracks(self, dropped):
        """Set tracks of genes to 0 in place; `dropped` is bool of shape (n_genes, n_tracks)."""
        features = self.promoters[0].features
        kept = features.new_ones(len(dropped), features.shape[-1])
        kept[:, : dropped.shape[1]] = (~dropped).to(features)
        groups = [self.promoters, *self.pairs]
        n_pairs = [len(group[0].features) for group in self.pairs]
        owners = [torch.arange(len(dropped)), *self.layout.gene.split(n_pairs)]
        for group, genes in zip(groups, owners):
            for bins in group:
                bins.features.mul_(kept[genes, None])


class _Pairs(NamedTuple):
    """Gene and place (from 1) of each pCRE, its bucket of lengths, and whether it is padding."""

    gene: np.ndarray
    place: np.ndarray
    bucket: np.ndarray
    padding: np.ndarray


class _Pooled(NamedTuple):
    """Some regions at each bin size, logged, on a device.

    `bucket` numbers the bucket of lengths of each region, see `_LENGTH_BUCKETS`. For each bin size
    `features` is a tensor of shape (total_bins, n_features); `first` and `counts` are the first bin
    and the number of bins of each region.
    """

    bucket: np.ndarray
    features: list
    first: list
    counts: list


class DeviceRegions:
    """A RegionArray on a device, pooled to each bin size and logged; gives batches of genes.

    All regions are pooled at once and stay on the device, from where batches are gathered by
    index, if they fit there. The regions of an opened file (:meth:`RegionArray.load`), and regions
    that do not fit, are pooled for each batch and sent. Batches are the same both ways.

    Parameters
    ----------
    X : RegionArray of shape (n_genes, n_regions, n_bins, n_tracks)
        Mean signal, not logged. With a conditions axis of length 2 after the genes, batches come
        in pairs.
    bin_sizes : sequence of int
        In bp, multiples of ``X.bin_size``.
    device : str or torch.device, default="cpu"
        Where the batches are wanted.

    Attributes
    ----------
    resident : bool
        Whether all regions are on the device.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import DeviceRegions
    >>> X = RegionArray.from_dense(np.ones((3, 2, 8, 1)), bin_size=100)
    >>> regions = DeviceRegions(X, (400, 100))
    >>> [bins.features.shape for bins in regions.batch([0, 2]).promoters]
    [torch.Size([2, 2, 4]), torch.Size([2, 8, 4])]
    >>> regions.resident
    True
    >>> X = RegionArray.from_dense(np.ones((3, 2, 2, 8, 1)))  # two conditions
    >>> a, b = DeviceRegions(X, (100,)).batch([0, 2])
    >>> len(a), len(b)
    (2, 2)
    """

    def __init__(self, X, bin_sizes, device="cpu"):
        self.bin_sizes = tuple(bin_sizes)
        self.device = torch.device(device)
        self.n_conditions = X.ndim - 3
        # each condition of a gene is a row of its own
        self.index = X.index.reshape(-1, X.index.shape[-1])
        self.weights = X.weights.reshape(len(self.index), X.weights.shape[-1])
        self.window, self.max_length = X.window, X.n_bins * X.bin_size
        self._edges = np.ceil(np.multiply(_LENGTH_BUCKETS, self.max_length)).astype(np.int64)
        self._X = X
        self.resident = X.stored_at is None and _fits(X, self.bin_sizes, self.device)
        if self.resident:
            self.index, self._pooled = self._pool(self.index)
            self._X = None

    def __len__(self):
        return len(self.index) // self.n_conditions

    def batch(self, rows, fixed=False):
        """Gather some genes.

        Parameters
        ----------
        rows : array-like of int of shape (n_genes,)
            Rows of X, at least one.
        fixed : bool, default=False
            Whether to fill up to fixed numbers of rows, for inference.

        Returns
        -------
        batch : Batch, or two of them
            The genes in the order of `rows`. For two conditions, the tuple of condition a and
            condition b.

        Raises
        ------
        IndexError
            If X has no such row.
        ValueError
            If the signal of an opened file is damaged.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> from skchromo.nn import DeviceRegions
        >>> regions = DeviceRegions(RegionArray.from_dense(np.ones((3, 2, 8, 1))), (100,))
        >>> batch = regions.batch([2, 0])
        >>> len(batch), batch.pairs[0][0].features.shape  # tracks are filled up to four
        (2, torch.Size([2, 8, 4]))
        """
        (batch,) = self.batches([rows], fixed)
        return batch

    def batches(self, parts, fixed=False):
        """Gather genes part by part: yield the :meth:`batch` of each.

        Regions that are pooled for each batch are pooled for the next one, in a thread, while the
        last one is in use: nothing then waits for a disk. The thread ends with the batches.

        Parameters
        ----------
        parts : iterable of array-like of int, each of shape (n_genes,)
            Rows of X, for one batch after the other.
        fixed : bool, default=False
            As in `batch`.

        Yields
        ------
        batch : Batch, or two of them
            As `batch` returns them.

        Raises
        ------
        IndexError, ValueError
            As from `batch`.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> from skchromo.nn import DeviceRegions
        >>> regions = DeviceRegions(RegionArray.from_dense(np.ones((3, 2, 8, 1))), (100,))
        >>> [len(batch) for batch in regions.batches([[0, 2], [1]])]
        [2, 1]
        """
        parts = (np.asarray(rows, dtype=np.int64) for rows in parts)
        for found in map(self._find, parts) if self.resident else _ahead(self._find, parts):
            batches = [self._batch(*one, fixed) for one in found]
            yield batches[0] if self.n_conditions == 1 else tuple(batches)

    def _find(self, rows):
        """Return weights, numbers of regions and these regions, of each condition of some genes."""
        found = []
        for condition in range(self.n_conditions):
            own = self.n_conditions * rows + condition
            index = self.index[own]
            index, pooled = (index, self._pooled) if self.resident else self._pool(index)
            found.append((self.weights[own], index, pooled))
        return found

    def _batch(self, weights, index, pooled, fixed):
        """Gather rows of one condition."""
        n_genes = len(index)
        if fixed:
            index, weights = _fill_up(index, weights)
        pairs = self._pairs(index, pooled.bucket, fixed)
        n_regions = index.shape[1] if fixed else 1 + pairs.place.max(initial=0)
        buckets, starts = np.unique(pairs.bucket, return_index=True)
        regions = [index[:, 0], *np.split(index[pairs.gene, pairs.place], starts[1:])]
        tokens = tokens_of(weights, pairs)
        genes, blocks = find_blocks(tokens, int(n_regions), fixed)
        sent = _send([*regions, pairs.gene, tokens.padding, *genes, *blocks], self.device)
        (promoters, *groups), (gene, padding, *sent) = sent[: len(regions)], sent[len(regions) :]
        padding = padding if fixed else None
        return Batch(
            n_genes=n_genes,
            promoters=self._bins(pooled, promoters, self.window),
            pairs=[
                self._bins(pooled, group, self._edges[bucket])
                for group, bucket in zip(groups, buckets)
            ],
            layout=TokenLayout(
                gene,
                genes=Blocks(*sent[: len(genes)], padding),
                blocks=Blocks(*sent[len(genes) :], padding),
                n_regions=int(n_regions),
            ),
        )

    def _pool(self, index):
        """Pool the regions of some genes; return them with the genes' numbers among them."""
        regions, new = np.unique(index, return_inverse=True)
        regions, new = regions[regions >= 0], new.reshape(index.shape) - (regions < 0).any()
        every = len(regions) == len(self._X.start)  # then there is nothing to select
        features, first, counts = [], [], []
        for values, offsets in pool(self._X, self.bin_sizes, None if every else regions):
            n_tracks = values.shape[1]
            logged = np.zeros((len(values), n_tracks + -n_tracks % ALIGNED), dtype=np.float32)
            np.log1p(values, out=logged[:, :n_tracks])
            features.append(logged)
            first.append(offsets[:-1])
            counts.append(np.diff(offsets))
        bucket = np.searchsorted(self._edges, self._X.end[regions] - self._X.start[regions])
        sent = _send([*features, *first, *counts], self.device)
        n = len(self.bin_sizes)
        return new, _Pooled(bucket, sent[:n], sent[n : 2 * n], sent[2 * n :])

    @staticmethod
    def _pairs(index, buckets, fixed):
        """Return the pCREs that are there, by width, and with `fixed` more to fill up."""
        gene, place = np.nonzero(index[:, 1:] >= 0)
        bucket = buckets[index[gene, place + 1]]
        order, n_members = np.argsort(bucket, kind="stable"), np.bincount(bucket)
        padding = np.zeros(len(order), dtype=bool)
        if fixed and len(order):
            groups = np.split(order, np.cumsum(n_members)[:-1])
            sizes = -(-n_members // _REGIONS_OF_A_WIDTH) * _REGIONS_OF_A_WIDTH
            sizes[-1] += -sizes.sum() % _ROWS
            order = np.concatenate([np.resize(*group) for group in zip(groups, sizes) if group[1]])
            padding = ranges(np.zeros_like(sizes), sizes) >= np.repeat(n_members, sizes)
        return _Pairs(gene[order], place[order] + 1, bucket[order], padding)

    def _bins(self, pooled, regions, length):
        """Bins of some regions, each centred in the width of a region of `length` bp.

        Widths and numbers of positions are both even or both odd, so that a region lies at the
        same positions whatever the width.
        """
        gathered = []
        for bin_size, features, first, counts in zip(
            self.bin_sizes, pooled.features, pooled.first, pooled.counts
        ):
            width = -(-int(length) // bin_size)
            width += (-(-self.max_length // bin_size) - width) % 2
            count = counts[regions]
            place = torch.arange(width, device=self.device) - _left_padding(width, count)[:, None]
            absent = (place < 0) | (place >= count[:, None])
            row = first[regions][:, None] + place.masked_fill(absent, 0)
            bins = features.index_select(0, row.view(-1))
            gathered.append(Bins(bins.view(*absent.shape, -1), absent))
        return gathered


def _ahead(work, items):
    """Yield the work on each item; that on the next one is done meanwhile, in a thread."""
    with ThreadPoolExecutor(1) as thread:
        begun = deque()
        for item in items:
            begun.append(thread.submit(work, item))
            if len(begun) > 1:
                yield begun.popleft().result()
        yield from (future.result() for future in begun)


def _send(arrays, device):
    """Return arrays as tensors on a device.

    Small ones are sent in one message, of memory that a GPU reads by itself: then nothing waits
    until the GPU has done what it was given before.
    """
    tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]
    starts = offsets_of([-(-tensor.nbytes // _ROUNDED) * _ROUNDED for tensor in tensors]).tolist()
    if device.type == "cpu" or starts[-1] > _LARGEST_MESSAGE:
        return [tensor.to(device) for tensor in tensors]
    message = torch.empty(starts[-1], dtype=torch.uint8, pin_memory=device.type == "cuda")

    def cut(message):
        return [
            message[at : at + tensor.nbytes].view(tensor.dtype).view(tensor.shape)
            for at, tensor in zip(starts, tensors)
        ]

    for place, tensor in zip(cut(message), tensors):
        place.copy_(tensor)
    return cut(message.to(device, non_blocking=True))


def _fits(X, bin_sizes, device):
    """Whether all regions can stay on the device and leave half of its free memory."""
    if device.type != "cuda":
        return True
    n_bins = sum(-(-X.lengths // bin_size) for bin_size in bin_sizes).sum()
    n_bytes = 4 * n_bins * (len(X.tracks) + -len(X.tracks) % ALIGNED)
    return n_bytes < torch.cuda.mem_get_info(device)[0] / 2


def _left_padding(width, count):
    """Bins of padding before a region: where the two ends differ, the left is the longer."""
    return (width - count + 1) // 2


def _fill_up(index, weights):
    """Add promoters of the first genes, without pCREs, until rows are full."""
    n = -len(index) % _ROWS
    extra = np.full((n, index.shape[1]), -1)
    extra[:, 0] = np.resize(index[:, 0], n)
    return np.concatenate([index, extra]), np.pad(weights, ((0, n), (0, 0)))

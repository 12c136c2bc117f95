"""Regions on a device, and batches of genes cut from them by index."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from ._attention import ALIGNED, Bins

# Shapes of blocks at inference. They are the same for every call, so that a gene's prediction
# does not depend, by rounding, on the genes predicted with it.
_GENES_PER_BLOCK = 32
_PAIRS_PER_BLOCK = 64

# Regions are padded to the next of these shares of the longest possible region: the width of
# a region depends on its own length alone.
_LENGTH_BUCKETS = (1 / 8, 1 / 4, 1 / 2, 1)

# Genes are padded to the next of these shares of the largest possible number of pCREs. Those
# without pCREs stand alone, so that every other block has a pair to point at.
_COUNT_BUCKETS = (0, 1 / 3, 2 / 3, 1)


class PairBlock(NamedTuple):
    """Promoter-pCRE pairs whose pCREs are padded to one width.

    Attributes
    ----------
    gene : Tensor of shape (n,), int
        Row of each pair's promoter among the batch's promoters.
    bins : list of Bins, one per bin size

    Examples
    --------
    See :class:`PairwiseInteractionTransformer` and :class:`Batch`.
    """

    gene: torch.Tensor
    bins: list


class GeneBlock(NamedTuple):
    """Genes padded to one number of pCREs.

    Attributes
    ----------
    gene : Tensor of shape (n,), int
        Row of each gene's promoter among the batch's promoters.
    pair : Tensor of shape (n * n_pcres,), int
        Row of each pCRE among the batch's pairs; any row where absent.
    weights : Tensor of shape (n, 1 + n_pcres), float32
        Contact weights, behind a 0 for the promoter.
    absent : Tensor of shape (n, 1 + n_pcres), bool

    Examples
    --------
    See :class:`Batch`.
    """

    gene: torch.Tensor
    pair: torch.Tensor
    weights: torch.Tensor
    absent: torch.Tensor


@dataclass(frozen=True)
class Batch:
    """Everything that the network needs of some genes; its length is their number.

    Attributes
    ----------
    promoters : list of (list of Bins, one per bin size)
    pairs : list of PairBlock
    genes : list of GeneBlock
    order : Tensor of shape (n_genes,), int
        Where each gene of the batch stands in the concatenated gene blocks.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import DeviceRegions
    >>> X = RegionArray.from_dense(np.ones((3, 2, 8, 1)), lengths=[[800, 0], [800, 90], [800, 400]])
    >>> batch = DeviceRegions(X, (100,)).batch([2, 1, 0])
    >>> len(batch), [block.gene.tolist() for block in batch.pairs]
    (3, [[1], [0]])
    >>> [block.gene.tolist() for block in batch.genes], batch.order.tolist()
    ([[2], [0, 1]], [1, 2, 0])
    """

    promoters: list
    pairs: list
    genes: list
    order: torch.Tensor

    def __len__(self):
        return len(self.order)


class DeviceRegions:
    """A RegionArray pooled to each bin size, logged, on a device; batches are gathered from it.

    Parameters
    ----------
    X : RegionArray of shape (n_genes, n_regions, n_bins, n_tracks)
    bin_sizes : sequence of int
        In bp, multiples of ``X.bin_size``.
    device : str or torch.device, default="cpu"

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import DeviceRegions
    >>> X = RegionArray.from_dense(np.ones((3, 2, 8, 1)), bin_size=100)
    >>> regions = DeviceRegions(X, (400, 100))
    >>> [bins.features.shape for bins in regions.batch([0, 2]).promoters[0]]
    [torch.Size([2, 2, 4]), torch.Size([2, 8, 4])]
    """

    def __init__(self, X, bin_sizes, device="cpu"):
        X = X.compact()
        self.bin_sizes = tuple(bin_sizes)
        self.device = torch.device(device)
        self.index, self.weights = X.index, X.weights
        self.max_length = X.n_bins * X.bin_size
        self.window = X.window
        edges = np.ceil(np.multiply(_LENGTH_BUCKETS, self.max_length)).astype(np.int64)
        self._bucket = np.searchsorted(edges, X.lengths)
        self._edges = edges
        self._features, self._first, self._counts = [], [], []
        for bin_size in self.bin_sizes:
            values, offsets = X.pool(bin_size)
            features = np.pad(np.log1p(values), ((0, 0), (0, -values.shape[1] % ALIGNED)))
            self._features.append(torch.from_numpy(features).to(self.device))
            self._first.append(self._put(offsets[:-1]))
            self._counts.append(self._put(np.diff(offsets)))

    def __len__(self):
        return len(self.index)

    def batch(self, rows, fixed=False):
        """Gather some genes.

        Parameters
        ----------
        rows : array-like of int of shape (n_genes,)
        fixed : bool, default=False
            Whether to cut into padded blocks of fixed shapes, for inference.

        Returns
        -------
        batch : Batch
        """
        rows = np.asarray(rows, dtype=np.int64)
        index = self.index[rows]
        genes_per, pairs_per = (_GENES_PER_BLOCK, _PAIRS_PER_BLOCK) if fixed else (None, None)
        promoters = [
            self._bins(index[block, 0], self.window)
            for block, _ in _blocks(np.arange(len(rows)), genes_per)
        ]
        gene, place = np.nonzero(index[:, 1:] >= 0)
        region = index[gene, place + 1]
        pairs, pair_row, n_rows = [], np.zeros(index[:, 1:].shape, dtype=np.int64), 0
        for bucket, edge in enumerate(self._edges):
            for block, n in _blocks(np.flatnonzero(self._bucket[region] == bucket), pairs_per):
                bins = self._bins(region[block], edge)
                pairs.append(PairBlock(self._put(gene[block]), bins))
                pair_row[gene[block[:n]], place[block[:n]]] = n_rows + np.arange(n)
                n_rows += len(block)
        genes, order = self._gene_blocks(index, self.weights[rows], pair_row, genes_per)
        return Batch(promoters, pairs, genes, self._put(order))

    def _gene_blocks(self, index, weights, pair_row, genes_per):
        """Blocks of genes padded to one number of pCREs, and where each gene stands in them."""
        max_pcres = index.shape[1] - 1
        counts = np.max((index[:, 1:] >= 0) * np.arange(1, max_pcres + 1), axis=1, initial=0)
        edges = np.unique(np.ceil(np.multiply(_COUNT_BUCKETS, max_pcres)).astype(np.int64))
        genes, order, n_rows = [], np.zeros(len(index), dtype=np.int64), 0
        for low, edge in zip((-1, *edges[:-1]), edges):
            members = np.flatnonzero((counts > low) & (counts <= edge))
            for block, n in _blocks(members, genes_per):
                absent = index[block, : edge + 1] < 0
                weight = np.pad(weights[block, :edge], ((0, 0), (1, 0)))
                pair = pair_row[block, :edge].ravel()
                genes.append(GeneBlock(*map(self._put, (block, pair, weight, absent))))
                order[block[:n]] = n_rows + np.arange(n)
                n_rows += len(block)
        return genes, order

    def _bins(self, regions, length):
        """Bins of some distinct regions, each centred in the width of a region of `length` bp.

        Widths and numbers of positions are both even or both odd, so that a region lies at the
        same positions whatever the width.
        """
        regions = self._put(regions)
        gathered = []
        for bin_size, features, first, counts in zip(
            self.bin_sizes, self._features, self._first, self._counts
        ):
            width = -(-int(length) // bin_size)
            width += (-(-self.max_length // bin_size) - width) % 2
            count = counts[regions]
            place = torch.arange(width, device=self.device) - _left_padding(width, count)[:, None]
            absent = (place < 0) | (place >= count[:, None])
            row = first[regions][:, None] + place.masked_fill(absent, 0)
            bins = features.index_select(0, row.view(-1)).view(len(regions), width, -1)
            gathered.append(Bins(bins, absent))
        return gathered

    def _put(self, array):
        """Array on the device."""
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device, non_blocking=True)


def _left_padding(width, count):
    """Bins of padding before a region: where the two ends differ, the left is the longer."""
    return (width - count + 1) // 2


def _blocks(members, size):
    """Cut `members` into (block, number of real members), each filled up to `size` if given."""
    if size is None:
        return [(members, len(members))] if len(members) else []
    blocks = []
    for start in range(0, len(members), size):
        block = members[start : start + size]
        blocks.append((np.resize(block, size), len(block)))
    return blocks

"""Promoters and pCREs of a batch as one row of tokens, and as a padded table of genes."""

from typing import NamedTuple

import torch
from torch.nn import functional as F


class TokenLayout(NamedTuple):
    """Which region of which gene each token of a batch is.

    What each region needs alone is computed on tokens: all promoters, then all pCREs that are
    there, none for those that are not. What regions of one gene do to each other is computed on a
    table of `n_genes` x `n_keys` slots. These moves between the two are gathers in both directions
    of differentiation, which unlike scattered sums give the same bits on every run and device.

    Attributes
    ----------
    gene : Tensor of shape (n_pairs,), int
        Number of each pCRE's gene.
    token : Tensor of shape (n_genes, n_keys), int
        Number of the token at each slot; any where absent.
    absent : Tensor of shape (n_genes, n_keys), bool
        True where there is no region. n_keys is n_regions, rounded up.
    weights : Tensor of shape (n_genes, n_keys), float32
        Contact weights; 0 for the promoter and where absent.
    place : Tensor of shape (n_tokens,), int
        Number of each token among the `n_regions` of its gene.
    row : Tensor of shape (n_tokens,), int
        Number of each token's gene.
    padding : Tensor of shape (n_tokens,), bool, or None
        True for tokens that only fill a block up. They stand in no slot. None if there are none.
    n_regions : int
        Most regions that a gene of the batch has, or can have.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import DeviceRegions
    >>> X = RegionArray.from_dense(np.ones((3, 2, 8, 1)), lengths=[[800, 0], [800, 90], [800, 400]])
    >>> layout = DeviceRegions(X, (100,)).batch([2, 1, 0]).layout
    >>> layout.gene.tolist(), layout.token[:, :2].tolist(), layout.absent[2, :2].tolist()
    ([1, 0], [[0, 4], [1, 3], [2, 0]], [False, True])
    >>> import torch
    >>> tokens = torch.arange(5.0).view(1, 5, 1)  # 3 promoters, 2 pCREs
    >>> slots = layout.to_slots(tokens, 2)  # 2 for each gene
    >>> slots.flatten().tolist(), layout.to_tokens(slots, 2).flatten().tolist()
    ([0.0, 4.0, 1.0, 3.0, 2.0, 0.0], [0.0, 1.0, 2.0, 3.0, 4.0])
    >>> layout.to_pairs(tokens[:, :3]).flatten().tolist()
    [1.0, 0.0]
    """

    gene: torch.Tensor
    token: torch.Tensor
    absent: torch.Tensor
    weights: torch.Tensor
    place: torch.Tensor
    row: torch.Tensor
    padding: torch.Tensor | None
    n_regions: int

    def to_slots(self, x, n_slots, blank=False):
        """Put tokens into the first `n_slots` slots of each gene.

        Parameters
        ----------
        x : Tensor of shape (n, n_tokens, d)
            Promoters, then pCREs.
        n_slots : int
            `n_regions` or more, up to n_keys.
        blank : bool, default=False
            Whether absent regions become 0: the derivative of `to_tokens`. Else they become any
            token.

        Returns
        -------
        y : Tensor of shape (n, n_genes * n_slots, d)
            The slots of the first gene, then those of the next.
        """
        y = x.index_select(1, self.token[:, :n_slots].reshape(-1))
        return y.masked_fill_(self.absent[:, :n_slots].reshape(-1, 1), 0) if blank else y

    def to_tokens(self, y, n_slots, blank=False):
        """Take tokens out of the first `n_slots` slots of each gene.

        Parameters
        ----------
        y : Tensor of shape (n, n_genes * n_slots, d)
            The slots of the first gene, then those of the next.
        n_slots : int
            `n_regions` or more, up to n_keys.
        blank : bool, default=False
            Whether padding becomes 0: the derivative of `to_slots`.

        Returns
        -------
        x : Tensor of shape (n, n_tokens, d)
            Promoters, then pCREs.
        """
        x = y.index_select(1, self.row * n_slots + self.place)
        return x.masked_fill_(self.padding[:, None], 0) if blank and self.padding is not None else x

    def to_pairs(self, promoters):
        """Copy to each pCRE the promoter of its gene.

        Parameters
        ----------
        promoters : Tensor of shape (n_scales, n_genes, d)
            One row per gene.

        Returns
        -------
        x : Tensor of shape (n_scales, n_pairs, d)
            One row per pCRE.
        """
        return _Spread.apply(promoters, self)


class _Spread(torch.autograd.Function):
    """Copy each promoter to its pairs; the derivative sums over the pCREs of a gene."""

    @staticmethod
    def forward(ctx, promoters, layout):
        ctx.layout = layout
        return promoters.index_select(1, layout.gene)

    @staticmethod
    def backward(ctx, grad):
        layout, (n_genes, _) = ctx.layout, ctx.layout.token.shape
        slots = layout.to_slots(F.pad(grad, (0, 0, n_genes, 0)), layout.n_regions, blank=True)
        return slots.unflatten(1, (n_genes, -1)).sum(dim=2), None

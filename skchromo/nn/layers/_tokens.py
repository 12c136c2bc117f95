"""Promoters and pCREs of a batch as one row of tokens, and as a padded table of genes."""

from typing import NamedTuple

import torch
from torch.nn import functional as F


class TokenLayout(NamedTuple):
    """The gene and the region that each token of a batch stands for.

    Layers that work on single regions run on tokens: all promoters, then all pCREs, without any for
    absent pCREs. Attention among the regions of a gene runs on a table of n_genes x n_keys slots,
    where n_keys is n_regions rounded up. Moves between the two are gathers in both directions of
    differentiation: unlike scattered sums they give the same bits on every run and device.

    - `gene`, (n_pairs,): number of each pCRE's gene;
    - `token`, (n_genes, n_keys): number of the token at each slot; any where absent;
    - `absent`, (n_genes, n_keys): True where there is no region;
    - `weights`, (n_genes, n_keys): contact weights, 0 for the promoter and where absent;
    - `place`, (n_tokens,): number of each token among the regions of its gene;
    - `row`, (n_tokens,): number of each token's gene;
    - `padding`, (n_tokens,): True for tokens that only fill a block up, which stand in no slot;
      None where there are none;
    - `n_regions`: most regions that a gene of the batch has, or can have.
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
        """Put tokens (n, n_tokens, d) into the first slots of each gene: (n, n_genes * n_slots, d).

        `n_slots` lies between n_regions and n_keys. Absent regions become any token, or 0 with
        `blank`, which is the derivative of :meth:`to_tokens`.
        """
        y = x.index_select(1, self.token[:, :n_slots].reshape(-1))
        return y.masked_fill_(self.absent[:, :n_slots].reshape(-1, 1), 0) if blank else y

    def to_tokens(self, y, n_slots, blank=False):
        """Take tokens (n, n_tokens, d) out of the first slots of each gene: the way back.

        With `blank` padding becomes 0, which is the derivative of :meth:`to_slots`.
        """
        x = y.index_select(1, self.row * n_slots + self.place)
        return x.masked_fill_(self.padding[:, None], 0) if blank and self.padding is not None else x

    def to_pairs(self, promoters):
        """Copy promoters, (n_scales, n_genes, d), to their pCREs: (n_scales, n_pairs, d)."""
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

"""Promoters and pCREs of a batch as one row of tokens, and as blocks in which they attend."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch.nn import functional as F


@dataclass(frozen=True)
class Blocks:
    """Blocks of slots for tokens: whole genes, whose tokens attend to those of the same gene.

    Moves between tokens and slots are gathers in both directions of differentiation: unlike
    scattered sums they give the same bits on every run and device.

    - `token`, (n_blocks, n_slots): number of the token in each slot; any where empty;
    - `block`, `slot`, (n_tokens,): where each token stands, or a token of its gene for padding;
    - `absent`, (n_blocks, n_queries, n_slots): True where the token in a slot is of another gene
      than that in a query's slot; the first slots of each block have queries;
    - `weights`, (n_blocks, n_queries, n_slots): contact weights in the rows of promoters, else 0;
    - `padding`, (n_tokens,): True for tokens that only fill the rows up and stand in no slot; None
      where there can be none.
    """

    token: torch.Tensor
    block: torch.Tensor
    slot: torch.Tensor
    absent: torch.Tensor
    weights: torch.Tensor
    padding: torch.Tensor | None
    _rows: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    def to_slots(self, x, n_slots, n_heads=1):
        """Put tokens (n, n_tokens, d) into the first slots of blocks, each head apart.

        The result has shape (n_heads * n * n_blocks, n_slots, d / n_heads). Empty slots become any
        token.
        """
        n, n_tokens, _ = x.shape

        def find():
            first = torch.arange(n, device=x.device)[:, None, None] * n_tokens
            row = (first + self.token[:, :n_slots]) * n_heads
            return torch.arange(n_heads, device=x.device)[:, None, None, None] + row

        rows = self._kept(find, "slots", n, n_tokens, n_slots, n_heads)
        slots = x.reshape(n * n_tokens * n_heads, -1).index_select(0, rows)
        return slots.unflatten(0, (-1, n_slots))

    def to_tokens(self, y, n_tokens, n_heads=1, blank=False):
        """Take the first tokens out of slots, (n, n_tokens, d): the way back.

        With `blank` padding becomes 0, which is the derivative of `to_slots`.
        """
        n_slots, n_blocks = y.shape[1], len(self.token)
        n = len(y) // (n_heads * n_blocks)

        def find():
            first = torch.arange(n, device=y.device)[:, None, None] * n_blocks
            head = torch.arange(n_heads, device=y.device) * n * n_blocks
            block = first + head + self.block[:n_tokens, None]
            return block * n_slots + self.slot[:n_tokens, None]

        rows = self._kept(find, "tokens", n, n_tokens, n_slots, n_heads)
        x = y.flatten(0, 1).index_select(0, rows).view(n, n_tokens, -1)
        if blank and self.padding is not None:
            x.masked_fill_(self.padding[:n_tokens, None], 0)
        return x

    def _kept(self, find, *key):
        """Find rows once for all layers."""
        if key not in self._rows:
            self._rows[key] = find().flatten()
        return self._rows[key]


class TokenLayout(NamedTuple):
    """The gene and the region that each token of a batch stands for.

    Layers that work on single regions run on tokens: all promoters, then all pCREs, without any for
    absent pCREs. Attention among the regions of a gene runs on blocks.

    - `gene`, (n_pairs,): number of each pCRE's gene;
    - `genes`: Blocks of one gene each, in order: its promoter, then its pCREs in their places; only
      the promoter has a query;
    - `blocks`: Blocks in which every token has a query;
    - `n_regions`: most regions that a gene of the batch has, or can have.
    """

    gene: torch.Tensor
    genes: Blocks
    blocks: Blocks
    n_regions: int

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
        layout, n_genes = ctx.layout, len(ctx.layout.genes.token)
        slots = layout.genes.to_slots(F.pad(grad, (0, 0, n_genes, 0)), layout.n_regions)
        slots = slots.unflatten(0, (-1, n_genes))
        absent = layout.genes.absent[:, 0, : layout.n_regions, None]
        return slots.masked_fill_(absent, 0).sum(dim=2), None

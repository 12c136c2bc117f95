"""Places of the regions of genes in the blocks in which they attend to each other."""

from typing import NamedTuple

import numpy as np

# Numbers of keys are rounded up to these, then to multiples of the last: the softmax of few
# numbers takes several times as long as that of a whole vector register.
_N_KEYS = (4, 8, 16)

# Slots of the blocks that genes share, or more where a gene has more regions. Fewer leave more of
# them empty, more make larger matrices of attention, most of which lies between genes.
_SHARED = 32


class Tokens(NamedTuple):
    """Gene and place (from 0) of each region, its contact weight, and whether it is padding."""

    gene: np.ndarray
    place: np.ndarray
    weight: np.ndarray
    padding: np.ndarray


def tokens_of(weights, pairs):
    """Return the promoters of genes with these contact weights, and their pCREs behind them.

    `pairs` holds gene, place (from 1) and padding of each pCRE.
    """
    genes = np.arange(len(weights))
    return Tokens(
        gene=np.concatenate([genes, pairs.gene]),
        place=np.concatenate([np.zeros_like(genes), pairs.place]),
        weight=np.concatenate([np.zeros(len(genes)), weights[pairs.gene, pairs.place - 1]]),
        padding=np.concatenate([np.zeros(len(genes), dtype=bool), pairs.padding]),
    )


def find_blocks(tokens, n_regions, fixed):
    """Return the parts of `genes` and of `blocks` of a TokenLayout, all but the padding.

    Genes have up to `n_regions` regions. With `fixed` each gene has a block of its own in both.
    """
    genes = np.arange(tokens.gene.max() + 1)
    n_keys = next((n for n in _N_KEYS if n >= n_regions), -(-n_regions // 16) * 16)
    alone = genes, np.zeros_like(genes), n_keys
    own = _places(tokens, *alone, n_queries=1)
    if fixed:
        return own, _places(tokens, *alone, n_queries=n_regions)
    counts, size = np.ones_like(genes), max(n_keys, _SHARED)
    np.maximum.at(counts, tokens.gene, tokens.place + 1)
    return own, _places(tokens, *_packed(counts, size), size, n_queries=size)


def _packed(counts, size):
    """Return block and first slot of genes: the largest first, in the first block with room."""
    block, first, used = np.empty_like(counts), np.empty_like(counts), np.zeros_like(counts)
    for gene in np.argsort(-counts, kind="stable"):
        block[gene] = place = np.argmax(used + counts[gene] <= size)
        first[gene] = used[place]
        used[place] += counts[gene]
    return block, first


def _places(tokens, block, first, size, n_queries):
    """Return the parts of Blocks of `size` slots, given each gene's block and first slot."""
    block, slot = block[tokens.gene], first[tokens.gene] + tokens.place
    shape = block.max() + 1, size
    token, gene = np.zeros(shape, dtype=np.int64), np.full(shape, -1)
    weight, is_promoter = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=bool)
    real = np.flatnonzero(~tokens.padding)
    there = block[real], slot[real]
    token[there], gene[there] = real, tokens.gene[real]
    weight[there], is_promoter[there] = tokens.weight[real], tokens.place[real] == 0
    absent = gene[:, :n_queries, None] != gene[:, None]
    weights = weight[:, None] * (is_promoter[:, :n_queries, None] & ~absent)
    return token, block, slot, absent, weights

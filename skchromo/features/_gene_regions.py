"""From genes to regions: each gene's promoter and pCREs, each distinct one once."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .._arrays import distinct_rows, ranges
from ..genome import promoter_windows
from ..genome.contacts import Pcres


class Regions(NamedTuple):
    """Distinct regions, sorted by sample, chromosome, start and end.

    Attributes
    ----------
    sample : ndarray of shape (n_distinct,), int64
        Number of the sample whose tracks are to be read.
    chrom : ndarray of shape (n_distinct,), object
        Chromosome, as the gene table names it.
    start, end : ndarray of shape (n_distinct,), int64
        Half-open intervals in bp.
    flipped : ndarray of shape (n_distinct,), bool
        Whether bins are read from the end to the start.
    """

    sample: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    flipped: np.ndarray


class GatheredPcres(NamedTuple):
    """The pCREs of all genes, one after the other.

    Attributes
    ----------
    row, place : ndarray of shape (n_contacts,), int64
        Gene row of each, and its place among the row's pCREs, from 0.
    chrom : ndarray of shape (n_contacts,), object
        Chromosome.
    start, end : ndarray of shape (n_contacts,), int64
        Half-open intervals in bp.
    weight : ndarray of shape (n_contacts,), float32
        Contact weight.
    max_pcres : int
        Most pCREs that a row can have.
    max_pcre_length : int
        Longest that a pCRE can be, in bp.
    """

    row: np.ndarray
    place: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    weight: np.ndarray
    max_pcres: int
    max_pcre_length: int


def gather_pcres(genes):
    """Bring the column of pCREs, where there is one, to flat arrays.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        Gene table as `check_genes` returns it, with or without a column ``pcres``.

    Returns
    -------
    GatheredPcres
        Empty, with ``max_pcres`` and ``max_pcre_length`` 0, where there is no such column.

    Raises
    ------
    TypeError
        If the column holds anything but `Pcres`.
    ValueError
        If rows were made with different ``max_pcres`` or ``max_pcre_length``.

    Examples
    --------
    >>> import pandas as pd
    >>> gather_pcres(pd.DataFrame({"gene_id": ["A"]})).max_pcres
    0
    """
    cells = list(genes["pcres"]) if "pcres" in genes.columns else []
    for gene, cell in zip(genes["gene_id"], cells, strict=False):
        if not isinstance(cell, Pcres):
            raise TypeError(
                f"column pcres: gene {gene} has {cell!r}, not pCREs: add the column with "
                "InteractionTransformer"
            )
    for name in ("max_pcres", "max_pcre_length"):
        settings = sorted({getattr(cell, name) for cell in cells})
        if len(settings) > 1:
            raise ValueError(
                f"column pcres: some rows were made with {name}={settings[0]}, others with "
                f"{name}={settings[1]}: make all of them with one setting"
            )
    counts = np.array([len(cell) for cell in cells], dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    return GatheredPcres(
        row=np.repeat(np.arange(len(cells)), counts),
        place=ranges(np.zeros_like(counts), counts),
        chrom=np.array([name for cell in cells for name in cell.chrom], dtype=object),
        start=np.concatenate([none, *(cell.start for cell in cells)]),
        end=np.concatenate([none, *(cell.end for cell in cells)]),
        weight=np.concatenate([none.astype(np.float32), *(cell.weight for cell in cells)]),
        max_pcres=cells[0].max_pcres if cells else 0,
        max_pcre_length=cells[0].max_pcre_length if cells else 0,
    )


def distinct_regions(genes, pcres, window, samples=(None,)):
    """List each region once, and say which gene has which.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        Gene table as `check_genes` returns it.
    pcres : GatheredPcres
        Its pCREs.
    window : int
        Length of the promoter window in bp.
    samples : tuple of (str or None), default=(None,)
        Samples that have tracks of their own; ``(None,)`` where all genes are read from the same.

    Returns
    -------
    regions : Regions
        The distinct regions. Promoters on the ``"-"`` strand are flipped.
    index : ndarray of shape (n_genes, 1 + max_pcres), int64
        Number of each gene's promoter and pCREs among `regions`, -1 where absent.
    weights : ndarray of shape (n_genes, max_pcres), float32
        Contact weight of each pCRE, 0 where absent.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame(
    ...     {"gene_id": ["A", "B", "C"], "chrom": "chr1", "tss": 500, "strand": ["+", "-", "+"]}
    ... )
    >>> regions, index, _ = distinct_regions(genes, gather_pcres(genes), 1000)
    >>> regions.flipped, index.ravel()
    (array([False,  True]), array([0, 1, 0]))
    """
    start, end = promoter_windows(genes, window)
    sample = np.zeros(len(genes), dtype=np.int64)
    if None not in samples:
        sample = pd.Index(samples).get_indexer(genes["sample"])
    columns = (
        np.concatenate([sample, sample[pcres.row]]),
        np.concatenate([genes["chrom"].to_numpy(dtype=object), pcres.chrom]),
        np.concatenate([start, pcres.start]),
        np.concatenate([end, pcres.end]),
        np.concatenate([genes["strand"] == "-", np.zeros(len(pcres.row), dtype=bool)]),
    )
    first, inverse = distinct_rows(*columns)
    index = np.full((len(genes), 1 + pcres.max_pcres), -1, dtype=np.int64)
    index[:, 0] = inverse[: len(genes)]
    index[pcres.row, 1 + pcres.place] = inverse[len(genes) :]
    weights = np.zeros((len(genes), pcres.max_pcres), dtype=np.float32)
    weights[pcres.row, pcres.place] = pcres.weight
    return Regions(*(column[first] for column in columns)), index, weights

"""From a gene table to regions: each gene's promoter and pCREs, each distinct one once."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .._arrays import distinct_rows, ranges
from .._words import name_some
from ..genome import promoter_windows
from ..genome.contacts import Pcres


class Regions(NamedTuple):
    """The distinct regions of some genes, sorted by sample, chromosome, start and end.

    `sample` is the number of the sample whose files are read, and `chrom` is named as in the gene
    table; `start` and `end` are half-open, in bp. The bins of regions that are `flipped`, promoters
    on the minus strand, are read from the end to the start. `index` of shape (n_genes,
    1 + max_pcres) holds the number of each gene's promoter and pCREs, -1 where absent, and
    `weights` of shape (n_genes, max_pcres) their contact weights, 0 where absent. No region could
    be longer than `longest` bp.
    """

    sample: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    flipped: np.ndarray
    index: np.ndarray
    weights: np.ndarray
    longest: int

    @property
    def promoters(self):
        """Number of each gene's promoter."""
        return self.index[:, 0]

    @property
    def pcres(self):
        """Numbers of the pCREs of all genes, one gene after the other."""
        pcres = self.index[:, 1:]
        return pcres[pcres >= 0]


def find_regions(genes, window, files):
    """Return the Regions of a gene table that `check_genes` returned.

    `window` is the length of the promoter window in bp, and `files` the files by sample.
    """
    start, end = promoter_windows(genes, window)
    sample = _sample_numbers(genes, files)
    cells = _pcre_cells(genes)
    counts = np.array([len(cell) for cell in cells], dtype=np.int64)
    row, place = np.repeat(np.arange(len(cells)), counts), ranges(np.zeros_like(counts), counts)
    columns = (
        np.concatenate([sample, sample[row]]),
        np.array([*genes["chrom"], *(name for cell in cells for name in cell.chrom)], dtype=object),
        np.concatenate([start, *(cell.start for cell in cells)]),
        np.concatenate([end, *(cell.end for cell in cells)]),
        np.concatenate([genes["strand"] == "-", np.zeros(len(row), dtype=bool)]),
    )
    first, number = distinct_rows(*columns)
    max_pcres = cells[0].max_pcres if cells else 0
    index = np.full((len(genes), 1 + max_pcres), -1, dtype=np.int64)
    index[:, 0] = number[: len(genes)]
    index[row, 1 + place] = number[len(genes) :]
    weights = np.zeros((len(genes), max_pcres), dtype=np.float32)
    weights[row, place] = np.concatenate([np.zeros(0), *(cell.weight for cell in cells)])
    longest = max(window, cells[0].max_pcre_length if cells else 0)
    return Regions(*(column[first] for column in columns), index, weights, longest)


def _sample_numbers(genes, files):
    """Return the number of each gene's sample in the order of the files."""
    if None in files or (len(files) == 1 and "sample" not in genes.columns):
        return np.zeros(len(genes), dtype=np.int64)
    if "sample" not in genes.columns:
        raise ValueError(
            "the gene table has no column sample, but tracks are given by sample "
            f"({name_some(files)}): add it, or give tracks as a mapping"
        )
    numbers = pd.Index(files).get_indexer(genes["sample"])
    unknown = genes.loc[numbers < 0, "sample"]
    if len(unknown):
        raise ValueError(
            f"no tracks for sample {name_some(unknown)} of {len(unknown)} gene rows; the table "
            f"of tracks has {name_some(files)}: spell samples alike, add their files, or leave "
            "these rows out"
        )
    return numbers


def _pcre_cells(genes):
    """Return the cells of the column of pCREs, made with one setting; none without a column."""
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
    return cells

"""Places of a result: the gene, region and base pairs that each of its numbers belongs to."""

import numbers
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..genome import bare_id

# Columns of the gene table that hold symbols; the first one that is there counts.
_SYMBOLS = ("gene_name", "gene_symbol", "symbol")


@dataclass(frozen=True, eq=False, repr=False)
class Places:
    """Genes of a RegionArray and the places of their regions.

    Attributes
    ----------
    genes : dict of str to ndarray of shape (n_genes,)
        ``gene_id``, the row number where X has none; ``gene_name``, the symbols, and ``sample``
        where X has them.
    chrom : ndarray of shape (n_genes, n_regions), object
        Chromosome of each region; "" where absent.
    start, end : ndarray of shape (n_genes, n_regions), int64
        In bp, 0-based, half-open; 0 where absent.
    flipped : ndarray of shape (n_genes,), bool
        Whether the promoter is read against the chromosome, on strand "-".
    chromsizes : dict of str to int
        Length of each chromosome in bp, if X has them.
    """

    genes: dict
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    flipped: np.ndarray
    chromsizes: dict

    @classmethod
    def of(cls, X):
        """Return the places of the regions of a RegionArray of one condition."""
        absent = X.index < 0
        names = X.genes | {"gene_name": symbols_of(X.genes)}
        names = {
            name: names[name]
            for name in ("gene_id", "gene_name", "sample")
            if names.get(name) is not None
        }
        chrom = X.chrom[X.index]
        chrom[absent] = ""
        return cls(
            genes={"gene_id": np.arange(len(X)), **names},
            chrom=chrom,
            start=np.where(absent, 0, X.start[X.index]),
            end=np.where(absent, 0, X.end[X.index]),
            flipped=np.asarray(X.genes.get("strand", np.full(len(X), "+")) == "-"),
            chromsizes=X.chromsizes,
        )

    def __repr__(self):
        n_regions = int((self.end > self.start).sum())
        return f"Places of {len(self.start):,} genes, {n_regions:,} regions"

    @property
    def tss(self):
        """Middle of each promoter in bp, ndarray of shape (n_genes,), int64."""
        return (self.start[:, 0] + self.end[:, 0]) // 2

    def row(self, gene):
        """Return the row of a gene, given by id, symbol or row number; None is the only one."""
        return row_of_gene(self.genes["gene_id"], gene, self.genes.get("gene_name"))

    def name(self, row):
        """Return the symbol of the gene in a row, or its id where it has none."""
        return name_of_row(self.genes["gene_id"], row, self.genes.get("gene_name"))

    def rows(self, genes):
        """Return the rows of one gene, of several, or of all for None, as an array."""
        if genes is None:
            return np.arange(len(self.start))
        if isinstance(genes, (str, numbers.Integral)):
            genes = [genes]
        return np.array([self.row(gene) for gene in genes], dtype=np.int64)

    def bins(self, gene, region, number, bin_size):
        """Return start and end of bins on their chromosomes, in bp, 0-based and half-open.

        A bin is given by the row of its gene, the place of its region (0 is the promoter) and its
        number in the region.
        """
        first, last = self.start[gene, region], self.end[gene, region]
        near = number * bin_size
        far = np.minimum(near + bin_size, last - first)
        flipped = (region == 0) & self.flipped[gene]
        start = np.where(flipped, last - far, first + near)
        return start, np.where(flipped, last - near, first + far)

    def frame(self, gene, region=None, **columns):
        """Return a table with a line for each row number in `gene`: ``gene_id``, then `columns`.

        `region`, the place of a region of the gene, adds ``region chrom start end``; a column of
        the same name takes the place of one of these.
        """
        table = {name: column[gene] for name, column in self.genes.items()}
        if region is not None:
            table["region"] = region
            for name in ("chrom", "start", "end"):
                table[name] = getattr(self, name)[gene, region]
        return pd.DataFrame(table | columns)


def symbols_of(columns):
    """Return the symbols of genes as an array of str, "" where unknown; None without a column.

    `columns` is a gene table, or a mapping of its columns.
    """
    found = next((columns[name] for name in _SYMBOLS if name in columns), None)
    if found is None:
        return None
    found = pd.Series(np.asarray(found), dtype=object)
    return found.where(found.notna(), "").astype(str).to_numpy(dtype=object)


def name_of_row(ids, row, symbols=None):
    """Return the symbol of the gene in a row, or its id where it has none."""
    symbol = "" if symbols is None else symbols[row]
    return symbol or str(np.asarray(ids)[row])


def row_of_gene(ids, gene, symbols=None):
    """Return the row of a gene, given by id, symbol or row number; None is the only one.

    `ids` are the ids of all rows, or their numbers, and `symbols` their symbols. An id may have
    another version than in the table, or none. A name of no row, or of several, is refused.
    """
    ids = [str(name) for name in ids]
    if gene is None:
        if len(ids) != 1:
            raise ValueError(
                f"there are {len(ids)} genes: name one, as gene={ids[0]!r} or by row number"
            )
        return 0
    if isinstance(gene, str):
        return _row_of_name(ids, gene, [] if symbols is None else symbols)
    if not isinstance(gene, numbers.Integral) or isinstance(gene, bool):
        raise TypeError(f"gene must be an id or symbol (str) or a row number (int), got {gene!r}")
    if not -len(ids) <= gene < len(ids):
        raise IndexError(
            f"gene={gene} is out of range for {len(ids)} genes; an id that is a number must be a "
            f"str: gene='{gene}'"
        )
    return int(gene) % len(ids)


def _row_of_name(ids, gene, symbols):
    """Return the row of an id or symbol."""
    rows = [row for row, name in enumerate(ids) if name == gene]
    rows = rows or [row for row, name in enumerate(symbols) if name == gene]
    rows = rows or [row for row, name in enumerate(ids) if bare_id(name) == bare_id(gene)]
    if not rows:
        shown = ", ".join(ids[:3]) + ", ..." * (len(ids) > 3)
        alike = [name for name in (*ids, *symbols) if name.lower() == gene.lower()]
        hint = f": did you mean {alike[0]!r}?" if alike else ""
        if not alike and not len(symbols):
            hint = "; symbols are known where the gene table has a column gene_name"
        raise ValueError(f"there is no gene {gene!r} among the {len(ids)} genes {shown}{hint}")
    found = list(dict.fromkeys(ids[row] for row in rows))
    if len(found) > 1:
        raise ValueError(f"gene {gene!r} is one of several: give the id, {' or '.join(found)}")
    if len(rows) > 1:
        raise ValueError(
            f"gene {gene!r} stands in rows {', '.join(map(str, rows[:5]))}"
            f"{', ...' * (len(rows) > 5)}: give one of these numbers"
        )
    return rows[0]


def unpadded(values, bins, n_bins, axes=(-1,)):
    """Return values of padded bins as an array with bins counted from each region's start.

    `values` is a tensor whose first axis is regions, and whose `axes` are the network's `bins`.
    The result has `n_bins` bins, NaN behind the last bin of each region.
    """
    values, absent = values.cpu().numpy(), bins.absent.cpu().numpy()
    there = np.arange(n_bins) < (~absent).sum(axis=1)[:, None]
    for axis in axes:
        values = np.moveaxis(values, axis, 1)
        moved = np.full((*there.shape, *values.shape[2:]), np.nan, dtype=np.float32)
        moved[there] = values[~absent]
        values = np.moveaxis(moved, 1, axis)
    return values

"""Places of a result: the gene, region and base pairs that each of its numbers belongs to."""

import numbers
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Places:
    """Genes of a RegionArray and the places of their regions.

    Attributes
    ----------
    genes : dict of str to ndarray of shape (n_genes,)
        ``gene_id``, the row number where X has none, and ``sample`` where X has it.
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
        names = {name: X.genes[name] for name in ("gene_id", "sample") if name in X.genes}
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

    @property
    def tss(self):
        """Middle of each promoter in bp, ndarray of shape (n_genes,), int64."""
        return (self.start[:, 0] + self.end[:, 0]) // 2

    def row(self, gene):
        """Return the row of a gene, given by id or row number; None is the only one."""
        return row_of_gene(self.genes["gene_id"], gene)

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


def row_of_gene(ids, gene):
    """Return the row of a gene, given by id or row number; None is the only one.

    `ids` are the ids of all rows, or their numbers. An id of no row, or of several, is refused.
    """
    ids = [str(name) for name in ids]
    if gene is None:
        if len(ids) != 1:
            raise ValueError(
                f"there are {len(ids)} genes: name one, as gene={ids[0]!r} or by row number"
            )
        return 0
    if isinstance(gene, str):
        rows = [row for row, name in enumerate(ids) if name == gene]
        if not rows:
            shown = ", ".join(ids[:3]) + ", ..." * (len(ids) > 3)
            raise ValueError(f"there is no gene {gene!r} among the {len(ids)} genes {shown}")
        if len(rows) > 1:
            raise ValueError(
                f"gene {gene!r} stands in rows {', '.join(map(str, rows[:5]))}"
                f"{', ...' * (len(rows) > 5)}: give one of these numbers"
            )
        return rows[0]
    if not isinstance(gene, numbers.Integral) or isinstance(gene, bool):
        raise TypeError(f"gene must be an id (str) or a row number (int), got {gene!r}")
    if not -len(ids) <= gene < len(ids):
        raise IndexError(
            f"gene={gene} is out of range for {len(ids)} genes; an id that is a number must be a "
            f"str: gene='{gene}'"
        )
    return int(gene) % len(ids)


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

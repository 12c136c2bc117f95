"""Which gene, region and base pairs each number of a result belongs to."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Places:
    """Genes of a RegionArray and where their regions lie.

    Attributes
    ----------
    genes : dict of str to ndarray of shape (n_genes,)
        ``gene_id``, the row number where X has none, and ``sample`` where X has it.
    chrom : ndarray of shape (n_genes, n_regions), object
    start, end : ndarray of shape (n_genes, n_regions), int64
        In bp, 0-based, half-open; 0 where absent.
    flipped : ndarray of shape (n_genes,), bool
        Whether the promoter is read against the chromosome, on strand "-".
    chromsizes : dict of str to int
        Length of each chromosome in bp, where X knows them.
    """

    genes: dict
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    flipped: np.ndarray
    chromsizes: dict

    @classmethod
    def of(cls, X):
        """Places of the regions of X.

        Parameters
        ----------
        X : RegionArray
            Regions of one condition.

        Returns
        -------
        Places
            Where each region of each gene lies.
        """
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

    def bins(self, gene, region, number, bin_size):
        """Where some bins lie on their chromosomes.

        Parameters
        ----------
        gene, region, number : ndarray of shape (n,), int
            Row of the gene, place of the region (0 is the promoter), number of the bin in it.
        bin_size : int

        Returns
        -------
        start, end : ndarray of shape (n,), int64
        """
        first, last = self.start[gene, region], self.end[gene, region]
        near = number * bin_size
        far = np.minimum(near + bin_size, last - first)
        flipped = (region == 0) & self.flipped[gene]
        return np.where(flipped, last - far, first + near), np.where(
            flipped, last - near, first + far
        )

    def frame(self, gene, region=None, **columns):
        """Tidy table of some genes, or of regions of theirs.

        Parameters
        ----------
        gene : ndarray of shape (n,), int
        region : ndarray of shape (n,), int, default=None
            Adds ``region``, ``chrom``, ``start`` and ``end``.
        **columns : ndarray of shape (n,)
            Further columns; they replace those of the same name in place.

        Returns
        -------
        table : pandas.DataFrame
        """
        table = {name: column[gene] for name, column in self.genes.items()}
        if region is not None:
            table["region"] = region
            for name in ("chrom", "start", "end"):
                table[name] = getattr(self, name)[gene, region]
        return pd.DataFrame(table | columns)

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
        Chromosome of each region; "" where absent.
    start, end : ndarray of shape (n_genes, n_regions), int64
        In bp, 0-based, half-open; 0 where absent.
    flipped : ndarray of shape (n_genes,), bool
        Whether the promoter is read against the chromosome, on strand "-".
    chromsizes : dict of str to int
        Length of each chromosome in bp, if X has them.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.inspection import Places
    >>> genes = {"gene_id": ["A", "B"], "strand": ["+", "-"]}
    >>> places = Places.of(RegionArray.from_dense(np.ones((2, 8)), genes=genes))
    >>> gene, promoter, first_bin = np.array([0, 1]), np.array([0, 0]), np.array([0, 0])
    >>> places.bins(gene, promoter, first_bin, bin_size=100)  # B is read from the end
    (array([  0, 700]), array([100, 800]))
    >>> places.frame(gene, change=np.array([0.5, -0.25]))
      gene_id  change
    0       A    0.50
    1       B   -0.25
    """

    genes: dict
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    flipped: np.ndarray
    chromsizes: dict

    @classmethod
    def of(cls, X):
        """Collect the places of the regions of X.

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
        """Locate bins on their chromosomes.

        Parameters
        ----------
        gene, region, number : ndarray of shape (n,), int
            Row of the gene, place of the region (0 is the promoter), number of the bin in it.
        bin_size : int
            In bp.

        Returns
        -------
        start, end : ndarray of shape (n,), int64
            In bp, 0-based, half-open.
        """
        first, last = self.start[gene, region], self.end[gene, region]
        near = number * bin_size
        far = np.minimum(near + bin_size, last - first)
        flipped = (region == 0) & self.flipped[gene]
        return np.where(flipped, last - far, first + near), np.where(
            flipped, last - near, first + far
        )

    def frame(self, gene, region=None, **columns):
        """Make a tidy table of some genes, or of some of their regions.

        Parameters
        ----------
        gene : ndarray of shape (n,), int
            Row of the gene.
        region : ndarray of shape (n,), int, default=None
            Number of the region: adds ``region``, ``chrom``, ``start`` and ``end``.
        **columns : ndarray of shape (n,)
            Further columns; they replace those of the same name in place.

        Returns
        -------
        table : pandas.DataFrame
            One row per element of `gene`, with ``gene_id`` (and ``sample``) first.
        """
        table = {name: column[gene] for name, column in self.genes.items()}
        if region is not None:
            table["region"] = region
            for name in ("chrom", "start", "end"):
                table[name] = getattr(self, name)[gene, region]
        return pd.DataFrame(table | columns)

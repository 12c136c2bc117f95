"""Where a gene's regions are drawn: side by side, in the order of the chromosome."""

from dataclasses import dataclass

import numpy as np

from .._places import Places

_GAP = 0.012  # between regions, as a share of their summed lengths


@dataclass(frozen=True, eq=False)
class GeneLayout:
    """Regions of one gene, in the order they are drawn.

    Attributes
    ----------
    chrom : str
        Of the gene; empty where X has no coordinates.
    region : ndarray of shape (n,), int
        0 is the promoter, k the k-th pCRE.
    number : ndarray of shape (n,), int
        Of each region in X.
    start, end : ndarray of shape (n,), int64
        On the chromosome, in bp.
    cis : ndarray of shape (n,), bool
        Whether a region is on the chromosome of the gene.
    left, drawn : ndarray of shape (n,), float64
        Where each is drawn and how wide, in bp of pCREs; the promoter as wide as if all of it were
        drawn.
    width : float
        Of all of them, with gaps.
    tss : int
    flipped : bool
        Whether the promoter is read against the chromosome.
    hidden : int
        Bins of the promoter that are not drawn, at each end.
    """

    chrom: str
    region: np.ndarray
    number: np.ndarray
    start: np.ndarray
    end: np.ndarray
    cis: np.ndarray
    left: np.ndarray
    drawn: np.ndarray
    width: float
    tss: int
    flipped: bool
    hidden: int

    @classmethod
    def of(cls, X, window):
        """Layout of the one gene of a RegionArray, its promoter cut to a window around the TSS."""
        places = Places.of(X)
        region = np.flatnonzero(X.index[0] >= 0)
        chrom, start, end = (part[0, region] for part in (places.chrom, places.start, places.end))
        cut = (X.window - window) // 2
        start[0] += cut
        end[0] -= cut
        cis = chrom == chrom[0]
        order = np.arange(len(region))
        if chrom[0]:
            order = np.lexsort((region, start + end, ~cis))
        drawn = np.where(region == 0, X.window, end - start)[order]
        gap = _GAP * drawn.sum()
        left = np.cumsum(drawn + gap) - drawn - gap
        return cls(
            chrom=chrom[0],
            region=region[order],
            number=X.index[0, region[order]],
            start=start[order],
            end=end[order],
            cis=cis[order],
            left=left,
            drawn=drawn,
            width=left[-1] + drawn[-1],
            tss=int(places.tss[0]),
            flipped=bool(places.flipped[0]),
            hidden=cut // X.bin_size,
        )

    @property
    def length(self):
        """Of each region in bp, ndarray of shape (n,)."""
        return self.end - self.start

    @property
    def promoter(self):
        """Which of the regions drawn is the promoter, int."""
        return int(np.flatnonzero(self.region == 0)[0])

    @property
    def promoter_share(self):
        """Share of the width that the promoter is drawn on, float."""
        return self.drawn[self.promoter] / self.width

    def from_tss(self, bp):
        """Where something so many bp from the TSS is drawn in the promoter."""
        at = self.promoter
        share = (self.tss + bp - self.start[at]) / self.length[at]
        return self.left[at] + share * self.drawn[at]

    def shown(self, values):
        """What is drawn of the bins of regions: of each in the order drawn, ndarray (n_bins,)."""
        return [
            y[self.hidden : len(y) - self.hidden] if region == 0 else y
            for region, y in zip(self.region, values)
        ]

    def steps(self, values, bin_size):
        """Outline of bins' values, with NaN between regions.

        Parameters
        ----------
        values : list of ndarray of shape (n_bins,)
            Of each region in the order drawn, bins as they are read; see :meth:`shown`.
        bin_size : int

        Returns
        -------
        x, y : ndarray of shape (n_points,)
        """
        parts = []
        for at, y in enumerate(values):
            length = self.length[at]
            edges = np.minimum(np.arange(len(y) + 1) * bin_size, length)
            if self.region[at] == 0 and self.flipped:
                edges, y = length - edges[::-1], y[::-1]
            x = np.stack([edges[:-1], edges[1:]], axis=1).ravel()
            x = self.left[at] + x * (self.drawn[at] / length)
            parts.append(np.stack([np.append(x, np.nan), np.append(np.repeat(y, 2), np.nan)]))
        return np.concatenate(parts, axis=1)

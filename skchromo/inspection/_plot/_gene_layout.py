"""The places where a gene's regions are drawn: side by side, in the order of the chromosome."""

import numpy as np

from .._places import Places

_GAP = 0.012  # between regions, as a share of their summed lengths


class GeneLayout:
    """Regions of the one gene of a RegionArray, in the order drawn.

    `region` is 0 for the promoter and k for the k-th pCRE; `number` is the region's number in X.
    `start` and `end` are in bp, the promoter's cut to `window` bp around the TSS; `cis` is whether
    a region is on `chrom`, the chromosome of the gene ("" where X has no coordinates). `left` and
    `drawn` are the place and width of a region on an axis of length `width`, in bp of pCREs: the
    promoter is as wide as if all of it were drawn. `hidden` bins of it are not, at each end.
    """

    def __init__(self, X, window):
        places = Places.of(X)
        region = np.flatnonzero(X.index[0] >= 0)
        chrom, start, end = (part[0, region] for part in (places.chrom, places.start, places.end))
        cut = (X.window - window) // 2
        start[0] += cut
        end[0] -= cut
        self.chrom, cis = chrom[0], chrom == chrom[0]
        order = np.lexsort((region, start + end, ~cis)) if self.chrom else np.arange(len(region))
        self.region, self.number = region[order], X.index[0, region[order]]
        self.start, self.end, self.cis = start[order], end[order], cis[order]
        self.length = self.end - self.start
        self.promoter = int(np.flatnonzero(self.region == 0)[0])
        self.drawn = np.where(self.region == 0, X.window, self.length)
        gap = _GAP * self.drawn.sum()
        self.left = np.cumsum(self.drawn + gap) - self.drawn - gap
        self.width = self.left[-1] + self.drawn[-1]
        self.tss, self.flipped = int(places.tss[0]), bool(places.flipped[0])
        self.hidden = cut // X.bin_size

    @property
    def promoter_share(self):
        """Share of the width on which the promoter is drawn, float."""
        return self.drawn[self.promoter] / self.width

    def from_tss(self, bp):
        """Return where a place so many bp from the TSS is drawn in the promoter."""
        at = self.promoter
        share = (self.tss + bp - self.start[at]) / self.length[at]
        return self.left[at] + share * self.drawn[at]

    def visible(self, values):
        """Return the bins of each region that are drawn, given all of them."""
        return [
            y[self.hidden : len(y) - self.hidden] if region == 0 else y
            for region, y in zip(self.region, values)
        ]

    def steps(self, values, bin_size):
        """Return the outline x, y of the visible bins of each region, with NaN between regions.

        Bins are given as they are read, and drawn along the chromosome.
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

"""Changed genes, stacked as rows of one RegionArray and predicted together."""

import numpy as np

from ..._arrays import offsets_of, ranges, rows_of
from ..._progress import progress
from ...regions import RegionArray
from .._places import Places

_ROWS_AT_A_TIME = 512
_PAIRS_AT_A_TIME = 1 << 16


class Variants:
    """The genes of a RegionArray under each of some perturbations.

    A bin of signal s becomes ``s (1 + share (factor - 1)) + share * gain``, where share is the
    part of the bin in the span (for a peak the mean of its bell over the bin). A contact weight w
    becomes ``w weight_factor + weight_gain``. `chosen` is whether a region of a gene may change,
    shape (n_genes, n_perturbations, n_regions); None leaves the choice to the perturbations.
    """

    def __init__(self, X, perturbations, chosen=None):
        self.X, self.places = X, Places.of(X)
        self.factor = _numbers(perturbations, 1.0, scale=None, knock_out=0.0, set=0.0)
        self.gain = _numbers(perturbations, 0.0, set=None, add=None, peak=None)
        self.weight_factor = _numbers(perturbations, 1.0, scale_weight=None, set_weight=0.0)
        self.weight_gain = _numbers(perturbations, 0.0, set_weight=None)
        self.is_peak = np.array([p.action == "peak" for p in perturbations])
        self.is_removal = np.array([p.action == "remove" for p in perturbations])
        self.on_signal = np.array([not p.on_contacts for p in perturbations])
        self.tracks = np.array([np.isin(X.tracks, p.tracks or X.tracks) for p in perturbations])
        # In bp: around the middle of a region, infinite for whole regions; and on a chromosome.
        self.window = np.array([p.window or (-np.inf, np.inf) for p in perturbations], float)
        self.locus = np.array([(p.locus or (None, 0, 0))[1:] for p in perturbations], float)
        self.chrom = np.array([(p.locus or (None,))[0] for p in perturbations], object)
        n_regions = X.index.shape[1]
        self.named = np.array([_named_regions(p.regions, n_regions) for p in perturbations])
        self.chosen = chosen

    def predict(self, predict, verbose=0):
        """Return predictions, shape (n_genes, n_perturbations), NaN where nothing changes.

        `predict` maps a RegionArray to a number for each row. Genes are cut into blocks together
        with all of their perturbations. The regions of a block are pooled once, and the changed
        regions alone are made anew, once for all genes that share them.
        """
        n_edits = len(self.factor)
        predictions = np.full((len(self.X), n_edits), np.nan)
        jobs = []
        for start in range(0, predictions.size, _PAIRS_AT_A_TIME):
            job = np.arange(start, min(start + _PAIRS_AT_A_TIME, predictions.size))
            jobs.append(job[self._targets(*np.divmod(job, n_edits)).any(axis=1)])
        jobs = np.concatenate(jobs)
        bar = progress(label="perturb", unit="predictions", total=len(jobs), verbose=verbose)
        with bar:
            for start in range(0, len(jobs), _ROWS_AT_A_TIME):
                gene, edit = np.divmod(jobs[start : start + _ROWS_AT_A_TIME], n_edits)
                predictions[gene, edit] = predict(self._rows(gene, edit))
                bar.update(len(gene))
        return predictions

    def _targets(self, gene, edit):
        """Return whether perturbations change the regions of genes, shape (n, n_regions)."""
        chosen = self.named[edit] if self.chosen is None else self.chosen[gene, edit]
        targets = chosen & (self.X.index[gene] >= 0)
        if np.isinf(self.window).all() and not any(self.chrom):
            return targets
        row, place = np.nonzero(targets)
        begin, stop = self._spans(gene[row], edit[row], place)
        length = self.X.lengths[self.X.index[gene[row], place]]
        targets[row, place] = (np.minimum(stop, length) > np.maximum(begin, 0)) & (stop > begin)
        return targets

    def _spans(self, gene, edit, place):
        """Return begin and stop of changes in regions, in bp from where each region is read."""
        X, region = self.X, self.X.index[gene, place]
        start, end = X.start[region], X.end[region]
        begin, stop = (self.window[edit] + (end - start)[:, None] / 2).T
        chrom = self.chrom[edit]
        at = np.flatnonzero(chrom.astype(bool))
        if len(at):
            near, far = self.locus[edit[at]].T
            flipped = (place[at] == 0) & self.places.flipped[gene[at]]
            here = X.chrom[region[at]] == chrom[at]
            begin[at] = np.where(flipped, end[at] - far, near - start[at])
            stop[at] = np.where(here, np.where(flipped, end[at] - near, far - start[at]), -np.inf)
        return begin, stop

    def _rows(self, gene, edit):
        """Return genes as rows of a RegionArray, each under its perturbation."""
        X, targets = self.X, self._targets(gene, edit)
        index, weights = X.index[gene], X.weights[gene]
        changed = weights * self.weight_factor[edit, None] + self.weight_gain[edit, None]
        weights = np.where(targets[:, 1:], changed, weights)
        gone = targets & self.is_removal[edit, None]
        index[gone], weights[gone[:, 1:]] = -1, 0
        row, place = np.nonzero(targets & self.on_signal[edit, None])
        made = index[row, place], edit[row], (place == 0) & self.places.flipped[gene[row]]
        _, first, new = np.unique(np.stack(made), axis=1, return_index=True, return_inverse=True)
        sources = index[row, place][first]
        index[row, place] = len(X.lengths) + new
        row, place = row[first], place[first]
        signal = self._signal(sources, edit[row], *self._spans(gene[row], edit[row], place))
        return with_regions(X[gene], index, weights, sources, signal)

    def _signal(self, regions, edit, begin, stop):
        """Return the changed signal of regions, one region after the other."""
        X, counts = self.X, np.diff(self.X.offsets)[regions]
        signal = rows_of(X.signal, X.offsets, regions)
        near = ranges(np.zeros_like(counts), counts) * X.bin_size
        far = np.minimum(near + X.bin_size, np.repeat(X.lengths[regions], counts))
        begin, stop, edit = (np.repeat(part, counts) for part in (begin, stop, edit))
        share = np.clip(np.minimum(far, stop) - np.maximum(near, begin), 0, None) / (far - near)
        peak = np.flatnonzero(self.is_peak[edit])
        share[peak] = _bell(*(part[peak] for part in (near, far, begin, stop)))
        factor = (1 + share * (self.factor[edit] - 1))[:, None]
        gain = (share * self.gain[edit])[:, None]
        return np.where(self.tracks[edit], signal * factor + gain, signal).astype(np.float32)


def _numbers(perturbations, default, **by_action):
    """Return a number for each perturbation by its action; None is the perturbation's value."""
    values = (by_action.get(p.action, default) for p in perturbations)
    return np.array([p.value if n is None else n for p, n in zip(perturbations, values)], float)


def _named_regions(regions, n_regions):
    """Return whether each place is one of the regions, given by name or as number of a pCRE."""
    place = np.arange(n_regions)
    named = {"all": place >= 0, "promoter": place == 0, "pcres": place > 0}
    return named[regions] if isinstance(regions, str) else place == regions


def _bell(near, far, begin, stop):
    """Return the mean over each bin of (1 + cos u) / 2, u from -pi to pi from begin to stop."""
    half = (stop - begin) / 2
    u = (np.clip([near, far], begin, stop) - begin) / half - 1
    area = (u + np.sin(np.pi * u) / np.pi) / 2
    return (area[1] - area[0]) * half / (far - near)


def with_regions(rows, index, weights, sources, signal):
    """Return rows with new regions of some `signal`, each at the place of its source.

    `index` numbers the regions of `rows`, and then the new ones. Only regions in use are kept.
    """
    n_before = len(rows.lengths)
    used = np.unique(index[(index >= 0) & (index < n_before)])
    number = np.full(n_before + len(sources) + 1, -1)
    number[used] = np.arange(len(used))
    number[n_before:-1] = len(used) + np.arange(len(sources))
    region = np.concatenate([used, sources])
    kept = rows_of(rows.signal, rows.offsets, used)
    return rebuilt(
        rows,
        signal=np.concatenate([kept, signal]),
        offsets=offsets_of(np.diff(rows.offsets)[region]),
        chrom=rows.chrom[region],
        start=rows.start[region],
        end=rows.end[region],
        index=number[index],
        weights=weights,
    )


def rebuilt(X, **parts):
    """Return a RegionArray with some parts of X exchanged, and all parts checked."""
    names = ("signal", "offsets", "chrom", "start", "end", "index", "weights", "genes", "tracks")
    names += ("bin_size", "n_bins", "window", "chromsizes", "row_labels", "missing")
    return RegionArray(**{name: getattr(X, name) for name in names} | parts)

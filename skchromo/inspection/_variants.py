"""Changed genes, stacked as rows of one RegionArray and predicted together."""

from typing import NamedTuple

import numpy as np

from .._arrays import bins_of, offsets_of, ranges
from ..regions import RegionArray

_ROWS_AT_A_TIME = 512
_PAIRS_AT_A_TIME = 1 << 16


class Edits(NamedTuple):
    """Perturbations as arrays of shape (n_edits,).

    A bin of signal s becomes ``s (1 + share (factor - 1)) + share * gain``, where share is the
    part of the bin in the span (for a `peak` the mean of its bell over the bin), for the `tracks`
    of an edit, shape (n_edits, n_tracks). A contact weight w becomes
    ``w weight_factor + weight_gain``. Spans have shape (n_edits, 2), in bp: `window` is relative to
    the middle of a region, infinite for whole regions; `locus` is on the chromosome `chrom`, which
    is None without a locus. `chosen` is whether a region of a gene is changed, shape (n_edits,
    n_regions) or (n_genes, n_edits, n_regions).
    """

    factor: np.ndarray
    gain: np.ndarray
    weight_factor: np.ndarray
    weight_gain: np.ndarray
    peak: np.ndarray
    remove: np.ndarray
    on_signal: np.ndarray
    tracks: np.ndarray
    window: np.ndarray
    locus: np.ndarray
    chrom: np.ndarray
    chosen: np.ndarray

    @classmethod
    def of(cls, perturbations, X):
        """Return the edits that some perturbations make in the genes of a RegionArray."""
        n_regions = X.index.shape[1]
        return cls(
            factor=_column(perturbations, {"scale": None, "knock_out": 0.0, "set": 0.0}, 1.0),
            gain=_column(perturbations, {"set": None, "add": None, "peak": None}, 0.0),
            weight_factor=_column(perturbations, {"scale_weight": None, "set_weight": 0.0}, 1.0),
            weight_gain=_column(perturbations, {"set_weight": None}, 0.0),
            peak=np.array([p.action == "peak" for p in perturbations]),
            remove=np.array([p.action == "remove" for p in perturbations]),
            on_signal=np.array([not p.on_contacts for p in perturbations]),
            tracks=np.array([np.isin(X.tracks, p.tracks or X.tracks) for p in perturbations]),
            window=np.array([p.window or (-np.inf, np.inf) for p in perturbations], dtype=float),
            locus=np.array([(p.locus or (None, 0, 0))[1:] for p in perturbations], dtype=float),
            chrom=np.array([(p.locus or (None,))[0] for p in perturbations], dtype=object),
            chosen=np.array([_regions_of(p.regions, n_regions) for p in perturbations]),
        )

    def where(self, gene, edit):
        """Return the chosen regions of pairs of gene and edit, shape (n, n_regions)."""
        return self.chosen[edit] if self.chosen.ndim == 2 else self.chosen[gene, edit]


def _column(perturbations, values, default):
    """Return a number for each perturbation, by its action; None stands for its own value."""
    numbers = (values.get(p.action, default) for p in perturbations)
    return np.array([p.value if n is None else n for p, n in zip(perturbations, numbers)], float)


def _regions_of(regions, n_regions):
    """Return whether each place is one of the regions, given by name or as number of a pCRE."""
    place = np.arange(n_regions)
    named = {"all": place >= 0, "promoter": place == 0, "pcres": place > 0}
    return named[regions] if isinstance(regions, str) else place == regions


def predict_variants(predict, X, places, edits):
    """Predict every gene under every edit, shape (n_genes, n_edits), NaN where nothing changes.

    Genes are cut into blocks together with all of their edits. The regions of a block are pooled
    once, and the changed regions alone are made anew, once for all genes that share them.
    """
    n_edits = len(edits.factor)
    predictions = np.full((len(X), n_edits), np.nan)
    jobs = []
    for start in range(0, predictions.size, _PAIRS_AT_A_TIME):
        job = np.arange(start, min(start + _PAIRS_AT_A_TIME, predictions.size))
        jobs.append(job[_targets(X, places, edits, *np.divmod(job, n_edits)).any(axis=1)])
    jobs = np.concatenate(jobs)
    for start in range(0, len(jobs), _ROWS_AT_A_TIME):
        gene, edit = np.divmod(jobs[start : start + _ROWS_AT_A_TIME], n_edits)
        predictions[gene, edit] = predict(_edited(X, places, edits, gene, edit))
    return predictions


def _targets(X, places, edits, gene, edit):
    """Return the regions that an edit changes in a gene, bool ndarray of shape (n, n_regions)."""
    targets = edits.where(gene, edit) & (X.index[gene] >= 0)
    if np.isinf(edits.window).all() and not any(edits.chrom):
        return targets
    row, place = np.nonzero(targets)
    begin, stop = _spans(X, places, edits, gene[row], edit[row], place)
    length = X.lengths[X.index[gene[row], place]]
    targets[row, place] = (np.minimum(stop, length) > np.maximum(begin, 0)) & (stop > begin)
    return targets


def _spans(X, places, edits, gene, edit, place):
    """Return begin and stop of edits in regions, in bp from where each region is read."""
    region = X.index[gene, place]
    start, end = X.start[region], X.end[region]
    begin, stop = (edits.window[edit] + (end - start)[:, None] / 2).T
    chrom = edits.chrom[edit]
    at = np.flatnonzero(chrom.astype(bool))
    if len(at):
        near, far = edits.locus[edit[at]].T
        flipped = (place[at] == 0) & places.flipped[gene[at]]
        here = X.chrom[region[at]] == chrom[at]
        begin[at] = np.where(flipped, end[at] - far, near - start[at])
        stop[at] = np.where(here, np.where(flipped, end[at] - near, far - start[at]), -np.inf)
    return begin, stop


def _edited(X, places, edits, gene, edit):
    """Return rows of genes, each with its edit."""
    targets = _targets(X, places, edits, gene, edit)
    index, weights = X.index[gene], X.weights[gene]
    contacts = targets[:, 1:]
    changed = weights * edits.weight_factor[edit, None] + edits.weight_gain[edit, None]
    weights = np.where(contacts, changed, weights)
    gone = targets & edits.remove[edit, None]
    index[gone], weights[gone[:, 1:]] = -1, 0
    row, place = np.nonzero(targets & edits.on_signal[edit, None])
    made = index[row, place], edit[row], (place == 0) & places.flipped[gene[row]]
    _, first, new = np.unique(np.stack(made), axis=1, return_index=True, return_inverse=True)
    sources = index[row, place][first]
    index[row, place] = len(X.lengths) + new
    row, place = row[first], place[first]
    spans = _spans(X, places, edits, gene[row], edit[row], place)
    signal = _edited_signal(X, edits, sources, edit[row], *spans)
    return _with_regions(X[gene], index, weights, sources, signal)


def _edited_signal(X, edits, regions, edit, begin, stop):
    """Return the signal of regions after an edit of each, one region after the other."""
    counts = np.diff(X.offsets)[regions]
    signal = X.signal[bins_of(X.offsets, regions)]
    near = ranges(np.zeros_like(counts), counts) * X.bin_size
    far = np.minimum(near + X.bin_size, np.repeat(X.lengths[regions], counts))
    begin, stop, edit = (np.repeat(part, counts) for part in (begin, stop, edit))
    share = np.clip(np.minimum(far, stop) - np.maximum(near, begin), 0, None) / (far - near)
    peak = np.flatnonzero(edits.peak[edit])
    share[peak] = _bell(*(part[peak] for part in (near, far, begin, stop)))
    factor = (1 + share * (edits.factor[edit] - 1))[:, None]
    gain = (share * edits.gain[edit])[:, None]
    return np.where(edits.tracks[edit], signal * factor + gain, signal).astype(np.float32)


def _bell(near, far, begin, stop):
    """Return the mean over each bin of (1 + cos u) / 2, u from -pi to pi from begin to stop."""
    half = (stop - begin) / 2
    u = (np.clip([near, far], begin, stop) - begin) / half - 1
    area = (u + np.sin(np.pi * u) / np.pi) / 2
    return (area[1] - area[0]) * half / (far - near)


def _with_regions(rows, index, weights, sources, signal):
    """Return rows with new regions of some `signal`, each at the place of its source.

    `index` numbers the regions of `rows`, and then the new ones. Only regions in use are kept.
    """
    n_before = len(rows.lengths)
    used = np.unique(index[(index >= 0) & (index < n_before)])
    number = np.full(n_before + len(sources) + 1, -1)
    number[used] = np.arange(len(used))
    number[n_before:-1] = len(used) + np.arange(len(sources))
    region = np.concatenate([used, sources])
    kept = rows.signal[bins_of(rows.offsets, used)]
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
    names += ("bin_size", "n_bins", "window", "chromsizes")
    return RegionArray(**{name: getattr(X, name) for name in names} | parts)

"""Silenced loci: genes whose bins at a locus are replaced, predicted again in large batches."""

from typing import NamedTuple

import numpy as np

from ..._arrays import ranges, rows_of
from ...genome import bare_name
from ...regions import mean_signal
from .._model import response
from .._places import Places
from ._variants import with_regions

_ROWS_AT_A_TIME = 512


class Silencer(NamedTuple):
    """A fitted model with some rows of X as it reads them, ready to silence loci.

    `local` is the row in `X` of each row of the X that was given, -1 where it is not in it.
    `level` is the signal of silenced bins, for each of the tracks with these numbers.
    """

    X: object
    places: Places
    predict: object
    local: np.ndarray
    tracks: np.ndarray
    level: np.ndarray
    bare: np.ndarray  # chromosome of each region, without chr

    @classmethod
    def of(cls, model, n_rows, rows, tracks, replace, response_method, class_of_interest):
        """Return the silencer of a Model whose X holds `rows` of `n_rows`."""
        X, places = model.X, Places.of(model.X)
        if (places.chrom[:, 0] == "").any():
            raise ValueError(
                "the genes of X have no coordinates because X came from plain arrays: make X with "
                "BigWigTransformer"
            )
        local = np.full(n_rows, -1)
        local[rows] = np.arange(len(rows))
        names = X.tracks if tracks is None else (tracks,) if isinstance(tracks, str) else tracks
        unknown = [str(name) for name in names if name not in X.tracks]
        if unknown or not len(names):
            raise ValueError(
                f"X has no track {', '.join(unknown) or 'of an empty list'}, only "
                f"{', '.join(X.tracks)}: name some of these in tracks, or give None for all"
            )
        numbers = np.array([X.tracks.index(name) for name in names])
        predict = response(model, response_method, class_of_interest)
        level = _level(X, replace)[numbers]
        return cls(X, places, predict, local, numbers, level, bare_names(places.chrom))

    def held(self, row, chrom, start, end):
        """Return whether regions of genes overlap loci, shape (n_loci, n_regions).

        `row` are rows of the X that was given, all of them in `local`; `chrom` is without chr.
        """
        gene, places = self.local[row], self.places
        near, far = places.start[gene] < end[:, None], places.end[gene] > start[:, None]
        return near & far & (self.bare[gene] == chrom[:, None])

    def predictions(self, row, start, end, held):
        """Return predictions of genes with a silenced locus each, shape (n_loci,)."""
        predictions = np.empty(len(row))
        order = np.argsort(row, kind="stable")  # rows of one gene together share its regions
        for first in range(0, len(order), _ROWS_AT_A_TIME):
            some = order[first : first + _ROWS_AT_A_TIME]
            X = self._silenced(self.local[row[some]], start[some], end[some], held[some])
            predictions[some] = self.predict(X)
        return predictions

    def _silenced(self, gene, start, end, held):
        """Return genes as rows of a RegionArray, each with its silenced locus."""
        X = self.X
        row, place = np.nonzero(held)
        index = X.index[gene]
        region = index[row, place]
        flipped = (place == 0) & self.places.flipped[gene[row]]
        begin = np.where(flipped, X.end[region] - end[row], start[row] - X.start[region])
        stop = np.where(flipped, X.end[region] - start[row], end[row] - X.start[region])
        counts = np.diff(X.offsets)[region]
        first = np.clip(begin // X.bin_size, 0, counts)
        last = np.clip(-(-stop // X.bin_size), 0, counts)
        signal = rows_of(X.signal, X.offsets, region)
        bins = ranges(np.cumsum(counts) - counts + first, last - first)
        signal[bins[:, None], self.tracks] = self.level
        index[row, place] = len(X.lengths) + np.arange(len(row))
        return with_regions(X[gene], index, X.weights[gene], region, signal)


def bare_names(chrom):
    """Return names of chromosomes without chr, an array of str of the same shape."""
    bare = {name: bare_name(name) for name in set(chrom.ravel())}
    return np.array([bare[name] for name in chrom.ravel()], object).reshape(chrom.shape)


def _level(X, replace):
    """Return the signal of each track that takes the place of a silenced bin's, (n_tracks,)."""
    if replace == "zero":
        return np.zeros(len(X.tracks))
    pcres = X.index[:, 1:]
    elements = np.unique(pcres[pcres >= 0])
    if not len(elements):
        elements = np.unique(X.index[:, 0])
    means = mean_signal(X, elements)
    level = means.mean(axis=0)
    if replace == "unmarked":
        relative = means / np.where(level > 0, level, 1)
        order = np.argsort(relative.sum(axis=1), kind="stable")
        level = means[order[: -(-len(order) // 10)]].mean(axis=0)
    return level

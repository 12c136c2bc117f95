"""Rows of a contact matrix: the contacts of each promoter's bin, and the choice among them."""

from typing import NamedTuple

import numpy as np

from ..._arrays import ranges


class Reach(NamedTuple):
    """Which pixels count as contacts: the nearest and farthest diagonals, and the least raw count.

    Diagonals are counted in bins from the main one; both ends are included.
    """

    nearest: int
    farthest: int
    min_count: float


class Rows(NamedTuple):
    """Contacts of some bins, in parallel arrays of shape (n_contacts,).

    `row` is a position in a list of bins. The contact is with the bins `first` to `last`, both
    included, `distance` bins away; `score` (float64) is its strength.
    """

    row: np.ndarray
    first: np.ndarray
    last: np.ndarray
    distance: np.ndarray
    score: np.ndarray

    def take(self, which):
        """Take some of the contacts."""
        return Rows(*(values[which] for values in self))

    def of(self, n_rows, which):
        """Return the contacts of some of the `n_rows` rows, in any order, repeats allowed.

        The contacts must be in order of rows. In the result, ``row`` is a position in `which`.
        """
        bounds = np.searchsorted(self.row, np.arange(n_rows + 1))
        counts = np.diff(bounds)[which]
        picked = self.take(ranges(bounds[which], counts))
        return picked._replace(row=np.repeat(np.arange(len(which)), counts))


NO_ROWS = Rows(*[np.empty(0, dtype=np.int64)] * 4, np.empty(0))


def read_rows(blocks, bins, n_bins, reach, *, weights=None, over_expected=False):
    """Gather the positive pixels of some bins from the `Pixels` of a chromosome's band.

    `bins` are rising and distinct. `weights`, shape (n_bins,), divide the counts and are NaN for
    masked bins. With `over_expected`, each value is divided by the mean over all pairs of valid
    bins at its distance. Valid are the bins that are not masked, or without weights those with a
    contact in the band. Memory holds a block and the rows, never the band.
    """
    position = np.full(n_bins, -1)
    position[bins] = np.arange(len(bins))
    wanted = position >= 0
    total = np.zeros(reach.farthest + 1)
    valid = np.zeros(n_bins, dtype=bool) if weights is None else np.isfinite(weights)
    found = [NO_ROWS]
    for first, second, count in blocks:
        value = count if weights is None else count / (weights[first] * weights[second])
        distance = second - first
        is_contact = np.isfinite(value) & (value > 0)
        if over_expected:
            value = np.where(is_contact, value, 0)
            total += np.bincount(distance, value, minlength=len(total))
            if weights is None:
                valid[first[is_contact]] = valid[second[is_contact]] = True
        counted = is_contact & (distance >= reach.nearest) & (count >= reach.min_count)
        for here, there in ((first, second), (second, first)):
            own = np.flatnonzero(counted & wanted[here])
            other = there[own].astype(np.int64)
            found.append(Rows(position[here[own]], other, other, distance[own], value[own]))
    rows = Rows(*map(np.concatenate, zip(*found, strict=True)))
    if not over_expected:
        return rows
    return rows._replace(score=rows.score / _expected(total, valid)[rows.distance])


def strongest(rows, n_most):
    """Keep the strongest contacts of each row, in falling score; None keeps all.

    Among equal scores, the nearer comes first, then the one that starts first.
    """
    rows = rows.take(np.lexsort((rows.first, rows.distance, -rows.score, rows.row)))
    if n_most is None:
        return rows
    return rows.take(np.arange(len(rows.row)) - np.searchsorted(rows.row, rows.row) < n_most)


def merge_adjacent(rows, bins, max_gap, max_bins):
    """Merge contacts of a row with at most `max_gap` bins between them into regions.

    `bins` holds the bin of each row: contacts on its two sides are never merged. A run of
    neighbours is cut every `max_bins` bins from its first one on. Return the regions by row and
    position, with their highest score and nearest distance.
    """
    if len(rows.row) == 0:
        return rows
    rows = rows.take(np.lexsort((rows.first, rows.row)))
    side = rows.first > bins[rows.row]
    begins = np.ones(len(side), dtype=bool)
    begins[1:] = (
        (np.diff(rows.row) != 0)
        | (side[1:] != side[:-1])
        | (rows.first[1:] - rows.first[:-1] - 1 > max_gap)
    )
    run_start = rows.first[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    piece = (rows.first - run_start) // max_bins
    begins[1:] |= np.diff(piece) != 0
    starts = np.flatnonzero(begins)
    return Rows(
        rows.row[starts],
        rows.first[starts],
        np.maximum.reduceat(rows.last, starts),
        np.minimum.reduceat(rows.distance, starts),
        np.maximum.reduceat(rows.score, starts),
    )


def _expected(total, valid):
    """Return the mean over pairs of valid bins at each distance, pairs without contact included."""
    n_bins = len(valid)
    pairs = [np.count_nonzero(valid[: n_bins - d] & valid[d:]) for d in range(len(total))]
    # Where there is no pair there is no contact to be divided either.
    return total / np.maximum(pairs, 1)

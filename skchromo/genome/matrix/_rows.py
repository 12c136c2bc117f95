"""Rows of a contact matrix: what each promoter's bin has contacts with, and their choice."""

from typing import NamedTuple

import numpy as np

from ..._arrays import ranges


class Reach(NamedTuple):
    """Which pixels count as contacts of a promoter.

    Parameters
    ----------
    nearest, farthest : int
        Distances in bins, both included.
    min_count : float
        Pixels with a lower raw count are left out.

    Examples
    --------
    >>> Reach(2, 200, 0.0).farthest
    200
    """

    nearest: int
    farthest: int
    min_count: float


class Rows(NamedTuple):
    """Contacts of some bins, in parallel arrays.

    Parameters
    ----------
    row : ndarray of shape (n_contacts,), int64
        Whose contact it is: a position in the list of bins asked for.
    first, last : ndarray of shape (n_contacts,), int64
        First and last bin that the contact is with.
    distance : ndarray of shape (n_contacts,), int64
        Distance in bins from the row's own, positive.
    score : ndarray of shape (n_contacts,), float64
        How strong it is.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array([1])
    >>> Rows(one, one, one, one, np.array([2.5])).score
    array([2.5])
    """

    row: np.ndarray
    first: np.ndarray
    last: np.ndarray
    distance: np.ndarray
    score: np.ndarray

    def take(self, which):
        """Take some of the contacts."""
        return Rows(*(values[which] for values in self))


def read_rows(blocks, bins, n_bins, reach, *, weights=None, over_expected=False):
    """Gather the rows of some bins from the band of a chromosome.

    Parameters
    ----------
    blocks : iterable of Pixels
        The band, each pixel once.
    bins : ndarray of shape (n_rows,), int64
        Bins whose contacts are wanted, in rising order and distinct.
    n_bins : int
        Bins of the chromosome.
    reach : Reach
        Which pixels count.
    weights : ndarray of shape (n_bins,), float64, default=None
        Divisors of the counts, NaN for masked bins; None takes the counts as they are.
    over_expected : bool, default=False
        Divide each value by the mean over all pairs of valid bins at its distance. Valid are the
        bins that are not masked, or without weights those with a contact in the band.

    Returns
    -------
    Rows
        Every positive pixel that counts, for each of its two bins that is wanted.

    Notes
    -----
    Pixels that belong to no wanted bin are dropped block by block, after they have been added to
    the means: memory holds a block and the rows, never the band.
    """
    position = np.full(n_bins, -1)
    position[bins] = np.arange(len(bins))
    total = np.zeros(reach.farthest + 1)
    valid = np.zeros(n_bins, dtype=bool) if weights is None else np.isfinite(weights)
    found = [Rows(*[np.empty(0, dtype=np.int64)] * 4, np.empty(0))]
    for first, second, count in blocks:
        value = count if weights is None else count / (weights[first] * weights[second])
        distance = second - first
        is_contact = np.isfinite(value) & (value > 0)
        if over_expected:
            contact = np.flatnonzero(is_contact)
            total += np.bincount(distance[contact], value[contact], minlength=len(total))
            if weights is None:
                valid[first[contact]] = valid[second[contact]] = True
        counted = is_contact & (distance >= reach.nearest) & (count >= reach.min_count)
        for here, there in ((first, second), (second, first)):
            own = np.flatnonzero(counted & (position[here] >= 0))
            other = there[own].astype(np.int64)
            found.append(Rows(position[here[own]], other, other, distance[own], value[own]))
    rows = Rows(*map(np.concatenate, zip(*found, strict=True)))
    if not over_expected:
        return rows
    return rows._replace(score=rows.score / _expected(total, valid)[rows.distance])


def strongest(rows, n_most):
    """Keep the strongest contacts of each row.

    Parameters
    ----------
    rows : Rows
        Contacts.
    n_most : int or None
        How many each row keeps; of equal scores the nearer, then the one that starts first. None
        keeps all.

    Returns
    -------
    Rows
        Contacts by row, and in each in falling score.

    Examples
    --------
    >>> import numpy as np
    >>> place = np.array([4, 5, 9])
    >>> rows = Rows(np.array([0, 0, 0]), place, place, place, np.array([1.0, 3.0, 2.0]))
    >>> strongest(rows, 2).score
    array([3., 2.])
    """
    rows = rows.take(np.lexsort((rows.first, rows.distance, -rows.score, rows.row)))
    if n_most is None:
        return rows
    return rows.take(np.arange(len(rows.row)) - np.searchsorted(rows.row, rows.row) < n_most)


def pick_rows(rows, n_rows, which):
    """Give the contacts of some rows.

    Parameters
    ----------
    rows : Rows
        Contacts by row.
    n_rows : int
        How many rows there are, those without contacts included.
    which : ndarray of shape (n_picked,), int64
        Numbers of rows, in any order, repeats allowed.

    Returns
    -------
    Rows
        Their contacts, ``row`` being a position in `which`.

    Examples
    --------
    >>> place = np.array([4, 5, 9])
    >>> rows = Rows(np.array([0, 0, 2]), place, place, place, np.array([1.0, 3.0, 2.0]))
    >>> pick_rows(rows, 3, np.array([2, 1, 0])).row
    array([0, 2, 2])
    """
    bounds = np.searchsorted(rows.row, np.arange(n_rows + 1))
    counts = np.diff(bounds)[which]
    picked = rows.take(ranges(bounds[which], counts))
    return picked._replace(row=np.repeat(np.arange(len(which)), counts))


def merge_adjacent(rows, bins, max_gap, max_bins):
    """Merge contacts of a row that stand next to each other.

    Parameters
    ----------
    rows : Rows
        Contacts of one bin each.
    bins : ndarray of shape (n_rows,), int64
        The bin of each row: contacts on its two sides are never merged.
    max_gap : int
        The most bins that may lie between two neighbours.
    max_bins : int
        The longest region in bins: a longer run of neighbours is cut every so many bins from its
        first one on.

    Returns
    -------
    Rows
        Regions, by row and position, with their highest score and nearest distance.

    Examples
    --------
    >>> import numpy as np
    >>> place = np.array([5, 6, 9])
    >>> rows = Rows(np.array([0, 0, 0]), place, place, place, np.array([1.0, 3.0, 2.0]))
    >>> merged = merge_adjacent(rows, np.array([0]), max_gap=0, max_bins=8)
    >>> merged.first, merged.last, merged.score
    (array([5, 9]), array([6, 9]), array([3., 2.]))
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
    """Mean value of the pairs of valid bins at each distance, pairs without contact included."""
    n_bins = len(valid)
    pairs = [np.count_nonzero(valid[: n_bins - d] & valid[d:]) for d in range(len(total))]
    # Where there is no pair there is no contact to be divided either.
    return total / np.maximum(pairs, 1)

"""Rows of contact matrices that were read before, for the other folds and candidates of a search.

What a promoter has contacts with depends on the file and on how it is read, not on the other genes:
each row needs to be read once in a process.
"""

import threading
from typing import NamedTuple

import numpy as np

from ._rows import Rows, pick_rows

# Most contacts that are kept in a process: 24 bytes each. Those of 19,000 genes are a million by
# default.
_MOST_CONTACTS = 10_000_000
_KEPT = {}
# Threads of a search that need the same rows wait for the first one.
_LOCK = threading.Lock()


class _Known(NamedTuple):
    """The bins of a chromosome whose contacts are known, rising, and these contacts."""

    bins: np.ndarray
    rows: Rows


def read_once(key, bins, read):
    """Give the contacts of some bins, of which only those are read that are not known yet.

    Parameters
    ----------
    key : hashable
        The file in its present state, how it is read, and the chromosome.
    bins : ndarray of shape (n_rows,), int64
        Bins, in any order, repeats allowed.
    read : callable
        Takes some of these bins, rising and distinct, and gives their `Rows` by row.

    Returns
    -------
    Rows
        Contacts by row, ``row`` being a position in `bins`; those of a row in the order in which
        they were read.

    Examples
    --------
    >>> key = object()
    >>> def read(bins):
    ...     print("reading", bins)
    ...     return Rows(np.arange(len(bins)), bins + 5, bins + 5, bins * 0 + 5, bins / 2)
    >>> read_once(key, np.array([4, 1, 4]), read).score
    reading [1 4]
    array([2. , 0.5, 2. ])
    >>> read_once(key, np.array([2, 4]), read).score
    reading [2]
    array([1., 2.])
    """
    with _LOCK:
        known = _KEPT.pop(key, None) or _Known(bins[:0], Rows(*np.empty((4, 0), int), np.empty(0)))
        new = np.setdiff1d(bins, known.bins)
        if len(new):
            known = _join(known, new, read(new))
        _KEPT[key] = known
        while sum(len(kept.rows.row) for kept in _KEPT.values()) > _MOST_CONTACTS:
            # the one that was not asked for the longest time
            _KEPT.pop(next(iter(_KEPT)))
    return pick_rows(known.rows, len(known.bins), np.searchsorted(known.bins, bins))


def _join(known, new, found):
    """Add bins and what was found for them to the known ones."""
    bins = np.concatenate([known.bins, new])
    found = found._replace(row=found.row + len(known.bins))
    rows = Rows(*map(np.concatenate, zip(known.rows, found, strict=True)))
    order = np.argsort(bins)
    rows = pick_rows(rows.take(np.argsort(rows.row, kind="stable")), len(bins), order)
    places = [values.astype(np.int32) for values in rows[:-1]]
    return _Known(bins[order], Rows(*places, rows.score))

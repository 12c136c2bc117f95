"""Rows of contact matrices that were read before, for the other folds and candidates of a search.

The contacts of a promoter depend on the file and on how it is read, not on the other genes: each
row needs to be read once in a process.
"""

import threading
from typing import NamedTuple

import numpy as np

from ._rows import NO_ROWS, Rows


class _Known(NamedTuple):
    """The bins of a chromosome whose contacts are known, rising, and these contacts."""

    bins: np.ndarray
    rows: Rows


class RowCache:
    """Rows by what they depend on, of at most `most_contacts` contacts (24 bytes each)."""

    def __init__(self, most_contacts):
        self.most_contacts = most_contacts
        self._kept = {}
        # Threads of a search that need the same rows wait for the first one.
        self._lock = threading.Lock()

    @property
    def n_contacts(self):
        """How many contacts are kept."""
        return sum(len(known.rows.row) for known in self._kept.values())

    def get(self, key, bins, read):
        """Return the `Rows` of some bins (any order, repeats allowed), reading the unknown ones.

        `key` holds all that rows depend on: the file in its present state, how it is read, the
        chromosome. `read` takes bins, rising and distinct, and returns their `Rows` by row.
        """
        with self._lock:
            known = self._kept.pop(key, None) or _Known(bins[:0], NO_ROWS)
            new = np.setdiff1d(bins, known.bins)
            if len(new):
                known = _join(known, new, read(new))
            self._kept[key] = known
            while self.n_contacts > self.most_contacts:
                # the one that was used the longest time ago
                self._kept.pop(next(iter(self._kept)))
        return known.rows.of(len(known.bins), np.searchsorted(known.bins, bins))


def _join(known, new, found):
    """Add bins and their contacts to the known ones."""
    bins = np.concatenate([known.bins, new])
    found = found._replace(row=found.row + len(known.bins))
    rows = Rows(*map(np.concatenate, zip(known.rows, found, strict=True)))
    order = np.argsort(bins)
    rows = rows.take(np.argsort(rows.row, kind="stable")).of(len(bins), order)
    places = [values.astype(np.int32) for values in rows[:-1]]
    return _Known(bins[order], Rows(*places, rows.score))

"""The cell of a gene table's ``pcres`` column: the chosen pCREs of one gene row."""

import numpy as np

from ..._words import check_whole


class Pcres:
    """The pCREs of one row of a gene table, from high to low weight.

    A cell of the gene table's ``pcres`` column. It cannot be changed, compares by value, and
    carries the two limits it was chosen under, so that any slice of a table is complete.

    Parameters
    ----------
    chrom : sequence of str, length n_pcres
        Chromosome of each pCRE.
    start, end : array-like of shape (n_pcres,)
        0-based, half-open intervals in bp.
    weight : array-like of shape (n_pcres,)
        Contact weights (the score of the contact list), none higher than the one before it.
    max_pcres : int
        The most pCREs that a row of the table may have, 0 or more.
    max_pcre_length : int
        The longest pCRE that a row of the table may have, in bp.
    origin : object, default=None
        Where the contacts come from, as far as their assembly can be checked by it.

    Attributes
    ----------
    chrom : tuple of str
        Chromosome of each pCRE.
    start, end : ndarray of shape (n_pcres,), int64, read-only
        0-based, half-open intervals in bp.
    weight : ndarray of shape (n_pcres,), float32, read-only
        Contact weights, falling.
    max_pcres, max_pcre_length : int
        As given.
    origin : object
        As given. It is not compared.

    Raises
    ------
    ValueError
        If the lengths differ, there are more than `max_pcres`, an interval is empty, negative or
        longer than `max_pcre_length`, or the weights are not finite and falling.

    Examples
    --------
    >>> pcres = Pcres(
    ...     ["chr1", "chr1"], [500, 90_000], [900, 95_000], [3.5, 1.6],
    ...     max_pcres=8, max_pcre_length=40_000,
    ... )
    >>> pcres
    2 of 8 pCREs
    >>> len(pcres), pcres.weight
    (2, array([3.5, 1.6], dtype=float32))
    """

    __slots__ = ("chrom", "end", "max_pcre_length", "max_pcres", "origin", "start", "weight")

    def __init__(self, chrom, start, end, weight, max_pcres, max_pcre_length, origin=None):
        arrays = {
            "start": np.array(start, dtype=np.int64),
            "end": np.array(end, dtype=np.int64),
            "weight": np.array(weight, dtype=np.float32),
        }
        chrom = tuple(chrom)
        shapes = {array.shape for array in arrays.values()}
        if shapes != {(len(chrom),)}:
            raise ValueError("chrom, start, end and weight must be 1-D and of one length")
        check_limits(max_pcres, max_pcre_length)
        if chrom:
            _check_cell(*arrays.values(), max_pcres, max_pcre_length)
        for name, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "chrom", chrom)
        object.__setattr__(self, "max_pcres", int(max_pcres))
        object.__setattr__(self, "max_pcre_length", int(max_pcre_length))
        object.__setattr__(self, "origin", origin)

    def __setattr__(self, name, value):
        raise AttributeError(
            "cells of the column pcres cannot be changed: use weight_transform of "
            f"InteractionTransformer for other weights, or build a new Pcres to set {name}"
        )

    def __delattr__(self, name):
        raise AttributeError(f"cells of the column pcres cannot be changed: {name} stays")

    def __len__(self):
        return len(self.chrom)

    def __eq__(self, other):
        if not isinstance(other, Pcres):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __reduce__(self):
        names = ("chrom", "start", "end", "weight", "max_pcres", "max_pcre_length", "origin")
        return Pcres, tuple(getattr(self, name) for name in names)

    def __repr__(self):
        return f"{len(self)} of {self.max_pcres} pCREs"

    def with_weight(self, weight):
        """Return the same pCREs with other weights."""
        limits = (self.max_pcres, self.max_pcre_length, self.origin)
        return Pcres(self.chrom, self.start, self.end, weight, *limits)

    def _key(self):
        """Return all content as one hashable value."""
        arrays = tuple(tuple(array.tolist()) for array in (self.start, self.end, self.weight))
        return self.chrom, *arrays, self.max_pcres, self.max_pcre_length


def check_limits(max_pcres, max_pcre_length):
    """Check the two limits that every cell carries."""
    check_whole("max_pcres", max_pcres, 0)
    check_whole("max_pcre_length", max_pcre_length, 1, "bp")


def _check_cell(start, end, weight, max_pcres, max_pcre_length):
    """Check the arrays of one cell that is not empty."""
    if len(start) > max_pcres:
        raise ValueError(f"{len(start)} pCREs are more than max_pcres={max_pcres}")
    if start.min() < 0 or (end - start).min() <= 0:
        raise ValueError("a pCRE must hold at least one base: 0 <= start < end")
    if (end - start).max() > max_pcre_length:
        raise ValueError(
            f"a pCRE of {(end - start).max()} bp is longer than max_pcre_length={max_pcre_length}"
        )
    if not np.isfinite(weight).all() or (weight[1:] > weight[:-1]).any():
        raise ValueError(f"weights must be finite and in falling order, got {weight.tolist()}")

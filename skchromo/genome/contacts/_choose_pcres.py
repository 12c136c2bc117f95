"""The choice of each gene's pCREs among its contacts."""

import numbers

import numpy as np

from ..._words import check_choice, check_whole
from .._assembly import ContactOrigin, largest_starts
from ._match import MatchedContacts
from ._pcres import Pcres, check_limits


def choose_pcres(
    genes,
    contacts,
    *,
    max_pcres=8,
    weight_threshold=1.5,
    max_pcre_length=40_000,
    oversized="drop",
    min_distance=None,
    chrom_names="exact",
    name="the list of contacts",
):
    """Choose the pCREs of each gene row among its contacts.

    A gene-keyed pair is a candidate of the rows with its gene_id. A pair of fragments is one of
    every row whose TSS lies in either of its fragments; the other fragment is the pCRE. Only
    fragments on the TSS's own chromosome that do not hold the TSS are used. A fragment that comes
    twice for a gene (after cropping) counts once, with its highest weight.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        The gene table: ``chrom``, ``tss`` (0-based, bp), ``strand``, ``gene_id``.
    contacts : pandas.DataFrame of shape (n_contacts, 5 or 7)
        What `read_contacts` returns.
    max_pcres : int, default=8
        Rows keep this many pCREs, the strongest; 0 gives empty cells. Among equal
        weights, the one whose midpoint is nearer to the TSS comes first, then the one that starts,
        then the one that ends first.
    weight_threshold : float or None, default=1.5
        Only contacts with a weight strictly above it are used; None uses all.
    max_pcre_length : int, default=40_000
        The longest pCRE, in bp.
    oversized : {"drop", "crop"}, default="drop"
        What becomes of longer fragments: not used, or cropped to their central
        `max_pcre_length` bp.
    min_distance : int or None, default=None
        Fragments whose nearest base is nearer to the TSS than this (bp) are not used.
    chrom_names : {"exact", "match"}, default="exact"
        ``"match"`` also takes ``chr1`` and ``1`` for one another.
    name : str, default="the list of contacts"
        What to call `contacts` in a message.

    Returns
    -------
    list of Pcres, length n_genes
        One cell per row, in the order of the rows. Chromosomes are named as in the gene table.

    Raises
    ------
    ValueError
        If a parameter or a table is not valid, or if genes and contacts share no chromosome name
        but would with ``chrom_names="match"``.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame({"gene_id": ["A"], "chrom": ["chr1"], "tss": [150], "strand": ["+"]})
    >>> contacts = pd.DataFrame(
    ...     [["chr1", 100, 200, "chr1", 5_000, 5_400, 2.5]],
    ...     columns=["chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"],
    ... )
    >>> choose_pcres(genes, contacts)
    [1 of 8 pCREs]
    """
    check_pcre_settings(max_pcres, weight_threshold, max_pcre_length, oversized, min_distance)
    matched = MatchedContacts(genes, contacts, chrom_names, ContactOrigin(name))
    matched.origin = ContactOrigin(name, largest_starts=largest_starts(contacts))
    return pick_pcres(
        matched, max_pcres, weight_threshold, max_pcre_length, oversized, min_distance
    )


def check_pcre_settings(max_pcres, weight_threshold, max_pcre_length, oversized, min_distance):
    """Check the settings of `choose_pcres`."""
    check_limits(max_pcres, max_pcre_length)
    real = isinstance(weight_threshold, numbers.Real) and not isinstance(weight_threshold, bool)
    if weight_threshold is not None and not (real and np.isfinite(weight_threshold)):
        raise ValueError(
            f"weight_threshold must be a finite number or None, got {weight_threshold!r}"
        )
    check_choice("oversized", oversized, ("drop", "crop"))
    if min_distance is not None:
        check_whole("min_distance", min_distance, 0, "bp")


def pick_pcres(matched, max_pcres, weight_threshold, max_pcre_length, oversized, min_distance):
    """Choose the pCREs of each gene row of `MatchedContacts`; settings as for `choose_pcres`."""
    anchors = matched.anchors
    table = _beyond(matched.candidates(weight_threshold), min_distance)
    table = _strongest(_fit_to_length(table, max_pcre_length, oversized), max_pcres)
    bounds = np.searchsorted(table["anchor"], np.arange(len(anchors) + 1))
    cells = [
        Pcres(
            (chrom,) * (stop - start),
            table["start"][start:stop],
            table["end"][start:stop],
            table["weight"][start:stop],
            max_pcres,
            max_pcre_length,
            matched.origin,
        )
        for chrom, start, stop in zip(anchors["chrom"], bounds[:-1], bounds[1:], strict=True)
    ]
    return [cells[anchor] for anchor in matched.row_anchor]


def _take(table, rows):
    """Take rows of parallel arrays."""
    return {name: values[rows] for name, values in table.items()}


def _beyond(table, min_distance):
    """Drop fragments that hold the TSS or come nearer to it than `min_distance`."""
    before, after = table["start"] - table["tss"], table["tss"] - (table["end"] - 1)
    distance = np.maximum(before, after)
    return _take(table, distance >= max(1, min_distance or 0))


def _fit_to_length(table, max_pcre_length, oversized):
    """Drop or crop the fragments that are too long."""
    length = table["end"] - table["start"]
    if oversized == "drop":
        return _take(table, length <= max_pcre_length)
    cut = np.maximum(length - max_pcre_length, 0)
    start = table["start"] + cut // 2
    return {**table, "start": start, "end": np.minimum(start + max_pcre_length, table["end"])}


def _strongest(table, max_pcres):
    """Keep each anchor's strongest distinct fragments, by anchor and falling weight."""
    order = np.lexsort((-table["weight"], table["end"], table["start"], table["anchor"]))
    table = _take(table, order)
    same = np.zeros(len(order), dtype=bool)
    same[1:] = np.logical_and.reduce(
        [table[name][1:] == table[name][:-1] for name in ("anchor", "start", "end")]
    )
    table = _take(table, ~same)
    twice_off = np.abs(table["start"] + table["end"] - 2 * table["tss"])
    keys = (table["end"], table["start"], twice_off, -table["weight"], table["anchor"])
    table = _take(table, np.lexsort(keys))
    rank = np.arange(len(same) - same.sum()) - np.searchsorted(table["anchor"], table["anchor"])
    return _take(table, rank < max_pcres)

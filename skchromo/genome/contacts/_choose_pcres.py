"""Which pCREs a gene gets: the choice among its contacts."""

import numbers

import numpy as np

from ..._words import is_whole
from ._anchors import above, at_the_door, find_anchors, stab
from ._pcres import Pcres, check_limits


def check_choice(max_pcres, weight_threshold, max_pcre_length, oversized, min_distance):
    """Raise unless the settings of `choose_pcres` are valid.

    Parameters
    ----------
    max_pcres : int
        As for `choose_pcres`, like all of them.
    weight_threshold : float or None
        Scores must be strictly above it.
    max_pcre_length : int
        The longest pCRE in bp.
    oversized : {"drop", "crop"}
        What becomes of longer fragments.
    min_distance : int or None
        Least distance to the TSS in bp.

    Raises
    ------
    ValueError
        If one is not valid; the message names it, what it may be and what it was.

    Examples
    --------
    >>> check_choice(8, 1.5, 40_000, "drop", None)
    """
    check_limits(max_pcres, max_pcre_length)
    real = isinstance(weight_threshold, numbers.Real) and not isinstance(weight_threshold, bool)
    if weight_threshold is not None and not (real and np.isfinite(weight_threshold)):
        raise ValueError(
            f"weight_threshold must be a finite number or None, got {weight_threshold!r}"
        )
    if not isinstance(oversized, str) or oversized not in ("drop", "crop"):
        raise ValueError(f"oversized must be 'drop' or 'crop', got {oversized!r}")
    if min_distance is not None and not (is_whole(min_distance) and min_distance >= 0):
        raise ValueError(
            f"min_distance must be a number of bp from 0 on, or None, got {min_distance!r}"
        )


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
        Rows keep this many pCREs, those of the highest weight; 0 gives empty cells. Of equal
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
    check_choice(max_pcres, weight_threshold, max_pcre_length, oversized, min_distance)
    genes, names = at_the_door(genes, contacts, chrom_names, name)
    anchors, row_anchor = find_anchors(genes, names)
    table = _candidates(anchors, above(contacts, weight_threshold))
    table = _fit_to_length(_beyond(table, min_distance), max_pcre_length, oversized)
    table = _strongest(table, max_pcres)
    bounds = np.searchsorted(table["anchor"], np.arange(len(anchors) + 1))
    cells = [
        Pcres(
            (chrom,) * (stop - start),
            table["start"][start:stop],
            table["end"][start:stop],
            table["weight"][start:stop],
            max_pcres,
            max_pcre_length,
        )
        for chrom, start, stop in zip(anchors["chrom"], bounds[:-1], bounds[1:], strict=True)
    ]
    return [cells[anchor] for anchor in row_anchor]


def _candidates(anchors, contacts):
    """Give all fragments that touch an anchor from its own chromosome, as parallel arrays."""
    if "gene_id" in contacts:
        anchor, contact = _by_gene(anchors, contacts)
        sides = [(anchor, contact, "")]
    else:
        contacts = contacts[contacts["chrom1"] == contacts["chrom2"]]
        sides = [(*stab(anchors, contacts, "1"), "2"), (*stab(anchors, contacts, "2"), "1")]
    columns = {
        "anchor": [anchor for anchor, _, _ in sides],
        "start": [contacts["start" + to].to_numpy()[contact] for _, contact, to in sides],
        "end": [contacts["end" + to].to_numpy()[contact] for _, contact, to in sides],
        "weight": [contacts["weight"].to_numpy()[contact] for _, contact, _ in sides],
    }
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    table["tss"] = anchors["tss"].to_numpy()[table["anchor"]]
    return table


def _by_gene(anchors, contacts):
    """Pair anchors and gene-keyed contacts of one gene and one chromosome."""
    left = anchors[["gene_id", "name"]].assign(anchor=np.arange(len(anchors)))
    right = contacts[["gene_id", "chrom"]].assign(contact=np.arange(len(contacts)))
    pairs = right.merge(left, left_on=["gene_id", "chrom"], right_on=["gene_id", "name"])
    return pairs["anchor"].to_numpy(), pairs["contact"].to_numpy()


def _take(table, rows):
    """Take rows of parallel arrays."""
    return {name: values[rows] for name, values in table.items()}


def _beyond(table, min_distance):
    """Drop fragments that hold the TSS or come nearer to it than asked."""
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

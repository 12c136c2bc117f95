"""Which pCREs a gene gets: the choice among its contacts."""

import numbers
from typing import NamedTuple

import numpy as np
import pandas as pd

from ._chroms import match_hint, resolve_chroms
from ._genes import check_genes, name_some
from ._pcres import Pcres, check_limits, is_whole

_PAIR_COLUMNS = frozenset({"gene_id", "chrom", "start", "end", "weight"})
_FRAGMENT_COLUMNS = frozenset({"chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"})


class ContactMatch(NamedTuple):
    """How many contacts of a list belong to the genes of a table.

    Parameters
    ----------
    n_contacts : int
        Contacts above the threshold that lie on a chromosome of the gene table, or all of them
        where none does.
    n_unmatched : int
        Those of them that belong to no gene.
    example : str
        The strongest one that belongs to no gene, in words; empty where there is none.

    Examples
    --------
    >>> ContactMatch(n_contacts=3, n_unmatched=0, example="").n_contacts
    3
    """

    n_contacts: int
    n_unmatched: int
    example: str


def check_choice(max_pcres, weight_threshold, max_pcre_length, oversized, min_distance):
    """Raise unless the settings of `choose_pcres` have a meaning.

    Parameters
    ----------
    max_pcres, weight_threshold, max_pcre_length, oversized, min_distance
        As for `choose_pcres`.

    Raises
    ------
    ValueError
        Naming the parameter, what it may be and what it was.

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
        One cell a row, in the order of the rows. Chromosomes are named as in the gene table.

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
    genes, names = _at_the_door(genes, contacts, chrom_names, name)
    anchors, row_anchor = _anchors(genes, names)
    table = _candidates(anchors, _above(contacts, weight_threshold))
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


def match_contacts(
    genes, contacts, *, weight_threshold=1.5, chrom_names="exact", name="the list of contacts"
):
    """Count the contacts that belong to none of the genes.

    Counted are contacts above the threshold on a chromosome of the gene table (for a gene-keyed
    pair that of its interval, for a pair of fragments the one that both lie on), so that genes of a
    few chromosomes can be judged with the list of a whole genome. If there is none, all contacts
    above the threshold count, as belonging to no gene.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        The gene table.
    contacts : pandas.DataFrame of shape (n_contacts, 5 or 7)
        What `read_contacts` returns.
    weight_threshold : float or None, default=1.5
        Only contacts with a weight strictly above it count; None counts all.
    chrom_names : {"exact", "match"}, default="exact"
        ``"match"`` also takes ``chr1`` and ``1`` for one another.
    name : str, default="the list of contacts"
        What to call `contacts` in a message.

    Returns
    -------
    ContactMatch
        ``n_contacts``, ``n_unmatched`` and ``example``.

    Raises
    ------
    ValueError
        If a table or `chrom_names` is not valid, or if genes and contacts share no chromosome name
        but would with ``chrom_names="match"``.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame({"gene_id": ["A"], "chrom": ["chr1"], "tss": [150], "strand": ["+"]})
    >>> contacts = pd.DataFrame(
    ...     {"gene_id": ["A", "B"], "chrom": "chr1", "start": 900, "end": 999, "weight": 2.0}
    ... )
    >>> match_contacts(genes, contacts)
    ContactMatch(n_contacts=2, n_unmatched=1, example='B with chr1:900-999')
    """
    genes, names = _at_the_door(genes, contacts, chrom_names, name)
    used = {name for name in names.values() if name is not None}
    above = _above(contacts, weight_threshold)
    if not used:
        unmatched = above
    elif "gene_id" in above:
        above = above[above["chrom"].isin(used)]
        unmatched = above[~above["gene_id"].isin(genes["gene_id"])]
    else:
        above = above[above["chrom1"].isin(used) & (above["chrom1"] == above["chrom2"])]
        anchors, _ = _anchors(genes, names)
        matched = np.zeros(len(above), dtype=bool)
        for side in "12":
            _, contact = _stab(anchors, above, side)
            matched[contact] = True
        unmatched = above[~matched]
    example = ""
    if len(unmatched):
        example = _in_words(unmatched.loc[unmatched["weight"].idxmax()])
    return ContactMatch(len(above), len(unmatched), example)


def _at_the_door(genes, contacts, chrom_names, name):
    """Judge both tables; return the genes, and the contacts' name of each of their chromosomes."""
    genes = check_genes(genes).reset_index(drop=True)
    _check_contacts(contacts)
    present = _chroms_of(contacts)
    names = resolve_chroms(genes["chrom"].unique(), present, chrom_names)
    _check_naming(names, present, chrom_names, name)
    return genes, names


def _check_contacts(contacts):
    """Refuse a table in neither of the two shapes."""
    columns = set(contacts.columns) if isinstance(contacts, pd.DataFrame) else set()
    if not (columns >= _PAIR_COLUMNS or columns >= _FRAGMENT_COLUMNS):
        raise ValueError(
            "contacts must be a table that read_contacts returned (columns gene_id chrom start end "
            "weight, or chrom1 start1 end1 chrom2 start2 end2 weight): call read_contacts first"
        )


def _chroms_of(contacts):
    """List the chromosomes that the contacts name."""
    columns = ["chrom"] if "gene_id" in contacts else ["chrom1", "chrom2"]
    return list(dict.fromkeys(chrom for name in columns for chrom in contacts[name].unique()))


def _check_naming(names, present, chrom_names, name):
    """Refuse contacts that share no chromosome with the genes only as they name them otherwise."""
    hint = match_hint(names, present, chrom_names)
    if hint and all(chrom is None for chrom in names.values()):
        raise ValueError(
            f"{name} and the genes share no chromosome: the genes are on {name_some(names)}, the "
            f"contacts on {name_some(present)}; {hint}"
        )


def _above(contacts, weight_threshold):
    """Keep the contacts above the threshold."""
    if weight_threshold is None:
        return contacts
    return contacts[contacts["weight"] > weight_threshold]


def _anchors(genes, names):
    """Give the distinct genes, with the contacts' name of their chromosome, and each row's own."""
    keys = genes[["gene_id", "chrom", "tss"]]
    row_anchor = keys.groupby(list(keys.columns), sort=False).ngroup().to_numpy()
    anchors = keys.iloc[np.unique(row_anchor, return_index=True)[1]].reset_index(drop=True)
    anchors["name"] = anchors["chrom"].map(names).astype(object)
    return anchors, row_anchor


def _candidates(anchors, contacts):
    """Give all fragments that touch an anchor from its own chromosome, as parallel arrays."""
    if "gene_id" in contacts:
        anchor, contact = _by_gene(anchors, contacts)
        sides = [(anchor, contact, "")]
    else:
        contacts = contacts[contacts["chrom1"] == contacts["chrom2"]]
        sides = [(*_stab(anchors, contacts, "1"), "2"), (*_stab(anchors, contacts, "2"), "1")]
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


def _stab(anchors, contacts, side):
    """Pair anchors and contacts whose fragment on one side holds the anchor's TSS."""
    usable = anchors["name"].notna().to_numpy()
    chroms = pd.Index(anchors.loc[usable, "name"].unique())
    step = max(int(anchors["tss"].max()), int(contacts["end" + side].to_numpy().max(initial=0))) + 2
    ids = np.flatnonzero(usable)
    tss = chroms.get_indexer(anchors["name"][usable]) * step + anchors["tss"].to_numpy()[usable]
    order = np.argsort(tss, kind="stable")
    ids, tss = ids[order], tss[order]
    chrom = chroms.get_indexer(contacts["chrom" + side])
    known = np.flatnonzero(chrom >= 0)
    base = chrom[known] * step
    first = np.searchsorted(tss, base + contacts["start" + side].to_numpy()[known])
    last = np.searchsorted(tss, base + contacts["end" + side].to_numpy()[known])
    n_held = last - first
    contact = np.repeat(known, n_held)
    within = np.arange(len(contact)) - np.repeat(np.cumsum(n_held) - n_held, n_held)
    return ids[np.repeat(first, n_held) + within], contact


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


def _in_words(contact):
    """Spell out one contact for a message."""
    if "gene_id" in contact:
        return f"{contact['gene_id']} with {contact['chrom']}:{contact['start']}-{contact['end']}"
    return " with ".join(
        f"{contact['chrom' + side]}:{contact['start' + side]}-{contact['end' + side]}"
        for side in "12"
    )

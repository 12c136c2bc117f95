"""Genes and contacts brought together: names of chromosomes agree, TSSs lie in fragments."""

import numpy as np
import pandas as pd

from ..._words import name_some
from .._chroms import match_hint, resolve_chroms
from .._gene_table import check_genes

_PAIR_COLUMNS = frozenset({"gene_id", "chrom", "start", "end", "weight"})
_FRAGMENT_COLUMNS = frozenset({"chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"})


def at_the_door(genes, contacts, chrom_names, name):
    """Judge genes and contacts against each other.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        The gene table.
    contacts : pandas.DataFrame of shape (n_contacts, 5 or 7)
        What `read_contacts` returns.
    chrom_names : {"exact", "match"}
        Whether ``chr1`` and ``1`` are the same.
    name : str
        What to call `contacts` in a message.

    Returns
    -------
    genes : pandas.DataFrame of shape (n_genes, 4 to 6)
        What `check_genes` makes of them, indexed from 0.
    names : dict of str to (str or None)
        The contacts' name of each chromosome of the genes.

    Raises
    ------
    ValueError
        If a table or `chrom_names` is not valid, or if genes and contacts share no chromosome name
        but would with ``chrom_names="match"``.
    """
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


def above(contacts, weight_threshold):
    """Keep the contacts whose weight is strictly above the threshold.

    Parameters
    ----------
    contacts : pandas.DataFrame of shape (n_contacts, n_columns)
        The contacts.
    weight_threshold : float or None
        The threshold; None keeps all.

    Returns
    -------
    pandas.DataFrame
        Those rows.
    """
    if weight_threshold is None:
        return contacts
    return contacts[contacts["weight"] > weight_threshold]


def find_anchors(genes, names):
    """Give the distinct genes, with the contacts' name of their chromosome, and each row's own.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        The gene table, indexed from 0.
    names : dict of str to (str or None)
        The contacts' name of each of its chromosomes.

    Returns
    -------
    anchors : pandas.DataFrame of shape (n_anchors, 4)
        ``gene_id``, ``chrom``, ``tss`` and ``name``, each once.
    row_anchor : ndarray of shape (n_genes,), int
        Which of them each gene row is.
    """
    keys = genes[["gene_id", "chrom", "tss"]]
    row_anchor = keys.groupby(list(keys.columns), sort=False).ngroup().to_numpy()
    anchors = keys.iloc[np.unique(row_anchor, return_index=True)[1]].reset_index(drop=True)
    anchors["name"] = anchors["chrom"].map(names).astype(object)
    return anchors, row_anchor


def stab(anchors, contacts, side):
    """Pair anchors and contacts whose fragment on one side holds the anchor's TSS.

    Parameters
    ----------
    anchors : pandas.DataFrame of shape (n_anchors, 4)
        What `find_anchors` gives.
    contacts : pandas.DataFrame of shape (n_contacts, 7)
        Pairs of fragments.
    side : {"1", "2"}
        Which of the two.

    Returns
    -------
    anchor, contact : ndarray of shape (n_pairs,), int
        Positions in the two tables.
    """
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

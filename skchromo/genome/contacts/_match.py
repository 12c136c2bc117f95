"""How many contacts of a list belong to the genes of a table, and to none."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ._anchors import above, at_the_door, find_anchors, stab


class ContactMatch(NamedTuple):
    """How many contacts of a list belong to the genes of a table.

    Parameters
    ----------
    n_contacts : int
        Contacts above the threshold whose two ends lie on one chromosome of the gene table, or all
        contacts above it where none does.
    n_unmatched : int
        Those of them that belong to no gene.
    example : str
        The strongest one that belongs to no gene, in words; empty where there is none.
    n_trans : int, default=0
        Further contacts above the threshold that join a chromosome of the gene table (or one of its
        genes) with another chromosome: they are never used.
    n_below : int, default=0
        Contacts that would be counted in `n_contacts` but for the threshold.
    highest : float, default=-inf
        The highest weight among these.

    Examples
    --------
    >>> ContactMatch(n_contacts=3, n_unmatched=0, example="").n_contacts
    3
    """

    n_contacts: int
    n_unmatched: int
    example: str
    n_trans: int = 0
    n_below: int = 0
    highest: float = -np.inf


def match_contacts(
    genes, contacts, *, weight_threshold=1.5, chrom_names="exact", name="the list of contacts"
):
    """Count the contacts that belong to none of the genes.

    Counted are contacts above the threshold on a chromosome of the gene table (for a gene-keyed
    pair that of its interval, for a pair of fragments the one that both lie on), so that genes of a
    few chromosomes can be judged with the list of a whole genome. If there is none, all contacts
    above the threshold count, as belonging to no gene. Contacts between chromosomes are counted on
    their own.

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
        The numbers, and an ``example`` of an unmatched contact.

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
    >>> match = match_contacts(genes, contacts)
    >>> match.n_contacts, match.n_unmatched, match.example
    (2, 1, 'B with chr1:900-999')
    """
    genes, names = at_the_door(genes, contacts, chrom_names, name)
    anchors, _ = find_anchors(genes, names)
    shared = any(found is not None for found in names.values())
    split = _split_pairs if "gene_id" in contacts else _split_fragments
    cis, trans = split(anchors, contacts) if shared else (contacts, contacts[:0])
    counted = above(cis, weight_threshold)
    below = np.empty(0)
    if weight_threshold is not None:
        below = cis["weight"][cis["weight"] <= weight_threshold].to_numpy()
    matched = _matched(anchors, counted) if shared else np.zeros(len(counted), dtype=bool)
    unmatched = counted[~matched]
    example = ""
    if len(unmatched):
        example = _in_words(unmatched.loc[unmatched["weight"].idxmax()])
    return ContactMatch(
        n_contacts=len(counted),
        n_unmatched=len(unmatched),
        example=example,
        n_trans=len(above(trans, weight_threshold)),
        n_below=len(below),
        highest=float(below.max(initial=-np.inf)),
    )


def describe_problem(matches, weight_threshold):
    """Say what is wrong with contacts that are read and yet not used.

    Parameters
    ----------
    matches : list of ContactMatch
        One for each list.
    weight_threshold : float or None
        What they were counted with.

    Returns
    -------
    str
        What to warn of; empty if nothing is wrong.

    Examples
    --------
    >>> describe_problem([ContactMatch(3, 0, "")], 1.5)
    ''
    >>> describe_problem([ContactMatch(0, 0, "", n_below=3, highest=0.5)], 1.5)
    'no contact has a score above weight_threshold=1.5: the highest of 3 is 0.5, ...
    """
    n_contacts = sum(match.n_contacts for match in matches)
    n_unmatched = sum(match.n_unmatched for match in matches)
    n_below = sum(match.n_below for match in matches)
    if n_unmatched:
        example = next(match.example for match in matches if match.n_unmatched)
        return (
            f"{n_unmatched} of {n_contacts} contacts belong to no gene of the "
            f"table (such as {example}) and are not used. Harmless where they join distal "
            "elements, or genes that were left out; if not, check that genes and contacts use "
            "the same gene_ids (with or without version), the same assembly and the same "
            "chromosome names (chrom_names='match')."
        )
    if n_below and not n_contacts:
        return (
            f"no contact has a score above weight_threshold={weight_threshold}: the "
            f"highest of {n_below} is {max(match.highest for match in matches):g}, so that no "
            "gene gets a pCRE. Set a threshold in the units of these scores (None takes all)."
        )
    return ""


def _split_pairs(anchors, contacts):
    """Part the pairs on the genes' chromosomes from those of a gene on another chromosome."""
    own = pd.MultiIndex.from_frame(anchors[["gene_id", "name"]])
    known = contacts["gene_id"].isin(anchors["gene_id"])
    trans = known & ~pd.MultiIndex.from_frame(contacts[["gene_id", "chrom"]]).isin(own)
    return contacts[~trans & contacts["chrom"].isin(_used(anchors))], contacts[trans]


def _split_fragments(anchors, contacts):
    """Part the pairs within one of the genes' chromosomes from those that join it with another."""
    used = _used(anchors)
    here, there = contacts["chrom1"].isin(used), contacts["chrom2"].isin(used)
    same = contacts["chrom1"] == contacts["chrom2"]
    return contacts[here & same], contacts[(here | there) & ~same]


def _used(anchors):
    """List the contacts' names of the genes' chromosomes."""
    return anchors["name"].dropna().unique()


def _matched(anchors, contacts):
    """Tell which contacts, all within a chromosome, belong to an anchor."""
    if "gene_id" in contacts:
        return contacts["gene_id"].isin(anchors["gene_id"]).to_numpy()
    matched = np.zeros(len(contacts), dtype=bool)
    for side in "12":
        matched[stab(anchors, contacts, side)[1]] = True
    return matched


def _in_words(contact):
    """Spell out one contact for a message."""
    if "gene_id" in contact:
        return f"{contact['gene_id']} with {contact['chrom']}:{contact['start']}-{contact['end']}"
    return " with ".join(
        f"{contact['chrom' + side]}:{contact['start' + side]}-{contact['end' + side]}"
        for side in "12"
    )

"""Genes and contacts matched: names of chromosomes agree, and each contact finds its genes."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..._arrays import ranges
from ..._words import name_some
from .._chroms import match_hint, resolve_chroms
from .._gene_ids import bare_id, kind_of_ids
from .._gene_table import check_genes

_PAIR_COLUMNS = frozenset({"gene_id", "chrom", "start", "end", "weight"})
_FRAGMENT_COLUMNS = frozenset({"chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"})


class ContactCount(NamedTuple):
    """The numbers of contacts that belong to the genes of a table, and to none.

    `n_contacts` are above the threshold, with both ends on one chromosome of the genes; or all
    above it, where none is on their chromosomes. Of these, `n_unmatched` belong to no gene, and
    `example` names the strongest such contact. `n_trans` more join a chromosome of the genes (or
    one of the genes) with another chromosome. `n_below` would count but for the threshold;
    `highest` is their highest weight. `fault` says why genes and contacts do not fit, where not
    one contact of the list, above the threshold or not, belongs to a gene.
    """

    n_contacts: int
    n_unmatched: int
    example: str
    n_trans: int = 0
    n_below: int = 0
    highest: float = -np.inf
    fault: str = ""


class MatchedContacts:
    """The genes of a table, and contacts as `read_contacts` returns them, brought together.

    Genes and contacts that share no chromosome only because of its spelling are refused.
    `origin` is the `ContactOrigin` of the contacts; its name stands in messages. `anchors` are the
    distinct genes (``gene_id``, ``chrom``, ``tss``, and ``name``, the chromosome's in the
    contacts); `row_anchor` says which of them each gene row is.
    """

    def __init__(self, genes, contacts, chrom_names, origin):
        genes = check_genes(genes).reset_index(drop=True)
        columns = set(contacts.columns) if isinstance(contacts, pd.DataFrame) else set()
        if not (columns >= _PAIR_COLUMNS or columns >= _FRAGMENT_COLUMNS):
            raise ValueError(
                "contacts must be a table that read_contacts returned (columns gene_id chrom start "
                "end weight, or chrom1 start1 end1 chrom2 start2 end2 weight): call read_contacts "
                "first"
            )
        self.origin = origin
        self._contacts, self._keyed = contacts, "gene_id" in contacts
        names = self._match_chroms(genes["chrom"].unique(), chrom_names)
        self._shared = any(name is not None for name in names.values())
        keys = genes[["gene_id", "chrom", "tss"]]
        self.row_anchor = keys.groupby(list(keys.columns), sort=False).ngroup().to_numpy()
        first = np.unique(self.row_anchor, return_index=True)[1]
        self.anchors = keys.iloc[first].reset_index(drop=True)
        self.anchors["name"] = self.anchors["chrom"].map(names).astype(object)

    def count(self, weight_threshold):
        """Count the contacts above a threshold (None: all) that belong to the genes, and to none.

        Genes of a few chromosomes can so be checked with the list of a whole genome.
        """
        split = self._split_pairs if self._keyed else self._split_fragments
        cis, trans = split() if self._shared else (self._contacts, self._contacts[:0])
        counted = _above(cis, weight_threshold)
        below = np.empty(0)
        if weight_threshold is not None:
            below = cis["weight"][cis["weight"] <= weight_threshold].to_numpy()
        matched = self._matched(counted) if self._shared else np.zeros(len(counted), dtype=bool)
        unmatched = counted[~matched]
        example = fault = ""
        if len(unmatched):
            example = _in_words(unmatched.loc[unmatched["weight"].idxmax()])
            alone = not (self._shared and self._matched(self._contacts).any())
            fault = self._fault(example) if alone else ""
        return ContactCount(
            n_contacts=len(counted),
            n_unmatched=len(unmatched),
            example=example,
            n_trans=len(_above(trans, weight_threshold)),
            n_below=len(below),
            highest=float(below.max(initial=-np.inf)),
            fault=fault,
        )

    def candidates(self, weight_threshold):
        """Return all fragments in contact with an anchor on its own chromosome, above a threshold.

        A dict of parallel arrays: ``anchor``, ``tss``, ``start``, ``end`` and ``weight``.
        """
        contacts = _above(self._contacts, weight_threshold)
        if self._keyed:
            left = self.anchors[["gene_id", "name"]].assign(anchor=np.arange(len(self.anchors)))
            right = contacts[["gene_id", "chrom"]].assign(contact=np.arange(len(contacts)))
            pairs = right.merge(left, left_on=["gene_id", "chrom"], right_on=["gene_id", "name"])
            sides = [(pairs["anchor"].to_numpy(), pairs["contact"].to_numpy(), "")]
        else:
            contacts = contacts[contacts["chrom1"] == contacts["chrom2"]]
            sides = [
                (*self._in_contact(contacts, here, there), there) for here, there in ("12", "21")
            ]
        columns = {
            "anchor": [anchor for anchor, _, _ in sides],
            "start": [contacts["start" + to].to_numpy()[contact] for _, contact, to in sides],
            "end": [contacts["end" + to].to_numpy()[contact] for _, contact, to in sides],
            "weight": [contacts["weight"].to_numpy()[contact] for _, contact, _ in sides],
        }
        table = {name: np.concatenate(parts) for name, parts in columns.items()}
        return {**table, "tss": self.anchors["tss"].to_numpy()[table["anchor"]]}

    def _match_chroms(self, chroms, chrom_names):
        """Find the contacts' name of each chromosome of the genes."""
        columns = ["chrom"] if self._keyed else ["chrom1", "chrom2"]
        present = [chrom for name in columns for chrom in self._contacts[name].unique()]
        names = resolve_chroms(chroms, present, chrom_names)
        hint = match_hint(names, present, chrom_names)
        if hint and all(chrom is None for chrom in names.values()):
            raise ValueError(
                f"{self.origin.name} and the genes share no chromosome: the genes are on "
                f"{name_some(names)}, the contacts on {name_some(present)}; {hint}"
            )
        return names

    def _split_pairs(self):
        """Split off the pairs of a gene and a fragment on different chromosomes."""
        contacts, anchors = self._contacts, self.anchors
        own = pd.MultiIndex.from_frame(anchors[["gene_id", "name"]])
        known = contacts["gene_id"].isin(anchors["gene_id"])
        trans = known & ~pd.MultiIndex.from_frame(contacts[["gene_id", "chrom"]]).isin(own)
        return contacts[~trans & contacts["chrom"].isin(anchors["name"].dropna())], contacts[trans]

    def _split_fragments(self):
        """Split the pairs within one of the genes' chromosomes from those that leave it."""
        contacts, used = self._contacts, self.anchors["name"].dropna().unique()
        here, there = contacts["chrom1"].isin(used), contacts["chrom2"].isin(used)
        same = contacts["chrom1"] == contacts["chrom2"]
        return contacts[here & same], contacts[(here | there) & ~same]

    def _matched(self, contacts):
        """Return which contacts, all within a chromosome, belong to an anchor."""
        if self._keyed:
            return contacts["gene_id"].isin(self.anchors["gene_id"]).to_numpy()
        matched = np.zeros(len(contacts), dtype=bool)
        for here, there in ("12", "21"):
            matched[self._in_contact(contacts, here, there)[1]] = True
        return matched

    def _fault(self, example):
        """Say why no contact may belong to a gene."""
        genes = f"any of the {len(self.anchors)} genes of the table"
        start = f"no contact of {self.origin.name} (such as {example}) belongs to {genes}: "
        few = (
            "If these are a few genes that have no contact, fit on more genes, or set max_pcres=0."
        )
        if not self._shared:
            columns = ["chrom"] if self._keyed else ["chrom1", "chrom2"]
            present = {chrom for name in columns for chrom in self._contacts[name].unique()}
            return (
                f"{start}they share no chromosome. The genes are on "
                f"{name_some(self.anchors['chrom'].unique())}, the contacts on "
                f"{name_some(sorted(present))}: name the chromosomes alike, or pass the contacts "
                "of these chromosomes."
            )
        if not self._keyed:
            return (
                f"{start}no end of a contact holds a TSS. Check that both are of the same assembly "
                f"and name chromosomes alike (chrom_names='match'). {few}"
            )
        listed, known = self._contacts["gene_id"].unique(), self.anchors["gene_id"].unique()
        kinds = kind_of_ids(list(listed)), kind_of_ids(list(known))
        if not set(map(bare_id, known)).isdisjoint(map(bare_id, listed)):
            cure = "they differ in the version alone: take it off on both sides."
        elif kinds[0] != kinds[1]:
            cure = (
                f"the contacts name genes by {kinds[0]}, the gene table by {kinds[1]}: give both "
                "the same in gene_id (tables of ENCODE-rE2G have Ensembl ids in "
                "TargetGeneEnsemblID, read_genes keeps symbols in gene_name)."
            )
        else:
            cure = f"check that both use the same names and annotation. {few}"
        return f"{start}no gene_id is in both ({listed[0]} and {known[0]} are examples); {cure}"

    def _in_contact(self, contacts, here, there):
        """Pair the anchors and the contacts with the TSS in one end and a fragment as the other.

        An interval of length 0 is a TSS and not a fragment.
        """
        anchor, contact = self._holding_tss(contacts, here)
        other = contacts["start" + there].to_numpy() < contacts["end" + there].to_numpy()
        return anchor[other[contact]], contact[other[contact]]

    def _holding_tss(self, contacts, side):
        """Pair the anchors and the contacts whose fragment on one side holds the anchor's TSS.

        Return their positions in the two tables, in parallel. An interval of length 0, a TSS, holds
        the base on either side: that of a gene on the plus or on the minus strand.
        """
        anchors = self.anchors
        usable = anchors["name"].notna().to_numpy()
        chroms = pd.Index(anchors.loc[usable, "name"].unique())
        longest = int(contacts["end" + side].to_numpy().max(initial=0))
        step = max(int(anchors["tss"].max()), longest) + 2
        ids = np.flatnonzero(usable)
        tss = chroms.get_indexer(anchors["name"][usable]) * step + anchors["tss"].to_numpy()[usable]
        order = np.argsort(tss, kind="stable")
        ids, tss = ids[order], tss[order]
        chrom = chroms.get_indexer(contacts["chrom" + side])
        known = np.flatnonzero(chrom >= 0)
        base = chrom[known] * step
        start, end = (contacts[name + side].to_numpy()[known] for name in ("start", "end"))
        empty = start == end
        first = np.searchsorted(tss, base + start - (empty & (start > 0)))
        last = np.searchsorted(tss, base + end + empty)
        n_held = last - first
        contact = np.repeat(known, n_held)
        return ids[ranges(first, n_held)], contact


def describe_problem(counts, weight_threshold):
    """Say what is wrong with contacts that are read and yet not used; empty where nothing is.

    `counts` holds the `ContactCount` of each source.
    """
    n_contacts = sum(count.n_contacts for count in counts)
    n_unmatched = sum(count.n_unmatched for count in counts)
    n_below = sum(count.n_below for count in counts)
    if n_unmatched:
        example = next(count.example for count in counts if count.n_unmatched)
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
            f"highest of {n_below} is {max(count.highest for count in counts):g}, so that no "
            "gene gets a pCRE. Set a threshold in the units of these scores (None takes all)."
        )
    return ""


def _above(contacts, weight_threshold):
    """Return the contacts whose weight is strictly above the threshold; all for None."""
    return contacts if weight_threshold is None else contacts[contacts["weight"] > weight_threshold]


def _in_words(contact):
    """Spell out one contact for a message."""
    if "gene_id" in contact:
        return f"{contact['gene_id']} with {contact['chrom']}:{contact['start']}-{contact['end']}"
    return " with ".join(
        f"{contact['chrom' + side]}:{contact['start' + side]}-{contact['end' + side]}"
        for side in "12"
    )

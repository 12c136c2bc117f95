"""Contacts that multiply the power law: the fragments that each gene is in contact with."""

import dataclasses
import warnings

import pandas as pd

from ..contacts import MatchedContacts, as_matrix, name_source, read_source
from ..matrix import ContactMatrix
from ._scores import with_own_bin


class MeasuredContact:
    """A list or matrix of contacts, as ratios of observed over expected by gene.

    A ContactMatrix is read as such a ratio up to `max_distance`, without choosing among its bins.
    """

    def __init__(self, contact, max_distance, chrom_names):
        self._name, self._chrom_names = name_source(contact), chrom_names
        matrix = as_matrix(contact, chrom_names)
        self.is_list = matrix is None
        self._source = contact if self.is_list else matrix
        if isinstance(matrix, ContactMatrix):
            self._source = dataclasses.replace(
                matrix,
                value="oe",
                min_separation=0,
                max_separation=max_distance,
                ignore_diags=1,
                weight_threshold=None,
                max_contacts=None,
                merge_gap=None,
            )

    def fragments_of(self, genes):
        """Return ``start end weight`` (parallel arrays) of the genes with contacts, by label."""
        rows = genes.assign(strand="+")
        contacts, origin = read_source(self._source, rows, self._name)
        matched = MatchedContacts(rows, contacts, self._chrom_names, origin)
        fault = matched.count(None).fault
        if fault:
            warnings.warn(
                f"{fault} Elements are scored by the power law alone.", UserWarning, stacklevel=4
            )
        table = pd.DataFrame(matched.candidates(None))
        if (table["weight"] < 0).any():
            raise ValueError(
                f"{self._name}: a contact has the negative score {table['weight'].min():g}, but as "
                "contact= of CandidateElements scores are ratios of observed over expected, 0 or "
                "more: give these"
            )
        fragments = {
            genes.index[anchor]: {name: own[name].to_numpy() for name in ("start", "end", "weight")}
            for anchor, own in table.groupby("anchor")
        }
        if isinstance(self._source, ContactMatrix) and len(table):
            width = int((table["end"] - table["start"]).max())
            return {
                row: with_own_bin(own, genes["tss"][row], width) for row, own in fragments.items()
            }
        return fragments

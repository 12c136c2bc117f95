"""Readers of the field's files: genes, expression, tracks, matrices and contacts."""

from ._assembly import ContactOrigin, check_assembly, largest_starts
from ._chroms import bare_name, check_chrom_names, resolve_chroms
from ._gene_ids import bare_id
from ._gene_table import check_genes, promoter_windows
from .annotation import read_genes
from .bigwig import mean_signal, read_bins, read_chromsizes
from .contacts import choose_pcres, read_contacts
from .elements import CandidateElements
from .expression import join_expression, read_expression
from .matrix import ContactMatrix
from .tracks import list_tracks, read_blacklist

__all__ = [
    "CandidateElements",
    "ContactMatrix",
    "check_genes",
    "choose_pcres",
    "join_expression",
    "list_tracks",
    "mean_signal",
    "read_bins",
    "read_blacklist",
    "read_chromsizes",
    "read_contacts",
    "read_expression",
    "read_genes",
]

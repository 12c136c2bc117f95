"""Readers of the field's files: gene tables, bigWig signal, contact lists; choice of pCREs."""

from ._annotation import read_genes
from ._assembly import check_assembly, largest_starts, note_contacts
from ._bigwig import BigWigFile, read_chromsizes
from ._bin_cache import BinCache
from ._chroms import bare_name, check_chrom_names, resolve_chroms
from ._contact_formats import check_reading
from ._contact_match import ContactMatch, describe_problem, match_contacts
from ._contact_sources import as_matrix, name_source, one_tss_a_gene, read_source
from ._contact_weights import (
    check_single,
    check_weight_transform,
    list_weights,
    transform_weights,
    weight_function,
)
from ._contacts import read_contacts
from ._expression import read_expression
from ._expression_join import join_expression
from ._genes import check_genes, name_some, promoter_windows
from ._matrix import ContactMatrix
from ._pcre_choice import check_choice, choose_pcres
from ._pcres import Pcres
from ._signal import (
    bin_offsets,
    check_signal_options,
    distinct_rows,
    match_file_chroms,
    read_bins,
)
from ._track_blacklist import blacklisted_bins, check_blacklist, read_blacklist
from ._track_depth import mean_signal
from ._tracks import list_tracks, track_files

__all__ = [
    "BigWigFile",
    "BinCache",
    "ContactMatch",
    "ContactMatrix",
    "Pcres",
    "as_matrix",
    "bare_name",
    "bin_offsets",
    "blacklisted_bins",
    "check_assembly",
    "check_blacklist",
    "check_choice",
    "check_chrom_names",
    "check_genes",
    "check_reading",
    "check_signal_options",
    "check_single",
    "check_weight_transform",
    "choose_pcres",
    "describe_problem",
    "distinct_rows",
    "join_expression",
    "largest_starts",
    "list_tracks",
    "list_weights",
    "match_contacts",
    "match_file_chroms",
    "mean_signal",
    "name_some",
    "name_source",
    "note_contacts",
    "one_tss_a_gene",
    "promoter_windows",
    "read_bins",
    "read_blacklist",
    "read_chromsizes",
    "read_contacts",
    "read_expression",
    "read_genes",
    "read_source",
    "resolve_chroms",
    "track_files",
    "transform_weights",
    "weight_function",
]

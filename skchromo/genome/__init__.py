"""Readers of the field's files: gene tables, bigWig signal, contact lists; choice of pCREs."""

from ._bigwig import BigWigFile, read_chromsizes
from ._bin_cache import BinCache
from ._chroms import bare_name, check_chrom_names, resolve_chroms
from ._contact_formats import check_reading
from ._contacts import read_contacts
from ._genes import check_genes, name_some, promoter_windows
from ._pcre_choice import ContactMatch, check_choice, choose_pcres, match_contacts
from ._pcres import Pcres
from ._signal import (
    bin_offsets,
    check_signal_options,
    distinct_rows,
    match_file_chroms,
    read_bins,
)
from ._tracks import track_files

__all__ = [
    "BigWigFile",
    "BinCache",
    "ContactMatch",
    "Pcres",
    "bare_name",
    "bin_offsets",
    "check_choice",
    "check_chrom_names",
    "check_genes",
    "check_reading",
    "check_signal_options",
    "choose_pcres",
    "distinct_rows",
    "match_contacts",
    "match_file_chroms",
    "name_some",
    "promoter_windows",
    "read_bins",
    "read_chromsizes",
    "read_contacts",
    "resolve_chroms",
    "track_files",
]

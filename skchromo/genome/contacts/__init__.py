"""Contact lists, their weights, and the choice of pCREs."""

from ._choose_pcres import check_pcre_settings, choose_pcres, pick_pcres
from ._formats import FORMATS, check_reading
from ._match import MatchedContacts, describe_problem
from ._pcres import Pcres
from ._read_contacts import open_table, read_contacts
from ._sources import as_matrix, name_source, one_tss_a_gene, read_source, sources_by_sample
from ._values import check_intervals, check_positions, check_text
from ._weights import (
    PAPER_FREQUENCIES,
    check_single,
    check_weight_transform,
    list_weights,
    transform_weights,
    weight_function,
)

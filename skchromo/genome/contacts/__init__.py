"""Contact lists, their weights, and the choice of pCREs."""

from ._choose_pcres import check_choice, choose_pcres
from ._formats import check_reading
from ._match import describe_problem, match_contacts
from ._pcres import Pcres
from ._read_contacts import read_contacts
from ._sources import as_matrix, name_source, one_tss_a_gene, read_source
from ._weights import (
    check_single,
    check_weight_transform,
    list_weights,
    transform_weights,
    weight_function,
)

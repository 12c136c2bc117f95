"""Simulated genomes and public data."""

from .public import (
    clear_data_home,
    fetch_chromoformer_demo,
    fetch_contacts,
    fetch_crispri,
    fetch_encode,
    fetch_roadmap,
    get_data_home,
)
from .simulated import make_epigenome

__all__ = [
    "clear_data_home",
    "fetch_chromoformer_demo",
    "fetch_contacts",
    "fetch_crispri",
    "fetch_encode",
    "fetch_roadmap",
    "get_data_home",
    "make_epigenome",
]

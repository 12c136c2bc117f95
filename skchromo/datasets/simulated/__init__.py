"""Simulated genomes with known truth."""

from ._depth import TRACKS
from ._epigenome import make_epigenome

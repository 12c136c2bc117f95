"""scikit-learn transformers from gene tables to regions, and from regions to tables."""

from ._bigwig_transformer import BigWigTransformer
from ._interaction_transformer import InteractionTransformer
from ._window_summary import WindowSummary

__all__ = [
    "BigWigTransformer",
    "InteractionTransformer",
    "WindowSummary",
]

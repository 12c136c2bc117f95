"""scikit-learn transformers from gene tables to regions."""

from ._bigwig_transformer import BigWigTransformer
from ._interaction_transformer import InteractionTransformer

__all__ = ["BigWigTransformer", "InteractionTransformer"]

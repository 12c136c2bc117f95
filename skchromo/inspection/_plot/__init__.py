"""Displays: figures of the results."""

from ._attention_display import AttentionDisplay
from ._base import COLOURS, DOUBLE, Display, effect_colour
from ._crispri_display import CRISPRiDisplay
from ._gene_display import GeneDisplay
from ._history_display import LearningHistoryDisplay
from ._mark_importance_display import MarkImportanceDisplay
from ._pcre_importance_display import PCREImportanceDisplay

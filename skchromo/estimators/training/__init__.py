"""Training: the skorch net, its schedule, validation and start."""

from ._net import ClassifierNet, DivergedError, RegressorNet
from ._processes import LostProcessError, device_of_process, join_processes
from ._schedule import SCHEDULES, LearningRate
from ._start import (
    STAGES,
    columns_of,
    far_offset,
    freeze,
    is_usual_scale,
    standardise,
    start_as_logistic,
    start_as_ridge,
    take_weights,
)
from ._validation import LastingPatience, Validation, watched_genes

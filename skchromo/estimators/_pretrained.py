"""Models that others trained: published ones by cell type and fold, saved ones by address."""

import os

from .._addresses import is_url
from .._words import printable
from ..nn import CELL_TYPES, PUBLISHED_DOI, PUBLISHED_TRACKS, PUBLISHED_WINDOW, fetch_published

_TARGETS = {
    "classifier": "1 where RPKM is at or above the median of the cell type, else 0",
    "regressor": "log2(RPKM + 1)",
}


def load_pretrained(cls, kind, source, fold, **where):
    """Return a fitted estimator of a class: "classifier" or "regressor" for published models.

    `where` holds `data_home`, `base_url` and `progress` of published models.
    """
    if isinstance(source, str) and source in CELL_TYPES:
        if fold is None:
            raise ValueError(
                f"fold=None: there are four models of {source}; give fold=1, 2, 3 or 4, and score "
                "each on the genes that it has not seen, those of this number in "
                "chromoformer_folds, counted from 1"
            )
        path = fetch_published(kind, source, fold, **where)
        model = cls.from_checkpoint(path, tracks=PUBLISHED_TRACKS, window=PUBLISHED_WINDOW)
        model.metadata_ = {
            "about": {
                "source": f"{PUBLISHED_DOI}, {path.name}",
                "cell_type": f"{source} ({CELL_TYPES[source]})",
                "held_out": f"fold {fold - 1} of skchromo.evaluation.chromoformer_folds",
                "signal": "read depth of Roadmap, hg19; contact frequencies of 3DIV above 1.5",
                "y": _TARGETS[kind],
            }
        }
        return model
    if fold is not None:
        raise ValueError(
            f"fold={fold!r} is of published models, but {printable(source)!r} is not a cell type "
            f"that has some ({_cell_types()}): leave fold out to load a file"
        )
    if not is_url(source) and not os.path.exists(source):
        raise FileNotFoundError(
            f"{printable(source)} is neither a file or folder, nor a cell type with published "
            f"models ({_cell_types()}): check the path, or give one of these with a fold"
        )
    return cls.load(source)


def _cell_types():
    """Return the cell types with published models, and their names, for a message."""
    return ", ".join(f"{number} {name}" for number, name in CELL_TYPES.items())

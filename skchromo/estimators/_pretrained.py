"""Models that others trained: published ones by cell type and fold, saved ones by address."""

import os

from .._addresses import is_url
from .._words import printable
from ..nn import CELL_TYPES, PUBLISHED_DOI, PUBLISHED_TRACKS, PUBLISHED_WINDOW, fetch_published

_TARGETS = {
    "classifier": "1 where RPKM is at or above the median of the cell type, else 0",
    "regressor": "log2(RPKM + 1)",
}


class PublishedModels:
    """The estimators of which there are published models; `_published` names their kind."""

    @classmethod
    def from_pretrained(cls, source, *, fold=None, data_home=None, base_url=None, progress=True):
        """Build a fitted estimator from published weights, or from a model that was saved.

        Parameters
        ----------
        source : str or Path
            Roadmap's number of a cell type with published models (Lee, Yang and Kim 2022): E003
            (H1), E004, E005, E006, E007, E016, E066, E087, E114 (A549), E116 (GM12878) or E118
            (HepG2); or whatever :meth:`load` takes: a file that :meth:`save` wrote, a folder with
            one, or an address.
        fold : {1, 2, 3, 4}, default=None
            Which of the four models of a cell type. That of fold f has not seen the genes of split
            f - 1 of :func:`skchromo.evaluation.chromoformer_folds`. Needed for a cell type.
        data_home : str, os.PathLike or None, default=None
            Where published checkpoints are kept, in the folder ``models``; see
            :func:`skchromo.datasets.get_data_home`.
        base_url : str, default=None
            A mirror of the published files; None is figshare, item 19424807, version 4.
        progress : bool, default=True
            Show a bar of the download.

        Returns
        -------
        estimator : ChromoformerClassifier or ChromoformerRegressor
            Fitted. Published models take H3K4me1, H3K4me3, H3K9me3, H3K27me3, H3K36me3, H3K27ac and
            H3K9ac, in this order, and a promoter window of 40,000 bp; other X is refused.
            Of the published classifiers, class 1 is an expression of at least the median of the
            cell type, class 0 one below; the regressors predict log2(RPKM + 1).

        Raises
        ------
        ValueError
            If there is no such fold, or `fold` is given for a file; the download is not a
            checkpoint, or not the one of the first download; or as :meth:`load`.
        FileNotFoundError
            If there is no such file.
        ConnectionError, PermissionError
            If there is no connection; what was downloaded is kept for the next call. The message
            names the file, its address, and where to put it by hand.

        See Also
        --------
        from_checkpoint : A checkpoint of the reference implementation on disk.
        skchromo.load_model : A saved model of any class.

        Notes
        -----
        A checkpoint is downloaded once, in several calls if need be. The SHA256 of the first
        download is kept beside it, and compared at each use. Nothing in it is run. The models were
        trained on read depth of hg19, and on contact frequencies of 3DIV above 1.5.

        Examples
        --------
        >>> from skchromo import ChromoformerClassifier
        >>> model = ChromoformerClassifier.from_pretrained("E003", fold=1)  # doctest: +SKIP
        >>> model.window_  # doctest: +SKIP
        40000
        """
        where = {"data_home": data_home, "base_url": base_url, "progress": progress}
        return _load(cls, source, fold, **where)


def _load(cls, source, fold, **where):
    """Return a fitted estimator; `where` holds `data_home`, `base_url` and `progress`."""
    if isinstance(source, str) and source in CELL_TYPES:
        if fold is None:
            raise ValueError(
                f"fold=None: there are four models of {source}; give fold=1, 2, 3 or 4, and score "
                "each on the genes that it has not seen, those of this number in "
                "chromoformer_folds, counted from 1"
            )
        path = fetch_published(cls._published, source, fold, **where)
        model = cls.from_checkpoint(path, tracks=PUBLISHED_TRACKS, window=PUBLISHED_WINDOW)
        model.metadata_ = {
            "about": {
                "source": f"{PUBLISHED_DOI}, {path.name}",
                "cell_type": f"{source} ({CELL_TYPES[source]})",
                "held_out": f"fold {fold - 1} of skchromo.evaluation.chromoformer_folds",
                "signal": "read depth of Roadmap, hg19; contact frequencies of 3DIV above 1.5",
                "y": _TARGETS[cls._published],
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

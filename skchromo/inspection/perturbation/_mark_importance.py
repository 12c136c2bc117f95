"""mark_importance: the loss of score when a track is permuted among genes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import check_scoring
from sklearn.utils import check_consistent_length, check_random_state

from ..._arrays import bins_of, ranges
from ..._progress import progress
from ..._words import check_choice, check_whole
from .._model import open_model
from .._result import Result
from ._variants import rebuilt


@dataclass(frozen=True, eq=False, repr=False)
class MarkImportance(Result):
    """Importance of tracks, as :func:`mark_importance` returns it.

    Attributes
    ----------
    tracks : tuple of str
        Names of the tracks, in the order of X.
    importances : ndarray of shape (n_tracks, n_repeats)
        Score minus score with the track permuted.
    score : float
        Score of the estimator on X without a change.
    """

    tracks: tuple
    importances: np.ndarray
    score: float

    @property
    def importances_mean(self):
        """Mean over repeats, ndarray of shape (n_tracks,)."""
        return self.importances.mean(axis=1)

    @property
    def importances_std(self):
        """Standard deviation over repeats, ndarray of shape (n_tracks,)."""
        return self.importances.std(axis=1)

    def to_frame(self):
        """Return a table ``track importance_mean importance_std``: one row per track."""
        return pd.DataFrame(
            {
                "track": list(self.tracks),
                "importance_mean": self.importances_mean,
                "importance_std": self.importances_std,
            }
        )


def mark_importance(
    estimator, X, y, *, regions="all", scoring=None, n_repeats=5, random_state=None, verbose=0
):
    """Compute the permutation importance of each track.

    As ``sklearn.inspection.permutation_importance`` does, permute a track's signal among genes and
    compute the score again. Promoters and pCREs are permuted separately. The signal of a pCRE
    of another length is stretched or compressed to fit. Regions that genes share stay shared. Use
    genes that the estimator was not trained on.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`.
    y : array-like of shape (n_genes,)
        Target, in the scale that `estimator` was fitted on.
    regions : {"all", "promoter", "pcres"}, default="all"
        Where tracks are permuted.
    scoring : str or callable, default=None
        A scorer of scikit-learn; None is the estimator's `score`: R2 or accuracy.
    n_repeats : int, default=5
        Permutations of each track.
    random_state : int, RandomState instance or None, default=None
        Seeds the permutations.
    verbose : int, default=0
        If not 0, a bar shows the permutations and the time left.

    Returns
    -------
    result : MarkImportance
        ``importances`` of shape (n_tracks, n_repeats), ``importances_mean``, ``importances_std``
        and the ``score`` without a change; ``to_frame()`` makes a table.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`.
    ValueError
        If y has another length than X, `regions` is not one of the above, or is "pcres" where X
        holds promoters alone.

    See Also
    --------
    perturb : Knock a track out, without y, and return a change for each gene.

    Notes
    -----
    Marks that occur together replace each other: each can then seem unimportant alone
    (scikit-learn's user guide, section on permutation importance).

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import mark_importance
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(
    ...     rng.poisson(3.0, (60, 40, 2)), tracks=["H3K4me3", "H3K9me3"])
    >>> y = 10 * np.log2(1 + X.signal[:, 0].reshape(60, 40).mean(axis=1))
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), random_state=0).fit(X, y)
    >>> mark_importance(model, X, y, random_state=0).to_frame()["track"].tolist()
    ['H3K4me3', 'H3K9me3']
    """
    check_whole("n_repeats", n_repeats, 1)
    check_choice("regions", regions, ("all", "promoter", "pcres"))
    model = open_model(estimator, X)
    X = model.X.compact()
    check_consistent_length(X, y)
    groups = _groups(X, regions)
    scorer, rng = check_scoring(model.on_regions, scoring=scoring), check_random_state(random_state)
    score = scorer(model.on_regions, X, y)
    importances = np.empty((len(X.tracks), n_repeats))
    every = list(np.ndindex(*importances.shape))
    bar = progress(every, label="mark_importance", unit="permutations", verbose=verbose)
    for track, repeat in bar:
        permuted = _permuted(X, track, groups, rng)
        importances[track, repeat] = score - scorer(model.on_regions, permuted, y)
    return MarkImportance(X.tracks, importances, float(score))


def _groups(X, regions):
    """Return the groups of distinct regions to permute within: promoters, pCREs."""
    promoters = np.unique(X.index[:, 0])
    pcres = np.setdiff1d(X.index[:, 1:], [-1, *promoters])
    if regions == "pcres" and not len(pcres):
        raise ValueError(
            "regions='pcres', but no gene of X has a pCRE: give genes with contacts, or "
            "regions='promoter' or 'all'"
        )
    return {"all": (promoters, pcres), "promoter": (promoters,), "pcres": (pcres,)}[regions]


def _permuted(X, track, groups, rng):
    """Return X with one track permuted among the regions of each group."""
    signal, counts = X.signal.copy(), np.diff(X.offsets)
    for group in groups:
        source = rng.permutation(group)
        n, n_source = np.repeat([counts[group], counts[source]], counts[group], axis=1)
        place = ranges(np.zeros_like(group), counts[group])
        place = (2 * place + 1) * n_source // (2 * n)
        to = bins_of(X.offsets, group)
        signal[to, track] = X.signal[np.repeat(X.offsets[source], counts[group]) + place, track]
    return rebuilt(X, signal=signal)

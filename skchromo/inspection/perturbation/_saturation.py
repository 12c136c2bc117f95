"""Saturation curves: predictions by the number of pCREs, and by their weights."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...regions import mean_signal
from .._model import open_model, response
from .._places import Places
from .._result import Result
from ._perturb import Perturbation
from ._variants import Variants


@dataclass(frozen=True, eq=False, repr=False)
class Saturation(Result):
    """Predictions along a series of steps, as :func:`count_saturation` returns them.

    Attributes
    ----------
    step_name : str
        "n_pcres" or "weight_factor".
    steps : ndarray of shape (n_steps,)
        Number of pCREs, or factor on contact weights.
    prediction : ndarray of shape (n_genes, n_steps)
        Prediction at each step; NaN where a gene has fewer pCREs, or none to change.
    places : Places
        Genes, and where their regions lie.
    """

    step_name: str
    steps: np.ndarray
    prediction: np.ndarray
    places: Places

    def curve(self):
        """Return a table of means over genes, a row for each step.

        The columns are the step, ``n_genes`` that reach it, their mean ``prediction``, the mean
        ``change`` of the same genes since the first step, and its ``standard_error``.
        """
        change = pd.DataFrame(self.prediction - self.prediction[:, :1])
        return pd.DataFrame(
            {
                self.step_name: self.steps,
                "n_genes": change.count(),
                "prediction": pd.DataFrame(self.prediction).mean(),
                "change": change.mean(),
                "standard_error": change.sem(),
            }
        )

    def to_frame(self):
        """Return a tidy table ``gene_id``, the step and ``prediction``.

        It has ``gene_name`` and ``sample`` too where X has them, and a row for each gene and step
        that the gene reaches.
        """
        gene, step = np.nonzero(~np.isnan(self.prediction))
        columns = {self.step_name: self.steps[step], "prediction": self.prediction[gene, step]}
        return self.places.frame(gene, **columns)


def count_saturation(
    estimator,
    X,
    *,
    track=None,
    threshold=None,
    response_method="auto",
    class_of_interest=None,
    verbose=0,
):
    """Predict expression with more and more contacts, or contacts rich in a mark.

    Of each gene's pCREs that count, none is kept, then the first, then the first two, and so on to
    all of them, in falling contact weight; its other pCREs stay. With ``track="H3K27ac"`` the curve
    is the response of expression to active contacts, as in transcription factories; with
    ``track="H3K27me3"`` to contacts within Polycomb bodies.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`, with pCREs.
    track : str, default=None
        A pCRE counts if its mean signal of this track is above `threshold`; None: all count.
    threshold : float, default=None
        Mean signal; None is the median over the pCREs of all genes in X.
    response_method : {"auto", "predict", "log_odds", "predict_proba"}, default="auto"
        Which response is predicted: "auto" is `predict` for a regressor and "log_odds" for a
        classifier.
    class_of_interest : label, default=None
        Class whose logit or probability is predicted; None is the second of two classes.
    verbose : int, default=0
        If not 0, a bar shows the predictions and the time left.

    Returns
    -------
    saturation : Saturation
        ``steps`` 0, 1, ... pCREs, and ``prediction`` of shape (n_genes, n_steps); ``curve()`` is
        the mean over genes, ``to_frame()`` a tidy table.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`.
    ValueError
        If X has no such track, or holds promoters alone.

    Notes
    -----
    The two saturation curves are analogues of the analyses in which Lee, Yang and Kim (2022, doi
    10.1038/s41467-022-34152-5) found transcription factories and Polycomb bodies. The code of these
    analyses was not published.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import count_saturation
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 4, 40, 1)), tracks=["H3K27ac"])
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> count_saturation(model, X).curve()[["n_pcres", "n_genes"]].T
             0   1   2   3
    n_pcres  0   1   2   3
    n_genes 20  20  20  20
    """
    X, predict, counted = _open(estimator, X, track, threshold, response_method, class_of_interest)
    rank, n_counted = np.cumsum(counted, axis=1), counted.sum(axis=1)
    steps = np.arange(n_counted.max(initial=0) + 1)
    chosen = counted[:, None] & (rank[:, None] > steps[:, None])
    variants = Variants(X, [Perturbation("remove")] * len(steps), chosen)
    prediction = variants.predict(predict, verbose)
    prediction[np.arange(len(X)), n_counted] = predict(X)
    return Saturation("n_pcres", steps, prediction, variants.places)


def weight_saturation(
    estimator,
    X,
    *,
    factors=(0.0, 0.25, 0.5, 1.0, 2.0, 4.0),
    track=None,
    threshold=None,
    response_method="auto",
    class_of_interest=None,
    verbose=0,
):
    """Predict expression with contacts, or contacts rich in a mark, of other weights.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`, with pCREs.
    factors : sequence of float, default=(0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
        Factors on contact weights.
    track : str, default=None
        A pCRE counts if its mean signal of this track is above `threshold`; None: all count.
        The weights of others stay.
    threshold : float, default=None
        Mean signal; None is the median over the pCREs of all genes in X.
    response_method : {"auto", "predict", "log_odds", "predict_proba"}, default="auto"
        As for :func:`count_saturation`.
    class_of_interest : label, default=None
        As for :func:`count_saturation`.
    verbose : int, default=0
        If not 0, a bar shows the predictions and the time left.

    Returns
    -------
    saturation : Saturation
        ``steps``, the factors, and ``prediction`` of shape (n_genes, n_steps), NaN for genes
        without a pCRE that counts; ``curve()`` is the mean over genes, ``to_frame()`` a tidy table.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`.
    ValueError
        If X has no such track, or holds promoters alone, or a factor is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import weight_saturation
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 1)), np.full((20, 2), 2.0))
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> weight_saturation(model, X, factors=(0, 1)).prediction.shape
    (20, 2)
    """
    X, predict, counted = _open(estimator, X, track, threshold, response_method, class_of_interest)
    chosen = np.repeat(counted[:, None], len(factors), axis=1)
    variants = Variants(X, [Perturbation("scale_weight", factor) for factor in factors], chosen)
    steps = np.asarray(factors, float)
    return Saturation("weight_factor", steps, variants.predict(predict, verbose), variants.places)


def _open(estimator, X, track, threshold, response_method, class_of_interest):
    """Return X as regions, a function that predicts, and whether each region is counted."""
    model = open_model(estimator, X)
    X = model.X
    if X.index.shape[1] == 1:
        raise ValueError(
            "X holds promoters alone, without contacts to count or to weigh: put an "
            "InteractionTransformer before the BigWigTransformer"
        )
    predict = response(model, response_method, class_of_interest)
    counted = X.index >= 0
    counted[:, 0] = False
    if track is not None:
        if track not in X.tracks:
            raise ValueError(f"X has no track {track!r}, only {', '.join(X.tracks)}")
        level = mean_signal(X, X.index)[..., X.tracks.index(track)]
        if threshold is None and counted.any():
            threshold = np.median(level[counted])
        counted &= level > (threshold or 0)
    elif threshold is not None:
        raise ValueError("threshold is for the mean signal of a track: name the track too")
    return X, predict, counted

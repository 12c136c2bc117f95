"""pcre_importance: the effect of each distal element on the prediction of its gene."""

from dataclasses import dataclass

import numpy as np

from ..._words import check_choice
from .._model import open_model
from .._places import Places
from .._result import Result
from ._perturb import Perturbation, perturb

_METHODS = {
    "remove": {"action": "remove"},
    "knock_out": {"action": "knock_out"},
    "weight": {"action": "set_weight", "value": 0.0},
}


@dataclass(frozen=True, eq=False, repr=False)
class PCREImportance(Result):
    """Importance of pCREs, as :func:`pcre_importance` returns it.

    Attributes
    ----------
    importance : ndarray of shape (n_genes, max_pcres)
        Prediction of the gene minus its prediction without the pCRE: above 0 where the pCRE raises
        it. NaN where there is no pCRE.
    weights : ndarray of shape (n_genes, max_pcres), float32
        Contact weights.
    prediction : ndarray of shape (n_genes,)
        Predictions with all pCREs.
    places : Places
        Genes, and where their regions lie.
    """

    importance: np.ndarray
    weights: np.ndarray
    prediction: np.ndarray
    places: Places

    def to_frame(self):
        """Return a tidy table: one row per pCRE.

        The columns are ``gene_id`` (and ``gene_name``, ``sample``), ``region`` (k for the k-th
        pCRE), its ``chrom start end`` (bp, 0-based, half-open), contact ``weight`` and
        ``importance``.
        """
        gene, place = np.nonzero(~np.isnan(self.importance))
        return self.places.frame(
            gene,
            place + 1,
            weight=self.weights[gene, place],
            importance=self.importance[gene, place],
        )


def pcre_importance(
    estimator, X, *, method="remove", response_method="auto", class_of_interest=None, verbose=0
):
    """Compute each pCRE's importance for its gene: the prediction with it minus without it.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`, with pCREs.
    method : {"remove", "knock_out", "weight"}, default="remove"
        How a pCRE is taken away: it is removed from the gene; its signal of all tracks is set to 0;
        or its contact weight is set to 0.
    response_method : {"auto", "predict", "log_odds", "predict_proba"}, default="auto"
        Which response is compared: "auto" is `predict` for a regressor and "log_odds" for a
        classifier.
    class_of_interest : label, default=None
        Class whose logit or probability is compared; None is the second of two classes.
    verbose : int, default=0
        If not 0, a bar shows the predictions and the time left.

    Returns
    -------
    result : PCREImportance
        ``importance`` and ``weights`` of shape (n_genes, max_pcres), ``prediction`` of each gene
        and ``places`` of its pCREs; ``to_frame()`` makes a tidy table.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`.
    ValueError
        If X holds promoters alone, or a parameter has none of the values above.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import pcre_importance
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)))
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> result = pcre_importance(model, X[:5])
    >>> result.importance.shape
    (5, 2)
    >>> result.to_frame().columns.tolist()
    ['gene_id', 'region', 'chrom', 'start', 'end', 'weight', 'importance']
    """
    check_choice("method", method, tuple(_METHODS))
    model = open_model(estimator, X)
    max_pcres = model.X.index.shape[1] - 1
    if not max_pcres:
        raise ValueError(
            "X holds promoters alone: put an InteractionTransformer before the BigWigTransformer"
        )
    effects = perturb(
        model.on_regions,
        model.X,
        [Perturbation(**_METHODS[method], regions=k + 1) for k in range(max_pcres)],
        response_method=response_method,
        class_of_interest=class_of_interest,
        verbose=verbose,
    )
    # A change of 0 is an importance of 0, not of -0.
    return PCREImportance(0.0 - effects.change, model.X.weights, effects.prediction, effects.places)

"""pcre_importance: what each distal element does to the prediction of each gene."""

from dataclasses import dataclass

import numpy as np

from ._model import open_model
from ._perturb import perturb
from ._perturbation import Perturbation
from ._places import Places

_METHODS = {
    "remove": {"action": "remove"},
    "knock_out": {"action": "knock_out"},
    "weight": {"action": "set_weight", "value": 0.0},
}


@dataclass(frozen=True, eq=False)
class PCREImportance:
    """Importance of pCREs, as :func:`pcre_importance` returns it.

    Attributes
    ----------
    importance : ndarray of shape (n_genes, max_pcres)
        Prediction of the gene minus its prediction without the pCRE: above 0 where the pCRE raises
        it. NaN where there is no pCRE.
    weights : ndarray of shape (n_genes, max_pcres), float32
        Contact weights.
    prediction : ndarray of shape (n_genes,)
        With all pCREs.
    places : Places
        Genes, and where their regions lie.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.inspection import PCREImportance, Places
    >>> X = RegionArray.from_dense(np.ones((1, 3, 4, 1)), genes={"gene_id": ["A"]})
    >>> weights = np.array([[2.5, 1.5]], dtype=np.float32)
    >>> result = PCREImportance(np.array([[0.5, -0.25]]), weights, np.array([3.0]), Places.of(X))
    >>> result.to_frame()[["gene_id", "region", "weight", "importance"]]
      gene_id  region  weight  importance
    0       A       1     2.5        0.50
    1       A       2     1.5       -0.25
    """

    importance: np.ndarray
    weights: np.ndarray
    prediction: np.ndarray
    places: Places

    def to_frame(self):
        """Make a tidy table: one row per pCRE.

        Returns
        -------
        table : pandas.DataFrame
            ``gene_id`` (and ``sample``), ``region`` (k for the k-th pCRE), its ``chrom start end``
            (bp, 0-based, half-open), contact ``weight`` and ``importance``.
        """
        gene, place = np.nonzero(~np.isnan(self.importance))
        return self.places.frame(
            gene,
            place + 1,
            weight=self.weights[gene, place],
            importance=self.importance[gene, place],
        )


def pcre_importance(
    estimator, X, *, method="remove", response_method="auto", class_of_interest=None
):
    """Compute each pCRE's importance for its gene: what the prediction loses without it.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        What the estimator predicts from, with pCREs.
    method : {"remove", "knock_out", "weight"}, default="remove"
        What "without" means: the gene has no such pCRE; the pCRE has no signal of any track; or its
        contact weight is 0.
    response_method : {"auto", "predict", "log_odds", "predict_proba"}, default="auto"
        What is compared: "auto" is `predict` for a regressor and "log_odds" for a
        classifier.
    class_of_interest : label, default=None
        Class whose logit or probability is compared; None is the second of two classes.

    Returns
    -------
    result : PCREImportance
        Importances and labels; ``to_frame``.

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
    if method not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}, got {method!r}")
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
    )
    # A change of 0 is an importance of 0, not of -0.
    return PCREImportance(0.0 - effects.change, model.X.weights, effects.prediction, effects.places)

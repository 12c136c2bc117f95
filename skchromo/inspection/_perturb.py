"""perturb: how predictions change when marks, positions or contacts do."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ._model import open_model, response
from ._perturbation import Perturbation
from ._places import Places
from ._variants import Edits, predict_variants


@dataclass(frozen=True, eq=False)
class Effects:
    """Changes of predictions under perturbations, as :func:`perturb` returns them.

    Attributes
    ----------
    names : tuple of str
        Of the perturbations.
    prediction : ndarray of shape (n_genes,)
        Before any change.
    change : ndarray of shape (n_genes, n_perturbations)
        Prediction with the change minus prediction without it. NaN where there was nothing to
        change: no such pCRE, no bin in the window or locus.
    places : Places
        Genes, and where their regions lie.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.inspection import Effects, Places
    >>> X = RegionArray.from_dense(np.ones((2, 4)), genes={"gene_id": ["A", "B"]})
    >>> prediction, change = np.array([3.0, 5.0]), np.array([[-1.0], [0.5]])
    >>> effects = Effects(("no ATAC",), prediction, change, Places.of(X))
    >>> effects.to_frame()
      gene_id perturbation  prediction  change
    0       A      no ATAC         3.0    -1.0
    1       B      no ATAC         5.0     0.5
    """

    names: tuple
    prediction: np.ndarray
    change: np.ndarray
    places: Places

    def to_frame(self):
        """Make a tidy table: one row per gene and perturbation.

        Returns
        -------
        table : pandas.DataFrame
            ``gene_id`` (and ``sample``), ``perturbation``, ``prediction`` (before), ``change``.
        """
        gene, number = np.divmod(np.arange(self.change.size), len(self.names))
        return self.places.frame(
            gene,
            perturbation=np.array(self.names, dtype=object)[number],
            prediction=self.prediction[gene],
            change=self.change.ravel(),
        )


def perturb(estimator, X, perturbations, *, response_method="auto", class_of_interest=None):
    """Change marks, positions or contacts in silico, and predict again.

    Signal is changed as it was measured, not logged, in the finest bins, and then pooled to all bin
    sizes as ever. A change in a gene's region leaves other genes that share it untouched.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        What the estimator predicts from: a gene table for a Pipeline that starts from one (the
        steps before the last are applied to it), or the signal of regions.
    perturbations : Perturbation, sequence of Perturbation, or mapping of str to Perturbation
        What to change; each is applied alone, to all genes. A mapping gives them names.
    response_method : {"auto", "predict", "log_odds", "predict_proba"}, default="auto"
        What is compared: "auto" is `predict` for a regressor, in the scale of its y, and
        log odds for a classifier.
    class_of_interest : label, default=None
        Class whose logit or probability is compared; None is the second of two classes.

    Returns
    -------
    effects : Effects
        Predictions, and the change of each gene under each perturbation; ``to_frame``.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`, or a perturbation is none.
    ValueError
        If a perturbation names a track or pCRE that X does not have, or a window beyond
        the promoter; or `response_method` or `class_of_interest` do not fit the estimator.

    See Also
    --------
    pcre_importance : Removes the pCREs one by one.
    mark_importance : Permutes tracks among genes.

    Notes
    -----
    Thousands of perturbations are predicted in large batches, at about the speed of `predict` on
    as many genes.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import Perturbation, perturb
    >>> rng = np.random.default_rng(0)
    >>> values = rng.poisson(3.0, (20, 3, 40, 2))
    >>> X = RegionArray.from_dense(values, tracks=["H3K4me3", "H3K27ac"])
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> effects = perturb(model, X[:3], [
    ...     Perturbation("knock_out", tracks="H3K27ac", regions="pcres"),
    ...     Perturbation("scale", 0.5, tracks="H3K4me3", window=(-500, 500)),
    ...     Perturbation("peak", 20.0, tracks="H3K27ac", regions=1, window=(-600, 600)),
    ... ])
    >>> effects.change.shape
    (3, 3)
    >>> effects.to_frame()["perturbation"].unique().tolist()
    ['knock_out H3K27ac in pcres', 'scale 0.5 H3K4me3 in promoter [-500, 500)',
     'peak 20 H3K27ac in pCRE 1 [-600, 600)']

    A scan of the promoter, 2 kb at a time:

    >>> scan = {start: Perturbation("knock_out", window=(start, start + 1000))
    ...         for start in range(-2000, 2000, 1000)}
    >>> perturb(model, X, scan).change.shape
    (20, 4)
    """
    model = open_model(estimator, X)
    X, places = model.X, Places.of(model.X)
    names, perturbations = _named(perturbations)
    for perturbation in perturbations:
        _check_fits(perturbation, X)
    predict = response(model, response_method, class_of_interest)
    prediction = predict(X)
    changed = predict_variants(predict, X, places, Edits.of(perturbations, X))
    return Effects(names, prediction, changed - prediction[:, None], places)


def _named(perturbations):
    """Names of perturbations, and the perturbations."""
    if isinstance(perturbations, Perturbation):
        perturbations = [perturbations]
    if isinstance(perturbations, Mapping):
        names, perturbations = tuple(map(str, perturbations)), list(perturbations.values())
    else:
        perturbations = list(perturbations)
        names = tuple(map(str, perturbations))
    for perturbation in perturbations:
        if not isinstance(perturbation, Perturbation):
            raise TypeError(
                "perturbations must be Perturbation objects, as Perturbation('knock_out', "
                f"tracks='H3K27ac'), got {perturbation!r}"
            )
    if not perturbations:
        raise ValueError("perturbations is empty: give at least one Perturbation")
    return names, perturbations


def _check_fits(perturbation, X):
    """Refuse what no gene of X can have."""
    unknown = [track for track in perturbation.tracks or () if track not in X.tracks]
    if unknown:
        raise ValueError(
            f"perturbation {perturbation}: X has no track {', '.join(map(str, unknown))}, only "
            f"{', '.join(X.tracks)}"
        )
    n_pcres = X.index.shape[1] - 1
    if perturbation.regions == "pcres" and not n_pcres:
        raise ValueError(f"perturbation {perturbation}: X holds promoters alone, without pCREs")
    if not isinstance(perturbation.regions, str) and perturbation.regions > n_pcres:
        raise ValueError(f"perturbation {perturbation}: genes of X have at most {n_pcres} pCREs")
    window, half = perturbation.window, X.window / 2
    if window and perturbation.regions == "promoter" and (window[0] < -half or window[1] > half):
        raise ValueError(
            f"perturbation {perturbation}: its window reaches beyond the promoter of X, "
            f"[{-half:g}, {half:g}): give a narrower one"
        )

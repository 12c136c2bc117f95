"""perturb: the change of predictions under changes of marks, positions or contacts."""

import numbers
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..._words import check_choice, is_whole
from .._model import open_model, response
from .._places import Places
from .._result import Result
from ._variants import Variants

_SIGNAL = ("knock_out", "scale", "set", "add", "peak")
_WEIGHT = ("scale_weight", "set_weight")
_ACTIONS = (*_SIGNAL, *_WEIGHT, "remove")
_WITHOUT_VALUE = ("knock_out", "remove")


@dataclass(frozen=True)
class Perturbation:
    """One change of a gene's signal or contacts, for :func:`perturb`.

    Parameters
    ----------
    action : {"knock_out", "scale", "set", "add", "peak", "scale_weight", "set_weight", "remove"}
        Kind of change. Of signal, which is mean signal and not logged: "knock_out" sets it to 0,
        "scale" multiplies it by `value`, "set" sets it to `value`, "add" adds `value`, "peak" adds
        a bell-shaped peak over the whole of `window` that is `value` high in its middle. Of
        contacts: "scale_weight" and "set_weight" change contact weights, "remove" removes pCREs.
    value : float, default=None
        See `action`; 0 or more except for "set_weight" and "scale_weight". None for "knock_out"
        and "remove", which need no value.
    tracks : str or sequence of str, default=None
        Names of the tracks whose signal is changed; None means all.
    regions : {"all", "promoter", "pcres"} or int, default=None
        Which of a gene's regions: k means the k-th pCRE, counted from 1 in falling contact weight.
        None means pCREs for an action on contacts, the promoter where `window` is given, else all.
    window : (int, int), default=None
        Only bins in ``[window[0], window[1])``, in bp relative to the middle of each region: for a
        promoter the TSS, along the strand of the gene; for a pCRE its middle, along the
        chromosome. Bins partly in the window are changed in part. None means whole regions.
    locus : (str, int, int), default=None
        Only bins in ``chrom, start, end`` (bp, 0-based, half-open), in any region of any gene.
        Not with `window`.

    Raises
    ------
    ValueError, TypeError
        If the parts do not fit together; the message names the part.

    Examples
    --------
    >>> from skchromo.inspection import Perturbation
    >>> str(Perturbation("knock_out", tracks="H3K27ac", regions="pcres"))
    'knock_out H3K27ac in pcres'
    >>> str(Perturbation("scale", 0.5, window=(-1000, 1000)))
    'scale 0.5 all tracks in promoter [-1000, 1000)'
    >>> str(Perturbation("remove", regions=2))
    'remove pCRE 2'
    """

    action: str
    value: float | None = None
    tracks: str | tuple | None = None
    regions: str | int | None = None
    window: tuple | None = None
    locus: tuple | None = None

    def __post_init__(self):
        check_choice("action", self.action, _ACTIONS)
        self._check_value()
        self._check_positions()
        object.__setattr__(self, "tracks", self._checked_tracks())
        object.__setattr__(self, "regions", self._checked_regions())

    @property
    def on_contacts(self):
        """Whether the action changes contacts and not signal, bool."""
        return self.action not in _SIGNAL

    def _check_value(self):
        """Refuse a value that does not fit the action."""
        if self.action in _WITHOUT_VALUE:
            if self.value is not None:
                raise ValueError(f"action={self.action!r} takes no value, got {self.value!r}")
            return
        real = isinstance(self.value, numbers.Real) and not isinstance(self.value, bool)
        if not real or not np.isfinite(self.value):
            raise ValueError(f"action={self.action!r} needs a finite value, got {self.value!r}")
        if self.value < 0 and not self.on_contacts:
            raise ValueError(
                f"value={self.value} would make signal negative: give 0 or more, and lower signal "
                "by action='scale' with a value below 1"
            )

    def _check_positions(self):
        """Refuse a window or locus that does not fit the action."""
        window, locus = self.window, self.locus
        if window is not None and locus is not None:
            raise ValueError("give window or locus, not both")
        if self.on_contacts and (window is not None or locus is not None):
            raise ValueError(f"action={self.action!r} is on whole pCREs: leave window, locus None")
        if self.action == "peak" and window is None and locus is None:
            raise ValueError("action='peak' needs the window, or the locus, that the peak spans")
        if window is not None and not (_has_length(window, 2) and window[0] < window[1]):
            raise ValueError(f"window must be (start, end) with start < end, got {window!r}")
        if locus is not None and not (
            _has_length(locus, 3) and isinstance(locus[0], str) and locus[1] < locus[2]
        ):
            raise ValueError(f"locus must be (chrom, start, end) with start < end, got {locus!r}")

    def _checked_tracks(self):
        """Return names of tracks as a tuple, or None for all."""
        if self.tracks is None:
            return None
        if self.on_contacts:
            raise ValueError(f"action={self.action!r} is on contacts: leave tracks None")
        tracks = (self.tracks,) if isinstance(self.tracks, str) else tuple(self.tracks)
        if not tracks:
            raise ValueError("tracks is empty: name at least one, or give None for all")
        return tracks

    def _checked_regions(self):
        """Return the name of regions, or the number of a pCRE."""
        regions = self.regions
        if regions is None:
            return "pcres" if self.on_contacts else "promoter" if self.window else "all"
        allowed = ("pcres",) if self.on_contacts else ("all", "promoter", "pcres")
        named = isinstance(regions, str) and regions in allowed
        if not named and not (is_whole(regions) and regions >= 1):
            names = ", ".join(map(repr, allowed))
            raise ValueError(
                f"regions of action={self.action!r} must be {names} or the number of a pCRE from 1 "
                f"on, got {regions!r}"
            )
        return regions

    def __str__(self):
        where = f"pCRE {self.regions}" if is_whole(self.regions) else self.regions
        if self.window is not None:
            where += f" [{self.window[0]}, {self.window[1]})"
        elif self.locus is not None:
            where = "{}:{}-{}".format(*self.locus)
        what = self.action if self.value is None else f"{self.action} {self.value:g}"
        if self.on_contacts:
            return f"{what} {where}"
        return f"{what} {', '.join(self.tracks) if self.tracks else 'all tracks'} in {where}"


def _has_length(value, length):
    """Return whether a value is a tuple or list of some length."""
    return isinstance(value, (tuple, list)) and len(value) == length


@dataclass(frozen=True, eq=False, repr=False)
class Effects(Result):
    """Changes of predictions under perturbations, as :func:`perturb` returns them.

    Attributes
    ----------
    names : tuple of str
        Names of the perturbations.
    prediction : ndarray of shape (n_genes,)
        Predictions before any change.
    change : ndarray of shape (n_genes, n_perturbations)
        Prediction with the change minus prediction without it. NaN where the gene has nothing to
        change: no such pCRE, no bin in the window or locus.
    places : Places
        Genes, and where their regions lie.
    """

    names: tuple
    prediction: np.ndarray
    change: np.ndarray
    places: Places

    def to_frame(self):
        """Return a tidy table: one row per gene and perturbation.

        The columns are ``gene_id`` (and ``gene_name``, ``sample``), ``perturbation``,
        ``prediction`` (before) and ``change``.
        """
        gene, number = np.divmod(np.arange(self.change.size), len(self.names))
        return self.places.frame(
            gene,
            perturbation=np.array(self.names, dtype=object)[number],
            prediction=self.prediction[gene],
            change=self.change.ravel(),
        )


def perturb(
    estimator, X, perturbations, *, response_method="auto", class_of_interest=None, verbose=0
):
    """Change marks, positions or contacts in silico, and predict again.

    Measured signal is changed, not logged, in the finest bins, and then pooled to all bin sizes as
    for any prediction. A change in a gene's region does not reach other genes that share the
    region.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`: a gene table for a Pipeline that starts from one (the
        steps before the last are applied to it), or the signal of regions.
    perturbations : Perturbation, sequence of Perturbation, or mapping of str to Perturbation
        Changes, each applied alone, to all genes. A mapping gives them names.
    response_method : {"auto", "predict", "log_odds", "predict_proba"}, default="auto"
        Which response is compared: "auto" is `predict` for a regressor, in the scale of its y,
        and "log_odds" for a classifier.
    class_of_interest : label, default=None
        Class whose logit or probability is compared; None is the second of two classes.
    verbose : int, default=0
        If not 0, a bar shows the predictions and the time left.

    Returns
    -------
    effects : Effects
        ``prediction`` of each gene, its ``change`` of shape (n_genes, n_perturbations), the
        ``names`` of perturbations and the ``places`` of genes; ``to_frame()`` makes a tidy table.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`, or a perturbation is not a Perturbation.
    ValueError
        If a perturbation names a track or pCRE that X does not have, or a window beyond
        the promoter; or `response_method` or `class_of_interest` do not fit the estimator.

    See Also
    --------
    pcre_importance : Remove the pCREs one by one.
    mark_importance : Permute tracks among genes.

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
    names, perturbations = _named(perturbations)
    for perturbation in perturbations:
        _check_fits(perturbation, model.X)
    predict = response(model, response_method, class_of_interest)
    prediction, variants = predict(model.X), Variants(model.X, perturbations)
    change = variants.predict(predict, verbose) - prediction[:, None]
    return Effects(names, prediction, change, variants.places)


def _named(perturbations):
    """Return the names of perturbations, and the perturbations as a list."""
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
    """Refuse tracks, pCREs and windows that no gene of X has."""
    unknown = [track for track in perturbation.tracks or () if track not in X.tracks]
    if unknown:
        raise ValueError(
            f"perturbation {perturbation}: X has no track {', '.join(map(str, unknown))}, only "
            f"{', '.join(X.tracks)}"
        )
    n_pcres = X.index.shape[1] - 1
    if perturbation.regions == "pcres" and not n_pcres:
        raise ValueError(
            f"perturbation {perturbation}: X holds promoters alone, without pCREs: put an "
            "InteractionTransformer before the BigWigTransformer"
        )
    if not isinstance(perturbation.regions, str) and perturbation.regions > n_pcres:
        raise ValueError(f"perturbation {perturbation}: genes of X have at most {n_pcres} pCREs")
    window, half = perturbation.window, X.window / 2
    if window and perturbation.regions == "promoter" and (window[0] < -half or window[1] > half):
        raise ValueError(
            f"perturbation {perturbation}: its window reaches beyond the promoter of X, "
            f"[{-half:g}, {half:g}): give a narrower one"
        )

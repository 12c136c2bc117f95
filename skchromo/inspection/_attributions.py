"""attributions: how much of a prediction each bin of each track makes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
import torch
from sklearn.utils import check_scalar

from ..estimators import ChromoformerClassifier
from ..nn import DeviceRegions
from ._model import at_rest, class_number, open_model
from ._padded import padding, unpadded
from ._places import Places

_GENES_AT_A_TIME = 32
_METHODS = ("integrated_gradients", "gradient_x_input")


@dataclass(frozen=True, eq=False)
class Attributions:
    """Attributions of predictions, as :func:`attributions` returns them.

    Attributes
    ----------
    values : ndarray of shape (n_genes, n_regions, n_bins, n_tracks), float32
        Of each finest bin, counted as in X: promoters (region 0) from 5' to 3', pCREs along the
        chromosome. NaN beyond a region's end and in absent regions.
    prediction : ndarray of shape (n_genes,)
        What is attributed.
    baseline_prediction : ndarray of shape (n_genes,)
        Where all signal is at the baseline. Integrated gradients sum to the difference of the two,
        up to the error of integration.
    tracks : tuple of str
        Names of the tracks.
    bin_size : int
        In bp.
    places : Places
        Genes, and where their regions lie.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.inspection import Attributions, Places
    >>> X = RegionArray.from_dense(np.ones((2, 4)), genes={"gene_id": ["A", "B"]})
    >>> values = np.array([0.0, 0.5, 0.25, 0.0, 0.0, 1.0, 0.0, 0.0]).reshape(2, 1, 4, 1)
    >>> result = Attributions(
    ...     values, np.array([3.75, 4.0]), np.array([3.0, 3.0]), ("ATAC",), 100, Places.of(X)
    ... )
    >>> result.to_frame()[["gene_id", "region", "track", "attribution"]]
      gene_id  region track  attribution
    0       A       0  ATAC         0.75
    1       B       0  ATAC         1.00
    """

    values: np.ndarray
    prediction: np.ndarray
    baseline_prediction: np.ndarray
    tracks: tuple
    bin_size: int
    places: Places

    @property
    def error(self):
        """Sum of a gene's attributions minus the difference they explain, of shape (n_genes,)."""
        total = np.nansum(self.values, axis=(1, 2, 3), dtype=np.float64)
        return total - (self.prediction - self.baseline_prediction)

    def to_frame(self, by="region"):
        """Make a tidy table: one row per track and region, or per track and bin.

        Parameters
        ----------
        by : {"region", "bin"}, default="region"
            Whether to sum over the bins of a region.

        Returns
        -------
        table : pandas.DataFrame
            ``gene_id`` (and ``sample``), ``region`` (0 is the promoter, k the k-th pCRE), its
            ``chrom start end``, or those of the bin on the chromosome, whatever the strand
            (0-based, half-open), ``track``, ``attribution``.

        Raises
        ------
        ValueError
            If `by` is neither.
        """
        if by not in ("region", "bin"):
            raise ValueError(f"by must be 'region' or 'bin', got {by!r}")
        values, columns = self.values, {}
        if by == "region":
            absent = np.isnan(values[:, :, 0])
            values = np.where(absent, np.nan, np.nansum(values, axis=2))
        gene, region, *number, track = at = np.nonzero(~np.isnan(values))
        if by == "bin":
            start, end = self.places.bins(gene, region, number[0], self.bin_size)
            columns = {"start": start, "end": end}
        columns["track"] = np.array(self.tracks, dtype=object)[track]
        return self.places.frame(gene, region, **columns, attribution=values[at])


def attributions(
    estimator,
    X,
    *,
    method="integrated_gradients",
    baseline=0.0,
    n_steps=64,
    class_of_interest=None,
):
    """Attribute predictions to the bins of tracks, by gradients.

    Integrated gradients (Sundararajan, Taly and Yan 2017, arXiv 1703.01365) run along the straight
    line from `baseline` to the signal as it was measured, not logged, in the finest bins: on it the
    bin sizes always agree, and the logarithm is part of what is explained. What reaches the output
    by several bin sizes is summed. Contact weights and the presence of pCREs stay as they are.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        What the estimator predicts from. The result is as large as ``X.to_dense()``: ask for
        hundreds of genes at a time rather than a genome.
    method : {"integrated_gradients", "gradient_x_input"}, default="integrated_gradients"
        The second takes the gradient at the signal alone, times signal minus `baseline`: faster,
        but it does not sum to anything.
    baseline : float or mapping of str to float, default=0.0
        Signal that stands for nothing: one for all tracks, or one for each.
    n_steps : int, default=64
        Points of Gauss-Legendre integration. ``error`` of the result tells whether they are enough:
        it is about 1 % of the change with the default, and halves with each doubling.
    class_of_interest : label, default=None
        Class whose logit is attributed; None is the second of two classes.

    Returns
    -------
    result : Attributions
        In the scale of `predict` of the Chromoformer itself (of the transformed y where it is in a
        TransformedTargetRegressor), or of the log odds of a classifier's class.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`.
    ValueError
        If a parameter has none of the values above, or `baseline` names other tracks.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import attributions
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)))
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> result = attributions(model, X[:3])
    >>> result.values.shape
    (3, 3, 40, 2)
    >>> bool(np.abs(result.error).max() < 0.02)
    True
    >>> result.to_frame().columns.tolist()
    ['gene_id', 'region', 'chrom', 'start', 'end', 'track', 'attribution']
    """
    if method not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}, got {method!r}")
    check_scalar(n_steps, "n_steps", Integral, min_val=1)
    estimator, X, _ = open_model(estimator, X)
    baseline = _levels(baseline, X.tracks)
    score = _score(estimator, class_of_interest)
    parts = []
    with at_rest(estimator) as network:
        for start in range(0, len(X), _GENES_AT_A_TIME):
            path = _Path(X[start : start + _GENES_AT_A_TIME], network, score, baseline)
            steps = _steps(method, n_steps, path.reach)
            parts.append((path.attribute(steps), path.at(1.0), path.at(0.0)))
    values, prediction, baseline_prediction = map(np.concatenate, zip(*parts))
    return Attributions(values, prediction, baseline_prediction, X.tracks, X.bin_size, Places.of(X))


def _levels(baseline, tracks):
    """Baseline of each track, ndarray of shape (n_tracks,), float32."""
    if isinstance(baseline, Mapping):
        if set(baseline) != set(tracks):
            raise ValueError(
                f"baseline must have one level for each of the tracks {', '.join(tracks)}, got "
                f"{', '.join(map(str, baseline))}"
            )
        baseline = [baseline[track] for track in tracks]
    levels = np.broadcast_to(np.asarray(baseline, dtype=np.float32), len(tracks))
    if not np.isfinite(levels).all() or (levels < 0).any():
        raise ValueError(f"baseline must be mean signal, finite and 0 or more, got {baseline}")
    return levels


def _score(estimator, class_of_interest):
    """Function from outputs of the network to one number per gene."""
    if not isinstance(estimator, ChromoformerClassifier):
        if class_of_interest is not None:
            raise ValueError("class_of_interest is for classifiers; leave it None for a regressor")
        return lambda outputs: outputs[:, 0]
    number = class_number(estimator, class_of_interest)
    others = [other for other in range(len(estimator.classes_)) if other != number]
    return lambda outputs: outputs[:, number] - outputs[:, others].logsumexp(dim=1)


def _steps(method, n_steps, reach):
    """Points on the line, from 0 to 1, and their weights: pairs of arrays of shape (n_genes,).

    The logarithm bends most where there is least signal: the points of integration are even in
    ``log(1 + reach * share)``.
    """
    if method == "gradient_x_input":
        yield np.ones_like(reach), np.ones_like(reach)
        return
    whole = np.log1p(reach)
    for point, weight in zip(*np.polynomial.legendre.leggauss(n_steps)):
        t = (1 + point) / 2 * whole
        yield np.expm1(t) / reach, weight / 2 * whole * np.exp(t) / reach


class _Path:
    """The straight line of signal of some genes, from a baseline to what was measured."""

    def __init__(self, X, network, score, baseline):
        self.X, self.network, self.score = X, network, score
        self.device = next(network.parameters()).device
        self.batch = DeviceRegions(X, network.bin_sizes, self.device).batch(range(len(X)))
        self.baseline = torch.from_numpy(baseline.copy()).to(self.device)
        # Promoters, then the pCREs of each width: their bins at each bin size, and their genes.
        self.groups = [self.batch.promoters, *self.batch.pairs]
        sizes = [len(group[0].absent) for group in self.groups[1:]]
        genes = torch.arange(len(X), device=self.device)
        self.genes = [genes, *self.batch.layout.gene.split(sizes)]
        self.dense = X.to_dense()
        self.reach = np.nanmax(self.dense.values, axis=(1, 2, 3)).clip(1e-3)

    def at(self, share):
        """Scores of genes at one share of the line, ndarray of shape (n_genes,)."""
        shares = torch.full((len(self.X),), share, device=self.device)
        with torch.no_grad():
            return self._scores(self._signals(shares)).cpu().numpy().astype(np.float64)

    def attribute(self, steps):
        """Attribution of every finest bin, (n_genes, n_regions, n_bins, n_tracks)."""
        sums = [[0.0] * len(group) for group in self.groups]
        for share, weight in steps:
            share, weight = (
                torch.from_numpy(part.astype(np.float32)).to(self.device)
                for part in (share, weight)
            )
            signals = self._signals(share)
            leaves = [signal.requires_grad_() for group in signals for signal in group]
            gradients = iter(torch.autograd.grad(self._scores(signals).sum(), leaves))
            for group, genes in zip(sums, self.genes):
                for scale in range(len(group)):
                    group[scale] += next(gradients) * weight[genes][:, None, None]
        return self._in_finest_bins(sums)

    def _signals(self, share):
        """Mean signal of all bins at each gene's share of the line, of tracks alone."""
        n_tracks = len(self.baseline)
        return [
            [
                self.baseline
                + share[genes][:, None, None]
                * (bins.features[..., :n_tracks].expm1() - self.baseline)
                for bins in group
            ]
            for group, genes in zip(self.groups, self.genes)
        ]

    def _scores(self, signals):
        """Scores of genes whose bins have some mean signal."""
        promoters, *pairs = (
            [
                bins._replace(features=_logged(signal, bins.features.shape[2]))
                for signal, bins in zip(*both)
            ]
            for both in zip(signals, self.groups)
        )
        return self.score(self.network(replace(self.batch, promoters=promoters, pairs=pairs)))

    def _in_finest_bins(self, sums):
        """Share the sums of all bin sizes out to finest bins, times what each has of the line."""
        X, dense = self.X, self.dense
        offset = dense.values - self.baseline.cpu().numpy()
        near = np.arange(X.n_bins) * X.bin_size
        width = np.clip(dense.lengths[..., None] - near, 0, X.bin_size)
        slope = np.zeros_like(offset)
        for scale, size in enumerate(self.network.bin_sizes):
            coarse = self._by_gene(sums, scale, -(-X.n_bins * X.bin_size // size))
            n = size // X.bin_size
            whole = np.clip(dense.lengths[..., None] - near // size * size, 1, size)
            slope += np.repeat(coarse, n, axis=2)[:, :, : X.n_bins] * (width / whole)[..., None]
        return offset * slope

    def _by_gene(self, sums, scale, n_bins):
        """Sums of one bin size, (n_genes, n_regions, n_bins, n_tracks), bins from the start on."""
        layout = self.batch.layout
        gene, place = layout.row.cpu().numpy(), layout.place.cpu().numpy()
        array = np.full((*self.X.index.shape, n_bins, len(self.baseline)), np.nan, np.float32)
        array[gene, place] = np.concatenate(
            [
                unpadded(part[scale].cpu().numpy(), padding(bins[scale]), n_bins, 1)
                for part, bins in zip(sums, self.groups)
            ]
        )
        return array


def _logged(signal, n_features):
    """Features as the network takes them: log1p, and columns of zeros behind the tracks."""
    return torch.nn.functional.pad(signal.log1p(), (0, n_features - signal.shape[2]))

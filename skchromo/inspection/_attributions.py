"""attributions: the share of each bin of each track in a prediction, by gradients."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from .._progress import progress
from .._words import check_choice, check_whole
from ..nn import DeviceRegions
from ._model import at_rest, class_number, open_model
from ._places import Places, unpadded
from ._result import Result

_GENES_AT_A_TIME = 32


@dataclass(frozen=True, eq=False, repr=False)
class Attributions(Result):
    """Attributions of predictions, as :func:`attributions` returns them.

    Attributes
    ----------
    values : ndarray of shape (n_genes, n_regions, n_bins, n_tracks), float32
        Attribution of each finest bin, counted as in X: promoters (region 0) from 5' to 3', pCREs
        along the chromosome. NaN beyond a region's end and in absent regions.
    prediction : ndarray of shape (n_genes,)
        The attributed predictions.
    baseline_prediction : ndarray of shape (n_genes,)
        Predictions with all signal at the baseline. Integrated gradients sum to the difference of
        the two, up to the error of integration.
    tracks : tuple of str
        Names of the tracks.
    bin_size : int
        In bp.
    places : Places
        Genes, and where their regions lie.
    """

    values: np.ndarray
    prediction: np.ndarray
    baseline_prediction: np.ndarray
    tracks: tuple
    bin_size: int
    places: Places

    @property
    def error(self):
        """Sum of a gene's attributions minus the explained difference, of shape (n_genes,)."""
        total = np.nansum(self.values, axis=(1, 2, 3), dtype=np.float64)
        return total - (self.prediction - self.baseline_prediction)

    def to_frame(self, by="region"):
        """Return a tidy table: one row per track and region, or per track and bin.

        `by` is "region", which sums over the bins of a region, or "bin". The columns are
        ``gene_id`` (and ``gene_name``, ``sample``), ``region`` (0 is the promoter, k the k-th
        pCRE), the ``chrom start end`` of the region or of the bin on the chromosome (0-based,
        half-open, whatever the strand), ``track`` and ``attribution``.
        """
        check_choice("by", by, ("region", "bin"))
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
    verbose=0,
):
    """Attribute predictions to the bins of tracks, by gradients.

    Integrated gradients (Sundararajan, Taly and Yan 2017, arXiv 1703.01365) run along the straight
    line from `baseline` to the measured signal in the finest bins, not logged: on this line the
    bin sizes always agree, and the logarithm is part of the explained function. Attributions by
    several bin sizes are summed. Contact weights and the presence of pCREs do not change.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`. The result is as large as ``X.to_dense()``: give
        hundreds of genes at a time rather than a genome.
    method : {"integrated_gradients", "gradient_x_input"}, default="integrated_gradients"
        The second takes the gradient at the signal alone, times signal minus `baseline`: faster,
        but it does not sum to anything.
    baseline : float or mapping of str to float, default=0.0
        Signal to start from, such as no signal: one level for all tracks, or one for each.
    n_steps : int, default=64
        Points of Gauss-Legendre integration. ``error`` of the result shows whether they are enough:
        it is about 1 % of the change with the default, and halves with each doubling.
    class_of_interest : label, default=None
        Class whose logit is attributed; None is the second of two classes.
    verbose : int, default=0
        If not 0, a bar shows the genes and the time left.

    Returns
    -------
    result : Attributions
        ``values`` of every bin, ``prediction``, ``baseline_prediction`` and ``error`` of every
        gene, in the scale of `predict` of the Chromoformer itself (of the transformed y where it is
        in a TransformedTargetRegressor), or of the log odds of a classifier's class;
        ``to_frame("region")`` and ``to_frame("bin")`` make tidy tables.

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
    check_choice("method", method, ("integrated_gradients", "gradient_x_input"))
    check_whole("n_steps", n_steps, 1)
    estimator, X, _ = open_model(estimator, X)
    baseline = _levels(baseline, X.tracks)
    score = _score(estimator, class_of_interest)
    parts = []
    bar = progress(label="attributions", unit="genes", total=len(X), verbose=verbose)
    with at_rest(estimator) as network, bar:
        for start in range(0, len(X), _GENES_AT_A_TIME):
            path = _Path(X[start : start + _GENES_AT_A_TIME], network, score, baseline)
            steps = _steps(method, n_steps, path.reach)
            parts.append((path.attribute(steps), path.at(1.0), path.at(0.0)))
            bar.update(len(path.X))
    values, prediction, baseline_prediction = map(np.concatenate, zip(*parts))
    return Attributions(values, prediction, baseline_prediction, X.tracks, X.bin_size, Places.of(X))


def _levels(baseline, tracks):
    """Return the baseline of each track, ndarray of shape (n_tracks,), float32."""
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
    """Return a function from outputs of the network to one number per gene."""
    number = class_number(estimator, class_of_interest)
    if number is None:
        return lambda outputs: outputs[:, 0]
    others = [other for other in range(len(estimator.classes_)) if other != number]
    return lambda outputs: outputs[:, number] - outputs[:, others].logsumexp(dim=1)


def _steps(method, n_steps, reach):
    """Yield points on the line, from 0 to 1, and their weights, arrays of shape (n_genes,).

    The logarithm bends most at low signal: the points are even in ``log(1 + reach * share)``.
    """
    if method == "gradient_x_input":
        yield np.ones_like(reach), np.ones_like(reach)
        return
    whole = np.log1p(reach)
    for point, weight in zip(*np.polynomial.legendre.leggauss(n_steps)):
        t = (1 + point) / 2 * whole
        yield np.expm1(t) / reach, weight / 2 * whole * np.exp(t) / reach


class _Path:
    """The straight line from a baseline to the measured signal of some genes."""

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
        """Return the scores of genes at one share of the line, ndarray of shape (n_genes,)."""
        shares = torch.full((len(self.X),), share, device=self.device, dtype=torch.float32)
        with torch.no_grad():
            return self._scores(self._signals(shares)).cpu().numpy().astype(np.float64)

    def attribute(self, steps):
        """Return attributions of the finest bins, (n_genes, n_regions, n_bins, n_tracks)."""
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
        """Return the mean signal of all bins at each gene's share of the line, without padding."""
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
        """Return the scores of genes, given the mean signal of their bins."""
        n_zeros = self.groups[0][0].features.shape[2] - len(self.baseline)

        def logged(bins, signal):
            return bins._replace(features=torch.nn.functional.pad(signal.log1p(), (0, n_zeros)))

        promoters, *pairs = (
            [*map(logged, group, signal)] for group, signal in zip(self.groups, signals)
        )
        return self.score(self.network(replace(self.batch, promoters=promoters, pairs=pairs)))

    def _in_finest_bins(self, sums):
        """Divide the sums of all bin sizes among finest bins, and scale by the bins' signal."""
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
        """Return the sums of one bin size, (n_genes, n_regions, n_bins, n_tracks)."""
        layout = self.batch.layout
        gene, place = layout.genes.block.cpu().numpy(), layout.genes.slot.cpu().numpy()
        array = np.full((*self.X.index.shape, n_bins, len(self.baseline)), np.nan, np.float32)
        array[gene, place] = np.concatenate(
            [
                unpadded(part[scale], bins[scale], n_bins, (1,))
                for part, bins in zip(sums, self.groups)
            ]
        )
        return array

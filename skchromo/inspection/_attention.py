"""attention: the attention maps of the three transformers of a fitted estimator."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._words import check_choice
from ..nn import DeviceRegions, attention_maps
from ._model import at_rest, open_model
from ._places import Places, unpadded

_GENES_AT_A_TIME = 32


@dataclass(frozen=True, eq=False, repr=False)
class Attention:
    """Attention of genes, as :func:`attention` returns it.

    Every row is a distribution: it sums to 1 over the bins or regions that are present, and is NaN
    elsewhere. Bins are counted from the start of their region as it is read, which is from 5' to 3'
    for promoters and along the chromosome for pCREs. Layers and heads are in the network's order.

    Attributes
    ----------
    bin_sizes : tuple of int
        In bp.
    embedding : dict of int to ndarray of shape (n_genes, n_layers, n_heads, n_bins)
        By bin size: from the centre bin, which starts at the TSS, to all bins of the promoter, of
        the last layer alone. With ``full``, of every layer and from every bin:
        (n_genes, n_layers, n_heads, n_bins, n_bins), queries before keys.
    pairwise : dict of int to ndarray of shape (n_genes, n_pcres, n_layers, n_heads, n_bins)
        By bin size: from the promoter to the bins of each pCRE.
    regulation : dict of int to ndarray of shape (n_genes, n_layers, n_heads, n_regions)
        By bin size: from the promoter to itself (region 0) and to its pCREs. With ``full``, from
        every region: (n_genes, n_layers, n_heads, n_regions, n_regions).
    places : Places
        Genes, and where their regions lie.
    """

    bin_sizes: tuple
    embedding: dict
    pairwise: dict
    regulation: dict
    places: Places

    def __repr__(self):
        sizes = ", ".join(map(str, self.bin_sizes))
        lines = [f"Attention of {len(self.places.start):,} genes in bins of {sizes} bp"]
        for level in ("embedding", "pairwise", "regulation"):
            shapes = (getattr(self, level)[size].shape for size in self.bin_sizes)
            lines.append(f"  {level}: {', '.join(map(str, dict.fromkeys(shapes)))}")
        return "\n".join(lines)

    def to_frame(self, level):
        """Return a tidy table of one transformer's attention: one row per number.

        `level` is "embedding", "pairwise" or "regulation". The columns are ``gene_id`` (and
        ``gene_name``, ``sample``), ``region`` (0 is the promoter, k the k-th pCRE), the ``chrom
        start end`` of the bin on the chromosome, or of the region for "regulation" (0-based,
        half-open, whatever the strand), ``bin_size layer head`` (layer and head from 1) and
        ``attention``. Full maps have ``query`` too: the number of the bin or region that the
        attention is from.
        """
        check_choice("level", level, ("embedding", "pairwise", "regulation"))
        tables = [self._frame(level, size, getattr(self, level)[size]) for size in self.bin_sizes]
        return pd.concat(tables, ignore_index=True)

    def _frame(self, level, bin_size, values):
        """Return the table of one bin size."""
        if level == "pairwise":
            values = np.moveaxis(values, 1, 3)
        gene, layer, head, *query, key = at = np.nonzero(~np.isnan(values))
        columns = {"bin_size": bin_size, "layer": layer + 1, "head": head + 1}
        region = key if level == "regulation" else np.zeros_like(key)
        if level == "pairwise":
            region = query.pop() + 1
        if level != "regulation":
            start, end = self.places.bins(gene, region, key, bin_size)
            columns = {"start": start, "end": end, **columns}
        if query:
            columns["query"] = query[0]
        return self.places.frame(gene, region, **columns, attention=values[at])


def attention(estimator, X, *, full=False):
    """Compute the attention of a fitted estimator for some genes.

    These are the published model's maps, from every transformer: the weights that its queries give
    to its values. (The publication's figure of attention at the TSS is ``embedding``.) Attention is
    where the network reads, not the effect of a place on the prediction: for that see
    :func:`perturb` and :func:`attributions`.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`: a gene table for a Pipeline that starts from one (the
        steps before the last are applied to it), or the signal of regions.
    full : bool, default=False
        Whether to return whole maps: from every bin and region, not only from the centre bin
        and the promoter. Only these reach the output, and whole maps of 400 bins take 1.3 MB
        per gene: give few genes.

    Returns
    -------
    attention : Attention
        Maps by bin size in ``embedding``, ``pairwise`` and ``regulation``, with the genes and
        regions in ``places``; ``to_frame(level)`` makes a tidy table of one of them.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`.
    NotFittedError
        If it is not fitted.

    Notes
    -----
    The network is in the state in which it predicts: dropout is off, and nothing is changed.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import attention
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)), bin_size=100)
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> maps = attention(model, X[:5])
    >>> maps.embedding[200].shape, maps.pairwise[200].shape, maps.regulation[200].shape
    ((5, 1, 2, 20), (5, 2, 1, 2, 20), (5, 2, 2, 3))
    >>> bool(np.allclose(maps.regulation[200].sum(axis=-1), 1))
    True
    >>> maps.to_frame("regulation").columns.tolist()
    ['gene_id', 'region', 'chrom', 'start', 'end', 'bin_size', 'layer', 'head', 'attention']
    """
    estimator, X, _ = open_model(estimator, X)
    bin_sizes = tuple(estimator.bin_sizes)
    parts = []
    with at_rest(estimator) as network:
        device = next(network.parameters()).device
        for start in range(0, len(X), _GENES_AT_A_TIME):
            rows = X[start : start + _GENES_AT_A_TIME]
            batch = DeviceRegions(rows, bin_sizes, device).batch(range(len(rows)))
            maps = attention_maps(network, batch, full)
            levels = (_of_promoters, _of_pairs, _of_regions)
            parts.append([level(maps, batch, rows, network) for level in levels])
    levels = [
        {size: np.concatenate(arrays) for size, arrays in zip(bin_sizes, zip(*level))}
        for level in zip(*parts)
    ]
    return Attention(bin_sizes, *levels, Places.of(X))


def _of_promoters(maps, batch, X, network):
    """Return the attention over the bins of promoters, for each bin size."""
    return [
        unpadded(values, bins, X.window // size, (-1, -2)[: values.ndim - 3])
        for size, values, bins in zip(network.bin_sizes, maps.embedding, batch.promoters)
    ]


def _of_pairs(maps, batch, X, network):
    """Return the attention over the bins of pCREs, for each bin size."""
    genes = batch.layout.genes
    gene, place = (part[len(X) :].cpu().numpy() for part in (genes.block, genes.slot))
    layers = network.pairwise_interaction.layers
    arrays = []
    for scale, size in enumerate(network.bin_sizes):
        n_bins = -(-X.n_bins * X.bin_size // size)
        shape = len(X), X.index.shape[1] - 1, len(layers), layers[0].n_heads, n_bins
        array = np.full(shape, np.nan, dtype=np.float32)
        groups = [
            unpadded(values[scale], bins[scale], n_bins)
            for values, bins in zip(maps.pairwise, batch.pairs)
        ]
        if groups:
            array[gene, place - 1] = np.concatenate(groups)
        arrays.append(array)
    return arrays


def _of_regions(maps, batch, X, network):
    """Return the attention over the regions of genes, for each bin size."""
    present = (X.index >= 0)[:, None, None]
    n_extra = X.index.shape[1] - batch.layout.n_regions
    arrays = []
    for values in maps.regulation:
        values = values.movedim(2, 0).cpu().numpy()
        is_full = values.ndim == 5
        values = np.pad(values, [(0, 0)] * 3 + [(0, n_extra)] * (1 + is_full))
        there = present[..., None] & present[..., None, :] if is_full else present
        arrays.append(np.where(there, values, np.float32(np.nan)))
    return arrays

"""embeddings and ChromoformerEmbedding: the columns of a gene that the network's head reads."""

import numpy as np
import pandas as pd
import torch
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import gen_batches, get_tags
from sklearn.utils.validation import check_is_fitted

from .._validation import GeneNumbers
from ..nn import DeviceRegions
from ._model import at_rest, find_fitted, open_model

_GENES_AT_A_TIME = 512


def embeddings(estimator, X):
    """Compute the embedding of each gene: what the last layers of the network read.

    For each bin size it is the promoter's output of the Regulation transformer plus its embedding,
    which has seen the promoter, its pCREs and their contact weights. Genes that the network treats
    alike lie close to each other, so that the table is made for PCA, UMAP, clustering, and for a
    linear model on another target of the same genes.

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`: a gene table for a Pipeline that starts from one (the
        steps before the last are applied to it), or the signal of regions.

    Returns
    -------
    table : pandas.DataFrame of shape (n_genes, n_bin_sizes * d_model), float32
        A row for each row of X, in order. The index is ``gene_id``, or ``gene_id`` and ``sample``
        where X has samples, or the row number where X has no ids. The columns are
        ``embedding_2000bp_0``, ``embedding_2000bp_1``, ...: all dimensions of the first bin size,
        then of the next.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`.
    NotFittedError
        If it is not fitted.

    See Also
    --------
    skchromo.ChromoformerEmbedding : The same as a step of a Pipeline.
    attributions : Attribute a prediction to bins and tracks.

    Notes
    -----
    With ``linear_skip=True`` the prediction has a second part, a linear map of mean signals, which
    :class:`~skchromo.WindowSummary` resembles and embeddings do not contain.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import embeddings
    >>> rng = np.random.default_rng(0)
    >>> genes = {"gene_id": [f"GENE{i}" for i in range(20)]}
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)), genes=genes)
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> table = embeddings(model, X)
    >>> table.shape, table.index[:2].tolist(), table.columns[[0, -1]].tolist()
    ((20, 64), ['GENE0', 'GENE1'], ['embedding_1000bp_0', 'embedding_200bp_31'])
    """
    estimator, X, _ = open_model(estimator, X)
    names = [name for name in ("gene_id", "sample") if name in X.genes]
    index = None
    if names:
        index = pd.MultiIndex.from_arrays([X.genes[name] for name in names], names=names)
        index = index if len(names) > 1 else index.get_level_values(0)
    return pd.DataFrame(_encode(estimator, X), index, _column_names(estimator))


def _encode(estimator, X):
    """Return the embeddings of a RegionArray, ndarray of shape (n_genes, n_columns), float32."""
    parts = []
    with at_rest(estimator) as network, torch.no_grad():
        regions = DeviceRegions(X, network.bin_sizes, next(network.parameters()).device)
        rows = np.arange(len(X))
        genes = [rows[part] for part in gen_batches(len(rows), _GENES_AT_A_TIME)]
        for batch in regions.batches(genes, fixed=True):
            parts.append(network.encode(batch)[: len(batch)].cpu().numpy())
    return np.concatenate(parts)


def _column_names(estimator):
    """Return the names of the columns of embeddings, all of the first bin size first."""
    dimensions = range(estimator.d_model)
    return [f"embedding_{size}bp_{k}" for size in estimator.bin_sizes for k in dimensions]


def _is_frozen(estimator):
    """Return whether fit trains nothing: the estimator, or the last of a Pipeline, is frozen."""
    if isinstance(estimator, Pipeline):
        return _is_frozen(estimator[-1])
    return isinstance(estimator, FrozenEstimator)


class ChromoformerEmbedding(MetaEstimatorMixin, GeneNumbers):
    """Train a Chromoformer, and transform genes to its embeddings.

    A step of a Pipeline whose output is a 2-D table: a ridge, a clustering or UMAP is the next
    step. :func:`~skchromo.inspection.embeddings` explains the columns and their names.

    `fit` trains a clone of `estimator`, so that in cross-validation no fold is embedded by a model
    that has seen its expression. To use a model that is trained already, wrap it:
    ``ChromoformerEmbedding(FrozenEstimator(model))``, with :class:`sklearn.frozen.FrozenEstimator`;
    `fit` then trains nothing and needs no y.

    Parameters
    ----------
    estimator : estimator
        A ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one; or one of these, fitted, in a
        ``FrozenEstimator``.

    Attributes
    ----------
    estimator_ : estimator
        The trained estimator.
    n_features_in_ : int
        As `estimator_` has it.
    feature_names_in_ : ndarray of shape (n_features,), object
        As `estimator_` has it, where X in `fit` had names.

    See Also
    --------
    skchromo.inspection.embeddings : The same as a function, of a fitted estimator.
    WindowSummary : Mean signals around the TSS as a table: the baseline of embeddings.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.linear_model import RidgeCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from skchromo import ChromoformerEmbedding, ChromoformerRegressor, RegionArray
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)))
    >>> y, other = rng.normal(size=(2, 20))
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, y)
    >>> pipe = make_pipeline(ChromoformerEmbedding(FrozenEstimator(model)), RidgeCV())
    >>> pipe.fit(X, other).predict(X).shape
    (20,)
    >>> pipe[0].transform(X).shape, pipe[0].get_feature_names_out()[-1]
    ((20, 64), 'embedding_200bp_31')
    """

    # As in GeneTableTransformer.
    _doc_link_module = "skchromo"
    _doc_link_template = "#"

    def __init__(self, estimator):
        self.estimator = estimator

    def __sklearn_tags__(self):
        """Return the tags of a transformer, with those of the estimator about X and y."""
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        tags.no_validation, tags.non_deterministic = inner.no_validation, inner.non_deterministic
        if _is_frozen(self.estimator):
            tags.target_tags.required = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X, y=None):
        """Train a clone of the estimator; one in a FrozenEstimator stays as it is.

        Parameters
        ----------
        X : pandas.DataFrame, RegionArray or array-like of n_genes rows
            Input of the estimator's `fit`.
        y : array-like of shape (n_genes,), default=None
            Target of the estimator; not needed for one in a ``FrozenEstimator``.

        Returns
        -------
        self : ChromoformerEmbedding
            The fitted transformer.

        Raises
        ------
        TypeError
            If there is no Chromoformer in `estimator`.
        ValueError
            If y is missing, or X or y is not as the estimator needs it.
        """
        if y is None and get_tags(self).target_tags.required:
            raise ValueError(
                f"ChromoformerEmbedding requires y to be passed, but the target y is None: fit "
                f"trains its {type(self.estimator).__name__} again; to use a model that is trained "
                "already, give ChromoformerEmbedding(FrozenEstimator(model))"
            )
        self.estimator_ = clone(self.estimator).fit(X, y)
        find_fitted(self.estimator_)
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        return self

    def transform(self, X):
        """Compute the embedding of each gene.

        Parameters
        ----------
        X : pandas.DataFrame, RegionArray or array-like of n_genes rows
            Input of the estimator's `predict`.

        Returns
        -------
        table : ndarray of shape (n_genes, n_bin_sizes * d_model), float32
            A row for each gene, its columns named by `get_feature_names_out`. A DataFrame after
            ``set_output(transform="pandas")``, with the index of the gene table that X was made
            from.

        Raises
        ------
        ValueError
            If X is not laid out as in `fit`.
        """
        check_is_fitted(self, "estimator_")
        estimator, X, _ = open_model(self.estimator_, X)
        return self._output(X, _encode(estimator, X))

    def _tracks(self):
        return find_fitted(self.estimator_).tracks_

    def _columns(self):
        return _column_names(find_fitted(self.estimator_))

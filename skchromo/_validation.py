"""The check of X that estimators and tables share, and the base of tables; without torch."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from .regions import RegionArray, check_as_fitted, check_conditions, refuse_genes


def to_regions(estimator, X, bin_size, *, reset, layout, n_conditions=1, y="no_validation"):
    """Return X as a RegionArray, after the same checks whatever X was.

    The bins of a plain array are `bin_size` bp wide. `layout` names the parts of X that must be
    alike in fit and after it, such as ``"tracks"``: with `reset` each becomes an attribute of the
    estimator, ``tracks_``, and without it X is compared with these. `n_conditions` is 1 or 2, and
    `y` the target in fit.
    """
    name = type(estimator).__name__
    refuse_genes(X, name)
    if isinstance(X, RegionArray):
        check_conditions(X, name, n_conditions)
        if y is None:
            raise ValueError(
                f"This {name} estimator requires y to be passed, but the target y is None."
            )
        if not len(X):
            raise ValueError("X holds no genes: give at least one row")
        if reset:
            validate_data(estimator, X, skip_check_array=True)  # sets n_features_in_ to X.shape[1]
    else:
        X = _check_array(estimator, X, n_conditions, reset, y)
        X = RegionArray.from_dense(X, bin_size=bin_size)
    if reset:
        for part in layout:
            setattr(estimator, f"{part}_", getattr(X, part))
    else:
        check_as_fitted(X, name, **{part: getattr(estimator, f"{part}_") for part in layout})
    return X


def gene_index(X):
    """Return the index of the gene table that a RegionArray was made from."""
    names, values = zip(*X.row_labels)
    if len(names) == 1:
        return pd.Index(values[0], name=names[0])
    return pd.MultiIndex.from_arrays(values, names=names)


class GeneNumbers(TransformerMixin, BaseEstimator):
    """Base of transformers of regions into a table of numbers with a row for each gene.

    A fitted subclass has `_tracks`, the names of the tracks, and `_columns`, those of the columns.
    """

    def _output(self, X, table):
        """Return an array; after ``set_output`` a table with the index of the gene table of X."""
        if X.row_labels is None or _get_output_config("transform", self)["dense"] != "pandas":
            return table
        return pd.DataFrame(table, index=gene_index(X))

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,), default=None
            The names of the tracks, as a Pipeline passes them on, or compared with
            `n_features_in_` and `feature_names_in_`, as everywhere in scikit-learn. The names do
            not depend on it.

        Returns
        -------
        names : ndarray of str, object
            The names, as the description of the class spells them.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        """
        check_is_fitted(self)
        if input_features is None or tuple(input_features) != self._tracks():
            _check_feature_names_in(self, input_features)
        return np.array(self._columns(), dtype=object)


def _check_array(estimator, X, n_conditions, reset, y):
    """Return a plain array, with all five axes where there are two conditions."""
    n_dims = len(X.shape) if hasattr(X, "shape") else np.asarray(X).ndim
    most = 3 + n_conditions
    checks = {
        "dtype": np.float64 if n_dims < 4 else np.float32,
        "allow_nd": True,
        "ensure_all_finite": "allow-nan" if n_dims == most else True,
        "reset": reset,
    }
    if isinstance(y, str) and y == "no_validation":
        X = validate_data(estimator, X, **checks)
    else:
        X, _ = validate_data(estimator, X, y, **checks)
    if X.ndim > most:
        raise ValueError(
            f"X must have 2 to {most} axes: genes, {'conditions, ' * (n_conditions == 2)}regions, "
            "bins and tracks, where a single region and a single track may be left out; got shape "
            f"{X.shape}"
        )
    return _two_conditions(X) if n_conditions == 2 else X


def _two_conditions(X):
    """Return a plain array of two conditions with all of its five axes."""
    if X.ndim == 2:
        half = -(-X.shape[1] // 2)
        X = np.stack([X[:, :half], X[:, X.shape[1] - half :]], axis=1)
    if X.shape[1] != 2:
        raise ValueError(
            "the second axis of X must hold the conditions a and b, as np.stack([X_a, X_b], "
            f"axis=1) has it, got shape {X.shape}"
        )
    if X.ndim == 3:
        X = X[..., None]
    return X[:, :, None] if X.ndim == 4 else X

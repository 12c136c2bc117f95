"""Transformers of gene tables: their base class, and tables that compare two samples in a row."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from .._addresses import hide_logins

_LETTERS = ("a", "b")


class GeneTableTransformer(TransformerMixin, BaseEstimator):
    """Base of transformers that take a gene table and give something else than a 2-D table.

    Subclasses set ``auto_wrap_output_keys=None``: scikit-learn then leaves their output as it is.
    """

    # scikit-learn shows the parameters' texts in notebooks only where there is a link to follow
    _doc_link_module = "skchromo"
    _doc_link_template = "#"

    def __setattr__(self, name, value):
        """Set a parameter or fitted attribute, whose addresses do not print their logins."""
        super().__setattr__(name, hide_logins(value))

    def set_output(self, *, transform=None):
        """Accept and ignore scikit-learn's choice of output container.

        The output stays as it is, whatever is set here or by :func:`sklearn.set_config`, because
        the next step needs it so. This step can therefore stand in a pipeline that sets an output.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer, unchanged.

        Examples
        --------
        >>> from skchromo import BigWigTransformer
        >>> step = BigWigTransformer({"H3K4me3": "H3K4me3.bw"})
        >>> step.set_output(transform="pandas") is step
        True
        """
        return self

    def _remember_columns(self, X):
        """Set the fitted attributes that name the columns of a gene table, as scikit-learn does."""
        vars(self).pop("feature_names_in_", None)
        self.n_features_in_ = len(X.columns)
        if all(isinstance(name, str) for name in X.columns):
            self.feature_names_in_ = np.array(X.columns, dtype=object)

    def __sklearn_tags__(self):
        """Return tags that say that X is a gene table, not numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def has_conditions(genes):
    """Return whether a gene table compares two samples in each row, which it must say in full."""
    columns = getattr(genes, "columns", ())
    found = [letter for letter in _LETTERS if f"sample_{letter}" in columns]
    if len(found) == 1:
        raise ValueError(
            f"the gene table has a column sample_{found[0]}, but not the other of sample_a and "
            "sample_b: a row compares two samples"
        )
    if found and "sample" in columns:
        raise ValueError(
            "the gene table has the columns sample, sample_a and sample_b: keep sample for one "
            "condition, or the other two for two"
        )
    return bool(found)


def each_condition(genes):
    """Return a gene table of two conditions with a row for each: all genes in a, then all in b.

    It has ``sample`` and, where the pCREs are known, ``pcres``.
    """
    own = [f"{name}_{letter}" for name in ("sample", "pcres") for letter in _LETTERS]
    shared = genes.drop(columns=["pcres", *own], errors="ignore")
    parts = []
    for letter in _LETTERS:
        part = shared.copy()
        for name in ("sample", "pcres"):
            if f"{name}_{letter}" in genes.columns:
                part[name] = genes[f"{name}_{letter}"].array
        parts.append(part)
    both = pd.concat(parts)
    both.attrs.update(genes.attrs)
    return both


def side_by_side(genes, both):
    """Return a gene table of two conditions with the pCREs of `both`, its `each_condition`.

    They stand in ``pcres_a`` and ``pcres_b``.
    """
    table = genes.copy()
    cells = np.empty(len(both), dtype=object)
    cells[:] = list(both["pcres"])
    for letter, part in zip(_LETTERS, np.split(cells, 2)):
        table[f"pcres_{letter}"] = part
    table.attrs.update(both.attrs)
    return table

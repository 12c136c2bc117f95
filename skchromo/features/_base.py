"""What the transformers of gene tables share."""

from sklearn.base import BaseEstimator, TransformerMixin


class GeneTableTransformer(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Base of transformers that take a gene table and give something else than a 2-D table."""

    def set_output(self, *, transform=None):
        """Accept and ignore scikit-learn's choice of output container.

        The next step needs what this one gives as it is, whatever is set here or by
        :func:`sklearn.set_config`; so a pipeline that asks for tables elsewhere can hold it.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer, unchanged.
        """
        return self

    def __sklearn_tags__(self):
        """Say that X is a gene table, not numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags

"""What the transformers of gene tables share."""

from sklearn.base import BaseEstimator, TransformerMixin


class GeneTableTransformer(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Base of transformers that take a gene table and give something else than a 2-D table."""

    # scikit-learn shows the parameters' texts in notebooks only where there is a link to follow
    _doc_link_module = "skchromo"
    _doc_link_template = "#"

    def set_output(self, *, transform=None):
        """Accept and ignore scikit-learn's choice of output container.

        The output stays as it is, whatever is set here or by :func:`sklearn.set_config`, because
        the next step needs it so. A pipeline that asks for tables can therefore hold this step.

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

    def __sklearn_tags__(self):
        """Say that X is a gene table, not numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags

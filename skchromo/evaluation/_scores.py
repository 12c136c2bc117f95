"""Scores of predictions."""

from scipy.stats import pearsonr
from sklearn.metrics import make_scorer
from sklearn.utils.validation import check_consistent_length, column_or_1d


def pearson_r(y_true, y_pred):
    """Correlate expression and prediction (Pearson's r), as the paper does for regression.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_genes,)
        At least two genes.

    Returns
    -------
    r : float
        Between -1 and 1; NaN, with SciPy's warning, where either is constant.

    Raises
    ------
    ValueError
        If lengths differ or there is only one gene.

    See Also
    --------
    pearson_scorer : The same for ``scoring=``.

    Examples
    --------
    >>> from skchromo.evaluation import pearson_r
    >>> round(pearson_r([1.0, 2.0, 4.0], [1.0, 3.0, 4.0]), 3)
    0.929
    """
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(y_true, y_pred)
    return float(pearsonr(y_true, y_pred).statistic)


#: Pearson's r for ``scoring=`` of cross-validation and searches.
pearson_scorer = make_scorer(pearson_r)

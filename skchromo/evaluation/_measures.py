"""What a result is measured with: folds, labels, Pearson's r."""

import numpy as np
import pandas as pd
from scipy.stats import pearsonr
from sklearn.metrics import make_scorer
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._words import name_some
from ..genome import bare_name, check_genes

# Supplementary settings of the paper's code: chromosomes held out together.
_CHROMOSOME_SETS = (
    ("1", "5", "6", "8", "14", "Y"),
    ("7", "10", "11", "12", "15", "21"),
    ("2", "3", "4", "16", "18", "20"),
    ("9", "13", "17", "19", "22", "X"),
)
_FOLD = {chrom: fold for fold, chroms in enumerate(_CHROMOSOME_SETS) for chrom in chroms}


def chromoformer_folds(chrom):
    """Assign each gene its fold of the paper's four-fold cross-validation by chromosome.

    Parameters
    ----------
    chrom : array-like of str of shape (n_genes,)
        Human chromosomes, with or without ``chr``: 1 to 22, X and Y.

    Returns
    -------
    fold : ndarray of shape (n_genes,), int
        0 to 3, for :class:`sklearn.model_selection.PredefinedSplit`; the paper counts from 1.

    Raises
    ------
    ValueError
        If a chromosome is in none of the paper's sets, such as ``chrM`` or a scaffold.

    Notes
    -----
    The sets are those of the paper's code (Lee, Yang and Kim, Nature Communications 2022,
    doi 10.1038/s41467-022-34152-5). There the fold held out served as validation set too: no
    figure of the paper comes from genes that no choice was made on.

    Examples
    --------
    >>> from sklearn.model_selection import PredefinedSplit
    >>> from skchromo.evaluation import chromoformer_folds
    >>> folds = chromoformer_folds(["chr1", "chr7", "chr2", "chrX", "chr1"])
    >>> folds
    array([0, 1, 2, 3, 0])
    >>> PredefinedSplit(folds).get_n_splits()
    4
    """
    chrom = column_or_1d(chrom)
    bare = [bare_name(str(name)) for name in chrom]
    unknown = [str(name) for name, key in zip(chrom, bare) if key not in _FOLD]
    if unknown:
        raise ValueError(
            f"chromosomes {name_some(unknown)} are in none of the paper's four sets (1 to 22, X, "
            "Y): drop these genes, or split by GroupKFold with groups=genes['chrom']"
        )
    return np.array([_FOLD[key] for key in bare], dtype=int)


def high_low(expression, sample=None):
    """Label genes: 1 if expression is at or above the median of the sample, else 0.

    This is a definition of the label, not a step that learns: make it before cross-validation,
    on all annotated genes, as the paper did, and only then choose the genes to work with. The
    median of a few chosen genes would be another label.

    Parameters
    ----------
    expression : array-like of shape (n_genes,) or DataFrame of shape (n_genes, n_samples)
        Expression in any unit that keeps its order. A DataFrame has a column for each sample.
    sample : array-like of shape (n_genes,), default=None
        Sample of each row, where one column holds several; each has its own median.

    Returns
    -------
    label : ndarray of shape (n_genes,), Series or DataFrame, int
        As `expression`: a Series or DataFrame comes back as one, with the same index.

    Raises
    ------
    ValueError
        If expression is missing, or is no number, for some gene (they are counted and the first
        is named), or `sample` has another length or is missing for some row.

    Examples
    --------
    >>> from skchromo.evaluation import high_low
    >>> high_low([0.0, 0.5, 3.0, 8.0])
    array([0, 0, 1, 1])
    >>> high_low([0.0, 0.5, 3.0, 8.0], sample=["A", "A", "B", "B"])
    array([0, 1, 0, 1])
    """
    if isinstance(expression, pd.DataFrame):
        if sample is not None:
            raise ValueError("a DataFrame has a column for each sample: leave sample out")
        return expression.apply(high_low)
    series = expression if isinstance(expression, pd.Series) else None
    values = pd.to_numeric(pd.Series(column_or_1d(expression)), errors="coerce").to_numpy(float)
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        first = missing[0] if series is None else series.index[missing[0]]
        raise ValueError(
            f"expression is missing or no number for {len(missing)} of {len(values)} genes, the "
            f"first at row {first}: drop these genes"
        )
    if sample is None:
        median = np.median(values) if len(values) else np.nan
    else:
        sample = pd.Series(column_or_1d(sample))
        check_consistent_length(values, sample)
        if sample.isna().any():
            raise ValueError(f"sample is missing at row {np.flatnonzero(sample.isna())[0]}")
        median = pd.Series(values).groupby(sample).transform("median").to_numpy()
    label = (values >= median).astype(int)
    return label if series is None else pd.Series(label, series.index, name=series.name)


def gene_mean_baseline(genes, y, train, test):
    """Predict for each gene the mean of its own training rows, as a baseline.

    Most of a gene's expression is the same in all cell types, so that a model scored on a new cell
    type may owe its score to genes that it has met. Show this baseline beside it; only what a model
    adds to it was read from the new cell type's tracks (Schreiber et al., Genome Biology 2020,
    doi 10.1186/s13059-020-02177-y).

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_rows, n_columns)
        Gene table with a row for each gene in each sample; rows are of one gene where ``gene_id``
        (column or index) is the same.
    y : array-like of shape (n_rows,)
        Expression, or label as 0 and 1, of each row.
    train, test : array-like of int or bool
        Row numbers of the training and test rows, as splitters yield them, or masks.

    Returns
    -------
    y_pred : ndarray of shape (n_test,), float64
        For each test row the mean of y over the training rows of its gene; where there is none, the
        mean over all training rows.

    Raises
    ------
    ValueError
        If the gene table is not valid, y has another length or is missing somewhere, or there is no
        training row.
    IndexError
        If there are no such rows, or a mask has another length.

    Notes
    -----
    Where chromosomes are held out no test gene has a training row, and the prediction is one number
    for all. Rows that the model did not train on may be given as `train` too: all rows of the other
    cell types ask whether a model is better than looking the gene up there.

    Examples
    --------
    >>> import pandas as pd
    >>> from skchromo.evaluation import gene_mean_baseline
    >>> genes = pd.DataFrame({"gene_id": list("ABABABC"), "sample": list("1122333"),
    ...                       "chrom": "chr1", "tss": 5_000, "strand": "+"})
    >>> y = [1.0, 4.0, 3.0, 6.0, 9.0, 9.0, 9.0]
    >>> gene_mean_baseline(genes, y, train=[0, 1, 2, 3], test=[4, 5, 6])
    array([2. , 5. , 3.5])
    """
    gene = check_genes(genes)["gene_id"].to_numpy(dtype=object)
    y = column_or_1d(y).astype(np.float64)
    check_consistent_length(gene, y)
    if np.isnan(y).any():
        raise ValueError(f"y is missing for {np.isnan(y).sum()} of {len(y)} rows: drop these rows")
    if not len(y[train]):
        raise ValueError("train is empty: there is no row to take a mean of")
    means = pd.Series(y[train]).groupby(gene[train]).mean()
    return pd.Series(gene[test]).map(means).fillna(y[train].mean()).to_numpy(dtype=np.float64)


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

"""Labels and folds of a cross-validation."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._words import name_some
from ..genome import bare_name

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
    The sets come from the paper's code (Lee, Yang and Kim, Nature Communications 2022,
    doi 10.1038/s41467-022-34152-5). There the held-out fold was the validation set too: every
    figure of the paper comes from genes on which choices were made.

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

    This defines the label; nothing is learned. Call it before cross-validation, on all annotated
    genes, as the paper did, and only then choose the genes to work with: the median of a few
    chosen genes would be another label.

    Parameters
    ----------
    expression : array-like of shape (n_genes,) or DataFrame of shape (n_genes, n_samples)
        Expression in any unit that keeps the order. A DataFrame has a column for each sample.
    sample : array-like of shape (n_genes,), default=None
        Sample of each row, where one column holds several; each has its own median.

    Returns
    -------
    label : ndarray of shape (n_genes,), Series or DataFrame, int
        As `expression`: a Series or DataFrame comes back as one, with the same index.

    Raises
    ------
    ValueError
        If expression is missing or not a number for some gene (the message counts them and names
        the first), or `sample` has another length or is missing for some row.

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
            f"expression is missing or not a number for {len(missing)} of {len(values)} genes, the "
            f"first at row {first}: drop these genes"
        )
    if sample is None:
        median = np.median(values) if len(values) else np.nan
    else:
        sample = pd.Series(column_or_1d(sample))
        check_consistent_length(values, sample)
        if sample.isna().any():
            raise ValueError(
                f"sample is missing at row {np.flatnonzero(sample.isna())[0]}: fill it in, or drop "
                "the row"
            )
        median = pd.Series(values).groupby(sample).transform("median").to_numpy()
    label = (values >= median).astype(int)
    return label if series is None else pd.Series(label, series.index, name=series.name)

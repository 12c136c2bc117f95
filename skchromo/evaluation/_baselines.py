"""Baselines and controls, which show how much of a score the data explain."""

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, column_or_1d

from ..genome import check_genes


def gene_mean_baseline(genes, y, train, test):
    """Predict for each gene the mean of its own training rows, as a baseline.

    Most of a gene's expression is the same in all cell types. A model that is scored on a new cell
    type may owe its score to genes that it was trained on in others. Report this baseline beside
    it: only the gain over the baseline comes from the new cell type's tracks (Schreiber et al.,
    Genome Biology 2020, doi 10.1186/s13059-020-02177-y).

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_rows, n_columns)
        Gene table with a row for each gene in each sample; rows with the same ``gene_id`` (column
        or index) belong to one gene.
    y : array-like of shape (n_rows,)
        Expression, or label as 0 and 1, of each row.
    train, test : array-like of int or bool
        Row numbers of the training and test rows, as splitters yield them, or masks.

    Returns
    -------
    y_pred : ndarray of shape (n_test,), float64
        For each test row the mean of y over the training rows of its gene, or over all training
        rows where its gene has none.

    Raises
    ------
    ValueError
        If the gene table is not valid, y has another length or is missing somewhere, or there is no
        training row.
    IndexError
        If there are no such rows, or a mask has another length.

    Notes
    -----
    Where chromosomes are held out, no test gene has a training row, and the prediction is one
    number for all. `train` may contain rows that the model was not trained on: with all rows of the
    other cell types, the baseline looks each gene up there.

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


def shuffle_pcres(genes, *, random_state=None):
    """Exchange the pCREs of genes between genes on the same chromosome.

    This is the control for the use of contacts. Every gene gets the whole set of pCREs and weights
    of another gene: numbers, lengths, weights and marks stay the same, and only the connection to
    the gene is lost. The score of a model that learns from contacts must fall to its score on
    promoters alone.

    Parameters
    ----------
    genes : pandas.DataFrame
        Gene table with the column ``pcres`` that InteractionTransformer adds; it is not changed.
    random_state : int, RandomState instance or None, default=None
        Seed of the exchange.

    Returns
    -------
    shuffled : pandas.DataFrame
        The same rows in the same order; only ``pcres`` is exchanged, within each chromosome and,
        where there is a column ``sample``, within each sample.

    Raises
    ------
    ValueError
        If there is no column ``pcres``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skchromo import InteractionTransformer
    >>> from skchromo.evaluation import shuffle_pcres
    >>> genes = pd.DataFrame({"chrom": "chr1", "tss": [1_500, 81_500], "strand": "+"},
    ...                      index=["A", "B"])
    >>> contacts = pd.DataFrame({"gene_id": ["A"], "chrom": ["chr1"], "start": [50_000],
    ...                          "end": [54_000], "score": [3.1]})
    >>> genes = InteractionTransformer(contacts).fit_transform(genes)
    >>> shuffle_pcres(genes, random_state=0)["pcres"]
    A    0 of 8 pCREs
    B    1 of 8 pCREs
    Name: pcres, dtype: object
    """
    if not isinstance(genes, pd.DataFrame) or "pcres" not in genes.columns:
        raise ValueError(
            "genes must be a gene table with a column pcres: see InteractionTransformer"
        )
    random = check_random_state(random_state)
    keys = [name for name in ("sample", "chrom") if name in genes.columns]
    taken = np.arange(len(genes))
    for rows in genes.groupby(keys, sort=True).indices.values():
        taken[rows] = random.permutation(rows)
    return genes.assign(pcres=genes["pcres"].array[taken])

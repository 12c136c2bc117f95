"""Which row of X, or of a result, a gene is: by its id or by its row number."""

import numbers

import numpy as np
import pandas as pd

from ..regions import RegionArray


def row_of_gene(ids, gene):
    """Row number of one gene.

    Parameters
    ----------
    ids : sequence of length n_genes
        Ids of the rows, or their numbers.
    gene : str, int or None
        An id, or a row number; None where there is only one gene.

    Returns
    -------
    row : int
        0 or more.

    Raises
    ------
    TypeError, ValueError, IndexError
        If it names no gene, or several.
    """
    ids = [str(name) for name in ids]
    if gene is None:
        if len(ids) != 1:
            raise ValueError(
                f"there are {len(ids)} genes: name one, as gene={ids[0]!r} or by row number"
            )
        return 0
    if isinstance(gene, str):
        rows = [row for row, name in enumerate(ids) if name == gene]
        if not rows:
            shown = ", ".join(ids[:3]) + ", ..." * (len(ids) > 3)
            raise ValueError(f"there is no gene {gene!r} among the {len(ids)} genes {shown}")
        if len(rows) > 1:
            raise ValueError(
                f"gene {gene!r} stands in rows {', '.join(map(str, rows[:5]))}"
                f"{', ...' * (len(rows) > 5)}: give one of these numbers"
            )
        return rows[0]
    if not isinstance(gene, numbers.Integral) or isinstance(gene, bool):
        raise TypeError(f"gene must be an id (str) or a row number (int), got {gene!r}")
    if not -len(ids) <= gene < len(ids):
        raise IndexError(
            f"gene={gene} is out of range for {len(ids)} genes; an id that is a number must be a "
            f"str: gene='{gene}'"
        )
    return int(gene) % len(ids)


def rows_of_genes(ids, genes):
    """Row numbers of one gene, of some, or of all for None: ndarray of shape (n,), int."""
    if genes is None:
        return np.arange(len(ids))
    if isinstance(genes, (str, numbers.Integral)):
        genes = [genes]
    return np.array([row_of_gene(ids, gene) for gene in genes], dtype=np.int64)


def pick_gene(X, gene):
    """The row of one gene, and its name.

    Parameters
    ----------
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
    gene : str, int or None
        See :func:`row_of_gene`.

    Returns
    -------
    X : of the same kind, one row
    name : str
        Its id, or ``"row 3"``.
    """
    if isinstance(X, RegionArray):
        ids = X.genes.get("gene_id")
    elif isinstance(X, pd.DataFrame):
        ids = X.get("gene_id", X.index)
    else:
        X, ids = np.asarray(X), None
    row = row_of_gene(range(len(X)) if ids is None else ids, gene)
    name = f"row {row}" if ids is None else str(np.asarray(ids)[row])
    return X.iloc[[row]] if isinstance(X, pd.DataFrame) else X[[row]], name

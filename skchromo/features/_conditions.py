"""Gene tables of two conditions: rows with a sample_a and a sample_b."""

import numpy as np
import pandas as pd

_LETTERS = ("a", "b")


def has_conditions(genes):
    """Whether a gene table compares two samples in each row.

    Parameters
    ----------
    genes : pandas.DataFrame or object

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If it names only one of the two, or a sample beside them.

    Examples
    --------
    >>> import pandas as pd
    >>> has_conditions(pd.DataFrame({"sample_a": ["K562"], "sample_b": ["H1"]}))
    True
    """
    columns = getattr(genes, "columns", ())
    there = [letter for letter in _LETTERS if f"sample_{letter}" in columns]
    if len(there) == 1:
        raise ValueError(
            f"the gene table has a column sample_{there[0]}, but not the other of sample_a and "
            "sample_b: a row compares two samples"
        )
    if there and "sample" in columns:
        raise ValueError(
            "the gene table has the columns sample, sample_a and sample_b: keep sample for one "
            "condition, or the other two for two"
        )
    return bool(there)


def each_condition(genes):
    """Turn a gene table of two conditions into one of twice as many rows, a sample each.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        With ``sample_a`` and ``sample_b``; ``pcres_a`` and ``pcres_b`` where the pCREs are known.

    Returns
    -------
    pandas.DataFrame of shape (2 * n_genes, n_columns - 1)
        All genes in condition a, then all in b, with ``sample`` and, where known, ``pcres``.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame({"gene_id": ["A"], "sample_a": ["K562"], "sample_b": ["H1"]})
    >>> each_condition(genes)["sample"].tolist()
    ['K562', 'H1']
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


def check_two_samples(files):
    """Refuse tracks that are the same in both conditions.

    Parameters
    ----------
    files : dict of (str or None) to tuple of tuple of str
        Paths by sample, track and replicate.

    Raises
    ------
    ValueError
        If they are those of one sample.

    Examples
    --------
    >>> check_two_samples({"K562": (("a.bw",),), "H1": (("b.bw",),)})
    """
    if len(files) < 2:
        raise ValueError(
            "the gene table compares sample_a and sample_b, but tracks are those of one sample: "
            "give a table or sample sheet with the columns sample, track and path"
        )


def side_by_side(genes, both):
    """Put the pCREs of each condition into columns of a gene table of two conditions.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
    both : pandas.DataFrame of shape (2 * n_genes, n_columns)
        What :func:`each_condition` made of it, with ``pcres``.

    Returns
    -------
    pandas.DataFrame of shape (n_genes, n_columns + 2)
        A copy of `genes` with ``pcres_a`` and ``pcres_b``.
    """
    table = genes.copy()
    cells = np.empty(len(both), dtype=object)
    cells[:] = list(both["pcres"])
    for letter, part in zip(_LETTERS, np.split(cells, 2)):
        table[f"pcres_{letter}"] = part
    table.attrs.update(both.attrs)
    return table

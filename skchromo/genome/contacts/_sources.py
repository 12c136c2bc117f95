"""Sources of contacts: lists, matrices, and whatever else gives the contacts of genes."""

import os
import re
from functools import lru_cache

import numpy as np
import pandas as pd

from ..text import FrameTable
from ._read_contacts import judge_table, read_contacts

_MATRIX_NAME = re.compile(r".*\.(cool|mcool|hic)(::.*)?", re.IGNORECASE | re.DOTALL)


def as_matrix(source, chrom_names="exact"):
    """Give a source as an object that can be asked for the contacts of genes, if it is one.

    Parameters
    ----------
    source : object
        What the user gave.
    chrom_names : {"exact", "match"}, default="exact"
        How a matrix that is given by its path takes names of chromosomes.

    Returns
    -------
    object or None
        The source itself if it has a method ``contacts_of``; a `ContactMatrix` for a path that ends
        in ``.cool``, ``.mcool`` or ``.hic`` (``file.mcool::resolutions/5000`` names a resolution);
        else None.

    Examples
    --------
    >>> as_matrix("loops.bedpe") is None
    True
    """
    if not isinstance(source, type) and callable(getattr(source, "contacts_of", None)):
        return source
    if isinstance(source, (str, os.PathLike)) and _MATRIX_NAME.fullmatch(os.fsdecode(source)):
        # only who has a matrix needs the library that reads it
        from ..matrix import ContactMatrix

        return ContactMatrix(source, chrom_names=chrom_names)
    return None


def name_source(source):
    """Name a source in a message.

    Parameters
    ----------
    source : object
        What the user gave.

    Returns
    -------
    str
        The words.

    Examples
    --------
    >>> name_source("loops.bedpe")
    "contacts 'loops.bedpe'"
    """
    path = source if isinstance(source, (str, os.PathLike)) else getattr(source, "path", None)
    if isinstance(source, pd.DataFrame):
        return "the contacts DataFrame"
    if isinstance(path, (str, os.PathLike)):
        return f"contacts '{path}'"
    return f"the contacts of {type(source).__name__}"


def read_source(source, genes, name, *, format="auto", score_column=None):
    """Read the contacts of a source, a file only if it has changed since it was last read.

    Parameters
    ----------
    source : str, os.PathLike, pandas.DataFrame or object with a method contacts_of
        A list, or a matrix as `as_matrix` gives it.
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        As for `read_matrix`; lists are read whole.
    name : str
        What to call a matrix in a message.
    format : str, default="auto"
        As for `read_contacts`; for lists.
    score_column : str, int or None, default=None
        As for `read_contacts`; for lists.

    Returns
    -------
    pandas.DataFrame of shape (n_contacts, 5 or 7)
        As `read_contacts` gives it. It may be handed out again: not to be changed.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        As `read_contacts` and `read_matrix` do.

    Examples
    --------
    >>> import pandas as pd
    >>> source = pd.DataFrame({"bait": ["chr1:1-9"], "other": ["chr1:20-30"], "score": [2.5]})
    >>> len(read_source(source, None, "the contacts DataFrame"))
    1
    """
    settings = {"format": format, "score_column": score_column}
    if isinstance(source, pd.DataFrame):
        return read_contacts(source, **settings)
    if not isinstance(source, (str, os.PathLike)):
        return read_matrix(source, genes, name)
    try:
        state = os.stat(source)
    except OSError:
        return read_contacts(source, **settings)
    return _read_unchanged(os.path.abspath(source), state.st_size, state.st_mtime_ns, **settings)


@lru_cache(maxsize=16)
def _read_unchanged(path, size, modified, *, format, score_column):
    """Parse a file once per process and state, for the many fits of a grid search."""
    return read_contacts(path, format=format, score_column=score_column)


def read_matrix(matrix, genes, name):
    """Ask a matrix for the contacts of genes.

    Parameters
    ----------
    matrix : object
        It has a method ``contacts_of(genes)`` that takes a gene table and returns a frame with the
        columns ``gene_id chrom start end score``.
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        What `check_genes` gives, no gene_id with more than one TSS.
    name : str
        What to call the matrix in a message.

    Returns
    -------
    pandas.DataFrame of shape (n_contacts, 5)
        Gene-keyed pairs, as `read_contacts` gives them.

    Raises
    ------
    TypeError
        If it returns no frame.
    ValueError
        If the frame is no such table.

    Examples
    --------
    >>> import pandas as pd
    >>> class Neighbours:
    ...     def contacts_of(self, genes):
    ...         start = genes["tss"] + 50_000
    ...         return genes[["gene_id", "chrom"]].assign(start=start, end=start + 500, score=2.0)
    >>> genes = pd.DataFrame({"gene_id": ["A"], "chrom": ["chr1"], "tss": [150], "strand": ["+"]})
    >>> read_matrix(Neighbours(), genes, "the neighbours")
      gene_id chrom  start    end  weight
    0       A  chr1  50150  50650     2.0
    """
    columns = ["gene_id", "chrom", "tss", "strand"]
    found = matrix.contacts_of(genes[columns].reset_index(drop=True))
    if not isinstance(found, pd.DataFrame):
        raise TypeError(
            f"{name}: contacts_of must return a pandas DataFrame with the columns gene_id, chrom, "
            f"start, end and score, got {type(found).__name__}"
        )
    return judge_table(FrameTable(found, f"what contacts_of returned for {name}"), "pairs", "score")


def one_tss_a_gene(genes):
    """Part gene rows so that no gene_id has two TSSs in a part.

    A matrix is asked by gene_id. As each TSS of a gene is asked for on its own, what one row gets
    does not depend on whether another TSS of its gene is in the table.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        What `check_genes` gives.

    Returns
    -------
    list of ndarray of int
        Positions of the rows of each part; mostly there is one.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame({"gene_id": ["A", "B", "A"], "chrom": "chr1", "tss": [1, 2, 3]})
    >>> one_tss_a_gene(genes)
    [array([0, 1]), array([2])]
    """
    keys = genes[["gene_id", "chrom", "tss"]]
    which = keys.groupby(list(keys), sort=False).ngroup().to_numpy()
    part = keys.drop_duplicates().groupby("gene_id", sort=False).cumcount().to_numpy()[which]
    return [np.flatnonzero(part == number) for number in range(part.max() + 1)]

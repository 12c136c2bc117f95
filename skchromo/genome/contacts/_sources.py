"""Sources of contacts: lists, matrices, and any other object that returns the contacts of genes."""

import os
import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from ..._files import FileWatch, is_url
from ..._words import printable
from .._assembly import ContactOrigin, largest_starts
from ..text import FrameTable
from ._read_contacts import check_table, read_contacts

_MATRIX_NAME = re.compile(r".*\.([ms]?cool|hic)(\.gz)?(::.*)?", re.IGNORECASE | re.DOTALL)


def as_matrix(source, chrom_names="exact"):
    """Return a source that has a method ``contacts_of``, opening the path of a matrix; else None.

    ``file.mcool::resolutions/5000`` names a resolution.
    """
    if not isinstance(source, type) and callable(getattr(source, "contacts_of", None)):
        return source
    if isinstance(source, (str, os.PathLike)) and _MATRIX_NAME.fullmatch(os.fsdecode(source)):
        # only a matrix needs the library that reads it
        from ..matrix import ContactMatrix

        return ContactMatrix(source, chrom_names=chrom_names)
    return None


def sources_by_sample(source):
    """Return a mapping of samples to sources as a dict by the samples' names; None for one source.

    A source may hold a mapping of its own, which its method ``by_sample`` returns.
    """
    if isinstance(source, Mapping):
        return {str(sample): own for sample, own in source.items()}
    by_sample = getattr(source, "by_sample", None)
    return by_sample() if callable(by_sample) else None


def name_source(source):
    """Name a source in a message."""
    path = source if isinstance(source, (str, os.PathLike)) else getattr(source, "path", None)
    if isinstance(source, pd.DataFrame):
        return "the contacts DataFrame"
    if isinstance(path, (str, os.PathLike)):
        return f"contacts '{printable(path)}'"
    return f"the contacts of {type(source).__name__}"


def read_source(source, genes, name, *, format="auto", score_column=None):
    """Return the contacts of a list (whole) or of a matrix (for `genes`), and their origin.

    A matrix is what `as_matrix` returns, and no gene_id may have two TSSs. A file is read only if
    it has changed since it was last read. The table may be handed out again: do not change it.
    """
    if not isinstance(source, (str, os.PathLike, pd.DataFrame)):
        contacts = _ask_matrix(source, genes, name)
        sizes = dict(getattr(source, "chromsizes", {}))
        return contacts, ContactOrigin(name, sizes, {} if sizes else largest_starts(contacts))
    settings = {"format": format, "score_column": score_column}
    if isinstance(source, pd.DataFrame) or is_url(source) or not os.path.exists(source):
        contacts = read_contacts(source, **settings)
        starts = largest_starts(contacts)
    else:
        contacts, starts = _read_unchanged(FileWatch(source), **settings)
    return contacts, ContactOrigin(name, largest_starts=starts)


@lru_cache(maxsize=16)
def _read_unchanged(watch, *, format, score_column):
    """Read a file once per process and state, for the many fits of a grid search."""
    contacts = read_contacts(watch.path, format=format, score_column=score_column)
    watch.check()
    return contacts, largest_starts(contacts)


def _ask_matrix(matrix, genes, name):
    """Return the contacts of genes in a matrix, checked, as gene-keyed pairs."""
    columns = ["gene_id", "chrom", "tss", "strand"]
    found = matrix.contacts_of(genes[columns].reset_index(drop=True))
    if not isinstance(found, pd.DataFrame):
        raise TypeError(
            f"{name}: contacts_of must return a pandas DataFrame with the columns gene_id, chrom, "
            f"start, end and score, got {type(found).__name__}"
        )
    return check_table(FrameTable(found, f"the table of contacts_of for {name}"), "pairs", "score")


def one_tss_a_gene(genes):
    """Split gene rows into parts, positions of rows, so that no gene_id has two TSSs in a part.

    A matrix finds genes by gene_id. Because each TSS of a gene is read on its own, the contacts of
    a row do not depend on whether another TSS of its gene is in the table.
    """
    keys = genes[["gene_id", "chrom", "tss"]]
    which = keys.groupby(list(keys), sort=False).ngroup().to_numpy()
    part = keys.drop_duplicates().groupby("gene_id", sort=False).cumcount().to_numpy()[which]
    return [np.flatnonzero(part == number) for number in range(part.max() + 1)]

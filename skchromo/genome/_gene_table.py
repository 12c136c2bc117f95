"""The gene table: one row for each gene, checked where it enters a reader or transformer."""

import numpy as np
import pandas as pd

from .._words import check_names, is_whole, name_some, printable

_REQUIRED = ("chrom", "tss", "strand")


def check_genes(genes):
    """Check a gene table, and return its known columns with their types.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        One row per gene (or per gene and sample): ``chrom`` (name), ``tss`` (0-based position, bp),
        ``strand`` (``"+"`` or ``"-"``), ``gene_id`` as a column or, where there is none, as the
        index; optional ``sample``. Duplicate rows are allowed.

    Returns
    -------
    pandas.DataFrame of shape (n_genes, 4 to 6)
        A new frame with the same rows in the same order and the same index: ``gene_id``,
        ``chrom``, ``strand`` (str), ``tss`` (int64), ``sample`` (str) where given, and ``pcres``
        untouched where given. All other columns are left out.

    Raises
    ------
    TypeError
        If `genes` is not a DataFrame.
    ValueError
        If the table is empty, lacks a column or has one twice, or if a value is missing, a TSS is
        negative or not a whole number, or a strand is neither ``"+"`` nor ``"-"``.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame(
    ...     {"chrom": ["chr1", "chr2"], "tss": [3_566_667, 14_075_908], "strand": ["-", "+"]},
    ...     index=["TP73", "PRDM2"],
    ... )
    >>> check_genes(genes)[["gene_id", "tss"]]
          gene_id       tss
    TP73     TP73   3566667
    PRDM2   PRDM2  14075908
    """
    if not isinstance(genes, pd.DataFrame):
        raise TypeError(
            "genes must be a pandas DataFrame with the columns chrom, tss, strand and gene_id "
            f"(or gene_id as the index), got {type(genes).__name__}"
        )
    _check_columns(genes)
    if len(genes) == 0:
        raise ValueError("the gene table is empty: give at least one gene row")
    ids = _gene_ids(genes)
    checked = pd.DataFrame({"gene_id": _text(ids, "gene_id", ids)}, index=genes.index)
    checked["chrom"] = _text(genes["chrom"], "chrom", ids)
    checked["tss"] = _positions(genes["tss"], ids)
    checked["strand"] = _strands(genes["strand"], ids)
    if "sample" in genes.columns:
        checked["sample"] = _text(genes["sample"], "sample", ids)
    if "pcres" in genes.columns:
        checked["pcres"] = genes["pcres"].array
    return checked


def distinct_genes(genes):
    """Return ``gene_id``, ``chrom`` and ``tss`` of each gene of a checked table once, from 0.

    A gene_id with several TSSs is refused, because contacts are keyed by it.
    """
    genes = genes[["gene_id", "chrom", "tss"]].drop_duplicates(ignore_index=True)
    repeated = genes["gene_id"].duplicated(keep=False).to_numpy()
    if repeated.any():
        gene = genes["gene_id"][int(np.argmax(repeated))]
        places = genes[genes["gene_id"] == gene]
        raise ValueError(
            f"{genes['gene_id'][repeated].nunique()} of {genes['gene_id'].nunique()} gene_ids have "
            f"several TSSs, such as {gene} with "
            f"{name_some(places['chrom'] + ':' + places['tss'].astype(str))}: contacts are "
            "distinguished by gene_id, so give each promoter a gene_id of its own"
        )
    return genes


def promoter_windows(genes, window):
    """Return start and end, int64 in bp, of the windows ``[tss - window / 2, tss + window / 2)``.

    They may run past either end of the chromosome, so that a start may be negative.
    """
    if not is_whole(window) or window <= 0 or window % 2:
        raise ValueError(f"window must be a positive even number of bp, got {window!r}")
    tss = genes["tss"].to_numpy(dtype=np.int64)
    half = int(window) // 2
    return tss - half, tss + half


def _check_columns(genes):
    """Refuse a table that lacks a needed column or has a known one twice."""
    missing = [column for column in _REQUIRED if column not in genes.columns]
    if missing:
        found = [name if str(name).isprintable() else repr(name) for name in genes.columns]
        raise ValueError(
            f"the gene table has no column {', '.join(missing)}: it needs chrom, tss, strand and "
            f"gene_id (or gene_id as the index), and has {name_some(found, 12)}"
        )
    for column in ("gene_id", *_REQUIRED, "sample", "pcres"):
        if list(genes.columns).count(column) > 1:
            raise ValueError(f"the gene table has more than one column {column}: keep one")


def _gene_ids(genes):
    """Return the gene names: a column or, where there is none, the index."""
    if "gene_id" in genes.columns:
        return genes["gene_id"]
    if isinstance(genes.index, pd.MultiIndex):
        raise ValueError(
            "the gene table has no column gene_id and an index of several levels: name the genes "
            "in a column gene_id (genes.reset_index())"
        )
    return genes.index.to_series()


def _refuse(bad, column, values, ids, problem, remedy):
    """Raise for the rows marked bad, with their count, genes and values."""
    if not bad.any():
        return
    n_bad = int(bad.sum())
    shown = ", ".join(
        printable(f"{gene} ({value})" if problem else gene)
        for gene, value in zip(ids[bad][:5], values[bad][:5], strict=True)
    )
    more = f" and {n_bad - 5} more" if n_bad > 5 else ""
    what = problem or "missing value"
    rows = "row" if n_bad == 1 else "rows"
    raise ValueError(f"column {column}: {what} in {n_bad} gene {rows}: {shown}{more}; {remedy}")


def _refuse_missing(series, column, ids):
    """Raise where a column has no value."""
    bad = series.isna().to_numpy() | (series == "").fillna(False).to_numpy(dtype=bool)
    names = ids.to_numpy(dtype=object)
    if column == "gene_id":
        names = np.array([f"row {row}" for row in range(len(ids))], dtype=object)
    _refuse(bad, column, names, names, "", "fill it in or drop the rows (with their y) first")


def _text(series, column, ids):
    """Return a column of names as an array of str."""
    _refuse_missing(series, column, ids)
    if pd.api.types.is_float_dtype(series.dtype):
        raise ValueError(
            f"column {column} holds decimal numbers (such as {series.iloc[0]}), not names: read "
            f"the table with dtype={{'{column}': str}}"
        )
    texts = series.astype(str).array
    check_names(f"column {column}", texts.unique())
    return texts


def _positions(series, ids):
    """Return the TSS column as int64."""
    _refuse_missing(series, "tss", ids)
    names, values = ids.to_numpy(dtype=object), series.to_numpy(dtype=object)
    remedy = "a TSS is a 0-based position in bp"
    dtype = series.infer_objects().dtype
    if pd.api.types.is_bool_dtype(dtype) or not pd.api.types.is_numeric_dtype(dtype):
        raise ValueError(
            f"column tss: {dtype} values such as {values[0]!r} (gene {names[0]}); {remedy}, an "
            "integer"
        )
    values_bp = series.to_numpy(dtype=np.float64)
    whole = np.isfinite(values_bp) & (values_bp == np.floor(values_bp))
    _refuse(~whole, "tss", values, names, "not a whole number", remedy)
    _refuse(values_bp < 0, "tss", values, names, "negative", remedy)
    return series.to_numpy(dtype=np.int64)


def _strands(series, ids):
    """Return the strand column as an array of str."""
    _refuse_missing(series, "strand", ids)
    values = series.to_numpy(dtype=object)
    bad = ~series.isin(["+", "-"]).to_numpy()
    names = ids.to_numpy(dtype=object)
    _refuse(bad, "strand", values, names, "neither '+' nor '-'", "give the gene's strand as + or -")
    return series.astype(str).array

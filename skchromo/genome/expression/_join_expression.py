"""Expression joined to a gene table: rows that find no value are refused or reported."""

import numbers
import warnings

import numpy as np
import pandas as pd

from ..._words import check_choice, name_some
from .._gene_ids import bare_id, kind_of_ids
from ._long_tables import column_that_differs, long_advice, samples_of_rows

_N_EXAMPLES = 10


def join_expression(
    genes, expression, sample=None, *, on="gene_id", missing="error", min_matched=0.5
):
    """Add each gene's expression to a gene table.

    Parameters
    ----------
    genes : pandas.DataFrame of shape (n_genes, n_columns)
        A gene table, such as `read_genes` returns; ``gene_id`` is a column or the index. With a
        column ``sample``, each row takes the expression of its own sample.
    expression : pandas.DataFrame of shape (n_expressed, n_samples) or pandas.Series
        Expression with gene ids as its index, such as `read_expression` returns.
    sample : str, sequence of str or None, default=None
        The column of `expression` to take. Several give one row for each gene and sample, with a
        column ``sample``. None takes the only column, or that of ``genes["sample"]``.
    on : str, default="gene_id"
        Column of `genes` that the index of `expression` is matched with, such as ``"gene_name"``
        for a table of gene symbols.
    missing : {"error", "drop"}, default="error"
        What to do with genes that have no expression: raise, or leave their rows out with a
        warning.
    min_matched : float, default=0.5
        Least share of the genes that must have expression, whatever `missing` is: below it, the
        two tables mostly name genes in different ways.

    Returns
    -------
    pandas.DataFrame
        The rows of `genes` in their order with their index and all columns, and ``expression``
        (float64; take ``numpy.log2(table["expression"] + 1)`` for a usual target). Several samples
        stand below each other, and the index counts from 0 (unless it holds the gene ids).
        ``attrs["expression_report"]`` is a dict that counts the genes of the table, those joined,
        those without expression and the rows of `expression` without a gene, with examples.

    Raises
    ------
    TypeError
        If `genes` or `expression` is not a pandas table.
    ValueError
        If a sample or column is not there, a gene has several rows in `expression`, a value is not
        a finite number, or genes have no expression.

    Warns
    -----
    UserWarning
        If rows are left out, or if one row of `expression` goes to several genes by their names.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame(
    ...     {"gene_id": ["A", "B"], "chrom": "chr1", "tss": [100, 900], "strand": ["+", "-"]}
    ... )
    >>> tpm = pd.DataFrame({"H1": [2.5, 0.0, 7.0], "K562": [1.0, 4.0, 3.0]}, index=["B", "A", "C"])
    >>> joined = join_expression(genes, tpm, sample="H1")
    >>> joined
      gene_id chrom  tss strand  expression
    0       A  chr1  100      +         0.0
    1       B  chr1  900      -         2.5
    >>> joined.attrs["expression_report"]["expression_without_gene"]
    ['C']
    >>> join_expression(genes, tpm, sample=["H1", "K562"])[["gene_id", "sample", "expression"]]
      gene_id sample  expression
    0       A     H1         0.0
    1       B     H1         2.5
    2       A   K562         4.0
    3       B   K562         1.0
    """
    expression = _check_expression(expression)
    _check_options(genes, missing, min_matched)
    ids = _match_column(genes, on)
    samples = _samples(genes, expression, sample)
    matched = ids.isin(expression.index).to_numpy(dtype=bool)
    report = _report(ids, matched, expression)
    if not matched.all():
        _report_unmatched(genes, expression, on, report, missing, min_matched)
    if on != "gene_id":
        _warn_shared(genes[matched], ids[matched], on)
    kept = genes[matched]
    at = expression.index.get_indexer(ids[matched])
    if samples is None:
        columns = expression.columns.get_indexer(kept["sample"].astype(str))
        joined = kept.assign(expression=expression.to_numpy()[at, columns])
    elif isinstance(samples, str):
        joined = kept.assign(expression=expression[samples].to_numpy()[at])
    else:
        parts = [kept.assign(sample=s, expression=expression[s].to_numpy()[at]) for s in samples]
        joined = pd.concat(parts, ignore_index="gene_id" in genes.columns)
    joined.attrs["expression_report"] = report
    return joined


def _check_expression(expression):
    """Return the expression table as a frame of float64; refuse repeats and missing values."""
    if isinstance(expression, pd.Series):
        name = "expression" if expression.name is None else expression.name
        expression = expression.to_frame(name)
    if not isinstance(expression, pd.DataFrame):
        raise TypeError(
            "expression must be a pandas DataFrame (or Series) with gene ids as its index, such as "
            f"read_expression gives, got {type(expression).__name__}"
        )
    if "gene_id" in expression.columns:
        raise ValueError(
            "expression has the gene ids in a column: make them the index with "
            "expression.set_index('gene_id')"
        )
    expression = expression.set_axis([str(name) for name in expression.columns], axis="columns")
    _refuse_long(expression)
    for names, what in ((expression.index, "rows"), (expression.columns, "columns")):
        if names.has_duplicates:
            repeated = names[names.duplicated()].unique()
            raise ValueError(
                f"expression has several {what} of {name_some(repeated)}: keep or add up to one "
                "(read_expression(..., duplicates='sum') does)"
            )
    text = [name for name in expression if not pd.api.types.is_numeric_dtype(expression[name])]
    if text:
        raise ValueError(f"expression: column {name_some(text)} has no numbers: drop it")
    values = expression.astype(np.float64)
    values.index = values.index.astype(str)
    bad = ~np.isfinite(values.to_numpy())
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"expression: gene {values.index[row]} has no finite value in column "
            f"{values.columns[column]}: fill it in or drop the gene"
        )
    return values


def _refuse_long(expression):
    """Refuse rows of one gene that differ in a column of text, such as its sample."""
    if not expression.index.has_duplicates or expression.index.nlevels > 1:
        return
    gene = expression.index.name or "index"
    if gene in expression.columns or expression.columns.has_duplicates:
        return
    table = expression.rename_axis(gene).reset_index()
    samples = samples_of_rows(table, gene)
    column = column_that_differs(table, gene)
    if not samples and column is not None:
        raise ValueError(
            f"expression has several rows of {name_some(table[gene][table[gene].duplicated()])}, "
            f"which differ in column {column}: keep the rows of one {column}"
        )
    if samples:
        raise ValueError(
            f"expression is a long table, with a row for each gene and sample "
            f"({' and '.join(samples)}): with table = expression.reset_index(), "
            f"{long_advice(table, gene, samples)}"
        )


def _check_options(genes, missing, min_matched):
    """Refuse a bad gene table and settings that do not exist."""
    if not isinstance(genes, pd.DataFrame):
        raise TypeError(f"genes must be a pandas DataFrame, got {type(genes).__name__}")
    if len(genes) == 0:
        raise ValueError("the gene table is empty: give at least one gene row")
    if "expression" in genes.columns:
        raise ValueError(
            "the gene table has a column expression already: drop it first "
            "(genes.drop(columns='expression'))"
        )
    check_choice("missing", missing, ("error", "drop"))
    is_share = isinstance(min_matched, numbers.Real) and not isinstance(min_matched, bool)
    if not is_share or not 0 <= min_matched <= 1:
        raise ValueError(f"min_matched must be a share from 0 to 1, got {min_matched!r}")


def _match_column(genes, on):
    """Return the name of each gene in the expression table."""
    if on in genes.columns:
        ids = genes[on]
    elif on == "gene_id" and not isinstance(genes.index, pd.MultiIndex):
        ids = genes.index.to_series()
    else:
        hint = "" if genes.index.nlevels == 1 else " (reset_index() makes columns of its index)"
        raise ValueError(
            f"the gene table has no column {on!r}: it has {name_some(genes, 12)}{hint}"
        )
    return ids.astype(str).where(ids.notna())


def _samples(genes, expression, sample):
    """Return the columns to take: one name, a list, or None where each row has its own sample."""
    known = list(expression.columns)
    if "sample" in genes.columns:
        if sample is not None:
            raise ValueError(
                "the gene table has a column sample, so each row takes its own: leave sample=None, "
                "or drop the column"
            )
        wanted = genes["sample"].astype(str).unique()
    elif sample is None:
        if len(known) == 1:
            return known[0]
        raise ValueError(
            f"expression has {len(known)} samples ({name_some(known)}): choose one with sample=, "
            "or several for one row for each gene and sample"
        )
    else:
        wanted = [sample] if isinstance(sample, str) else list(sample)
    missing = [name for name in wanted if name not in known]
    if missing or len(wanted) == 0 or len(set(wanted)) < len(wanted):
        raise ValueError(
            f"expression has no sample {name_some(missing)}: it has {name_some(known, 12)}"
            if missing
            else f"sample must name at least one sample, each once, got {sample!r}"
        )
    if "sample" in genes.columns:
        return None
    return sample if isinstance(sample, str) else wanted


def _report(ids, matched, expression):
    """Return counts of genes and rows with and without counterpart, with examples."""
    without = ids[~matched].drop_duplicates()
    unused = expression.index[~expression.index.isin(ids[matched])]
    return {
        "n_genes": len(ids),
        "n_joined": int(matched.sum()),
        "n_genes_without_expression": int((~matched).sum()),
        "genes_without_expression": without[:_N_EXAMPLES].fillna("(no name)").tolist(),
        "n_expression_without_gene": len(unused),
        "expression_without_gene": unused[:_N_EXAMPLES].tolist(),
    }


def _report_unmatched(genes, expression, on, report, missing, min_matched):
    """Raise or warn about genes without expression."""
    n_lost, n_genes = report["n_genes_without_expression"], report["n_genes"]
    text = (
        f"{n_lost} of {n_genes} gene rows have no expression: "
        f"{name_some(report['genes_without_expression'])}"
    )
    too_few = report["n_joined"] == 0 or report["n_joined"] < min_matched * n_genes
    if not too_few and missing == "drop":
        warnings.warn(f"{text}; their rows are left out", stacklevel=3)
        return
    reason = _likely_reason(genes, expression, on)
    if not report["n_joined"]:
        remedy = reason
    elif too_few:
        remedy = (
            f"{reason}; missing='drop' and a smaller min_matched= take the {report['n_joined']} "
            "rows that match"
        )
    else:
        remedy = f"{reason}; pass missing='drop' to leave their rows out"
    n_unused = report["n_expression_without_gene"]
    if n_unused:
        unused = name_some(report["expression_without_gene"])
        text += f"; {n_unused} of {len(expression)} rows of expression have no gene: {unused}"
    raise ValueError(f"{text}. {remedy}")


def _likely_reason(genes, expression, on):
    """Return why names do not match: another column, versions, case or their kind."""
    ids = _match_column(genes, on).dropna()
    known = set(expression.index)
    share = ids.isin(known).mean()
    for column in genes.columns.difference([on, "chrom", "tss", "strand", "sample"]):
        if genes[column].astype(str).isin(known).mean() > share:
            return f"More rows match by column {column}: pass on={column!r}"
    bare = {bare_id(name) for name in known}
    if ids.map(bare_id).isin(bare).mean() > share:
        return (
            "More rows match without versions (such as .15) and prefixes (such as gene:): read "
            "both tables with strip_version=True"
        )
    if ids.str.upper().isin({name.upper() for name in known}).mean() > share:
        return "More rows match when upper and lower case are alike: spell the names in one way"
    kinds = kind_of_ids(ids.tolist()), kind_of_ids(expression.index.tolist())
    if kinds[0] != kinds[1]:
        return f"The gene table has {kinds[0]}, expression has {kinds[1]}: bring them to one kind"
    return "The two tables may come from different annotations: use the one of the quantification"


def _warn_shared(genes, names, on):
    """Warn of names of several genes, which then share one value."""
    if "gene_id" not in genes.columns:
        return
    pairs = pd.DataFrame({"name": names.array, "gene_id": genes["gene_id"].array})
    pairs = pairs.drop_duplicates()
    shared = pairs.loc[pairs["name"].duplicated(), "name"].unique()
    if len(shared):
        warnings.warn(
            f"column {on} has names of several genes, which share one value ({len(shared)}): "
            f"{name_some(shared)}",
            stacklevel=3,
        )

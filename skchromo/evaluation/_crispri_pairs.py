"""Pairs of a gene and an element, as CRISPRi screens test them: their table and its scores."""

import numpy as np
import pandas as pd

from .._words import check_choice, name_some
from ..genome import bare_id, bare_name, check_genes

_COLUMNS = ("gene_id", "chrom", "start", "end")
_AGGREGATES = ("sum", "mean", "max", "min")


def check_pairs(pairs, what="pairs", others=()):
    """Return the columns gene_id, chrom, start and end of a table, and `others`, as a new table.

    `what` names the table in messages. Values must not be missing, and positions are whole bp.
    """
    if not isinstance(pairs, pd.DataFrame):
        raise TypeError(
            f"{what} must be a pandas DataFrame with the columns {', '.join(_COLUMNS)}, got "
            f"{type(pairs).__name__}"
        )
    columns = list(dict.fromkeys([*_COLUMNS, *others]))
    missing = [name for name in columns if list(pairs.columns).count(name) != 1]
    if missing:
        raise ValueError(
            f"{what} must have one column {', '.join(missing)}: it needs {', '.join(columns)}, and "
            f"has {name_some(pairs.columns, 12)}"
        )
    table = pairs[columns].copy()
    for name in columns:
        empty = table[name].isna().to_numpy()
        if empty.any():
            raise ValueError(
                f"{what}: column {name} is missing in {empty.sum()} of {len(table)} rows, the "
                f"first is row {empty.argmax()}: fill it in, or drop these rows"
            )
    for name in ("gene_id", "chrom"):
        table[name] = table[name].astype(str).astype(object)
    for name in ("start", "end"):
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
        if not (values == np.floor(values)).all():
            raise ValueError(f"{what}: column {name} must hold whole numbers, positions in bp")
        table[name] = values.astype(np.int64)
    short = (table["start"] >= table["end"]).to_numpy()
    if short.any():
        row = table.iloc[short.argmax()]
        raise ValueError(
            f"{what}: start must be below end, which it is not in {short.sum()} of {len(table)} "
            f"rows, such as {row['chrom']}:{row['start']}-{row['end']} (0-based, half-open)"
        )
    return table


def pair_distances(pairs, genes):
    """Return the distance in bp from the middle of each pair's element to the TSS of its gene.

    `pairs` are checked, `genes` is a gene table. NaN where the gene is not in the table, or is on
    another chromosome.
    """
    keys = ["gene_id", "chrom", "tss"]
    table = check_genes(genes)[keys]
    wanted = bare_ids(pairs["gene_id"])
    known = table.assign(gene_id=bare_ids(table["gene_id"])).drop_duplicates().set_index("gene_id")
    twice = known.index[known.index.duplicated()]
    if len(twice):
        raise ValueError(
            f"genes: {name_some(twice)} have several TSSs: give a table with one row for each gene"
        )
    found = known.reindex(wanted)
    if len(found) and not found["tss"].notna().any():
        raise ValueError(_no_common_gene(pairs["gene_id"], table["gene_id"], "genes"))
    middle = (pairs["start"] + pairs["end"]).to_numpy() / 2
    bare = [bare_name(str(name)) for name in found["chrom"]]
    here = np.array([bare_name(name) for name in pairs["chrom"]], object) == np.array(bare, object)
    return np.where(here, np.abs(middle - found["tss"].to_numpy(float)), np.nan)


def match_elements(pairs, elements, *, score="score", aggregate="sum", fill_value=0.0):
    """Give each pair the score of the predicted elements of its gene that overlap its element.

    This is the rule of the CRISPRi benchmark of Gschwind et al.: predicted elements belong to a
    pair if they overlap it by at least 1 bp and name the same gene; the scores of several are
    aggregated, and a pair without any gets `fill_value`.

    Parameters
    ----------
    pairs : pandas.DataFrame of shape (n_pairs, n_columns)
        Tested pairs: ``gene_id``, ``chrom``, ``start`` and ``end`` (bp, 0-based, half-open).
        Versions of ids and ``chr`` before the names of chromosomes may differ between the tables.
    elements : pandas.DataFrame of shape (n_elements, n_columns)
        Predicted elements, with the same four columns and a score: what ``contacts_of(genes)`` of
        a source of contacts returns, or the table of another program.
    score : str, default="score"
        Name of the column of `elements` with the score.
    aggregate : {"sum", "mean", "max", "min"}, default="sum"
        How the scores of several elements become one. The benchmark takes the sum for
        Activity-by-Contact scores, and the mean for ENCODE-rE2G.
    fill_value : float, default=0.0
        Score of a pair without an overlapping element.

    Returns
    -------
    scores : pandas.Series of shape (n_pairs,), float64
        A score for each pair, in the order and with the index of `pairs`.

    Raises
    ------
    TypeError
        If one of the tables is not a DataFrame.
    ValueError
        If a column is missing or holds a missing value, `aggregate` is not one of the choices, or
        no gene is in both tables.

    See Also
    --------
    crispri_scores : Score such columns against the outcome of the screen.

    References
    ----------
    The rule is that of https://github.com/EngreitzLab/CRISPR_comparison.

    Examples
    --------
    >>> import pandas as pd
    >>> from skchromo.evaluation import match_elements
    >>> pairs = pd.DataFrame({"gene_id": ["A", "A", "B"], "chrom": "chr1",
    ...                       "start": [1_000, 9_000, 1_000], "end": [1_500, 9_500, 1_500]})
    >>> elements = pd.DataFrame({"gene_id": ["A", "A"], "chrom": "chr1", "start": [800, 1_400],
    ...                          "end": [1_100, 1_900], "score": [0.25, 0.5]})
    >>> match_elements(pairs, elements).tolist()
    [0.75, 0.0, 0.0]
    """
    check_choice("aggregate", aggregate, _AGGREGATES)
    left, right = check_pairs(pairs), check_pairs(elements, "elements", [score])
    values = pd.to_numeric(right[score]).astype(float)
    examples = left["gene_id"], right["gene_id"]
    for table in (left, right):
        table["gene_id"] = bare_ids(table["gene_id"])
        table["chrom"] = [bare_name(name) for name in table["chrom"]]
    if len(left) and len(right) and not left["gene_id"].isin(right["gene_id"]).any():
        raise ValueError(_no_common_gene(*examples, "elements"))
    right = right[list(_COLUMNS)].assign(value=values)
    left["pair"] = np.arange(len(left))
    both = left.merge(right, on=["gene_id", "chrom"], suffixes=("", "_of"))
    both = both[(both["start"] < both["end_of"]) & (both["start_of"] < both["end"])]
    found = both.groupby("pair")["value"].agg(aggregate)
    scores = found.reindex(range(len(left))).fillna(fill_value)
    return pd.Series(scores.to_numpy(float), index=pairs.index, name=score)


def bare_ids(ids):
    """Return ids of genes without prefix and version, as an array of str."""
    bare = {name: bare_id(name) for name in set(ids)}
    return np.array([bare[name] for name in ids], object)


def _no_common_gene(ids, known, what):
    """Return the message of a table that holds none of the genes of the pairs."""
    return (
        f"no gene_id of pairs is in {what} ({ids.iloc[0]} and {next(iter(known))} are examples): "
        "give both the same kind of ids"
    )

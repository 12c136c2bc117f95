"""to_crispr_comparison: scored elements in the form that the CRISPRi benchmark's workflow takes."""

from pathlib import Path

import pandas as pd

from ..._words import check_choice, name_some
from ...evaluation import check_pairs
from ._writing import write_table

_AGGREGATES = ("sum", "mean", "max", "min")
_COLUMNS = ("chr", "start", "end", "name", "TargetGene", "CellType")


def to_crispr_comparison(
    table,
    path,
    *,
    score="score",
    symbols=None,
    cell_type="K562",
    aggregate="sum",
    fill_value=0.0,
    inverse=False,
    name=None,
):
    """Write scored element-gene pairs for the workflow CRISPR_comparison.

    It compares predictors of enhancers with CRISPRi screens. Two files are written: the
    predictions, and beside them the line of its ``pred_config`` that describes the score.

    Parameters
    ----------
    table : pandas.DataFrame of shape (n_pairs, n_columns)
        ``gene_id``, ``chrom``, ``start``, ``end`` (bp, 0-based, half-open; GRCh38, like the
        tables of the workflow) and the score, such as the result of
        :func:`element_effects` or of ``contacts_of(genes)``.
    path : str or Path
        File of the predictions, replaced if it is there; compressed where it ends in ``.gz``. The
        other file has the same name with the ending ``.pred_config.txt``.
    score : str, default="score"
        Name of the column of `table` with the score. Where it is missing, the workflow takes
        `fill_value`.
    symbols : mapping of str to str or pandas.Series, default=None
        Symbol of each gene_id, by which the workflow finds genes. None takes the column ``symbol``
        of `table`.
    cell_type : str, default="K562"
        Cell type of the screen: ``CellType`` of its table.
    aggregate : {"sum", "mean", "max", "min"}, default="sum"
        How the workflow joins the scores of several elements that overlap a tested one.
    fill_value : float, default=0.0
        Score of a tested pair that no element overlaps.
    inverse : bool, default=False
        Whether low scores are the confident ones, as for distances, or for effects that are below
        0 where an element raises the prediction.
    name : str, default=None
        Name of the predictor, for figures and as ``pred_id``, which is also its key in the
        workflow's ``config.yml``. None is the name of the file.

    Returns
    -------
    paths : dict of str to Path
        The files: ``"predictions"`` and ``"pred_config"``.

    Raises
    ------
    ValueError
        If a column is missing or has a missing value, a gene has no symbol, or `name` or `score`
        is a name that the workflow keeps for itself.

    Notes
    -----
    Columns and settings are those of https://github.com/EngreitzLab/CRISPR_comparison.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from skchromo.inspection import to_crispr_comparison
    >>> table = pd.DataFrame({"gene_id": ["ENSG00000116198"], "chrom": "chr1", "symbol": "CEP104",
    ...                       "start": [3_774_714], "end": [3_775_214], "score": [0.25]})
    >>> paths = to_crispr_comparison(table, tempfile.mkdtemp() + "/model.tsv")
    >>> paths["predictions"].read_text().split()
    ['chr', 'start', 'end', 'name', 'TargetGene', 'CellType', 'score',
     'chr1', '3774714', '3775214', 'chr1:3774714-3775214', 'CEP104', 'K562', '0.25']
    >>> paths["pred_config"].name
    'model.pred_config.txt'
    """
    check_choice("aggregate", aggregate, _AGGREGATES)
    path = Path(path)
    stem = path.name.removesuffix(".gz")
    stem = stem.rpartition(".")[0] or stem
    name = stem if name is None else str(name)
    if name == "baseline" or score in _COLUMNS:
        raise ValueError(
            "the workflow keeps the name 'baseline' of a predictor and the columns "
            f"{', '.join(_COLUMNS)} for itself: give another name, or rename the column {score}"
        )
    pairs = check_pairs(table, "table")
    if score not in table.columns:
        raise ValueError(f"table has no column {score}, only {name_some(table.columns, 12)}")
    place = [f"{row.chrom}:{row.start}-{row.end}" for row in pairs.itertuples()]
    predictions = pd.DataFrame(
        {
            "chr": pairs["chrom"],
            "start": pairs["start"],
            "end": pairs["end"],
            "name": pd.Series(place, pairs.index, dtype=object),
            "TargetGene": _symbols(table, pairs, symbols),
            "CellType": cell_type,
            score: table[score],
        }
    )
    config = {
        "pred_id": name,
        "pred_col": score,
        "boolean": "FALSE",
        "alpha": "NA",
        "aggregate_function": aggregate,
        "fill_value": fill_value,
        "inverse_predictor": str(bool(inverse)).upper(),
        "pred_name_long": name,
        "color": "NA",
    }
    beside = path.with_name(f"{stem}.pred_config.txt")
    return {
        "predictions": write_table(predictions, path, names=True),
        "pred_config": write_table(pd.DataFrame([config]), beside, names=True),
    }


def _symbols(table, pairs, symbols):
    """Return the symbol of the gene of each pair."""
    if symbols is None and "symbol" not in table.columns:
        raise ValueError(
            "the workflow finds genes by their symbol: give symbols=, such as "
            "genes.set_index('gene_id')['gene_name'], or a column symbol"
        )
    found = table["symbol"] if symbols is None else pairs["gene_id"].map(dict(symbols))
    missing = found.isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"genes without a symbol: {name_some(pairs['gene_id'][missing])}: fill it in, or drop "
            "their rows"
        )
    return found.astype(str)

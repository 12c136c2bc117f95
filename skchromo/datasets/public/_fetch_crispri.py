"""fetch_crispri: element-gene pairs that CRISPRi screens have tested."""

import pandas as pd

from ..._fetch import fetch_file, get_data_home, how_to_fetch_again, join_url
from ..._words import check_choice

# The folder at a commit, so that the files do not change, and their checksums there.
_BASE_URL = (
    "https://raw.githubusercontent.com/EngreitzLab/CRISPR_comparison/"
    "e34b78d489aa8535ae49384abd1fc64ced8ffe3c/resources/crispr_data"
)
_FILES = {
    "training": "EPCrisprBenchmark_combined_data.training_K562.GRCh38.tsv.gz",
    "heldout": "EPCrisprBenchmark_combined_data.heldout_5_cell_types.GRCh38.tsv.gz",
}
_SHA256 = {
    "training": "9eddfe18f6797ba33db8ba7e75378cc6af6b79cbb83f62d470c6e0cefed79405",
    "heldout": "7783534a5ecd0a3b4bccb1923d60c0507536afb81dc0c886392667df4e5ffd38",
}
_COLUMNS = {
    "chrom": "chrom",
    "chromStart": "start",
    "chromEnd": "end",
    "measuredGeneEnsemblId": "gene_id",
    "measuredGeneSymbol": "symbol",
    "distanceToTSS": "distance",
    "EffectSize": "EffectSize",
    "Regulated": "Regulated",
    "CellType": "CellType",
    "Dataset": "Dataset",
}


def fetch_crispri(
    subset="training",
    *,
    assembly="GRCh38",
    data_home=None,
    base_url=_BASE_URL,
    progress=True,
):
    """Fetch element-gene pairs that CRISPRi screens have tested, and their outcome.

    These are the tables on which predictions of enhancers are compared: which elements, once
    silenced, lower the expression of which genes.

    Parameters
    ----------
    subset : {"training", "heldout"}, default="training"
        "training" is K562: 10,356 pairs, 471 of them positive. "heldout" is five cell types: 4,378
        pairs, 190 of them positive; choose one of them by its column ``CellType``.
    assembly : {"GRCh38", "hg19"}, default="GRCh38"
        Assembly of ``chrom``, ``start`` and ``end``. The tables are in GRCh38; the coordinates of
        hg19 that some screens were published with stand in their names of pairs. "hg19" returns
        these pairs alone: 8,977 of the training table and 539 of the held-out table. Nothing is
        lifted over.
    data_home : str, os.PathLike or None, default=None
        Where files are kept, in the folder ``crispri``; see :func:`get_data_home`.
    base_url : str, default="https://raw.githubusercontent.com/.../resources/crispr_data"
        Address of the folder with the two files, or of a mirror.
    progress : bool, default=True
        Show a bar.

    Returns
    -------
    pairs : pandas.DataFrame
        A row for each pair, in the order of the file: ``chrom``, ``start`` and ``end`` of the
        element (bp, 0-based, half-open); ``gene_id`` (Ensembl, without version) and ``symbol``;
        ``distance`` from the middle of the element to the TSS in bp, as the file gives it;
        ``EffectSize``, the measured relative change of expression, below 0 where it falls;
        ``Regulated`` (bool), whether it falls significantly; ``CellType`` and ``Dataset``.

    Raises
    ------
    ValueError
        If a parameter is not one of its choices, or a file is damaged or of another form.
    FileNotFoundError
        If the file is not there.
    ConnectionError
        If there is no connection; the message names where to put the file by hand.

    See Also
    --------
    skchromo.evaluation.crispri_scores : Score rankings of these pairs.

    Notes
    -----
    The tables are those of https://github.com/EngreitzLab/CRISPR_comparison (MIT licence), and
    belong to Gschwind et al., bioRxiv 2023, doi 10.1101/2023.11.09.563812. The address names a
    commit, and the SHA256 of the files at this commit is checked; with another `base_url` the
    checksum of the first download holds.

    Examples
    --------
    >>> from skchromo.datasets import fetch_crispri
    >>> pairs = fetch_crispri(assembly="hg19")  # doctest: +SKIP
    >>> pairs.groupby("Dataset")["Regulated"].sum()  # doctest: +SKIP
    """
    check_choice("subset", subset, tuple(_FILES))
    check_choice("assembly", assembly, ("GRCh38", "hg19"))
    checksum = f"sha256:{_SHA256[subset]}" if base_url == _BASE_URL else None
    path = get_data_home(data_home) / "crispri" / _FILES[subset]
    fetch_file(join_url(base_url, path.name), path, checksum=checksum, progress=progress)
    table = _read(path)
    pairs = table[list(_COLUMNS)].rename(columns=_COLUMNS)
    if assembly == "GRCh38":
        return pairs
    found = table["name"].str.extract(r"\|([^|:]+):(\d+)-(\d+)(?::[^:]*)?$")
    named = found.notna().all(axis=1)
    start, end = (pd.to_numeric(found[k]).fillna(-1).astype("int64") for k in (1, 2))
    pairs = pairs.assign(chrom=found[0], start=start, end=end)
    # A name with the coordinates of the table is of GRCh38 too.
    moved = (start != table["chromStart"]) | (end != table["chromEnd"])
    return pairs[named & moved].reset_index(drop=True)


def _read(path):
    """Read a table of pairs, and refuse one of another form."""
    try:
        table = pd.read_csv(path, sep="\t")
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f"{path} cannot be read as a table ({error}): {how_to_fetch_again(path)}"
        ) from error
    missing = [name for name in ("name", *_COLUMNS) if name not in table.columns]
    if missing:
        raise ValueError(
            f"{path} lacks the columns {', '.join(missing)}: {how_to_fetch_again(path)}"
        )
    if table["Regulated"].dtype != bool:
        raise ValueError(
            f"{path}: column Regulated must hold TRUE and FALSE: {how_to_fetch_again(path)}"
        )
    return table

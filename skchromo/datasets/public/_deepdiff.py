"""DeepDiff's files of read counts in two cell types, read or fetched."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from ..._words import name_some
from ...regions import RegionArray
from ._data_home import get_data_home
from ._fetch_file import fetch_file, join_url

_BASE_URL = "https://raw.githubusercontent.com/QData/DeepDiffChrome/master/data"
# The order of the columns, from the repository's README.
_TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3")
_SPLITS = ("train", "valid", "test")
_BIN_SIZE = 100
_DESCR = """\
Sample of DeepDiff (Sekhon, Singh and Qi, Bioinformatics 2018, doi 10.1093/bioinformatics/bty612;
https://github.com/QData/DeepDiffChrome): read counts of five histone marks in 100 bp bins around
the TSS and RNA-seq read counts of genes, both from Roadmap Epigenomics, in two cell types.
"""


def read_deepdiff(folder, sample_a, sample_b):
    r"""Read two cell types from files in DeepDiff's format.

    For each cell type there are ``<sample>.train.csv``, ``.valid.csv`` and ``.test.csv`` (those
    that are there are read, plain or gzipped), with lines ``<gene>_<bin>,count,...`` for
    H3K4me1, H3K4me3, H3K9me3, H3K27me3 and H3K36me3, bins counted from 1; and
    ``<sample>.expr.csv`` (or ``.counts.csv``) with lines ``<gene>,count``.

    Parameters
    ----------
    folder : str or os.PathLike
        Where the files are.
    sample_a, sample_b : str
        The two cell types, as the names of their files begin.

    Returns
    -------
    data : Bunch
        X : RegionArray of shape (n_genes, 2, 1, n_bins, 5)
            Reads per bin of 100 bp around the TSS, first `sample_a`, then `sample_b`; in the
            order of the files. ``X.to_dense().values`` is the array.
        y : Series of float
            log2((b + 1) / (a + 1)) of the RNA-seq counts of each gene, as in DeepDiff's code.
        counts : DataFrame of shape (n_genes, 2)
            RNA-seq read counts of each gene, one column per cell type.
        split : Series of str
            ``"train"``, ``"valid"`` or ``"test"`` of each gene.
        gene_names : Series of str
            Symbol of each gene if the files give it, else "".
        sample_a, sample_b : str
            As given.

        All Series and the DataFrame have gene ids as index, in the order of X.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is not in this format, the cell types have different genes or bins, or a gene
        has no expression; file and gene are named.

    See Also
    --------
    fetch_deepdiff : The same for the published sample.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skchromo.datasets import read_deepdiff
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for sample, n_reads in ("A", 3), ("B", 15):
    ...     _ = (folder / f"{sample}.train.csv").write_text("G1_X_1,0,2,0,0,0\nG1_X_2,0,1,0,0,3\n")
    ...     _ = (folder / f"{sample}.expr.csv").write_text(f"G1,{n_reads}\n")
    >>> data = read_deepdiff(folder, "A", "B")
    >>> data.X.shape, data.y.tolist(), data.gene_names["G1"]
    ((1, 2, 1, 2, 5), [2.0], 'X')
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    tables = [_read_sample(folder, sample) for sample in (sample_a, sample_b)]
    genes, values = _align(tables, (sample_a, sample_b))
    counts = {}
    for sample in (sample_a, sample_b):
        path = _find(folder, [f"{sample}.expr.csv", f"{sample}.counts.csv"])
        counts[sample] = _read_counts(path, genes["gene_id"])
    counts = pd.DataFrame(counts)
    fold = (counts[sample_b] + 1) / (counts[sample_a] + 1)
    by_gene = genes.set_index("gene_id")
    X = RegionArray.from_dense(
        values[:, :, None],
        tracks=_TRACKS,
        bin_size=_BIN_SIZE,
        genes={name: genes[name].to_numpy(object) for name in ("gene_id", "gene_name", "split")},
    )
    return Bunch(
        X=X,
        y=np.log2(fold).rename("log2_fold_change"),
        counts=counts,
        split=by_gene["split"],
        gene_names=by_gene["gene_name"],
        sample_a=sample_a,
        sample_b=sample_b,
    )


def fetch_deepdiff(
    sample_a="Cell1",
    sample_b="Cell2",
    *,
    splits=_SPLITS,
    data_home=None,
    base_url=_BASE_URL,
    progress=True,
):
    """Fetch the sample of two cell types that DeepDiff publishes with its code.

    Parameters
    ----------
    sample_a : str, default="Cell1"
        The one cell type, as the names of its files begin. More cell types, named by their Roadmap
        ids, are in the folder ``ProcessedData`` below the default `base_url`.
    sample_b : str, default="Cell2"
        The other; the fold change is b over a.
    splits : sequence of str, default=("train", "valid", "test")
        Which sets of genes to fetch.
    data_home : str, os.PathLike or None, default=None
        Where files are kept, in the folder ``deepdiff``; see :func:`get_data_home`.
    base_url : str, default="https://raw.githubusercontent.com/QData/DeepDiffChrome/master/data"
        Address of the folder with the files, or of a mirror.
    progress : bool, default=True
        Show a bar for each file.

    Returns
    -------
    data : Bunch
        As of :func:`read_deepdiff`, and DESCR : str, what the data are.

    Raises
    ------
    ImportError
        If something is to be downloaded and pooch is not installed.
    ValueError
        If a file is damaged or not in the format.
    FileNotFoundError
        If there are no such files.
    ConnectionError
        If there is no connection; the message tells where to put the file by hand.

    See Also
    --------
    read_deepdiff : Read files of the same format from any folder.

    Examples
    --------
    >>> from skchromo.datasets import fetch_deepdiff
    >>> data = fetch_deepdiff()  # doctest: +SKIP
    >>> train = (data.split == "train").to_numpy()  # doctest: +SKIP
    >>> model.fit(data.X[train], data.y[train])  # doctest: +SKIP
    """
    if isinstance(splits, str) or not splits or not set(splits) <= set(_SPLITS):
        raise ValueError(f"splits must be some of {', '.join(_SPLITS)}, got {splits!r}")
    folder = get_data_home(data_home) / "deepdiff"
    for sample in (sample_a, sample_b):
        for part in (*splits, "expr"):
            name = f"{sample}.{part}.csv"
            fetch_file(join_url(base_url, name), folder / name, progress=progress)
    return Bunch(**read_deepdiff(folder, sample_a, sample_b), DESCR=_DESCR)


def _find(folder, names):
    """Path of the first of some files that is there, plain or gzipped."""
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    raise FileNotFoundError(f"{folder} has no {' or '.join(names)} (nor the same with .gz)")


def _read_sample(folder, sample):
    """Genes and counts (n_genes, n_bins, n_tracks) of all splits of one cell type."""
    genes, values = [], []
    for split in _SPLITS:
        try:
            path = _find(folder, [f"{sample}.{split}.csv"])
        except FileNotFoundError:
            continue
        table, counts = _read_bins(path)
        genes.append(table.assign(split=split))
        values.append(counts)
    if not genes:
        raise FileNotFoundError(
            f"{folder} has none of {', '.join(f'{sample}.{split}.csv' for split in _SPLITS)} (nor "
            "the same with .gz)"
        )
    n_bins = {counts.shape[1] for counts in values}
    if len(n_bins) > 1:
        listed = ", ".join(map(str, sorted(n_bins)))
        raise ValueError(f"{folder}: files of {sample} have different numbers of bins: {listed}")
    genes = pd.concat(genes, ignore_index=True)
    twice = genes["gene_id"].duplicated()
    if twice.any():
        raise ValueError(
            f"{folder}: these genes of {sample} stand twice in its files: "
            f"{name_some(genes['gene_id'][twice])}"
        )
    return genes, np.concatenate(values)


def _read_bins(path):
    """Genes of one file and their counts, float32 (n_genes, n_bins, n_tracks)."""
    try:
        table = pd.read_csv(path, header=None, dtype={0: str})
        counts = table.iloc[:, 1:].to_numpy(np.float32)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no table of counts without header: {error}") from error
    labels = table[0].fillna("").to_numpy(object)
    if counts.shape[1] != len(_TRACKS):
        raise ValueError(
            f"{path} has {counts.shape[1]} columns of counts, not {len(_TRACKS)}: "
            f"{', '.join(_TRACKS)}"
        )
    first = labels[0].rpartition("_")[0]
    n_bins = next(
        (at for at, label in enumerate(labels) if label != f"{first}_{at + 1}"), len(labels)
    )
    if not n_bins:
        raise ValueError(f"{path}: {labels[0]!r} is no gene and bin 1, such as ENSG00000130749_1")
    names = [label.rpartition("_")[0] for label in labels[::n_bins]]
    expected = np.array([f"{gene}_{at}" for gene in names for at in range(1, n_bins + 1)], object)
    wrong = np.flatnonzero(expected[: len(labels)] != labels)
    if len(wrong) or len(expected) != len(labels):
        at = wrong[0] if len(wrong) else len(labels)
        found = repr(labels[at]) if at < len(labels) else "the end"
        raise ValueError(
            f"{path}, line {at + 1}: expected {expected[at]} (each gene has {n_bins} bins), found "
            f"{found}"
        )
    bad = np.flatnonzero(~(counts >= 0).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{path}, line {bad[0] + 1}: {labels[bad[0]]} has a count that is missing or below 0"
        )
    parts = [gene.partition("_") for gene in names]
    genes = pd.DataFrame(
        {"gene_id": [part[0] for part in parts], "gene_name": [part[2] for part in parts]}
    )
    return genes, counts.reshape(len(names), n_bins, len(_TRACKS))


def _align(tables, samples):
    """Genes of the first cell type, and counts of both (n_genes, 2, n_bins, n_tracks)."""
    (genes, first), (others, second) = tables
    only = set(genes["gene_id"]) ^ set(others["gene_id"])
    if only or first.shape != second.shape:
        what = f"genes in one only: {name_some(sorted(only))}" if only else "other bins"
        raise ValueError(f"{samples[0]} and {samples[1]} do not match: {what}")
    order = pd.Index(others["gene_id"]).get_indexer(genes["gene_id"])
    moved = genes["split"].to_numpy() != others["split"].to_numpy()[order]
    if moved.any():
        raise ValueError(
            f"{samples[0]} and {samples[1]} split these genes differently: "
            f"{name_some(genes['gene_id'][moved])}"
        )
    return genes, np.stack([first, second[order]], axis=1)


def _read_counts(path, gene_ids):
    """RNA-seq counts of some genes, by gene id."""
    try:
        table = pd.read_csv(path, header=None, names=["gene_id", "count"], dtype={"gene_id": str})
        counts = table.set_index("gene_id")["count"].astype(float)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no table of gene and count without header: {error}") from error
    twice = counts.index.duplicated()
    if twice.any():
        raise ValueError(f"{path} has these genes twice: {name_some(counts.index[twice])}")
    missing = gene_ids[~gene_ids.isin(counts.index)]
    if len(missing):
        raise ValueError(f"{path} has no expression of {len(missing)} genes: {name_some(missing)}")
    counts = counts.loc[gene_ids.to_numpy()]
    bad = counts.index[~(counts >= 0)]
    if len(bad):
        raise ValueError(f"{path}: the count of {bad[0]} is missing or below 0")
    return counts

"""DeepDiff's files of read counts in two cell types (Sekhon, Singh and Qi, Bioinformatics 2018).

For each cell type there are ``<sample>.train.csv``, ``.valid.csv`` and ``.test.csv`` with lines
``<gene>_<bin>,count,...`` for five marks, bins of 100 bp counted from 1, and ``<sample>.expr.csv``
(or ``.counts.csv``) with lines ``<gene>,count``; each plain or gzipped. Files are published at
https://github.com/QData/DeepDiffChrome, folder ``data``.
"""

from pathlib import Path
from urllib.request import urlretrieve

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skchromo import RegionArray

_BASE_URL = "https://raw.githubusercontent.com/QData/DeepDiffChrome/master/data"
# The order of the columns, from the repository's README.
_TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3")
_SPLITS = ("train", "valid", "test")
_BIN_SIZE = 100


def fetch_deepdiff(folder, sample_a, sample_b, *, base_url=_BASE_URL):
    """Download the published files of two cell types to a folder, and read them."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for sample in (sample_a, sample_b):
        for part in (*_SPLITS, "expr"):
            name = f"{sample}.{part}.csv"
            urlretrieve(f"{base_url}/{name}", Path(folder) / name)
    return read_deepdiff(folder, sample_a, sample_b)


def read_deepdiff(folder, sample_a, sample_b):
    """Read two cell types from a folder.

    Returns X, a RegionArray with a conditions axis (first `sample_a`); y, log2((b + 1) / (a + 1))
    of the RNA-seq counts; the counts themselves, a column for each cell type; and the split
    ("train", "valid" or "test") and name of each gene. All but X have gene ids as index.
    """
    folder = Path(folder)
    (genes, first), (others, second) = (_read_sample(folder, name) for name in (sample_a, sample_b))
    order = others.index.get_indexer(genes.index)
    if len(genes) != len(others) or not others.iloc[order].equals(genes):
        raise ValueError(f"{folder}: {sample_a} and {sample_b} differ in their genes or splits")
    counts = pd.DataFrame(
        {name: _read_counts(folder, name, genes.index) for name in (sample_a, sample_b)}
    )
    X = RegionArray.from_dense(
        np.stack([first, second[order]], axis=1)[:, :, None],
        tracks=_TRACKS,
        bin_size=_BIN_SIZE,
        genes={name: values.to_numpy(object) for name, values in genes.reset_index().items()},
    )
    y = np.log2((counts[sample_b] + 1) / (counts[sample_a] + 1))
    return Bunch(X=X, y=y, counts=counts, split=genes["split"], gene_names=genes["gene_name"])


def _find(folder, *names):
    """Return the path of the first of some files that is there, plain or gzipped."""
    paths = [folder / f"{name}{suffix}" for name in names for suffix in ("", ".gz")]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        raise FileNotFoundError(f"{folder} has none of {', '.join(path.name for path in paths)}")
    return found


def _read_sample(folder, sample):
    """Return genes of one cell type and their counts (n_genes, n_bins, n_tracks)."""
    tables, values = [], []
    _find(folder, *(f"{sample}.{split}.csv" for split in _SPLITS))
    for split in _SPLITS:
        name = f"{sample}.{split}.csv"
        if (folder / name).is_file() or (folder / f"{name}.gz").is_file():
            table, counts = _read_bins(_find(folder, name))
            tables.append(table.assign(split=split))
            values.append(counts)
    genes = pd.concat(tables)
    if genes.index.has_duplicates:
        twice = genes.index[genes.index.duplicated()][0]
        raise ValueError(f"{folder}: {sample} has the gene {twice} twice")
    return genes, np.concatenate(values)


def _read_bins(path):
    """Return genes of one file and their counts, float32 (n_genes, n_bins, n_tracks)."""
    table = pd.read_csv(path, header=None, dtype={0: str})
    counts = table.iloc[:, 1:].to_numpy(np.float32)
    labels = table[0].fillna("").to_numpy(object)
    if counts.shape[1] != len(_TRACKS) or not (counts >= 0).all():
        raise ValueError(f"{path} must have {len(_TRACKS)} columns of counts of 0 or more")
    first = labels[0].rpartition("_")[0]
    n_bins = int((np.char.rpartition(labels.astype(str), "_")[:, 0] == first).sum())
    names = [label.rpartition("_")[0] for label in labels[::n_bins]]
    expected = np.array([f"{gene}_{at}" for gene in names for at in range(1, n_bins + 1)], object)
    wrong = np.flatnonzero(expected[: len(labels)] != labels)
    if len(wrong) or len(expected) != len(labels):
        at = wrong[0] if len(wrong) else len(labels)
        raise ValueError(f"{path}, line {at + 1} is not {expected[at]}: genes have {n_bins} bins")
    ids, _, gene_names = zip(*(gene.partition("_") for gene in names))
    genes = pd.DataFrame({"gene_name": gene_names}, index=pd.Index(ids, name="gene_id"))
    return genes, counts.reshape(len(names), n_bins, len(_TRACKS))


def _read_counts(folder, sample, gene_ids):
    """Return the RNA-seq counts of some genes."""
    path = _find(folder, f"{sample}.expr.csv", f"{sample}.counts.csv")
    table = pd.read_csv(path, header=None, names=["gene_id", "count"], dtype={"gene_id": str})
    counts = table.set_index("gene_id")["count"].astype(float)
    if counts.index.has_duplicates or not (counts.reindex(gene_ids) >= 0).all():
        raise ValueError(f"{path} must have one count of 0 or more for each gene of {sample}")
    return counts.reindex(gene_ids)

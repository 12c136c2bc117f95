"""DeepDiff's format, which benchmarks/accuracy.py reads."""

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from local_server import serving

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "deepdiff.py"


@pytest.fixture(scope="module")
def deepdiff():
    spec = importlib.util.spec_from_file_location("deepdiff", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(genes, n_bins=3, seed=0):
    rng = np.random.default_rng(seed)
    return "".join(
        f"{gene}_{at},{','.join(map(str, rng.integers(0, 9, 5)))}\n"
        for gene in genes
        for at in range(1, n_bins + 1)
    )


def write(folder, changes=()):
    """Two small cell types, some files replaced or (None) left out."""
    files = {}
    for seed, sample in enumerate("AB"):
        files[f"{sample}.train.csv"] = text(["G1_X_Y", "G2_Z"], seed=seed)
        files[f"{sample}.valid.csv"] = text(["G3"], seed=seed + 2)
        files[f"{sample}.expr.csv"] = f"G0,5\nG3,{seed}\nG1,{3 + 12 * seed}\nG2,1\n"
    for name, content in {**files, **dict(changes)}.items():
        if content is not None:
            (folder / name).write_text(content)
    return folder


def test_real_files_are_read(deepdiff, h1_e003):
    folder = h1_e003.parent / "deepdiff"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: point SKCHROMO_TEST_DATA at it")
    data = deepdiff.read_deepdiff(folder, "E123_K562", "E003_H1")
    assert data.X.shape == (400, 2, 1, 200, 5)
    assert data.X.tracks == ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3")
    assert data.split.value_counts().to_dict() == {"train": 200, "valid": 200}
    assert data.gene_names["ENSG00000130749"] == "ZC3H4"
    for part in (data.y, data.counts, data.split, data.gene_names):
        assert part.index.tolist() == list(data.X.genes["gene_id"])
    with gzip.open(folder / "E003_H1.valid.csv.gz", "rt") as file:
        bins = pd.read_csv(file, header=None).iloc[:, 1:].to_numpy().reshape(200, 200, 5)
    np.testing.assert_array_equal(data.X.to_dense().values[200:, 1, 0], bins)
    a, b = (
        pd.read_csv(folder / f"{sample}.counts.csv", header=None, index_col=0)[1][data.y.index]
        for sample in ("E123_K562", "E003_H1")
    )
    np.testing.assert_allclose(data.y, np.log2((b + 1.0) / (a + 1.0)))


def test_second_cell_type_may_have_another_order(deepdiff, tmp_path):
    write(tmp_path, {"B.train.csv": text(["G2_Z"], seed=8) + text(["G1_X_Y"], seed=9)})
    data = deepdiff.read_deepdiff(tmp_path, "A", "B")
    first = text(["G1_X_Y"], seed=9).splitlines()[0].split(",")[1:]
    assert data.X.to_dense().values[0, 1, 0, 0].tolist() == [float(count) for count in first]
    assert data.y.tolist() == [2.0, 0.0, 1.0]
    assert data.gene_names.tolist() == ["X_Y", "Z", ""]
    assert data.split.tolist() == ["train", "train", "valid"]


LINES = text(["G1_X_Y", "G2_Z"]).splitlines(keepends=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"A.train.csv": "".join(LINES[:1] + LINES[2:])}, r"A\.train\.csv, line 2 is not G1_X_Y_2"),
        ({"A.train.csv": "".join(LINES[:-1])}, r"A\.train\.csv, line 6 is not G2_Z_3"),
        ({"A.train.csv": "G1_1,1,2,3\n"}, "must have 5 columns"),
        ({"A.train.csv": "G1_1,1,2,3,4,-5\n"}, "counts of 0 or more"),
        ({"A.train.csv": text(["G1", "G3"])}, "A has the gene G3 twice"),
        ({"B.train.csv": text(["G1_X_Y", "G4_Z"])}, "A and B differ in their genes"),
        ({"B.expr.csv": "G1,1\nG3,2\n"}, r"B\.expr\.csv must have one count"),
        ({"B.expr.csv": "G1,1\nG3,2\nG2,1\nG2,1\n"}, r"B\.expr\.csv must have one count"),
    ],
)
def test_wrong_files_are_refused(deepdiff, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        deepdiff.read_deepdiff(write(tmp_path, changes), "A", "B")


def test_missing_files_are_named(deepdiff, tmp_path):
    write(tmp_path, {"B.expr.csv": None})
    with pytest.raises(FileNotFoundError, match=r"none of B\.expr\.csv, .*B\.counts\.csv"):
        deepdiff.read_deepdiff(tmp_path, "A", "B")
    with pytest.raises(FileNotFoundError, match=r"none of C\.train\.csv, .*C\.valid\.csv"):
        deepdiff.read_deepdiff(tmp_path, "A", "C")


def test_published_files_are_fetched(deepdiff, tmp_path):
    (tmp_path / "there").mkdir()
    write(tmp_path / "there", {f"{sample}.test.csv": text(["G0"]) for sample in "AB"})
    with serving() as server:
        for path in (tmp_path / "there").iterdir():
            server.files[f"data/{path.name}"] = path.read_bytes()
        data = deepdiff.fetch_deepdiff(tmp_path / "here", "A", "B", base_url=f"{server.url}/data")
    assert data.split.tolist() == ["train", "train", "valid", "test"]

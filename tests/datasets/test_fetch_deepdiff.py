"""DeepDiff's format: real files read, published ones fetched."""

import gzip

import numpy as np
import pandas as pd
import pytest
from local_server import serving

from skchromo.datasets import fetch_deepdiff, read_deepdiff
from skchromo.datasets.public import _fetch_http

TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3")


@pytest.fixture
def deepdiff(h1_e003):
    folder = h1_e003.parent / "deepdiff"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: point SKCHROMO_TEST_DATA at it")
    return folder


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


def test_real_files(deepdiff):
    data = read_deepdiff(deepdiff, "E123_K562", "E003_H1")
    assert data.X.shape == (400, 2, 1, 200, 5)
    assert data.X.tracks == TRACKS
    assert data.split.value_counts().to_dict() == {"train": 200, "valid": 200}
    assert data.gene_names["ENSG00000130749"] == "ZC3H4"
    for part in (data.y, data.counts, data.split, data.gene_names):
        assert part.index.tolist() == list(data.X.genes["gene_id"])
    with gzip.open(deepdiff / "E003_H1.valid.csv.gz", "rt") as file:
        bins = pd.read_csv(file, header=None)
    values = data.X.to_dense().values
    np.testing.assert_array_equal(
        values[200:, 1, 0], bins.iloc[:, 1:].to_numpy().reshape(200, 200, 5)
    )
    counts = {
        sample: pd.read_csv(deepdiff / f"{sample}.counts.csv", header=None, index_col=0)[1]
        for sample in ("E123_K562", "E003_H1")
    }
    a, b = (counts[sample].loc[data.y.index] for sample in counts)
    np.testing.assert_allclose(data.y, np.log2((b + 1.0) / (a + 1.0)))
    swapped = read_deepdiff(deepdiff, "E003_H1", "E123_K562")
    np.testing.assert_allclose(swapped.y, -data.y, atol=1e-12)
    np.testing.assert_array_equal(swapped.X.to_dense().values, values[:, ::-1])


def test_rows_are_chosen_by_split(tmp_path):
    data = read_deepdiff(write(tmp_path), "A", "B")
    train = (data.split == "train").to_numpy()
    assert list(data.X[train].genes["gene_id"]) == ["G1", "G2"]
    assert data.y[train].tolist() == [2.0, 0.0]
    assert data.gene_names.tolist() == ["X_Y", "Z", ""]


def test_the_second_cell_type_may_have_another_order(tmp_path):
    write(tmp_path, {"B.train.csv": text(["G2_Z"], seed=8) + text(["G1_X_Y"], seed=9)})
    values = read_deepdiff(tmp_path, "A", "B").X.to_dense().values
    first = text(["G1_X_Y"], seed=9).splitlines()[0].split(",")[1:]
    assert values[0, 1, 0, 0].tolist() == [float(count) for count in first]


def lines(sample, change):
    whole = text(["G1_X_Y", "G2_Z"], seed="AB".index(sample)).splitlines()
    change(whole)
    return "\n".join(whole) + "\n"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"A.train.csv": lines("A", lambda x: x.pop(1))}, r"A\.train\.csv, line 2: expected"),
        ({"A.train.csv": lines("A", lambda x: x.pop())}, r"line 6: expected G2_Z_3 .* the end"),
        ({"A.train.csv": lines("A", lambda x: x.pop(4))}, "line 5: expected G2_Z_2 .*'G2_Z_3'"),
        ({"A.train.csv": "G1,1,2,3,4,5\n"}, "'G1' is no gene and bin 1"),
        ({"A.train.csv": "G1_1,1,2,3\n"}, "has 3 columns of counts, not 5: H3K4me1"),
        (
            {"A.train.csv": "G1_1,1,2,3,4,-5\n"},
            "line 1: G1_1 has a count that is missing or below 0",
        ),
        ({"A.train.csv": "G1_1,1,2,3,4,\n"}, "line 1: G1_1 has a count that is missing or below 0"),
        ({"A.train.csv": "G1_1,1,2,3,4,x\n"}, "no table of counts"),
        ({"A.train.csv": ""}, "no table of counts"),
        ({"A.train.csv": text(["G1", "G1"])}, "these genes of A stand twice in its files: G1"),
        ({"A.train.csv": text(["G1", "G2"], 4)}, "different numbers of bins"),
        ({"B.train.csv": text(["G1", "G4"])}, "do not match: genes in one only: .*G2.*G4"),
        (
            {"B.train.csv": text(["G1", "G2", "G3"]), "B.valid.csv": None},
            "split these genes differently: .*G3",
        ),
        ({"B.expr.csv": "G1,1\nG3,2\n"}, r"B\.expr\.csv has no expression of 1 genes: .*G2"),
        ({"B.expr.csv": "G1,1\nG3,2\nG2,1\nG2,1\n"}, "has these genes twice: G2"),
        ({"B.expr.csv": "G1,1\nG3,-2\nG2,1\n"}, "the count of G3 is missing or below 0"),
        ({"B.expr.csv": "G1,1\nG3,\nG2,1\n"}, "the count of G3 is missing"),
        ({"B.expr.csv": "gene,count\nG1,1\n"}, "no table of gene and count without header"),
    ],
)
def test_files_that_are_wrong(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_deepdiff(write(tmp_path, changes), "A", "B")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        read_deepdiff(tmp_path / "none", "A", "B")
    write(tmp_path, {"B.expr.csv": None})
    with pytest.raises(FileNotFoundError, match=r"has no B\.expr\.csv or B\.counts\.csv"):
        read_deepdiff(tmp_path, "A", "B")
    with pytest.raises(FileNotFoundError, match=r"none of C\.train\.csv, C\.valid\.csv"):
        read_deepdiff(tmp_path, "A", "C")


def test_the_published_sample_is_fetched(deepdiff, tmp_path, monkeypatch):
    monkeypatch.setattr(_fetch_http, "_WAIT", 0)
    with serving() as server:
        for name, sample in ("Cell1", "E123_K562"), ("Cell2", "E003_H1"):
            for split in ("train", "valid"):
                packed = (deepdiff / f"{sample}.{split}.csv.gz").read_bytes()
                server.files[f"data/{name}.{split}.csv"] = gzip.decompress(packed)
            server.files[f"data/{name}.test.csv"] = text(["ENSG00000005189"], 200).encode()
            server.files[f"data/{name}.expr.csv"] = (deepdiff / f"{sample}.counts.csv").read_bytes()
        server.faults = ["drop:5000"]
        options = {"base_url": f"{server.url}/data", "data_home": tmp_path, "progress": False}
        data = fetch_deepdiff(**options)
        assert "10.1093/bioinformatics/bty612" in data.DESCR
        assert data.X.shape == (401, 2, 1, 200, 5)
        assert data.split.iloc[-1] == "test"
        real = read_deepdiff(deepdiff, "E123_K562", "E003_H1")
        assert data.y.iloc[:400].tolist() == real.y.tolist()
        np.testing.assert_array_equal(data.X[:400].to_dense().values, real.X.to_dense().values)
        n_requests = len(server.requests)
        fetch_deepdiff(splits=["train"], **options)
        assert len(server.requests) == n_requests
        for wrong in ("train", [], ["dev"]):
            with pytest.raises(ValueError, match="splits must be some of train, valid, test"):
                fetch_deepdiff(splits=wrong, **options)
        with pytest.raises(FileNotFoundError, match=r"no file at .*/data/Cell3\.train\.csv"):
            fetch_deepdiff("Cell1", "Cell3", **options)

"""Attributions and contacts as files for genome browsers, read by pyBigWig, pandas and skchromo."""

import gzip

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from small_models import TINY, changed, make_located

from skchromo import ChromoformerRegressor, InteractionTransformer, RegionArray
from skchromo.genome import read_chromsizes
from skchromo.inspection import (
    attributions,
    pcre_importance,
    to_bedgraph,
    to_bedpe,
    to_bigwig,
    to_interact,
)


@pytest.fixture(scope="module")
def X():
    X = make_located()
    # A promoter that overhangs the start of its chromosome, one that overhangs its end.
    start = X.start.copy()
    start[X.index[0, 0]], start[X.index[1, 0]] = -300, 1_998_900
    return changed(X, start=start, end=start + X.lengths)


@pytest.fixture(scope="module")
def values(X, fitted):
    return attributions(fitted, X, n_steps=4)


@pytest.fixture(scope="module")
def importance(X, fitted):
    return pcre_importance(fitted, X)


def read(path):
    return pd.read_csv(path, sep="\t", names=["chrom", "start", "end", "value"])


def expected_at(values, rows, track=None, combine=np.sum):
    """Attribution of every base pair of the chromosome, gene by gene and bin by bin."""
    table = values.to_frame("bin")
    ids = [f"GENE{row}" for row in rows]
    table = table[table["gene_id"].isin(ids) & ((track is None) | (table["track"] == track))]
    places = ["gene_id", "region", "start", "end"]
    table = table.groupby(places, as_index=False)["attribution"].sum()
    total, count = np.zeros(2_000_000), np.zeros(2_000_000, int)
    for _, _, start, end, value in table.itertuples(index=False):
        total[max(start, 0) : max(end, 0)] += value
        count[max(start, 0) : max(end, 0)] += 1
    if combine is np.mean:
        total /= np.maximum(count, 1)
    return np.where(count, total, np.nan)


def dense(table):
    assert (table["start"] < table["end"]).all()
    assert (table["start"].to_numpy()[1:] >= table["end"].to_numpy()[:-1]).all()
    line = np.full(2_000_000, np.nan)
    for start, end, value in table[["start", "end", "value"]].itertuples(index=False):
        line[start:end] = value
    return line


@pytest.mark.parametrize("genes", [None, "GENE7", [2, "GENE3", 4]])
def test_bedgraph_has_each_bin_at_its_place(values, tmp_path, genes):
    path = to_bedgraph(values, tmp_path / "all.bedgraph", genes=genes)
    rows = {None: range(24), "GENE7": [7]}.get(genes if genes is None else str(genes), [2, 3, 4])
    table = read(path)
    assert set(table["chrom"]) == {"chr7"}
    np.testing.assert_allclose(dense(table), expected_at(values, rows), rtol=1e-4, atol=1e-8)


def test_bedgraph_turns_promoters_on_the_minus_strand(values, X, tmp_path):
    path = to_bedgraph(values, tmp_path / "one.bedgraph", genes="GENE5", track="ATAC")
    line = dense(read(path))
    promoter = values.values[5, 0, :, 1]
    start = X.start[X.index[5, 0]]
    overlap = [X.start[r] < start + 1600 and X.end[r] > start for r in X.index[5, 1:2]]
    assert overlap == [False]
    np.testing.assert_allclose(line[start : start + 1600 : 100], promoter[::-1], rtol=1e-4)


def test_bigwig_is_read_by_pybigwig(values, tmp_path):
    written = to_bigwig(values, tmp_path / "{track}.bw", combine="mean")
    assert written == {name: tmp_path / f"{name}.bw" for name in ("H3K4me3", "ATAC")}
    assert set(tmp_path.iterdir()) == set(written.values())
    for track, path in written.items():
        assert read_chromsizes(path) == {"chr7": 2_000_000}
        with pyBigWig.open(str(path)) as file:
            line = np.array(file.values("chr7", 0, 2_000_000))
        np.testing.assert_allclose(
            line, expected_at(values, range(24), track, np.mean), rtol=1e-5, atol=1e-9
        )


def test_shared_pcre_is_summed_or_averaged(values, X, tmp_path):
    shared = X.index[3, 1]
    middle = (X.start[shared] + X.end[shared]) // 2
    number = (middle - X.start[shared]) // 100
    parts = values.values[[3, 4], 1, number].sum(axis=1)
    for combine, value in (("sum", parts.sum()), ("mean", parts.mean())):
        table = read(to_bedgraph(values, tmp_path / "a.bed", genes=[3, 4], combine=combine))
        assert dense(table)[middle] == pytest.approx(value, rel=1e-4)


def test_bedgraph_of_a_gene_sums_to_the_explained_change(values, tmp_path):
    table = read(to_bedgraph(values, tmp_path / "a.bedgraph", genes=4))
    explained = (table["value"] * (table["end"] - table["start"])).sum() / 100
    short = values.to_frame("bin").query("gene_id == 'GENE4' and end - start < 100")
    lost = (short["attribution"] * (1 - (short["end"] - short["start"]) / 100)).sum()
    assert explained + lost == pytest.approx(np.nansum(values.values[4]), rel=1e-3)


def test_bedgraph_has_track_line_and_compression(values, tmp_path):
    path = to_bedgraph(values, tmp_path / "{track}.bedgraph.gz", track="ATAC", name="H1")
    with gzip.open(path["ATAC"], "rt") as file:
        first, second = file.readline(), file.readline()
    assert first == 'track type=bedGraph name="H1 ATAC"\n'
    assert second.startswith("chr7\t0\t")


def test_bigwig_needs_lengths_of_chromosomes(values, X, fitted, tmp_path):
    bare = attributions(fitted, changed(X, chromsizes={}), n_steps=1)
    with pytest.raises(ValueError, match="length of chr7 is not known: give chromsizes="):
        to_bigwig(bare, tmp_path / "a.bw")
    assert not (tmp_path / "a.bw").exists()
    path = to_bigwig(bare, tmp_path / "a.bw", chromsizes={"chr1": 10, "chr7": 2_000_000})
    again = to_bigwig(bare, tmp_path / "b.bw", chromsizes=path)
    assert list(read_chromsizes(again)) == ["chr1", "chr7"]
    with pytest.raises(ValueError, match="GENE1 lies at chr7:1999700, beyond the end of chr7, 500"):
        to_bigwig(bare, tmp_path / "c.bw", chromsizes={"chr7": 500_000})
    with pytest.raises(FileNotFoundError, match=r"d.bw: there is no folder .*nowhere"):
        to_bigwig(values, tmp_path / "nowhere" / "d.bw")


def test_wrong_parameters_write_no_file(values, importance, tmp_path):
    path = tmp_path / "x"
    with pytest.raises(ValueError, match="there is no track H3K9me3, only H3K4me3, ATAC"):
        to_bedgraph(values, path, track="H3K9me3")
    with pytest.raises(ValueError, match="combine must be 'sum' or 'mean', got 'max'"):
        to_bigwig(values, path, combine="max")
    with pytest.raises(ValueError, match="there is no gene 'SOX2'"):
        to_bedgraph(values, path, genes="SOX2")
    with pytest.raises(IndexError, match="gene=24 is out of range"):
        to_bedpe(importance, path, genes=[0, 24])
    dense = RegionArray.from_dense(np.ones((12, 2, 16, 2)))
    model = ChromoformerRegressor(**TINY).fit(dense, np.arange(12))
    with pytest.raises(ValueError, match=r"gene 0 has no coordinates .* plain arrays"):
        to_bedgraph(attributions(model, dense, n_steps=1), path)
    with pytest.raises(ValueError, match="gene 2 has no coordinates"):
        to_interact(pcre_importance(model, dense), path, genes=2)
    assert not path.exists()


def test_bedpe_is_read_again_as_the_same_contacts(importance, X, tmp_path):
    path = to_bedpe(importance, tmp_path / "contacts.bedpe")
    table = pd.read_csv(path, sep="\t")
    assert len(table) == (X.index[:, 1:] >= 0).sum()
    gene, pcre = np.nonzero(X.index[:, 1:] >= 0)
    np.testing.assert_allclose(table["score"], importance.importance[gene, pcre], rtol=1e-4)
    assert table["name"].tolist() == [f"GENE{g}/{p + 1}" for g, p in zip(gene, pcre)]
    assert table["strand1"].tolist() == X.genes["strand"][gene].tolist()
    genes = pd.DataFrame({**X.genes, "chrom": "chr7"}).iloc[2:]
    path = to_bedpe(importance, tmp_path / "some.bedpe", genes=range(2, 24))
    contacts = InteractionTransformer(path, score_column="weight", max_pcre_length=1600)
    for row, pcres in zip(range(2, 24), contacts.fit_transform(genes)["pcres"]):
        regions = X.index[row, 1:][X.index[row, 1:] >= 0]
        np.testing.assert_array_equal(pcres.start, X.start[regions])
        np.testing.assert_array_equal(pcres.end, X.end[regions])
        np.testing.assert_allclose(pcres.weight, X.weights[row, : len(regions)], rtol=1e-5)


def test_interact_has_the_columns_of_ucsc(importance, X, tmp_path):
    path = to_interact(importance, tmp_path / "contacts.interact", genes=["GENE7", 3], name="H1")
    lines = path.read_text().splitlines()
    assert lines[0].startswith('track type=interact name="H1" ')
    rows = [line.split("\t") for line in lines[1:]]
    assert {len(row) for row in rows} == {18}
    assert len(rows) == 6
    values = importance.importance[[7, 3]].ravel()
    assert [int(row[4]) for row in rows] == [
        round(1000 * abs(value) / np.abs(values).max()) for value in values
    ]
    for row, value in zip(rows, values):
        assert row[7] == ("213,94,0" if value > 0 else "0,114,178")
        start, end = int(row[1]), int(row[2])
        ends = [int(row[i]) for i in (9, 10, 14, 15)]
        assert (start, end) == (min(ends), max(ends))
    again = InteractionTransformer(path, score_column="value", weight_threshold=-1e9)
    genes = pd.DataFrame({**X.genes, "chrom": "chr7"}).iloc[[3, 7]]
    assert [len(pcres) for pcres in again.fit_transform(genes)["pcres"]] == [3, 3]

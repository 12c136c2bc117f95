"""check_data on simulated genomes: right data pass, and the commonest mistakes are found."""

import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from mistaken_genomes import MISTAKES, TRACKS, make_genome
from small_models import make_regions

from skchromo import BigWigTransformer, RegionArray
from skchromo.evaluation import check_data

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return make_genome(tmp_path_factory.mktemp("genome"))


@pytest.mark.parametrize("rows", [slice(None), slice(100), slice(None, None, 2), "high", "low"])
def test_right_genes_have_no_finding(genome, rows):
    if isinstance(rows, str):
        rows = (genome.y > np.median(genome.y)) == (rows == "high")
    report = check_data(None, genome.X[rows], genome.y[rows])
    assert report.findings == []
    assert report.to_frame()["ok"].all()


@pytest.mark.parametrize("track", TRACKS)
def test_right_genes_have_no_finding_of_a_single_track(genome, track):
    signal = BigWigTransformer({track: genome.tracks[track]}, bin_size=500)
    X = signal.fit_transform(genome.genes)
    assert check_data(None, X, genome.y).findings == []


@pytest.mark.parametrize("y", [None, "classes", "labels", "z-scores", "ranks"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistaken_genes_are_found_whatever_y(genome, mistake, y):
    high = genome.y > np.median(genome.y)
    y = {
        "classes": high.astype(int),
        "labels": np.where(high, "high", "low"),
        "z-scores": (genome.y - genome.y.mean()) / genome.y.std(),
        "ranks": genome.y.argsort().argsort() / len(genome.y),
    }.get(y)
    report = check_data(None, genome.mistaken(mistake), y)
    check, words = MISTAKES[mistake]
    table = report.to_frame()
    assert table.index[~table["ok"]].tolist() == [check]
    assert words in report.findings[0]
    assert check_data(None, genome.X, y).findings == []


def test_mistaken_genes_are_found_in_two_conditions(genome):
    right = RegionArray.stack(genome.X, genome.X)
    change = np.random.default_rng(0).normal(size=len(right))
    assert check_data(None, right, change).findings == []
    X = genome.mistaken("50 kb off")
    (message,) = check_data(None, RegionArray.stack(X, X), change).findings
    assert "do not peak at the TSS" in message


def test_start_as_tss_of_both_strands_is_found(genome):
    genes = genome.genes
    tss = genes["tss"].where(genes["strand"] == "+", (genes["tss"] - 30_000).clip(lower=0))
    X = genome.read(genes.assign(tss=tss))
    (message,) = check_data(None, X, genome.y).findings
    assert "not of those on the - strand" in message


def test_expression_that_is_not_logged_is_found(genome):
    counts = np.round(100 * (2**genome.y - 1))
    (message,) = check_data(None, genome.X, counts).findings
    assert "log2(y + 1)" in message
    for y in (np.log2(counts + 1), np.log1p(counts), counts.argsort().argsort()):
        assert check_data(None, genome.X, y).findings == []
    assert "log2" in check_data(None, np.ones((400, 3)), counts).findings[0]


def test_noise_has_no_finding():
    rng = np.random.default_rng(0)
    genes = {"strand": rng.choice(["+", "-"], 200)}
    X = rng.poisson(3.0, (200, 1, 80, 2)) * rng.gamma(2.0, 1.0, (200, 1, 1, 2))
    X = RegionArray.from_dense(X, tracks=["H3K4me3", "H3K36me3"], bin_size=500, genes=genes)
    assert check_data(None, X, X.signal.reshape(200, -1).mean(axis=1)).findings == []


def test_gene_table_gives_a_plain_array_its_strands(genome):
    values = genome.mistaken("strands exchanged").to_dense().values
    assert check_data(None, values, genome.y, bin_size=500).findings == []
    wrong = genome.genes.assign(strand=genome.genes["strand"].map({"+": "-", "-": "+"}))
    report = check_data(wrong, values, genome.y, bin_size=500)
    assert report.tracks["downstream"].notna().all()
    assert report.chroms.sum() == len(wrong)


def test_rows_in_another_order_are_found(genome):
    (message,) = check_data(genome.genes[::-1], genome.X).findings
    assert "one order" in message
    y = pd.Series(genome.y, index=genome.genes["gene_id"])
    assert check_data(genome.genes, genome.X, y).findings == []
    assert "rows of y" in check_data(None, genome.X, y[::-1]).findings[0]


def test_odd_tracks_are_found():
    X = make_regions(n_genes=60, n_bins=8, tracks=("a", "b", "c", "d", "e"))
    X.signal[:, 1] = X.signal[:, 0]
    X.signal[:, 2] = 0
    X.signal[:, 3] *= 1_000
    table = check_data(None, X).to_frame()
    assert table.index[~table["ok"]].tolist() == ["depth", "constant", "duplicate"]
    messages = table["message"]
    assert messages["depth"].startswith("the mean signal of d ")
    assert messages["constant"].startswith("c has")
    assert messages["duplicate"].startswith("a and b are")


def test_chromosome_without_signal_is_found_unless_it_is_y():
    X = make_regions(n_genes=60, n_bins=8)
    X.genes["chrom"][20:30] = "chr7"
    X.signal[np.concatenate([np.arange(*X.offsets[[r, r + 1]]) for r in X.index[20:30, 0]])] = 0
    (message,) = check_data(None, X).findings
    assert "chr7" in message
    X.genes["chrom"][20:30] = "chrY"
    assert check_data(None, X).findings == []


def test_contacts_that_match_no_gene_are_found():
    X = make_regions(n_genes=60, n_bins=8)
    assert (
        check_data(None, X).to_frame()["seen"]["contacts"] == "75 % of genes have pCREs, median 2"
    )
    X.index[:, 1:], X.weights[:] = -1, 0
    assert "0.0 % of the genes have a pCRE" in check_data(None, X).findings[0]


def test_report_prints_its_checks_and_findings(genome):
    text = repr(check_data(None, genome.mistaken("50 kb off"), genome.y))
    assert text.startswith("DataReport(1 finding)\n  ok  genes        400 genes, ")
    assert "\n  !!  tss  " in text
    assert "DataReport(no findings)" in repr(check_data(None, genome.X))


def test_report_has_figures_of_each_track(genome):
    report = check_data(None, genome.X, genome.y)
    assert report.tracks.index.tolist() == list(TRACKS)
    assert report.tracks.loc["H3K4me3", "at_tss"] > 2
    assert report.tracks.loc["H3K36me3", "downstream"] > 0.8
    assert set(report.profiles["expression"]) == {"high", "low"}
    assert len(report.profiles) == len(TRACKS) * 2 * 2 * 40


def test_picture_has_a_panel_for_each_figure(genome):
    report = check_data(None, genome.X, genome.y).plot()
    assert set(report.axes_) == {*TRACKS, "y", "chromosomes", "depth"}
    lines = report.axes_["H3K4me3"].get_lines()
    drawn = [line.get_label() for line in lines if not line.get_label().startswith("_")]
    assert drawn == [f"{e} y, {s} strand" for e in ("high", "low") for s in "+-"]
    with_contacts = check_data(None, make_regions()).plot()
    assert set(with_contacts.axes_) == {"chromosomes", "contacts", "depth"}
    matplotlib.pyplot.close("all")


def test_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        check_data(None, np.ones((4, 3))).plot()


def test_rows_that_do_not_fit_are_refused(genome):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        check_data(genome.genes[1:], genome.X)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        check_data(None, genome.X, genome.y[1:])
    with pytest.raises(ValueError, match="missing for 1 of"):
        check_data(None, genome.X, np.append(genome.y[1:], np.nan))

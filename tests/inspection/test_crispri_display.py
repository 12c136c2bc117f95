"""CRISPRiDisplay and the files for the benchmark's workflow."""

import gzip

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from sklearn.metrics import average_precision_score
from small_models import make_located

from skchromo.evaluation import crispri_scores
from skchromo.inspection import CRISPRiDisplay, element_effects, to_crispr_comparison

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def no_figures_left():
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def X():
    return make_located()


@pytest.fixture(scope="module")
def pairs(X):
    rng = np.random.default_rng(0)
    rows = [
        (f"GENE{gene}", "chr7", X.start[region] + 40, X.start[region] + 190)
        for gene in range(24)
        for region in X.index[gene][X.index[gene] >= 0]
    ]
    pairs = pd.DataFrame(rows, columns=["gene_id", "chrom", "start", "end"])
    distance = rng.permutation(np.geomspace(1_000, 2e6, len(pairs)))
    return pairs.assign(distance=distance, Regulated=rng.random(len(pairs)) < 0.3)


@pytest.fixture(scope="module")
def scores(pairs):
    rng = np.random.default_rng(1)
    return {
        "model": pairs["Regulated"] + rng.normal(size=len(pairs)).round(1),
        "ABC": rng.random(len(pairs)),
        "H3K27ac/distance": rng.random(len(pairs)),
    }


def points_of(line):
    """Precision that a drawn curve has just before each recall that it reaches."""
    return {(x, y) for x, y in zip(*line.get_data()) if x > 0}


def test_curve_has_the_precision_at_each_threshold(pairs, scores):
    display = CRISPRiDisplay.from_scores(pairs, scores)
    assert set(display.lines_) == {*scores, "distance"}
    y = pairs["Regulated"].to_numpy()
    values = {**scores, "distance": -pairs["distance"]}
    for name, line in display.lines_.items():
        score = np.asarray(values[name])
        taken = [score >= threshold for threshold in np.unique(score)]
        expected = {(y[t].sum() / y.sum(), y[t].mean()) for t in taken if y[t].any()}
        np.testing.assert_allclose(sorted(points_of(line)), sorted(expected))
        area = display.average_precision[name]
        assert area == pytest.approx(average_precision_score(y, score))
        assert line.get_label() == f"{name} ({area:.2f})"
    axes = display.ax_
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Recall", "Precision")
    assert axes.get_xlim() == (0, 1)
    assert axes.get_title(loc="left") == f"{len(y)} pairs, {y.sum()} regulated"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    areas = [float(label[-5:-1]) for label in labels]
    assert areas == sorted(areas, reverse=True)


def test_baselines_are_grey_and_dashed(pairs, scores):
    display = CRISPRiDisplay.from_scores(pairs, scores)
    dashes = set()
    for name, line in display.lines_.items():
        is_grey = to_rgb(line.get_color()) == to_rgb("0.45")
        assert is_grey == (name != "model")
        assert (line.get_linestyle() == "-") == (name == "model")
        dashes.add(line.get_linestyle())
    assert len(dashes) == 4
    other = CRISPRiDisplay(pairs, scores, baselines=["model"], name="K562").plot()
    assert to_rgb(other.lines_["model"].get_color()) == to_rgb("0.45")
    assert other.ax_.get_title(loc="left") == "K562"
    alone = CRISPRiDisplay(pairs.drop(columns="distance"), scores).plot()
    assert "distance" not in alone.lines_


def test_class_of_distance_is_drawn_alone(pairs, scores):
    display = CRISPRiDisplay(pairs, scores, distances=(20_000, 100_000))
    table = crispri_scores(pairs, scores, n_bootstrap=0)
    table = table[(table["metric"] == "auprc") & (table["distance"] == "20-100 kb")]
    for name, value in zip(table["score"], table["value"]):
        assert display.average_precision[name] == pytest.approx(value)
    with pytest.raises(ValueError, match="distance, which is not known: give genes"):
        CRISPRiDisplay(pairs.drop(columns="distance"), scores, distances=(0, 5))
    with pytest.raises(ValueError, match="0 of 0 pairs to draw are regulated"):
        CRISPRiDisplay(pairs, scores, distances=(0, 5))


def test_effects_of_an_estimator_are_scores(X, fitted, pairs):
    effects = element_effects(fitted, X, pairs, n_background=0)
    display = CRISPRiDisplay.from_scores(pairs, {"effect": -effects["effect"]})
    expected = average_precision_score(pairs["Regulated"], -effects["effect"])
    assert display.average_precision["effect"] == pytest.approx(expected)
    assert set(display.lines_) == {"effect", "distance"}


def test_missing_scores_are_at_the_end_of_the_curve(pairs):
    scores = {"model": np.where(pairs.index % 2, np.nan, pairs.index)}
    unknown = pairs.assign(distance=pairs["distance"].where(pairs.index % 3 > 0))
    display = CRISPRiDisplay(unknown, scores)
    filled = -unknown["distance"].fillna(np.inf).clip(upper=1e9)
    expected = average_precision_score(pairs["Regulated"], filled)
    assert display.average_precision["distance"] == pytest.approx(expected)
    expected = average_precision_score(pairs["Regulated"], np.nan_to_num(scores["model"]))
    assert display.average_precision["model"] == pytest.approx(expected)


# --- files for CRISPR_comparison -------------------------------------------------------------

CONFIG = [
    *("pred_id", "pred_col", "boolean", "alpha", "aggregate_function", "fill_value"),
    *("inverse_predictor", "pred_name_long", "color"),
]


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "gene_id": ["E1", "E2", "E1"],
            "chrom": "chr1",
            "start": [100, 200, 300],
            "end": [150, 260, 400],
            "symbol": ["CEP104", "LRRC47", "CEP104"],
            "effect": [-0.25, np.nan, 1e-7],
        }
    )


def test_files_have_the_columns_of_the_workflow(table, tmp_path):
    paths = to_crispr_comparison(
        *(table, tmp_path / "ours.tsv.gz"), score="effect", inverse=True, aggregate="mean"
    )
    assert paths["predictions"] == tmp_path / "ours.tsv.gz"
    assert paths["pred_config"] == tmp_path / "ours.pred_config.txt"
    text = gzip.decompress(paths["predictions"].read_bytes()).decode()
    assert text.splitlines() == [
        "chr\tstart\tend\tname\tTargetGene\tCellType\teffect",
        "chr1\t100\t150\tchr1:100-150\tCEP104\tK562\t-0.25",
        "chr1\t200\t260\tchr1:200-260\tLRRC47\tK562\t",
        "chr1\t300\t400\tchr1:300-400\tCEP104\tK562\t1e-07",
    ]
    lines = [line.split("\t") for line in paths["pred_config"].read_text().splitlines()]
    values = ["ours", "effect", "FALSE", "NA", "mean", "0", "TRUE", "ours", "NA"]
    assert lines == [CONFIG, values]


def test_symbols_come_from_a_mapping_too(table, tmp_path):
    bare = table.drop(columns="symbol").assign(score=1.0)
    symbols = pd.Series({"E1": "A", "E2": "B"})
    options = {"symbols": symbols, "cell_type": "HCT116", "name": "model", "fill_value": 0.5}
    paths = to_crispr_comparison(bare, tmp_path / "x.txt", **options)
    written = pd.read_csv(paths["predictions"], sep="\t")
    assert written["TargetGene"].tolist() == ["A", "B", "A"]
    assert set(written["CellType"]) == {"HCT116"}
    config = pd.read_csv(paths["pred_config"], sep="\t").iloc[0]
    assert (config["pred_id"], config["fill_value"]) == ("model", 0.5)
    with pytest.raises(ValueError, match="finds genes by their symbol: give symbols="):
        to_crispr_comparison(bare, tmp_path / "y.tsv")
    with pytest.raises(ValueError, match="genes without a symbol: E2"):
        to_crispr_comparison(bare, tmp_path / "y.tsv", symbols={"E1": "A"})
    assert not (tmp_path / "y.tsv").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "abc"}, "table has no column abc, only gene_id"),
        ({"name": "baseline"}, "keeps the name 'baseline'"),
        ({"score": "start"}, "rename the column start"),
        ({"aggregate": "median"}, "aggregate must be 'sum'"),
    ],
)
def test_names_of_the_workflow_itself_are_refused(table, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        to_crispr_comparison(table, tmp_path / "x.tsv", **{"score": "effect", **options})

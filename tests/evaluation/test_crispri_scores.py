"""Scores of element-gene pairs of CRISPRi screens, compared with their definitions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from skchromo.evaluation import crispri_scores, match_elements

METRICS = ["auprc", "auroc", "precision"]


def make_pairs(n=200, n_genes=20, seed=0):
    rng = np.random.default_rng(seed)
    gene = rng.integers(0, n_genes, n)
    start = rng.integers(0, 3_000_000, n)
    return pd.DataFrame(
        {
            "gene_id": [f"G{i}" for i in gene],
            "chrom": [f"chr{i % 4}" for i in gene],
            "start": start,
            "end": start + 500,
            "distance": rng.permutation(np.geomspace(100, 2e6, n)),
            "Regulated": rng.random(n) < 0.3,
        }
    )


def value_of(table, metric="auprc", distance="all", column="value", score=None):
    rows = table[(table["metric"] == metric) & (table["distance"] == distance)]
    rows = rows if score is None else rows[rows["score"] == score]
    assert len(rows) == 1
    return rows[column].iloc[0]


def by_hand(y, score, recall):
    """Go through the thresholds from the highest: the definitions, step by step."""
    y, score = np.asarray(y, bool), np.asarray(score, float)
    area, before, precision_at = 0.0, 0.0, None
    for threshold in sorted(set(score), reverse=True):
        taken = score >= threshold
        precision, found = y[taken].mean(), y[taken].sum() / y.sum()
        area += (found - before) * precision
        before = found
        if precision_at is None and found >= recall - 1e-12:
            precision_at = precision
    wins = [(a > b) + (a == b) / 2 for a in score[y] for b in score[~y]]
    return area, np.mean(wins), precision_at


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_metrics_equal_their_definitions(data):
    n = data.draw(st.integers(2, 25))
    regulated = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    score = data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    recall = data.draw(st.sampled_from([0.3, 0.5, 0.7, 1.0]))
    pairs = make_pairs(n).assign(Regulated=regulated)
    table = crispri_scores(pairs, score, recall=recall, distances=(0, 1), n_bootstrap=0)
    found = [value_of(table, metric) for metric in METRICS]
    if len(set(regulated)) < 2:
        assert np.isnan(found).all()
    else:
        np.testing.assert_allclose(found, by_hand(regulated, score, recall))


def test_classes_of_distance_are_scored_alone():
    pairs = make_pairs()
    score = np.random.default_rng(1).random(len(pairs))
    table = crispri_scores(pairs, {"model": score}, n_bootstrap=0)
    assert table["distance"].unique().tolist() == ["all", "0-20 kb", "20-100 kb", "100-2500 kb"]
    for label, low, high in (("0-20 kb", 0, 2e4), ("100-2500 kb", 1e5, 2.5e6)):
        rows = (pairs["distance"] >= low) & (pairs["distance"] < high)
        y = pairs["Regulated"][rows]
        assert value_of(table, distance=label, column="n_pairs") == rows.sum()
        assert value_of(table, distance=label, column="n_positive") == y.sum()
        expected = average_precision_score(y, score[rows])
        assert value_of(table, distance=label) == pytest.approx(expected)
        expected = roc_auc_score(y, score[rows])
        assert value_of(table, "auroc", label) == pytest.approx(expected)
    alone = crispri_scores(pairs.drop(columns="distance"), {"model": score}, n_bootstrap=0)
    assert alone["distance"].unique().tolist() == ["all"]


def test_distance_is_from_the_middle_of_the_element_to_the_tss():
    pairs = make_pairs(4).assign(
        gene_id=["ENSG01.4", "ENSG01", "B", "C"],
        chrom=["chr1", "1", "chr2", "chr1"],
        start=[1_000, 29_500, 1_000, 1_000],
        end=[2_000, 30_500, 2_000, 2_000],
        Regulated=[True, False, True, False],
    )
    genes = pd.DataFrame(
        {"gene_id": ["ENSG01.3", "B"], "chrom": "chr1", "tss": [11_500, 5_000], "strand": "+"}
    )
    # 10 kb; 18.5 kb; another chromosome; no such gene
    table = crispri_scores(
        pairs, [2, 1, 1, 1], genes=genes, distances=(0, 10_000, 18_500, 18_501), n_bootstrap=0
    )
    counts = table[table["metric"] == "auprc"].set_index("distance")["n_pairs"]
    assert counts.to_dict() == {"all": 4, "0-10 kb": 0, "10-18.5 kb": 1, "18.5-18.501 kb": 1}


@pytest.mark.parametrize("cluster", ["gene_id", "chrom", None])
def test_bootstrap_sample_has_all_pairs_of_the_drawn_clusters(cluster):
    pairs = make_pairs(60, 12)
    score = np.random.default_rng(2).integers(0, 9, len(pairs))
    table = crispri_scores(
        pairs, score, cluster=cluster, n_bootstrap=1, random_state=5, distances=(0, 10**7)
    )
    names = pairs[cluster].unique() if cluster else pairs.index.to_numpy()
    drawn = np.random.RandomState(5).multinomial(len(names), np.full(len(names), 1 / len(names)))
    own = pairs[cluster] if cluster else pairs.index.to_series()
    rows = np.concatenate(
        [np.repeat(np.flatnonzero(own == name), times) for name, times in zip(names, drawn)]
    )
    expected = by_hand(pairs["Regulated"].to_numpy()[rows], score[rows], 0.7)
    for metric, value in zip(METRICS, expected):
        assert value_of(table, metric, column="low") == pytest.approx(value)
        assert value_of(table, metric, column="high") == pytest.approx(value)


def test_interval_of_clusters_does_not_shrink_with_copies_of_pairs():
    pairs = make_pairs(150)
    score = pairs["Regulated"] + np.random.default_rng(3).normal(size=150)
    copies = pd.concat([pairs] * 9, ignore_index=True)
    widths = {}
    for cluster in ("gene_id", None):
        for n, (table, values) in {1: (pairs, score), 9: (copies, np.tile(score, 9))}.items():
            found = crispri_scores(
                table, values, cluster=cluster, n_bootstrap=300, distances=(0, 1), random_state=0
            )
            assert value_of(found, column="low") < value_of(found) < value_of(found, column="high")
            widths[cluster, n] = value_of(found, column="high") - value_of(found, column="low")
    assert widths["gene_id", 9] == pytest.approx(widths["gene_id", 1], rel=0.01)
    assert widths[None, 9] < 0.5 * widths[None, 1]


def test_difference_is_measured_on_the_same_samples():
    pairs = make_pairs()
    rng = np.random.default_rng(4)
    base = pairs["Regulated"] + rng.normal(size=len(pairs))
    scores = {"base": base, "same": 2 * base, "worse": base + 0.3 * rng.normal(size=len(pairs))}
    table = crispri_scores(pairs, scores, reference="base", random_state=0, n_bootstrap=300)
    columns = ["difference", "difference_low", "difference_high"]
    assert (table.loc[table["score"] == "same", columns] == 0).all(axis=None)
    parts = {column: value_of(table, column=column, score="worse") for column in table.columns}
    gain = parts["value"] - value_of(table, score="base")
    assert parts["difference"] == pytest.approx(gain)
    assert parts["difference_low"] < gain < parts["difference_high"]
    width = parts["difference_high"] - parts["difference_low"]
    assert width < 0.7 * (parts["high"] - parts["low"])
    again = crispri_scores(pairs, scores, reference="base", random_state=0, n_bootstrap=300)
    pd.testing.assert_frame_equal(table, again)


def test_missing_score_is_zero_or_below_all_others():
    pairs = make_pairs(5).assign(Regulated=[True, False, True, False, False])
    for score, filled in (
        ([0.5, None, 0.0, 0.2, 0.0], [0.5, 0.0, 0.0, 0.2, 0.0]),
        ([0.5, None, 0.1, 0.2, 0.3], [0.5, 0.0, 0.1, 0.2, 0.3]),
        ([-5.0, None, -7.0, -6.0, -9.0], [-5.0, -99, -7.0, -6.0, -9.0]),
    ):
        found, expected = (crispri_scores(pairs, s, n_bootstrap=0) for s in (score, filled))
        pd.testing.assert_frame_equal(found, expected)


def test_scores_are_columns_arrays_or_tables():
    pairs = make_pairs(30).assign(one=np.arange(30.0))
    one = pairs["one"]
    expected = crispri_scores(pairs, one, n_bootstrap=0)
    for scores in ("one", ["one"], {"one": one.to_numpy()}, pairs[["one"]]):
        pd.testing.assert_frame_equal(crispri_scores(pairs, scores, n_bootstrap=0), expected)
    assert crispri_scores(pairs, list(one), n_bootstrap=0)["score"].unique().tolist() == ["score"]
    with pytest.raises(ValueError, match="index of pairs in another order"):
        crispri_scores(pairs, one[::-1])
    with pytest.raises(ValueError, match="index of pairs in another order"):
        crispri_scores(pairs, {"one": one[::-1]})


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        (lambda p: p.to_numpy(), {}, TypeError, "pairs must be a pandas DataFrame"),
        (lambda p: p.drop(columns="Regulated"), {}, ValueError, "must have one column Regulated"),
        (lambda p: p.assign(Regulated="maybe"), {}, ValueError, "must hold True and False"),
        (lambda p: p.assign(chrom=None), {}, ValueError, "chrom is missing in 9 of 9 rows"),
        (lambda p: p.assign(end=p["start"]), {}, ValueError, "start must be below end"),
        (lambda p: p.assign(start=0.5), {}, ValueError, "start must hold whole numbers"),
        (lambda p: p, {"scores": "abc"}, ValueError, "has no column abc to take as a score"),
        (lambda p: p, {"scores": [1, 2]}, ValueError, "inconsistent"),
        (lambda p: p, {"scores": [np.nan] * 9}, ValueError, "one number for each pair"),
        (lambda p: p, {"reference": "abc"}, ValueError, "reference must name one of the scores"),
        (lambda p: p, {"distances": (5, 0)}, ValueError, "limits in bp in rising order"),
        (lambda p: p, {"recall": 0}, ValueError, "recall == 0"),
        (lambda p: p, {"n_bootstrap": -1}, ValueError, "n_bootstrap must be an integer"),
    ],
)
def test_wrong_pairs_and_parameters_are_named(change, options, error, message):
    pairs = make_pairs(9)
    with pytest.raises(error, match=message):
        crispri_scores(change(pairs), **{"scores": np.arange(9), **options})


def test_genes_of_other_names_or_several_tss_are_refused():
    pairs = make_pairs(9)
    genes = pd.DataFrame({"gene_id": ["X", "X"], "chrom": "chr1", "tss": [1, 1], "strand": "+"})
    with pytest.raises(ValueError, match=r"no gene_id of pairs is in genes \(G"):
        crispri_scores(pairs, np.arange(9), genes=genes)
    with pytest.raises(ValueError, match="X have several TSSs"):
        crispri_scores(pairs, np.arange(9), genes=genes.assign(tss=[1, 2]))


@pytest.mark.parametrize("aggregate", ["sum", "mean", "max", "min"])
def test_pairs_get_the_scores_of_overlapping_elements_of_their_gene(aggregate):
    rng = np.random.default_rng(6)
    pairs = make_pairs(80, 4).set_index(np.arange(80) * 3)
    start = rng.integers(0, 3_000_000, 300)
    elements = pd.DataFrame(
        {
            "gene_id": [f"G{i}" for i in rng.integers(0, 5, 300)],
            "chrom": [f"chr{i}" for i in rng.integers(0, 4, 300)],
            "start": start,
            "end": start + rng.integers(1, 400_000, 300),
            "abc": rng.random(300),
        }
    )
    expected = []
    for pair in pairs.itertuples():
        values = [
            element.abc
            for element in elements.itertuples()
            if (element.gene_id, element.chrom) == (pair.gene_id, pair.chrom)
            and max(element.start, pair.start) < min(element.end, pair.end)
        ]
        expected.append(getattr(np, aggregate)(values) if values else -1.0)
    assert -1 in expected
    found = match_elements(pairs, elements, score="abc", aggregate=aggregate, fill_value=-1)
    assert found.index.equals(pairs.index)
    np.testing.assert_allclose(found, expected)


def test_elements_that_touch_do_not_overlap():
    pairs = make_pairs(1).assign(gene_id="ENSG01", chrom="chr1", start=100, end=200)
    elements = pd.DataFrame(
        {
            "gene_id": "ENSG01.2",
            "chrom": ["chr1", "chr1", "1"],
            "start": [0, 200, 199],
            "end": [100, 300, 300],
            "score": [1, 2, 4],
        }
    )
    assert match_elements(pairs, elements).tolist() == [4]
    assert match_elements(pairs, elements[:0]).tolist() == [0]
    with pytest.raises(ValueError, match=r"no gene_id of pairs is in elements \(ENSG01 and B are"):
        match_elements(pairs, elements.assign(gene_id="B"))
    with pytest.raises(ValueError, match="aggregate must be 'sum', 'mean', 'max' or 'min'"):
        match_elements(pairs, elements, aggregate="median")


def test_distance_ranks_the_pairs_of_k562(k562):
    pairs = pd.read_csv(k562 / "crispri_k562.tsv", sep="\t")
    genes = pd.read_csv(k562 / "genes.tsv", sep="\t")
    pairs = pairs[pairs["gene_id"].isin(genes["gene_id"])]
    tss = pairs["gene_id"].map(genes.set_index("gene_id")["tss"])
    score = -((pairs["start"] + pairs["end"]) / 2 - tss).abs()
    table = crispri_scores(pairs, score.rename("distance"), genes=genes, n_bootstrap=0)
    assert value_of(table, column="n_pairs") == 6_836
    assert value_of(table) == pytest.approx(0.41, abs=0.015)
    far = (score < -20_000).to_numpy()
    far = crispri_scores(pairs[far], score[far], n_bootstrap=0)
    assert value_of(far) == pytest.approx(0.2, abs=0.02)

"""Folds, labels, Pearson's r and the shuffled control."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_val_score

from skchromo import InteractionTransformer
from skchromo.evaluation import (
    chromoformer_folds,
    high_low,
    pearson_r,
    pearson_scorer,
    shuffle_pcres,
)


def test_folds_are_the_papers():
    names = [*map(str, range(1, 23)), "X", "Y"]
    expected = [0, 2, 2, 2, 0, 0, 1, 0, 3, 1, 1, 1, 3, 0, 1, 2, 3, 2, 3, 2, 1, 3, 3, 0]
    np.testing.assert_array_equal(chromoformer_folds(names), expected)
    with_chr = pd.Series([f"chr{name}" for name in names], index=names[::-1])
    np.testing.assert_array_equal(chromoformer_folds(with_chr), expected)
    splits = list(PredefinedSplit(chromoformer_folds(names)).split())
    assert [len(test) for _, test in splits] == [6, 6, 6, 6]


def test_chromosomes_outside_the_papers_sets_are_named():
    with pytest.raises(ValueError, match=r"chromosomes chrM, chr1_random are in none .* GroupKF"):
        chromoformer_folds(["chr1", "chrM", "chrM", "chr1_random"])


def test_half_of_the_genes_are_high():
    rng = np.random.default_rng(0)
    expression = rng.permutation(101).astype(float)
    label = high_low(expression)
    np.testing.assert_array_equal(label, expression >= 50)
    assert label.dtype.kind == "i"
    assert high_low(np.zeros(5)).tolist() == [1] * 5, "at the median counts as high"


def test_each_sample_has_its_median():
    expression = pd.Series([0.0, 1.0, 10.0, 11.0, 2.0], index=list("abcde"), name="rpkm")
    sample = ["A", "A", "B", "B", "A"]
    label = high_low(expression, sample)
    pd.testing.assert_series_equal(
        label, pd.Series([0, 1, 0, 1, 1], index=list("abcde"), name="rpkm")
    )
    wide = pd.DataFrame({"A": [0, 1, 2], "B": [5, 4, 3]}, index=list("xyz"))
    assert high_low(wide).to_dict("list") == {"A": [0, 1, 1], "B": [1, 1, 0]}
    assert high_low(wide).index.tolist() == list("xyz")
    sliced = pd.Series(sample)[[4, 3, 2, 1, 0]]
    np.testing.assert_array_equal(high_low(expression.to_numpy()[::-1], sliced), label[::-1])


@pytest.mark.parametrize(
    ("expression", "sample", "message"),
    [
        ([1.0, np.nan], None, "expression is missing or no number for 1 of 2 genes, .* at row 1"),
        (pd.Series(["1", "high"], index=["A", "B"]), None, "for 1 of 2 genes, the first at row B"),
        ([1.0, 2.0], ["A"], "inconsistent numbers of samples"),
        ([1.0, 2.0], ["A", None], "sample is missing at row 1"),
        (pd.DataFrame({"A": [1.0]}), ["A"], "a DataFrame has a column for each sample"),
        (pd.DataFrame({"A": [1.0, np.nan]}), None, "missing"),
    ],
)
def test_labels_of_bad_tables_are_refused(expression, sample, message):
    with pytest.raises(ValueError, match=message):
        high_low(expression, sample)


def test_pearson_is_the_definition_and_scores():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(60, 3)), rng.normal(size=60)
    y = X[:, 0] + noise
    assert pearson_r(y, X[:, 0]) == pytest.approx(np.corrcoef(y, X[:, 0])[0, 1])
    assert pearson_r(y, 3 - 2 * y) == pytest.approx(-1)
    model = Ridge().fit(X, y)
    assert pearson_scorer(model, X, y) == pytest.approx(pearson_r(y, model.predict(X)))
    scores = cross_val_score(Ridge(), X, y, scoring=pearson_scorer)
    assert (scores > 0).all()
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1e6]}, scoring=pearson_scorer, n_jobs=2)
    assert np.isfinite(search.fit(X, y).best_score_)
    with pytest.raises(ValueError, match="inconsistent"):
        pearson_r([1.0, 2.0], [1.0])


@pytest.fixture
def genes():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "gene_id": [f"G{i}" for i in range(40)],
            "chrom": np.repeat(["chr1", "chr2"], 20),
            "tss": np.arange(40) * 100_000 + 500,
            "strand": "+",
            "sample": np.tile(["A", "B"], 20),
        },
        index=rng.permutation(40),
    )
    contacts = pd.DataFrame(
        {
            "gene_id": table["gene_id"],
            "chrom": table["chrom"],
            "start": np.arange(40) * 1_000 + 20_000,
            "end": np.arange(40) * 1_000 + 21_000,
            "score": 2.0,
        }
    )
    contacts = {sample: contacts[(table["sample"] == sample).to_numpy()] for sample in ("A", "B")}
    return InteractionTransformer(contacts).fit_transform(table)


def test_shuffling_moves_whole_sets_within_chromosome_and_sample(genes):
    before = genes["pcres"].tolist()
    shuffled = shuffle_pcres(genes, random_state=0)
    assert genes["pcres"].tolist() == before, "the table given is left as it was"
    pd.testing.assert_frame_equal(shuffled.drop(columns="pcres"), genes.drop(columns="pcres"))
    moved = [a is not b for a, b in zip(shuffled["pcres"], before)]
    assert np.mean(moved) > 0.7
    for key, rows in genes.groupby(["chrom", "sample"]).groups.items():
        starts = [
            sorted(int(cell.start[0]) for cell in table.loc[rows, "pcres"])
            for table in (genes, shuffled)
        ]
        assert starts[0] == starts[1], key
    again = shuffle_pcres(genes, random_state=0)
    assert again["pcres"].tolist() == shuffled["pcres"].tolist()
    other = shuffle_pcres(genes, random_state=1)
    assert other["pcres"].tolist() != shuffled["pcres"].tolist()


def test_shuffling_needs_pcres(genes):
    with pytest.raises(ValueError, match="column pcres: see InteractionTransformer"):
        shuffle_pcres(genes.drop(columns="pcres"))

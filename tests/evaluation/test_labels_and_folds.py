"""Labels and folds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import PredefinedSplit

from skchromo.evaluation import chromoformer_folds, high_low


def test_folds_follow_the_paper():
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


def test_half_of_genes_are_high():
    rng = np.random.default_rng(0)
    expression = rng.permutation(101).astype(float)
    label = high_low(expression)
    np.testing.assert_array_equal(label, expression >= 50)
    assert label.dtype.kind == "i"
    assert high_low(np.zeros(5)).tolist() == [1] * 5, "at the median counts as high"


def test_samples_have_medians_of_their_own():
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
        (
            [1.0, np.nan],
            None,
            "expression is missing or not a number for 1 of 2 genes, .* at row 1",
        ),
        (pd.Series(["1", "high"], index=["A", "B"]), None, "for 1 of 2 genes, the first at row B"),
        ([1.0, 2.0], ["A"], "inconsistent numbers of samples"),
        ([1.0, 2.0], ["A", None], "sample is missing at row 1"),
        (pd.DataFrame({"A": [1.0]}), ["A"], "a DataFrame has a column for each sample"),
        (pd.DataFrame({"A": [1.0, np.nan]}), None, "missing"),
    ],
)
def test_labels_of_bad_expression_are_refused(expression, sample, message):
    with pytest.raises(ValueError, match=message):
        high_low(expression, sample)

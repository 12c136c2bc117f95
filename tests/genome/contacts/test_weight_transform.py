"""The scale of contact weights: what a transform may do, and what it learns."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline

from skchromo import InteractionTransformer
from skchromo.genome.contacts import PAPER_FREQUENCIES, weight_function

N_GENES = 40
GENES = pd.DataFrame(
    {
        "gene_id": [f"G{number}" for number in range(N_GENES)],
        "chrom": "chr1",
        "tss": 1_000_000 * np.arange(1, N_GENES + 1),
        "strand": "+",
    }
)


def contacts_of(scores):
    """Give each gene a contact of each of its scores."""
    rows = [
        [gene, "chr1", tss + 50_000 * at, tss + 50_000 * at + 4_000, score]
        for gene, tss, own in zip(GENES["gene_id"], GENES["tss"], scores, strict=False)
        for at, score in enumerate(own, start=1)
    ]
    return pd.DataFrame(rows, columns=["gene_id", "chrom", "start", "end", "score"])


RNG = np.random.default_rng(0)
SCORES = RNG.gamma(2, 30, (N_GENES, 6)) + 2
CONTACTS = contacts_of(SCORES)


def weights_of(table):
    return np.concatenate([cell.weight for cell in table["pcres"]])


def halve(weights):
    return weights / 2


class _MeanWeight(RegressorMixin, BaseEstimator):
    """Predict the mean weight of a gene's pCREs."""

    def fit(self, X, y):
        self.seen_ = weights_of(X)
        return self

    def predict(self, X):
        return np.array([cell.weight.mean() for cell in X["pcres"]])


def test_weights_are_the_scores_by_default():
    table = InteractionTransformer(CONTACTS).fit_transform(GENES)
    np.testing.assert_array_equal(weights_of(table), np.float32(-np.sort(-SCORES, axis=1)).ravel())
    assert not hasattr(InteractionTransformer(CONTACTS).fit(GENES), "training_weights_")


@pytest.mark.parametrize(
    ("transform", "function"), [("log1p", np.log1p), (np.sqrt, np.sqrt), (halve, halve)]
)
def test_functions_are_applied_to_the_scores(transform, function):
    plain = weights_of(InteractionTransformer(CONTACTS).fit_transform(GENES))
    table = InteractionTransformer(CONTACTS, weight_transform=transform).fit_transform(GENES)
    np.testing.assert_allclose(weights_of(table), function(plain), rtol=1e-6)


@pytest.mark.parametrize("transform", ["log1p", "rank", halve])
def test_only_weights_change(transform):
    plain = InteractionTransformer(CONTACTS, max_pcres=3).fit_transform(GENES)
    other = InteractionTransformer(CONTACTS, max_pcres=3, weight_transform=transform).fit_transform(
        GENES
    )
    for before, after in zip(plain["pcres"], other["pcres"], strict=True):
        assert before.chrom == after.chrom
        np.testing.assert_array_equal(before.start, after.start)
        np.testing.assert_array_equal(before.end, after.end)
        assert (before.max_pcres, before.max_pcre_length) == (after.max_pcres, 40_000)
        assert (np.diff(after.weight) <= 0).all()


@pytest.mark.parametrize("transform", ["log1p", "rank", halve])
def test_threshold_counts_in_the_units_of_the_list(transform):
    settings = {"weight_threshold": 60.0}
    plain = InteractionTransformer(CONTACTS, **settings).fit(GENES)
    other = InteractionTransformer(CONTACTS, weight_transform=transform, **settings).fit(GENES)
    n_pcres = [len(cell) for cell in plain.transform(GENES)["pcres"]]
    assert [len(cell) for cell in other.transform(GENES)["pcres"]] == n_pcres
    assert 0 < sum(n_pcres) == (np.float32(SCORES) > 60).sum() < SCORES.size
    assert other.n_contacts_ == plain.n_contacts_


@settings(max_examples=30)
@given(
    st.lists(
        st.lists(st.floats(0.01, 1e6).map(np.float32).map(float), min_size=1, max_size=5),
        min_size=2,
        max_size=8,
    ),
    st.sampled_from(["rank", "log1p"]),
)
def test_weights_rise_with_the_scores_and_stay_in_range(scores, transform):
    contacts = contacts_of(scores)
    genes = GENES[: len(scores)]
    settings = {"weight_threshold": None, "score_column": "score"}
    plain = InteractionTransformer(contacts, **settings).fit_transform(genes)
    fitted = InteractionTransformer(contacts, weight_transform=transform, **settings)
    before, after = weights_of(plain), weights_of(fitted.fit_transform(genes))
    order = np.argsort(before, kind="stable")
    assert (np.diff(after[order]) >= 0).all()
    assert (np.diff(after[order])[np.diff(before[order]) == 0] == 0).all()
    if transform == "rank":
        assert 1.5 <= after.min() <= after.max() <= 12.34
    alone = fitted.transform(genes[:1])
    np.testing.assert_array_equal(weights_of(alone), after[: len(scores[0])])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_ranks_have_the_scale_of_the_paper_whatever_the_scores(scale):
    contacts = CONTACTS.assign(score=CONTACTS["score"] * scale)
    transformer = InteractionTransformer(
        contacts, weight_threshold=None, weight_transform="rank", score_column="score"
    )
    weights = weights_of(transformer.fit_transform(GENES))
    assert np.median(weights) == pytest.approx(1.86, abs=0.005)
    assert np.quantile(weights, [0.25, 0.9]) == pytest.approx([1.68, 2.47], abs=0.02)
    assert 1.5 < weights.min() < 1.52
    assert 3.56 < weights.max() < 12.33


def test_ranks_are_those_of_the_pcres_that_are_used():
    transformer = InteractionTransformer(CONTACTS, max_pcres=2, weight_transform="rank").fit(GENES)
    best = np.sort(-np.sort(-SCORES, axis=1)[:, :2].ravel())
    np.testing.assert_allclose(transformer.training_weights_, best, rtol=1e-6)
    twice = pd.concat([GENES, GENES])
    again = clone(transformer).fit(twice)
    np.testing.assert_array_equal(again.training_weights_, transformer.training_weights_)


@pytest.mark.filterwarnings("ignore:.*belong to no gene:UserWarning")
def test_rows_outside_the_training_set_change_nothing():
    known = CONTACTS["gene_id"].isin(GENES["gene_id"][:30])
    other = CONTACTS.assign(score=CONTACTS["score"].where(known, CONTACTS["score"] * 100))
    tables = []
    for contacts in CONTACTS, other:
        transformer = InteractionTransformer(contacts, weight_transform="rank").fit(GENES[:30])
        np.testing.assert_allclose(
            transformer.training_weights_, np.sort(SCORES[:30].ravel()), rtol=1e-6
        )
        tables.append(transformer.transform(GENES[:30]))
        beyond = weights_of(transformer.transform(GENES[30:]))
        assert np.isfinite(beyond).all()
        assert beyond.max() <= weights_of(tables[-1]).max()
    assert_frame_equal(*tables)


def test_unseen_scores_are_interpolated_and_clipped():
    known = np.array([10.0, 20.0, 20.0, 40.0])
    by_rank = weight_function("rank", known)
    low, ten, middle, high, more = by_rank(np.array([0, 10, 15, 40, 1e9]))
    assert low == ten < middle < high == more
    assert by_rank(np.array([20.0])) == 1.86
    one = weight_function("rank", np.array([7.0]))
    assert one(np.array([5.0, 7.0, 9.0])).tolist() == [1.86] * 3


def test_constants_are_those_of_real_contacts(h1_e003):
    scores = pd.read_csv(h1_e003 / "interactions.tsv", sep="\t")["score"]
    for quantile, frequency in PAPER_FREQUENCIES.items():
        assert scores.quantile(quantile) == pytest.approx(frequency, rel=0.03)


def test_paper_frequencies_stay_nearly_as_they_are(h1_e003):
    genes = pd.read_csv(h1_e003 / "genes.tsv", sep="\t")
    path = h1_e003 / "interactions.tsv"
    plain = weights_of(InteractionTransformer(path).fit_transform(genes))
    ranked = weights_of(InteractionTransformer(path, weight_transform="rank").fit_transform(genes))
    assert np.abs(ranked - plain).mean() < 0.06
    assert np.median(ranked) == pytest.approx(1.86, abs=0.01)


def test_samples_share_one_scale():
    genes = pd.concat([GENES.assign(sample="a"), GENES.assign(sample="b")], ignore_index=True)
    sources = {"a": CONTACTS, "b": CONTACTS.assign(score=CONTACTS["score"] * 10), "c": CONTACTS}
    transformer = InteractionTransformer(sources, weight_transform="rank").fit(genes)
    assert len(transformer.training_weights_) == 2 * SCORES.size
    weights = weights_of(transformer.transform(genes))
    assert np.median(weights[: SCORES.size]) < 1.86 < np.median(weights[SCORES.size :])
    unseen = transformer.transform(GENES.assign(sample="c"))
    np.testing.assert_array_equal(weights_of(unseen), weights[: SCORES.size])


def test_nothing_to_learn_from_is_no_error_until_it_is_needed():
    none = InteractionTransformer(CONTACTS, max_pcres=0, weight_transform="rank")
    assert not any(map(len, none.fit_transform(GENES)["pcres"]))
    alone = pd.DataFrame({"gene_id": ["X"], "chrom": "chr1", "tss": 5, "strand": "+"})
    own = pd.concat([CONTACTS, CONTACTS[:1].assign(gene_id="X")])
    transformer = InteractionTransformer(
        own, weight_threshold=SCORES[0, 0], weight_transform="rank"
    )
    with pytest.warns(UserWarning, match="belong to no gene"):
        transformer.fit(alone)
    with pytest.raises(ValueError, match="has learned from no pCRE"):
        transformer.transform(GENES)


@pytest.mark.parametrize(
    ("transform", "needle"),
    [
        (lambda weights: weights[:-1], "must return an array of 240 numbers for 240 weights"),
        (lambda weights: 1.0, "must return an array of 240 numbers"),
        (lambda weights: None, "got NoneType None"),
        (lambda weights: ["x"] * len(weights), "got list"),
        (lambda weights: weights[:, None], r"got ndarray of shape \(240, 1\)"),
        (lambda weights: np.log(weights - weights), "makes -inf of the weight"),
        (lambda weights: weights * np.nan, "makes nan of the weight"),
        (lambda weights: -weights, "must not fall"),
        (lambda weights: 1 / weights, "a lower value than"),
        (lambda weights: weights / weights.max(), "treat each weight on its own"),
        (lambda weights: np.argsort(np.argsort(weights)), "treat each weight on its own"),
    ],
)
def test_functions_that_give_something_else_are_refused_in_fit(transform, needle):
    with pytest.raises(ValueError, match=f"weight_transform.*{needle}"):
        InteractionTransformer(CONTACTS, weight_transform=transform).fit(GENES)


def test_log_of_scores_that_have_none_is_refused():
    contacts = CONTACTS.assign(score=CONTACTS["score"] - 100)
    transformer = InteractionTransformer(contacts, weight_threshold=None, weight_transform="log1p")
    with pytest.raises(ValueError, match=r"makes nan of the weight .*set weight_threshold"):
        transformer.fit(GENES)


def test_functions_are_checked_again_in_transform():
    transformer = InteractionTransformer(CONTACTS, weight_transform=halve).fit(GENES)
    transformer.weight_transform = np.negative
    with pytest.raises(ValueError, match="must not fall"):
        transformer.transform(GENES)


def test_function_cannot_change_the_scores_that_it_is_given():
    def spoil(weights):
        weights *= 2
        return weights

    table = InteractionTransformer(CONTACTS, weight_transform=spoil).fit_transform(GENES)
    np.testing.assert_allclose(np.sort(weights_of(table)), np.sort(2 * SCORES.ravel()), rtol=1e-6)


@pytest.mark.parametrize("transform", ["log", "Rank", 2, True, ["rank"]])
def test_unknown_transforms_are_refused(transform):
    transformer = InteractionTransformer(CONTACTS, weight_transform=transform)
    with pytest.raises(ValueError, match="weight_transform must be None, 'log1p', 'rank' or a"):
        transformer.fit(GENES)


@pytest.mark.filterwarnings("ignore:.*belong to no gene:UserWarning")
@pytest.mark.parametrize("transform", [None, "log1p", "rank", halve])
def test_fitted_transformers_are_saved_and_cloned(transform, tmp_path):
    path = tmp_path / "contacts.tsv"
    CONTACTS.to_csv(path, sep="\t", index=False)
    fitted = InteractionTransformer(path, weight_transform=transform).fit(GENES[:20])
    table = fitted.transform(GENES)
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    for twin in pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "fitted.joblib"):
        assert_frame_equal(twin.transform(GENES), table)
    assert clone(fitted).get_params()["weight_transform"] is transform
    assert not hasattr(clone(fitted), "training_weights_")


@pytest.mark.filterwarnings("ignore:.*belong to no gene:UserWarning")
def test_grid_search_over_transforms():
    # the mean weight after halving
    y = SCORES.mean(axis=1) / 2
    pipe = Pipeline([("contacts", InteractionTransformer(CONTACTS)), ("model", _MeanWeight())])
    grid = {"contacts__weight_transform": [None, "log1p", "rank", halve]}
    search = GridSearchCV(pipe, grid, cv=KFold(4), n_jobs=1)
    search.fit(GENES, y)
    assert search.best_params_ == {"contacts__weight_transform": halve}
    assert search.best_score_ == pytest.approx(1.0)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()

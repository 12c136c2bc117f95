"""scikit-learn's searches, ensembles and other tools that hold an estimator, around ours."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - the import itself enables
from sklearn.feature_selection import RFE, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, RANSACRegressor, Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    permutation_test_score,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from small_models import TINY, make_regions

from skchromo import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    WindowSummary,
)

SMALL = {**TINY, "max_epochs": 1, "n_threads": 1}
CLASSIFIER, REGRESSOR = ChromoformerClassifier(**SMALL), ChromoformerRegressor(**SMALL)
FOLDS = GroupKFold(3)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "sklearn_tools.rst"


@pytest.fixture(scope="module")
def labels(y):
    return np.where(y > 3, "high", "low")


@pytest.fixture(scope="module")
def levels(y):
    """Three classes."""
    return np.array(["low", "middle", "high"])[np.digitize(y, [2.5, 3.5])]


@pytest.fixture(scope="module")
def chroms(X):
    return X.genes["chrom"]


HALVING = {"resource": "max_epochs", "min_resources": 1, "max_resources": 2, "factor": 2}
SEARCHES = {
    "grid": lambda **k: GridSearchCV(REGRESSOR, {"lr": [1e-3, 1e-2]}, **k),
    "random": lambda **k: RandomizedSearchCV(
        REGRESSOR, {"lr": [1e-3, 1e-2, 0.1]}, n_iter=2, random_state=0, **k
    ),
    "halving": lambda **k: HalvingGridSearchCV(REGRESSOR, {"lr": [1e-3, 1e-2]}, **HALVING, **k),
    "random halving": lambda **k: HalvingRandomSearchCV(
        REGRESSOR, {"lr": [1e-3, 1e-2, 0.1]}, n_candidates=2, random_state=0, **HALVING, **k
    ),
}


@pytest.mark.parametrize("kind", SEARCHES)
def test_searches_in_two_processes_find_what_one_finds(X, y, chroms, kind):
    alone, together = (
        SEARCHES[kind](cv=FOLDS, n_jobs=n_jobs, error_score="raise").fit(X, y, groups=chroms)
        for n_jobs in (None, 2)
    )
    scores = alone.cv_results_["mean_test_score"]
    assert len(set(scores)) > 1
    np.testing.assert_array_equal(together.cv_results_["mean_test_score"], scores)
    assert together.best_params_ == alone.best_params_
    np.testing.assert_array_equal(together.predict(X), alone.predict(X))


def test_classes_are_searched_too(X, labels, chroms):
    scores = [
        GridSearchCV(CLASSIFIER, {"lr": [1e-3, 0.1]}, cv=FOLDS, n_jobs=n_jobs, scoring="roc_auc")
        .fit(X, labels, groups=chroms)
        .cv_results_["mean_test_score"]
        for n_jobs in (None, 2)
    ]
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(*scores)


def test_two_conditions_are_searched_too(chroms):
    X = make_regions(n_conditions=2)
    y = np.random.default_rng(1).normal(size=len(X))
    # mean of y differs from 0 in folds, which only a head of its own can learn
    model = ChromoformerDiffRegressor(**SMALL, combine="both")
    search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=FOLDS, n_jobs=2, error_score="raise")
    assert np.isfinite(search.fit(X, y, groups=chroms).cv_results_["mean_test_score"]).all()


def test_other_tools_of_model_selection_in_two_processes(X, y, labels, chroms):
    options = {"groups": chroms, "cv": FOLDS}
    p = [
        cross_val_predict(CLASSIFIER, X, labels, method="predict_proba", n_jobs=n_jobs, **options)
        for n_jobs in (None, 2)
    ]
    np.testing.assert_array_equal(*p)
    np.testing.assert_allclose(p[0].sum(axis=1), 1)
    curves = [
        learning_curve(REGRESSOR, X, y, train_sizes=[0.5, 1.0], n_jobs=n_jobs, **options)
        for n_jobs in (None, 2)
    ]
    for ours, twin in zip(*curves):
        np.testing.assert_array_equal(ours, twin)
    assert curves[0][2].shape == (2, 3)


def test_permutation_within_groups_of_genes(X, y, chroms):
    seen = []

    def watched(model, part, target):
        seen.append((part.genes["gene_id"], np.asarray(target)))
        return model.score(part, target)

    permutation_test_score(
        REGRESSOR, X, y, groups=chroms, cv=FOLDS, n_permutations=3, scoring=watched, random_state=0
    )
    places = {gene: row for row, gene in enumerate(X.genes["gene_id"])}
    for genes, target in seen:
        rows = [places[gene] for gene in genes]
        for chrom in set(chroms[rows]):
            of_chrom = chroms[rows] == chrom
            assert sorted(target[of_chrom]) == sorted(y[chroms == chrom]), "y moved between groups"
    assert any((target != y[[places[gene] for gene in genes]]).any() for genes, target in seen)
    score, permuted, p = permutation_test_score(
        REGRESSOR, X, y, groups=chroms, cv=FOLDS, n_permutations=3, random_state=0
    )
    assert score == pytest.approx(cross_val_score(REGRESSOR, X, y, groups=chroms, cv=FOLDS).mean())
    assert len(set(permuted)) == 3
    assert 0 < p <= 1


def test_groups_are_routed_through_nested_searches(X, y, chroms):
    search = GridSearchCV(REGRESSOR, {"lr": [1e-3, 1e-2]}, cv=GroupKFold(2), error_score="raise")
    seen = []

    def watched(estimator, part, target):
        seen.append(set(part.genes["chrom"]))
        return estimator.score(part, target)

    search.set_params(scoring=watched)
    with config_context(enable_metadata_routing=True):
        scores = cross_val_score(
            search, X, y, cv=FOLDS, params={"groups": chroms}, error_score="raise"
        )
    assert np.isfinite(scores).all()
    assert len(seen) == 3 * (2 * 2 + 1)
    assert all(len(part) == 1 for part in seen), "a chromosome is on one side"


def test_groups_reach_the_folds_of_calibration(X, labels, chroms):
    model = CalibratedClassifierCV(CLASSIFIER, cv=FOLDS)
    with config_context(enable_metadata_routing=True):
        routed = model.fit(X, labels, groups=chroms).predict_proba(X)
    folds = list(FOLDS.split(X, labels, chroms))
    given = clone(model).set_params(cv=folds).fit(X, labels).predict_proba(X)
    np.testing.assert_array_equal(routed, given)


def seeds(model):
    """The same model under three seeds."""
    return [(f"seed{seed}", clone(model).set_params(random_state=seed)) for seed in range(3)]


def test_votes_over_seeds_are_means(X, y, labels):
    votes = VotingRegressor(seeds(REGRESSOR)).fit(X, y)
    each = [model.fit(X, y).predict(X) for _, model in seeds(REGRESSOR)]
    np.testing.assert_allclose(votes.predict(X), np.mean(each, axis=0))
    assert np.std(each, axis=0).min() > 0
    soft = VotingClassifier(seeds(CLASSIFIER), voting="soft").fit(X, labels)
    each = [model.fit(X, labels).predict_proba(X) for _, model in seeds(CLASSIFIER)]
    np.testing.assert_allclose(soft.predict_proba(X), np.mean(each, axis=0), atol=1e-12)
    hard = VotingClassifier(seeds(CLASSIFIER)).fit(X, labels)
    assert set(hard.predict(X)) <= {"high", "low"}


def test_stacks_of_seeds_on_folds_of_chromosomes(X, y, chroms):
    folds = list(FOLDS.split(X, y, chroms))
    stack = StackingRegressor(seeds(REGRESSOR), Ridge(), cv=folds).fit(X, y)
    columns = np.stack(
        [cross_val_predict(model, X, y, cv=folds) for _, model in seeds(REGRESSOR)], axis=1
    )
    np.testing.assert_allclose(stack.final_estimator_.coef_, Ridge().fit(columns, y).coef_)
    assert stack.predict(X).shape == (40,)


def test_a_stack_of_network_and_baseline(X, labels):
    baseline = make_pipeline(WindowSummary(core=400), StandardScaler(), LogisticRegression())
    stack = StackingClassifier([("network", CLASSIFIER), ("baseline", baseline)], cv=3)
    p = stack.fit(X, labels).predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert stack.final_estimator_.coef_.shape == (1, 2)


def test_expression_itself_is_predicted_by_way_of_its_logarithm(X, y):
    expression = np.exp2(y) - 1
    model = TransformedTargetRegressor(
        REGRESSOR, func=lambda x: np.log2(x + 1), inverse_func=lambda x: np.exp2(x) - 1
    )
    predicted = model.fit(X, expression).predict(X)
    np.testing.assert_allclose(np.log2(predicted + 1), clone(REGRESSOR).fit(X, y).predict(X))
    assert predicted.shape == (40,)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibrated_probabilities(X, labels, levels, method):
    for target in (labels, levels):
        model = CalibratedClassifierCV(CLASSIFIER, method=method, cv=3).fit(X, target)
        p = model.predict_proba(X)
        assert model.classes_.tolist() == sorted(set(target))
        assert p.shape == (40, len(model.classes_))
        assert ((p >= 0) & (p <= 1)).all()
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_calibration_of_a_fitted_model_keeps_its_ranks(X, labels):
    fitted = clone(CLASSIFIER).set_params(max_epochs=8).fit(X, labels)
    model = CalibratedClassifierCV(FrozenEstimator(fitted), method="temperature").fit(X, labels)
    raw, calibrated = fitted.predict_proba(X)[:, 0], model.predict_proba(X)[:, 0]
    np.testing.assert_array_equal(np.argsort(calibrated), np.argsort(raw))
    assert not np.allclose(calibrated, raw)


def test_thresholds_and_several_targets(X, y, labels, levels):
    tuned = TunedThresholdClassifierCV(CLASSIFIER, cv=3).fit(X, labels)
    assert set(tuned.predict(X)) <= {"high", "low"}
    strict = FixedThresholdClassifier(CLASSIFIER, threshold=1.0, pos_label="high").fit(X, labels)
    assert set(strict.predict(X)) == {"low"}
    each = OneVsRestClassifier(CLASSIFIER).fit(X, levels)
    np.testing.assert_allclose(each.predict_proba(X).sum(axis=1), 1)
    both = MultiOutputRegressor(REGRESSOR).fit(X, np.stack([y, -y], axis=1))
    np.testing.assert_array_equal(both.predict(X)[:, 0], clone(REGRESSOR).fit(X, y).predict(X))
    classes = MultiOutputClassifier(CLASSIFIER).fit(X, np.stack([labels, levels], axis=1))
    assert classes.predict(X).shape == (40, 2)


# Tools that need two axes: they refuse X itself, and take the table of a WindowSummary.
NEEDS_A_TABLE = {
    "BaggingRegressor": lambda m: BaggingRegressor(m, n_estimators=2, random_state=0),
    "AdaBoostRegressor": lambda m: AdaBoostRegressor(m, n_estimators=2, random_state=0),
    "RANSACRegressor": lambda m: RANSACRegressor(m, min_samples=25, random_state=0),
    "RegressorChain": RegressorChain,
    "RFE": lambda m: RFE(m, n_features_to_select=2),
    "SequentialFeatureSelector": lambda m: SequentialFeatureSelector(m, n_features_to_select=1),
    "OneVsOneClassifier": OneVsOneClassifier,
    "OutputCodeClassifier": lambda m: OutputCodeClassifier(m, random_state=0),
    "ClassifierChain": ClassifierChain,
    "SelfTrainingClassifier": SelfTrainingClassifier,
}


def target_of(name, y, levels):
    if name.endswith("Chain"):
        return np.stack([y > 3, y > 2.5], axis=1).astype(int)
    if name == "SelfTrainingClassifier":
        return np.where(np.arange(40) % 4, (y > 3).astype(int), -1)
    return levels if name.endswith("Classifier") else y


@pytest.mark.parametrize("name", NEEDS_A_TABLE)
def test_what_needs_a_table_takes_a_summary(X, y, levels, name):
    target, make = target_of(name, y, levels), NEEDS_A_TABLE[name]
    is_classifier = name.endswith("Classifier") or name == "ClassifierChain"
    with pytest.raises(TypeError, match=r"does not turn into an ndarray .* WindowSummary"):
        make(CLASSIFIER if is_classifier else REGRESSOR).fit(X, target)
    model = LogisticRegression(max_iter=1000) if is_classifier else Ridge()
    make_pipeline(WindowSummary(core=400), StandardScaler(), make(model)).fit(X, target)


def test_columns_of_a_summary_have_importances_that_regions_have_not(X, y):
    with pytest.raises(TypeError, match="does not turn into an ndarray"):
        permutation_importance(clone(REGRESSOR).fit(X, y), X, y)
    table = WindowSummary(core=400).set_output(transform="pandas").fit_transform(X)
    found = permutation_importance(Ridge().fit(table, y), table, y, n_repeats=2, random_state=0)
    assert len(found.importances_mean) == table.shape[1]


def test_the_page_lists_what_needs_a_table():
    _, section = PAGE.read_text(encoding="utf-8").split("Tools that need a table")
    listed = set(re.findall(r"^- ``(\w+)``$", section, re.MULTILINE))
    others = {"ColumnTransformer", "StandardScaler", "permutation_importance"}
    assert listed == {*NEEDS_A_TABLE, *others}


def test_summaries_are_joined_and_parted(X, y):
    union = FeatureUnion([("narrow", WindowSummary(core=200)), ("wide", WindowSummary(core=800))])
    table = union.set_output(transform="pandas").fit_transform(X)
    assert table.columns.tolist() == union.get_feature_names_out().tolist()
    assert table.columns[0] == "narrow__H3K4me3_core"
    assert not table["narrow__H3K4me3_core"].equals(table["wide__H3K4me3_core"])
    selector = make_column_selector("^H3K4me3")
    by_mark = ColumnTransformer([("marks", StandardScaler(), selector)])
    summary = WindowSummary(core=200).set_output(transform="pandas")
    pipe = make_pipeline(summary, by_mark, Ridge()).fit(X, y)
    assert pipe[-1].n_features_in_ == len(summary.fit(X).windows_)
    with pytest.raises(ValueError, match="should be a 2D NumPy array"):
        ColumnTransformer([("marks", StandardScaler(), [0])]).fit(X)
    with pytest.raises(TypeError, match="does not turn into an ndarray"):
        StandardScaler().fit(X)


cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no cuda device here")


@cuda
@pytest.mark.gpu
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_searches_on_a_gpu(X, y, chroms, n_jobs):
    model = clone(REGRESSOR).set_params(device="cuda")
    scores = cross_val_score(
        model, X, y, groups=chroms, cv=FOLDS, n_jobs=n_jobs, error_score="raise"
    )
    on_cpu = cross_val_score(REGRESSOR, X, y, groups=chroms, cv=FOLDS)
    np.testing.assert_allclose(scores, on_cpu, rtol=1e-2, atol=1e-2)
    search = GridSearchCV(
        model, {"lr": [1e-3, 1e-2]}, cv=FOLDS, n_jobs=n_jobs, error_score="raise"
    ).fit(X, y, groups=chroms)
    assert search.best_estimator_.device_ == "cuda"


@cuda
@pytest.mark.gpu
def test_memory_of_a_gpu_is_free_after_each_fit():
    X = make_regions(n_genes=2_000, n_bins=400)
    y = np.random.default_rng(1).normal(size=len(X))
    model = clone(REGRESSOR).set_params(device="cuda")
    model.fit(X[:50], y[:50])
    before, held = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
    for _ in range(2):
        model.fit(X, y)
        assert torch.cuda.memory_allocated() < before + X.signal.nbytes / 10
        # what torch holds back for itself is missing to other processes
        assert torch.cuda.memory_reserved() < held + X.signal.nbytes / 2
    cross_val_score(model, X, y, cv=3, error_score="raise")
    assert torch.cuda.memory_allocated() < before + X.signal.nbytes / 10

"""scikit-learn's own checks of the estimators, on small networks."""

import inspect
from unittest import SkipTest

import pytest
from sklearn.datasets import make_blobs
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

import skchromo
from skchromo import ChromoformerClassifier, ChromoformerDiffRegressor, ChromoformerRegressor

SMALL = {
    "bin_sizes": (200, 100),
    "d_model": 16,
    "embedding_d_ff": 16,
    "pairwise_n_layers": 1,
    "pairwise_d_ff": 16,
    "regulation_n_layers": 1,
    "regulation_n_heads": 2,
    "regulation_d_attention": 16,
    "regulation_d_ff": 16,
    "d_output": 16,
    "lr": 1e-2,
    "lr_schedule": "one_cycle",
    "batch_size": 32,
    "max_epochs": 30,
    "device": "cpu",
    "random_state": 0,
}
ESTIMATORS = [
    ChromoformerClassifier(**SMALL),
    ChromoformerRegressor(**SMALL),
    # a difference of two halves cannot learn what scikit-learn's made-up columns mean
    ChromoformerDiffRegressor(**SMALL, combine="concat"),
]


def blobs_that_are_not_negative(*args, **kwargs):
    X, y = make_blobs(*args, **kwargs)
    return X - X.min(), y


@parametrize_with_checks(ESTIMATORS, xfail_strict=True)
def test_common_checks(estimator, check, monkeypatch):
    # The checks shift their data for the tag positive_only, except in this one: its blobs lie
    # around 0, where signal is refused.
    if check.func.__name__ == "check_class_weight_classifiers":
        monkeypatch.setattr(estimator_checks, "make_blobs", blobs_that_are_not_negative)
    try:
        check(estimator)
    except SkipTest as reason:
        pytest.fail(f"skipped, so that it holds nothing: {reason}")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_the_suite_is_not_switched_off_by_a_tag(estimator):
    assert len(list(estimator_checks_generator(estimator))) > 45
    tags = get_tags(estimator)
    assert not tags._skip_test
    assert not getattr(tags.classifier_tags, "poor_score", False)
    assert not getattr(tags.regressor_tags, "poor_score", False)


@pytest.mark.parametrize("name", [n for n in skchromo.__all__ if callable(getattr(skchromo, n))])
def test_no_signature_has_sample_weight(name):
    found = getattr(skchromo, name)
    members = [member for _, member in inspect.getmembers(found, inspect.isroutine)]
    for one in [found, *members]:
        if str(getattr(one, "__module__", "")).startswith("skchromo"):
            assert "sample_weight" not in inspect.signature(one).parameters, one

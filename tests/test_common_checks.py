"""scikit-learn's own checks of the estimators, on small networks."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

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
    "lr_decay": 0.95,
    "batch_size": 32,
    "max_epochs": 30,
    "device": "cpu",
    "random_state": 0,
}
ESTIMATORS = [
    ChromoformerClassifier(**SMALL),
    ChromoformerRegressor(**SMALL, scale_target=True),
    # a difference of two halves cannot learn what scikit-learn's made-up columns mean
    ChromoformerDiffRegressor(**SMALL, combine="concat"),
]


@parametrize_with_checks(ESTIMATORS)
def test_common_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_the_suite_is_not_switched_off_by_a_tag(estimator):
    assert len(list(estimator_checks_generator(estimator))) > 45

"""randomisation_check: attributions change with weights and labels, or the check says so."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from small_models import TINY, promoters_alone

from skchromo import ChromoformerClassifier, ChromoformerRegressor
from skchromo.inspection import attributions, randomisation_check

LAYERS = ["head 2", "head 1", "regulation 1", "pairwise 1", "pairwise input"]
LAYERS += ["embedding 1", "embedding input"]
FEW = {"n_steps": 4, "random_state": 0}


class Remembering(ChromoformerRegressor):
    """A regressor that remembers the targets of its fits."""

    seen = ()

    def fit(self, X, y):
        Remembering.seen += (np.array(y),)
        return super().fit(X, y)


def of_mode(table, mode):
    return table[table["mode"] == mode].reset_index(drop=True)


def mean_correlation(a, b):
    """Mean over genes of rank correlations of bins that are there and not 0 in both."""
    pairs = []
    for before, after in zip(a, b):
        counted = ~np.isnan(before) & ~((before == 0) & (after == 0))
        pairs.append(spearmanr(before[counted], after[counted]).statistic)
    return np.mean(pairs)


def test_attributions_fall_apart_as_layers_are_randomised(X, y, fitted):
    before = fitted.predict(X)
    table = randomisation_check(fitted, X[:12], **FEW)
    cascading, independent = (of_mode(table, mode) for mode in ("cascading", "independent"))
    assert cascading["layer"].tolist() == independent["layer"].tolist() == LAYERS
    assert cascading["correlation"].iloc[-1] < 0.5
    assert (independent["correlation"] < 0.999).all()
    assert (independent["correlation"] > cascading["correlation"].iloc[-1]).any()
    # a layer is shuffled alike in both modes
    columns = ["correlation", "correlation_abs"]
    np.testing.assert_array_equal(cascading.loc[0, columns], independent.loc[0, columns])
    assert (table["n_genes"] == 12).all()
    assert table.equals(randomisation_check(fitted, X[:12], **FEW))
    np.testing.assert_array_equal(fitted.predict(X), before)


@pytest.mark.filterwarnings("error")
def test_permuted_labels_are_compared_with_the_trained_model(X, y):
    Remembering.seen = ()
    model = Remembering(**TINY).fit(X, y)
    search = GridSearchCV(model, {"lr": [1e-3]}, cv=2).fit(X, y)
    Remembering.seen = ()
    table = randomisation_check(FrozenEstimator(search), X, y, **FEW)
    (permuted,) = Remembering.seen
    assert sorted(permuted) == sorted(y)
    assert (permuted != y).any()
    other = ChromoformerRegressor(**TINY).fit(X, permuted)
    values = [attributions(m, X, n_steps=4).values for m in (search.best_estimator_, other)]
    (row,) = of_mode(table, "labels").to_dict("records")
    assert row["layer"] == "all"
    np.testing.assert_allclose(row["correlation"], mean_correlation(*values))
    np.testing.assert_allclose(row["correlation_abs"], mean_correlation(*np.abs(values)))


def test_model_that_ignores_its_weights_is_caught(X, y, fitted):
    model = ChromoformerRegressor(**TINY).fit(X, y)
    model.net_.module_.forward = mean_of_promoters
    with pytest.warns(UserWarning, match=r"attributions hardly change .* \(rank correlation 1.00"):
        table = randomisation_check(model, X[:12], **FEW)
    assert (table["correlation"] > 0.999).all()


def mean_of_promoters(batch):
    """Predict the mean of the finest bins of promoters, whatever the weights are."""
    others = sum(part.features.sum() for group in [batch.promoters, *batch.pairs] for part in group)
    return batch.promoters[-1].features.mean(dim=(1, 2))[: len(batch), None] + 0 * others


def test_linear_skip_is_a_layer_and_pairwise_is_left_out_without_pcres(X, y):
    X, high = promoters_alone(X), np.where(y > np.median(y), "high", "low")
    model = ChromoformerClassifier(**TINY, linear_skip=True).fit(X, high)
    table = randomisation_check(model, X[:12], **FEW, class_of_interest="low")
    expected = ["linear skip", *(layer for layer in LAYERS if "pairwise" not in layer)]
    assert of_mode(table, "cascading")["layer"].tolist() == expected
    assert of_mode(table, "independent")["correlation"][0] < 0.9


def test_y_of_another_length_is_refused(X, y, fitted):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        randomisation_check(fitted, X, y[:-1])

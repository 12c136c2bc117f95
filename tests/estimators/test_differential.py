"""ChromoformerDiffRegressor: two conditions of each gene."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler
from small_models import TINY, changed, make_regions

from skchromo import ChromoformerDiffRegressor, ChromoformerRegressor, RegionArray
from skchromo.inspection import attributions

DIFF = {**TINY, "lr": 1e-2}


@pytest.fixture(scope="module")
def X():
    return make_regions(n_conditions=2)


@pytest.fixture(scope="module")
def y(X):
    y = np.random.default_rng(1).normal(0.0, 2.0, len(X))
    return y - y.mean()


def swapped(X):
    return RegionArray.stack(X.condition("b"), X.condition("a"))


@pytest.mark.parametrize("linear_skip", [False, True])
def test_swapping_the_conditions_negates_the_prediction_exactly(X, y, linear_skip):
    model = ChromoformerDiffRegressor(**DIFF, linear_skip=linear_skip).fit(X, y)
    predicted = model.predict(X)
    assert predicted.std() > 0
    np.testing.assert_array_equal(model.predict(swapped(X)), -predicted)
    same = RegionArray.stack(X.condition("a"), X.condition("a"))
    assert not model.predict(same).any()


@pytest.mark.parametrize("combine", ["concat", "both"])
@pytest.mark.parametrize("linear_skip", [False, True])
def test_heads_over_both_conditions_learn_an_offset(X, y, combine, linear_skip):
    params = {**DIFF, "combine": combine, "linear_skip": linear_skip, "max_epochs": 20}
    model = ChromoformerDiffRegressor(**params).fit(X, y + 50)
    assert model.offset_ == pytest.approx(50)
    assert abs(model.predict(X).mean() - 50) < 2
    assert not np.allclose(model.predict(swapped(X)), 100 - model.predict(X), atol=1e-3)


def test_both_is_the_sum_of_its_parts(X, y):
    model = ChromoformerDiffRegressor(**DIFF, combine="both").fit(X, y)
    module = model.net_.module_
    total = model.predict(X)
    head, module.head = module.head, None
    difference = model.predict(X)
    module.head, module.combine = head, "concat"
    np.testing.assert_allclose(model.predict(X) + difference, total, rtol=1e-4, atol=1e-5)


def test_training_starts_as_the_difference_of_a_regressor(X, y):
    level = np.random.default_rng(2).normal(5.0, 2.0, len(X))
    regressor = ChromoformerRegressor(**DIFF, scale_target=True).fit(X.condition("a"), level)
    still = {**DIFF, "lr": 1e-12, "init_from": regressor}
    model = ChromoformerDiffRegressor(**still).fit(X, y)
    expected = regressor.predict(X.condition("b")) - regressor.predict(X.condition("a"))
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)
    again = ChromoformerRegressor(**{**DIFF, "lr": 1e-12, "init_from": model})
    again.fit(X.condition("a"), level)
    np.testing.assert_allclose(
        again.predict(X.condition("b")) - again.predict(X.condition("a")), expected, atol=1e-4
    )


def test_checkpoints_of_a_regressor_give_differences(X, y, tmp_path):
    regressor = ChromoformerRegressor(**DIFF).fit(X.condition("a"), y)
    regressor.save_checkpoint(tmp_path / "regressor.pt")
    wide = changed(X, n_bins=400)  # the longest pCRE of a checkpoint's positions is 40 kb
    model, alone = (
        cls.from_checkpoint(tmp_path / "regressor.pt", tracks=X.tracks, window=1600)
        for cls in (ChromoformerDiffRegressor, ChromoformerRegressor)
    )
    expected = alone.predict(wide.condition("b")) - alone.predict(wide.condition("a"))
    np.testing.assert_allclose(model.predict(wide), expected, atol=1e-6)
    model.save_checkpoint(tmp_path / "again.pt")
    a, b = (torch.load(tmp_path / f"{name}.pt")["net"] for name in ("regressor", "again"))
    assert all(torch.equal(a[name], b[name]) for name in a)
    both = ChromoformerDiffRegressor(**DIFF, combine="both").fit(X, y)
    with pytest.raises(ValueError, match="has a head that the reference"):
        both.save_checkpoint(tmp_path / "both.pt")


def test_plain_arrays_of_every_number_of_axes_agree(y):
    values = np.random.default_rng(0).poisson(3.0, (40, 2, 1, 8, 1)).astype(float)
    tiny = {**DIFF, "bin_sizes": (200, 100)}
    model = ChromoformerDiffRegressor(**tiny).fit(values, y)
    expected = model.predict(values)
    for part in (values[:, :, 0], values[:, :, 0, :, 0], values[:, :, 0, :, 0].reshape(40, 16)):
        same = clone(model).fit(part, y)
        np.testing.assert_array_equal(same.predict(part), expected)
    odd = values[:, 0, 0, :7, 0]
    halves = np.stack([odd[:, :4], odd[:, 3:]], axis=1)
    np.testing.assert_array_equal(
        clone(model).fit(odd, y).predict(odd), clone(model).fit(halves, y).predict(halves)
    )


def test_wrong_numbers_of_conditions_are_refused(X, y):
    model = ChromoformerDiffRegressor(**DIFF)
    with pytest.raises(ValueError, match="sample_a and sample_b"):
        model.fit(X.condition("a"), y)
    with pytest.raises(ValueError, match="second axis of X must hold the conditions"):
        model.fit(np.ones((40, 3, 8)), y)
    with pytest.raises(ValueError, match="of one condition"):
        ChromoformerRegressor(**DIFF).fit(X, y)
    with pytest.raises(ValueError, match="combine must be 'difference'"):
        ChromoformerDiffRegressor(**DIFF, combine="sum").fit(X, y)


def test_a_mean_far_from_0_is_warned_about_and_not_added(X, y):
    model = ChromoformerDiffRegressor(**DIFF)
    with pytest.warns(UserWarning, match="y has a mean of 3"):
        model.fit(X, y + 3)
    np.testing.assert_array_equal(model.predict(swapped(X)), -model.predict(X))


def test_cross_validation_is_in_the_scale_of_y(X, y):
    model = TransformedTargetRegressor(
        ChromoformerDiffRegressor(**DIFF), transformer=StandardScaler()
    )
    predicted = cross_val_predict(model, X, 1000 * y, cv=GroupKFold(3), groups=X.genes["chrom"])
    assert predicted.shape == (40,)
    assert 1 < predicted.std() < 5000


def test_warm_start_and_early_stopping_work(X, y):
    whole = ChromoformerDiffRegressor(**{**DIFF, "max_epochs": 4}).fit(X, y)
    model = ChromoformerDiffRegressor(**DIFF, warm_start=True).fit(X, y)
    model.set_params(max_epochs=4).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))
    stopped = ChromoformerDiffRegressor(
        **{**DIFF, "max_epochs": 40, "lr": 0.1}, early_stopping=True, n_iter_no_change=2
    ).fit(X, y)
    assert "valid_loss" in stopped.history_[-1]


@pytest.mark.parametrize("linear_skip", [False, True])
def test_the_regressor_inside_can_be_looked_into(X, y, linear_skip):
    model = ChromoformerDiffRegressor(**DIFF, scale_target=True, linear_skip=linear_skip)
    inside = model.fit(X, y).as_regressor()
    levels = [inside.predict(X.condition(name)) for name in "ab"]
    np.testing.assert_allclose(levels[1] - levels[0], model.predict(X), atol=1e-5)
    a, b = (attributions(inside, X.condition(name)) for name in "ab")
    np.testing.assert_allclose(b.prediction - a.prediction, model.predict(X), atol=1e-5)
    with pytest.raises(TypeError, match="as_regressor"):
        attributions(model, X)
    both = ChromoformerDiffRegressor(**DIFF, combine="both").fit(X, y)
    with pytest.raises(ValueError, match="not a difference of two levels"):
        both.as_regressor()


def test_unknown_conditions_are_refused(X):
    with pytest.raises(ValueError, match='"a" or "b"'):
        X.condition(0)

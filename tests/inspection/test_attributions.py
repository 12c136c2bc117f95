"""Attributions: they sum to the explained change, and are the gradients of predictions."""

import numpy as np
import pytest
from small_models import TINY, changed, log_odds

from skchromo import ChromoformerClassifier, ChromoformerRegressor, RegionArray
from skchromo.inspection import attributions

TRACKS = ("H3K4me3", "ATAC")


@pytest.fixture(scope="module")
def fitted(X, y):
    return ChromoformerRegressor(**{**TINY, "max_epochs": 15, "lr": 5e-3}).fit(X, y)


def level_of(X, levels):
    """Regions whose signal is one level a track."""
    return changed(X, signal=np.broadcast_to(np.float32(levels), X.signal.shape).copy())


@pytest.mark.parametrize(
    ("baseline", "levels"), [(0.0, [0, 0]), (1.5, [1.5, 1.5]), ({"ATAC": 4, "H3K4me3": 0}, [0, 4])]
)
def test_attributions_sum_to_the_difference_of_predictions(X, fitted, baseline, levels):
    result = attributions(fitted, X, baseline=baseline, n_steps=256)
    difference = fitted.predict(X) - fitted.predict(level_of(X, levels))
    np.testing.assert_allclose(result.prediction, fitted.predict(X), atol=1e-5)
    explained = result.prediction - result.baseline_prediction
    np.testing.assert_allclose(explained, difference, atol=1e-5)
    assert np.abs(difference).max() > 0.1
    assert np.abs(result.error).max() < 0.02 * np.abs(difference).max()
    total = np.nansum(result.values.astype(float), axis=(1, 2, 3))
    np.testing.assert_allclose(total, difference, atol=0.02 * np.abs(difference).max())


def test_error_falls_with_steps(X, fitted):
    few, many = (attributions(fitted, X[:10], n_steps=n).error for n in (4, 256))
    assert np.abs(many).mean() < 0.05 * np.abs(few).mean()
    assert np.abs(many).max() < 5e-3


def test_error_stays_small_on_large_signal(X, fitted):
    X = changed(X, signal=X.signal * np.float32(500))
    result = attributions(fitted, X)
    difference = result.prediction - result.baseline_prediction
    assert np.abs(result.error).max() < 0.1 * np.abs(difference).max()
    assert np.abs(result.error).mean() < 0.02 * np.abs(difference).max()


def test_attributions_cover_the_bins_of_regions(X, fitted):
    values = X.to_dense().values
    result = attributions(fitted, X)
    np.testing.assert_array_equal(np.isnan(result.values), np.isnan(values))
    assert (result.values[values == 0] == 0).all()


def bumped(X, gene, region, number, track, amount):
    """Regions with one finest bin of one gene changed."""
    signal = X.signal.copy()
    signal[X.offsets[X.index[gene, region]] + number, track] += amount
    return changed(X, signal=signal)


def test_gradient_x_input_is_the_derivative_of_the_prediction(X, fitted):
    """By each finest bin, through all bin sizes: the last, cut short by its region's end, too."""
    result = attributions(fitted, X, method="gradient_x_input", baseline=0.3)
    got, expected = [], []
    for gene in (0, 8, 31):
        for region in np.flatnonzero(X.index[gene] >= 0):
            first, last = X.offsets[X.index[gene, region] + np.arange(2)]
            for number in {0, (last - first) // 2, last - first - 1}:
                up, down = (
                    fitted.predict(bumped(X, gene, region, number, 1, step)[[gene]])[0]
                    for step in (0.03, 0.0)
                )
                got.append(result.values[gene, region, number, 1])
                expected.append((up - down) / 0.03 * (X.signal[first + number, 1] - 0.3))
    got, expected = np.array(got), np.array(expected)
    assert len(got) > 15
    assert np.abs(expected).max() > 3e-3
    np.testing.assert_allclose(got, expected, atol=0.05 * np.abs(expected).max())


def test_attributions_find_the_planted_track_and_bins():
    rng = np.random.default_rng(0)
    values = rng.poisson(3.0, (200, 16, 2))
    y = 3 * np.log1p(values[:, 4:8, 1].mean(axis=1))
    X = RegionArray.from_dense(values, tracks=TRACKS)
    model = ChromoformerRegressor(**{**TINY, "lr": 1e-2, "max_epochs": 40}).fit(X, y)
    size = np.abs(attributions(model, X).values[:, 0]).mean(axis=0)
    assert size[4:8, 1].sum() > 0.5 * size.sum()
    assert size[:, 0].sum() < 0.2 * size.sum()


def test_classifier_attributions_explain_log_odds(X):
    y = np.arange(40) % 2
    model = ChromoformerClassifier(**TINY).fit(X, y)
    one, other = attributions(model, X), attributions(model, X, class_of_interest=0)
    np.testing.assert_allclose(one.prediction, log_odds(model, X, 1), atol=1e-5)
    np.testing.assert_allclose(other.values, -one.values, atol=1e-6)
    three = ChromoformerClassifier(**TINY).fit(X, np.arange(40) % 3)
    result = attributions(three, X, class_of_interest=2)
    np.testing.assert_allclose(result.prediction, log_odds(three, X, 2), atol=1e-5)
    with pytest.raises(ValueError, match="one of the 3 classes"):
        attributions(three, X)


def test_attributions_of_a_gene_do_not_depend_on_other_genes(X, fitted):
    every, alone = attributions(fitted, X), attributions(fitted, X[[35]])
    np.testing.assert_allclose(alone.values, every.values[[35]], atol=1e-6)


def test_attributions_leave_the_model_unchanged(X, fitted):
    module = fitted.net_.module_
    module.train()
    weights = {name: value.clone() for name, value in module.state_dict().items()}
    attributions(fitted, X[:2])
    assert all(part.training for part in module.modules())
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert all((value == weights[name]).all() for name, value in module.state_dict().items())


def test_frames_locate_bins_and_sum_regions(X, fitted):
    X = changed(X[:3], genes={"gene_id": list("ABC"), "strand": ["-"] * 3})
    result = attributions(fitted, X)
    table = result.to_frame("bin")
    assert table.columns.tolist() == [
        *("gene_id", "region", "chrom", "start", "end", "track", "attribution")
    ]
    assert len(table) == (~np.isnan(result.values)).sum()
    promoter = table.query("gene_id == 'B' & region == 0 & track == 'ATAC'")
    assert promoter["start"].tolist() == list(range(1500, -100, -100))
    np.testing.assert_array_equal(promoter["attribution"], result.values[1, 0, :, 1])
    by_region = result.to_frame()
    total = table.groupby(["gene_id", "region", "track"])["attribution"].sum()
    by_region = by_region.set_index(["gene_id", "region", "track"])["attribution"]
    assert len(total) == len(by_region) == 2 * (X.index >= 0).sum()
    np.testing.assert_allclose(by_region[total.index], total, atol=1e-5)
    with pytest.raises(ValueError, match="by must be 'region' or 'bin'"):
        result.to_frame("track")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "saliency"}, "method must be 'integrated_gradients' or 'gradient_x_input'"),
        ({"n_steps": 0}, "n_steps must be an integer of at least 1"),
        ({"baseline": {"ATAC": 1.0}}, "one level for each of the tracks H3K4me3, ATAC"),
        ({"baseline": -1.0}, "finite and 0 or more"),
        ({"class_of_interest": 1}, "class_of_interest is for classifiers"),
    ],
)
def test_wrong_parameters_are_refused(X, fitted, parameters, message):
    with pytest.raises(ValueError, match=message):
        attributions(fitted, X, **parameters)

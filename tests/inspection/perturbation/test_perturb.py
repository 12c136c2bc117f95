"""Perturbations: against the same change made by hand, and in estimators of every kind."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from small_models import TINY, changed, log_odds, make_regions, promoters_alone

from skchromo import ChromoformerClassifier, ChromoformerRegressor, RegionArray
from skchromo.inspection import Perturbation, perturb

TRACKS = ("H3K4me3", "ATAC")


@pytest.fixture(scope="module")
def X():
    """Genes on both strands; each pair of neighbours shares its first pCRE."""
    X = make_regions()
    index = X.index.copy()
    shared = (index[0::2, 1] >= 0) & (index[1::2, 1] >= 0)
    index[1::2, 1] = np.where(shared, index[0::2, 1], index[1::2, 1])
    start = 10_000 * np.arange(len(X.lengths))
    strand = np.where(np.arange(40) % 3, "+", "-")
    return changed(
        X,
        index=index,
        start=start,
        end=start + X.lengths,
        chrom=["chr1"] * len(start),
        genes={**X.genes, "strand": strand},
    )


def by_hand(X, change):
    """Regions after ``change(values, lengths, weights)`` of dense arrays in place."""
    values, weights, lengths = X.to_dense()
    change(values, lengths, weights)
    values[np.isnan(values)] = 0
    return RegionArray.from_dense(values, weights, lengths, tracks=X.tracks)


def agrees(fitted, X, perturbation, change):
    """Compare the change of predictions with the same change by hand; return the changed genes."""
    effects = perturb(fitted, X, perturbation)
    expected = fitted.predict(by_hand(X, change)) - fitted.predict(X)
    found = ~np.isnan(effects.change[:, 0])
    np.testing.assert_array_equal(effects.prediction, fitted.predict(X))
    np.testing.assert_allclose(effects.change[found, 0], expected[found], atol=1e-6)
    np.testing.assert_allclose(expected[~found], 0, atol=1e-6)
    assert np.abs(effects.change[found]).max() > 1e-4
    return found


def no_atac(values, lengths, weights):
    values[..., 1] *= 0


def quarter_of_promoter(values, lengths, weights):
    values[:, 0] *= 0.25


def seven_in_pcres(values, lengths, weights):
    values[:, 1:, :, 0] = 7


def more_in_second_pcre(values, lengths, weights):
    values[:, 2] += 3


def nothing_downstream(values, lengths, weights):
    values[:, 0, 8:10] *= 0  # [0, 200)
    values[:, 0, 10] *= 0.5  # [200, 250) of [200, 300)


def bell(values, lengths, weights):
    u = np.linspace(-1, 1, 400_001)
    height = (1 + np.cos(np.pi * (u[1:] + u[:-1]) / 2)) / 2
    values[:, 0, 6:10, 0] += 5 * height.reshape(4, -1).mean(axis=1)


def triple_weights(values, lengths, weights):
    weights[:] *= 3


def one_weight(values, lengths, weights):
    weights[:, 0] = np.where(lengths[:, 1] > 0, 1.25, 0)


def no_first_pcre(values, lengths, weights):
    lengths[:, 1] = weights[:, 0] = 0


@pytest.mark.parametrize(
    ("perturbation", "change", "region"),
    [
        (Perturbation("knock_out", tracks="ATAC"), no_atac, 0),
        (Perturbation("scale", 0.25, regions="promoter"), quarter_of_promoter, 0),
        (Perturbation("set", 7, tracks=["H3K4me3"], regions="pcres"), seven_in_pcres, 1),
        (Perturbation("add", 3, regions=2), more_in_second_pcre, 2),
        (Perturbation("knock_out", window=(0, 250)), nothing_downstream, 0),
        (Perturbation("peak", 5, tracks="H3K4me3", window=(-200, 200)), bell, 0),
        (Perturbation("scale_weight", 3), triple_weights, 1),
        (Perturbation("set_weight", 1.25, regions=1), one_weight, 1),
        (Perturbation("remove", regions=1), no_first_pcre, 1),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_perturbation_equals_the_change_by_hand(X, fitted, perturbation, change, region):
    """And changes nothing in genes without the region."""
    found = agrees(fitted, X, perturbation, change)
    np.testing.assert_array_equal(found, X.index[:, region] >= 0)


def test_locus_reaches_every_region_on_it(X, fitted):
    gene = 3  # on the minus strand
    start = X.start[X.index[gene, 0]]

    def change(values, lengths, weights):
        values[gene, 0, 10:14] *= 0

    perturbation = Perturbation("knock_out", locus=("chr1", start + 200, start + 600))
    assert X.genes["strand"][gene] == "-"
    assert np.flatnonzero(agrees(fitted, X, perturbation, change)).tolist() == [gene]
    pcre = X.index[4, 1]
    assert pcre == X.index[5, 1] >= 0

    def change_both(values, lengths, weights):
        values[4:6, 1, 0] += 4

    locus = ("chr1", X.start[pcre] - 50, X.start[pcre] + min(100, X.lengths[pcre]))
    found = agrees(fitted, X, Perturbation("add", 4.0, locus=locus), change_both)
    assert np.flatnonzero(found).tolist() == [4, 5]
    effects = perturb(fitted, X, Perturbation("knock_out", locus=("chr2", 0, 10**9)))
    assert np.isnan(effects.change).all()


def test_shared_pcre_is_changed_for_each_gene_alone(X, fitted):
    signal = X.signal.copy()
    effects = perturb(fitted, X, {"one": Perturbation("add", 5.0, regions=1)})
    np.testing.assert_array_equal(X.signal, signal)
    for gene in (4, 5):
        alone = perturb(fitted, X[[gene]], {"one": Perturbation("add", 5.0, regions=1)})
        np.testing.assert_array_equal(alone.change, effects.change[[gene]])


def test_change_of_nothing_leaves_every_bit(X, fitted):
    effects = perturb(fitted, X, [Perturbation("scale", 1.0), Perturbation("scale_weight", 1.0)])
    assert (effects.change[:, 0] == 0).all()
    assert (effects.change[X.index[:, 1] >= 0, 1] == 0).all()


def test_many_perturbations_equal_each_alone(X, fitted):
    many = [Perturbation("add", i % 7, window=(i % 12 * 100 - 600, 700)) for i in range(60)]
    many[::4] = [Perturbation("scale", i, regions="pcres") for i in range(15)]
    together = perturb(fitted, X, many)
    assert together.change.shape == (40, 60)
    for i in (0, 1, 31, 59):
        alone = perturb(fitted, X, many[i])
        np.testing.assert_array_equal(alone.change[:, 0], together.change[:, i])


def test_opened_file_is_perturbed_like_memory(X, fitted, tmp_path):
    X.save(tmp_path / "X.npz")
    perturbation = Perturbation("scale", 0.5, tracks="ATAC")
    opened = RegionArray.load(tmp_path / "X.npz", mmap_mode="r")
    np.testing.assert_array_equal(
        perturb(fitted, opened, perturbation).change, perturb(fitted, X, perturbation).change
    )


def test_frame_of_effects_has_a_row_for_each_gene_and_perturbation(X, fitted):
    effects = perturb(fitted, X[:2], {"a": Perturbation("scale", 0), "b": Perturbation("add", 1)})
    table = effects.to_frame()
    assert table.columns.tolist() == ["gene_id", "perturbation", "prediction", "change"]
    assert table["gene_id"].tolist() == ["GENE0", "GENE0", "GENE1", "GENE1"]
    assert table["perturbation"].tolist() == ["a", "b"] * 2
    np.testing.assert_array_equal(table["change"], effects.change.ravel())


def test_classifier_responses_are_log_odds_or_probabilities(X, y):
    labels = np.where(y > 3, "on", "off")
    model = ChromoformerClassifier(**TINY).fit(X, labels)
    perturbation = Perturbation("scale", 0.0)
    logit = perturb(model, X, perturbation)
    np.testing.assert_allclose(logit.prediction, log_odds(model, X, 1))
    off = perturb(model, X, perturbation, class_of_interest="off")
    np.testing.assert_array_equal(off.change, -logit.change)
    for label, column in (("on", 1), ("off", 0)):
        p = perturb(
            model, X, perturbation, response_method="predict_proba", class_of_interest=label
        )
        np.testing.assert_array_equal(p.prediction, model.predict_proba(X)[:, column])
    with pytest.raises(ValueError, match="Classifier must be 'auto', 'log_odds' or"):
        perturb(model, X, perturbation, response_method="predict")
    with pytest.raises(ValueError, match="'up' is none of the classes"):
        perturb(model, X, perturbation, class_of_interest="up")
    three = ChromoformerClassifier(**TINY).fit(X, np.arange(40) % 3)
    with pytest.raises(ValueError, match="one of the 3 classes"):
        perturb(three, X, perturbation)
    effects = perturb(three, X, perturbation, class_of_interest=2)
    np.testing.assert_allclose(effects.prediction, log_odds(three, X, 2))


def test_nested_estimators_are_perturbed_like_the_model_inside(X, y, fitted):
    perturbation = Perturbation("scale", 0.5)
    expected = perturb(fitted, X, perturbation).change
    rows = np.arange(len(X))[:, None]

    def regions(rows):
        return X[rows[:, 0]]

    steps = [("signal", FunctionTransformer(regions)), ("model", ChromoformerRegressor(**TINY))]
    pipe = Pipeline(steps).fit(rows, y)
    search = GridSearchCV(pipe, {"model__max_epochs": [2]}, cv=2).fit(rows, y)
    for model, genes in ((pipe, rows), (pipe, X), (search, rows), (make_pipeline(fitted), X)):
        np.testing.assert_array_equal(perturb(model, genes, perturbation).change, expected)
    for inner, genes in ((ChromoformerRegressor(**TINY), X), (Pipeline(steps), rows)):
        model = TransformedTargetRegressor(inner, transformer=StandardScaler()).fit(genes, y)
        effects = perturb(model, genes, perturbation)
        np.testing.assert_array_equal(effects.prediction, model.predict(genes))
        own = getattr(model.regressor_, "steps", [(None, model.regressor_)])[-1][1]
        in_own_scale = perturb(own, X, perturbation).change
        np.testing.assert_allclose(effects.change, in_own_scale * y.std(), atol=1e-6)


def test_other_models_are_refused(X, y, fitted):
    with pytest.raises(TypeError, match="that ends in one, got Ridge"):
        perturb(Ridge(), X, Perturbation("remove"))
    with pytest.raises(NotFittedError):
        perturb(ChromoformerRegressor(), X, Perturbation("remove"))
    with pytest.raises(ValueError, match="X holds no genes"):
        perturb(fitted, X[:0], Perturbation("remove"))
    with pytest.raises(ValueError, match="class_of_interest is for classifiers"):
        perturb(fitted, X, Perturbation("remove"), class_of_interest=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "delete"}, "action must be 'knock_out', 'scale'"),
        ({"action": "scale"}, "needs a finite value, got None"),
        ({"action": "knock_out", "value": 1}, "takes no value, got 1"),
        ({"action": "add", "value": -1}, "would make signal negative"),
        ({"action": "peak", "value": 1}, "needs the window"),
        ({"action": "scale", "value": 1, "window": (5, 5)}, "start < end"),
        ({"action": "scale", "value": 1, "window": 500}, "start < end, got 500"),
        ({"action": "scale", "value": 1, "tracks": []}, "tracks is empty"),
        ({"action": "scale", "value": 1, "locus": ("chr1", 5)}, "chrom, start, end"),
        (
            {"action": "scale", "value": 1, "window": (0, 5), "locus": ("chr1", 0, 5)},
            "window or locus, not both",
        ),
        ({"action": "scale", "value": 1, "regions": 0}, "number of a pCRE from 1 on, got 0"),
        ({"action": "scale", "value": 1, "regions": "enhancer"}, "must be 'all', 'promoter'"),
        ({"action": "remove", "regions": "promoter"}, "must be 'pcres' or the number"),
        ({"action": "remove", "tracks": "ATAC"}, "is on contacts: leave tracks None"),
        ({"action": "set_weight", "value": 1, "window": (0, 5)}, "is on whole pCREs"),
    ],
)
def test_contradictory_perturbations_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Perturbation(**arguments)


@pytest.mark.parametrize(
    ("perturbations", "error", "message"),
    [
        (Perturbation("knock_out", tracks=["ATAC", "DNase"]), ValueError, "X has no track DNase"),
        (Perturbation("remove", regions=4), ValueError, "at most 3 pCREs"),
        (Perturbation("knock_out", window=(-900, 0)), ValueError, r"beyond .* \[-800, 800\): give"),
        (["knock_out"], TypeError, "must be Perturbation objects"),
        ([], ValueError, "perturbations is empty"),
    ],
)
def test_perturbations_that_do_not_fit_X_are_refused(X, fitted, perturbations, error, message):
    with pytest.raises(error, match=message):
        perturb(fitted, X, perturbations)


def test_removal_needs_pcres(X, fitted):
    with pytest.raises(ValueError, match="X holds promoters alone"):
        perturb(fitted, promoters_alone(X), Perturbation("remove"))

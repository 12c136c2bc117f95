"""Importances: against the truth of a simulated genome, and against permutations by hand."""

import numpy as np
import pytest
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from small_models import TINY, changed, make_regions, promoters_alone

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer
from skchromo.datasets import make_epigenome
from skchromo.genome.bigwig import BigWigFile
from skchromo.inspection import (
    attributions,
    count_saturation,
    mark_importance,
    pcre_importance,
    weight_saturation,
)

TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27ac")


@pytest.fixture(scope="session")
def genome(tmp_path_factory):
    """A small simulated genome: its truth, regions and expression."""
    data = make_epigenome(
        tmp_path_factory.mktemp("genome"),
        n_genes=600,
        n_chroms=3,
        tracks=TRACKS,
        distal_share=0.4,
        planted_r=0.95,
        random_state=0,
    )
    genes = InteractionTransformer(data.contacts).fit_transform(data.genes)
    X = BigWigTransformer(data.tracks).fit_transform(genes)
    return data, X, np.log2(data.expression.to_numpy() + 1)


def fit(X, y):
    model = ChromoformerRegressor.small_data(
        bin_sizes=(2000, 500), max_epochs=25, random_state=0, n_threads=1
    )
    return model.fit(X, y)


@pytest.fixture(scope="session")
def trained(genome):
    _, X, y = genome
    return fit(X[:400], y[:400])


def mean_h3k27ac(data, elements):
    with BigWigFile(data.tracks["H3K27ac"]) as file:
        places = zip(elements["chrom"], elements["start"], elements["end"])
        return np.array([np.nansum(file.values(*p)) / (p[2] - p[1]) for p in places])


def ranked(data, importance):
    """Every element of genes with a planted effect, with its importance: 0 where it has none.

    Among them are the decoys: promoter-like elements in used contacts, and enhancers in weak
    contacts or in none, which a model never reads.
    """
    elements = data.truth.elements
    elements = elements.assign(active=elements["contribution"] > 0)
    elements = elements[elements.groupby("gene_id")["active"].transform("any")]
    places = ["gene_id", "chrom", "start", "end"]
    return elements.merge(importance.to_frame()[[*places, "importance"]], how="left", on=places)


def auroc(elements, score="importance"):
    return roc_auc_score(elements["active"], elements[score].fillna(0))


@pytest.fixture(scope="session")
def elements(genome, trained):
    data, X, _ = genome
    elements = ranked(data, pcre_importance(trained, X))
    return elements.assign(H3K27ac=mean_h3k27ac(data, elements))


def test_pcre_importance_finds_the_planted_elements(genome, elements):
    data, _, _ = genome
    used = elements[elements["contact"] == "used"]
    unseen = elements[elements["gene_id"].isin(data.genes["gene_id"][400:])]
    assert set(elements["contact"]) == {"used", "weak", "none"}
    assert set(used["kind"]) >= {"enhancer", "promoter-like", "primed"}
    assert not used["importance"].isna().any()
    for part in (elements, used):
        assert auroc(part) >= 0.95
        assert auroc(part, "H3K27ac") <= 0.7
    assert auroc(unseen) >= 0.93
    size = used.loc[used["active"], ["importance", "contribution"]].corr().iloc[0, 1]
    assert size > 0.6


def test_shuffled_importances_find_nothing(elements):
    rng = np.random.default_rng(0)
    used = elements[elements["contact"] == "used"]
    shuffled = used.assign(importance=rng.permutation(used["importance"]))
    assert auroc(shuffled) < 0.6


def test_importances_of_a_model_of_promoters_find_nothing(genome):
    data, X, y = genome
    alone = promoters_alone(X)
    model = fit(alone[:400], y[:400])
    with pytest.raises(ValueError, match="X holds promoters alone: put an InteractionTransformer"):
        pcre_importance(model, alone)
    # It was not trained on contacts, and now reads some.
    elements = ranked(data, pcre_importance(model, X))
    used = elements[elements["contact"] == "used"]
    assert auroc(used) < 0.7


@pytest.mark.parametrize("method", ["knock_out", "weight"])
def test_other_methods_find_the_planted_elements(genome, trained, method):
    data, X, _ = genome
    elements = ranked(data, pcre_importance(trained, X, method=method))
    used = elements[elements["contact"] == "used"]
    assert auroc(used) > 0.7


def test_attributions_find_the_planted_elements(genome, trained):
    data, X, _ = genome
    rows = slice(400, 500)
    result = attributions(trained, X[rows], n_steps=16)
    table = result.to_frame().groupby(["gene_id", "chrom", "start", "end"])["attribution"].sum()
    elements = ranked(data, pcre_importance(trained, X[rows]))
    elements = elements.join(table, on=["gene_id", "chrom", "start", "end"])
    elements = elements.dropna(subset=["importance"])
    assert auroc(elements, "attribution") > 0.8


def test_mark_importance_finds_the_planted_marks(genome, trained):
    _, X, y = genome
    held_out = X[400:], y[400:]
    table = mark_importance(trained, *held_out, random_state=0).to_frame()
    mean = table.set_index("track")["importance_mean"]
    distal = mark_importance(trained, *held_out, regions="pcres", random_state=0)
    distal = distal.to_frame().set_index("track")["importance_mean"]
    assert mean.idxmin() == distal.idxmin() == "H3K9me3"
    assert mean["H3K9me3"] < 0.05
    assert distal["H3K4me1"] > 0.05
    assert distal["H3K9me3"] < 0.2 * distal["H3K4me1"]


def test_saturation_rises_with_active_contacts_and_their_weight(genome, trained):
    _, X, _ = genome
    curve = count_saturation(trained, X, track="H3K4me1").curve()
    change = curve.loc[curve["n_genes"] >= 50, "change"].to_numpy()
    assert len(change) >= 4
    assert (np.diff(change) > 0).all()
    quiet = X.signal[:, X.tracks.index("H3K9me3")]
    other = count_saturation(trained, X, track="H3K9me3", threshold=np.quantile(quiet, 0.6)).curve()
    assert other["change"][1] < 0.6 * curve["change"][1]
    by_weight = weight_saturation(trained, X, factors=(0, 1, 2)).curve()
    assert (np.diff(by_weight["change"]) > 0).all()


def test_pcre_importance_is_the_loss_without_the_pcre(X, y):
    model = ChromoformerRegressor(**TINY).fit(X, y)
    result = pcre_importance(model, X)
    np.testing.assert_array_equal(np.isnan(result.importance), X.index[:, 1:] < 0)
    index, weights = X.index.copy(), X.weights.copy()
    index[:, 2], weights[:, 1] = -1, 0
    lost = model.predict(X) - model.predict(changed(X, index=index, weights=weights))
    there = X.index[:, 2] >= 0
    np.testing.assert_allclose(result.importance[there, 1], lost[there], atol=1e-6)
    table = result.to_frame()
    assert len(table) == (X.index[:, 1:] >= 0).sum()
    np.testing.assert_array_equal(table["weight"], X.weights[X.index[:, 1:] >= 0])
    np.testing.assert_array_equal(table["region"], np.nonzero(X.index[:, 1:] >= 0)[1] + 1)
    np.testing.assert_array_equal(table["importance"], result.importance[X.index[:, 1:] >= 0])
    with pytest.raises(ValueError, match="method must be 'remove', 'knock_out' or 'weight'"):
        pcre_importance(model, X, method="drop")


class Recorder(ChromoformerRegressor):
    """Keep each X that is predicted."""

    def predict(self, X):
        if hasattr(self, "seen"):
            self.seen.append(X)
        return super().predict(X)


def test_tracks_are_permuted_among_regions_of_a_kind(X, y):
    model = Recorder(**TINY).fit(X, y)
    model.seen = []
    result = mark_importance(model, X, y, n_repeats=2, random_state=0)
    assert result.importances.shape == (2, 2)
    assert result.score == model.score(X, y)
    table = result.to_frame()
    assert table["track"].tolist() == ["H3K4me3", "ATAC"]
    np.testing.assert_array_equal(table["importance_mean"], result.importances.mean(axis=1))
    np.testing.assert_array_equal(table["importance_std"], result.importances.std(axis=1))
    before, *permuted = model.seen[:5]
    assert before.equals(X)
    pcres = np.unique(X.index[:, 1:])[1:]
    of_pcres = np.concatenate([np.arange(*X.offsets[pcre : pcre + 2]) for pcre in pcres])
    for other, track in zip(permuted, [0, 0, 1, 1]):
        np.testing.assert_array_equal(other.signal[:, 1 - track], X.signal[:, 1 - track])
        mine, theirs = (array.to_dense().values[:, 0, :, track].tolist() for array in (X, other))
        assert sorted(mine) == sorted(theirs)
        assert mine != theirs
        before, after = X.signal[of_pcres, track], other.signal[of_pcres, track]
        assert (before != after).mean() > 0.5
        np.testing.assert_allclose(after.mean(), before.mean(), rtol=0.1)
    assert not permuted[0].equals(permuted[1])
    again = mark_importance(model, X, y, n_repeats=2, random_state=0)
    np.testing.assert_array_equal(again.importances, result.importances)


def test_mark_importance_of_promoters_equals_scikit_learns(y):
    X = make_regions(tracks=("ATAC",))
    X = promoters_alone(X)
    model = ChromoformerRegressor(**TINY).fit(X, y)
    y = model.predict(X)

    class OfRows:
        """The model on row numbers of genes, which scikit-learn can permute."""

        def fit(self, rows, y):
            return self

        def score(self, rows, y):
            return model.score(X[rows[:, 0]], y)

    rows = np.arange(40)[:, None]
    expected = permutation_importance(OfRows(), rows, y, n_repeats=20, random_state=0)
    assert expected.importances_mean[0] > 1.5
    got = mark_importance(model, X, y, n_repeats=20, random_state=0)
    np.testing.assert_allclose(got.importances_mean, expected.importances_mean, rtol=0.2)


def test_mark_importance_refuses_a_target_of_another_length(X, y):
    model = ChromoformerRegressor(**TINY).fit(X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        mark_importance(model, X, y[:5])
    with pytest.raises(ValueError, match="regions must be 'all', 'promoter' or 'pcres'"):
        mark_importance(model, X, y, regions="distal")
    alone = promoters_alone(X)
    with pytest.raises(ValueError, match="but no gene of X has a pCRE"):
        mark_importance(model, alone, y, regions="pcres")
    result = mark_importance(model, alone, y, scoring="neg_mean_absolute_error", n_repeats=1)
    assert result.score < 0

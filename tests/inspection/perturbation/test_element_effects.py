"""Effects of silenced elements: against bins replaced one by one, and in models of folds."""

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, cross_validate
from sklearn.pipeline import Pipeline
from small_models import TINY, changed, log_odds, make_located, make_regions, promoters_alone

from skchromo import (
    BigWigTransformer,
    ChromoformerClassifier,
    ChromoformerRegressor,
    InteractionTransformer,
    RegionArray,
)
from skchromo.datasets import make_epigenome
from skchromo.inspection import element_effects

N_GENES = 24
NO_GENE, NO_REGION = "gene not in X", "locus in no region of the gene"
NO_MODEL = "every model was trained on the gene's chromosome"


@pytest.fixture(scope="module")
def X():
    """Genes on four chromosomes and two strands; a pCRE of genes 6 and 7 overlaps its promoter."""
    X = make_located(N_GENES)
    start, chrom = X.start.copy(), np.empty(len(X.start), object)
    for gene in (6, 7):
        start[X.index[gene, 2]] = start[X.index[gene, 0]] + 1_030
    for gene in range(N_GENES):
        chrom[X.index[gene][X.index[gene] >= 0]] = f"chr{gene // 6 + 1}"
    return changed(X, start=start, end=start + X.lengths, chrom=chrom, chromsizes=None)


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(1).normal(3.0, 1.0, N_GENES)


@pytest.fixture(scope="module")
def pairs(X):
    """Loci in promoters, in pCREs, over their ends, and in neither."""
    rng = np.random.default_rng(2)
    rows = []
    for gene in range(N_GENES):
        chrom = X.chrom[X.index[gene, 0]]
        for region in X.index[gene][X.index[gene] >= 0]:
            for _ in range(3):
                start = rng.integers(X.start[region] - 300, X.end[region] + 200)
                rows.append((f"GENE{gene}", chrom, start, start + rng.integers(1, 700)))
    pairs = pd.DataFrame(rows, columns=["gene_id", "chrom", "start", "end"])
    return pairs.sample(frac=1, random_state=0)


def by_hand(X, gene, pair, tracks=slice(None), level=0.0):
    """X of a gene with each bin that overlaps a locus replaced, and whether there is one."""
    values, weights, lengths = X[[gene]].to_dense()
    found = False
    for place, region in enumerate(X.index[gene]):
        if region < 0 or X.chrom[region] != pair.chrom:
            continue
        start, end = X.start[region], X.end[region]
        for number in range(-(-(end - start) // X.bin_size)):
            low = start + number * X.bin_size
            high = min(low + X.bin_size, end)
            if place == 0 and X.genes["strand"][gene] == "-":
                low, high = start + end - high, start + end - low
            if low < pair.end and pair.start < high:
                values[0, place, number, tracks] = level
                found = True
    values[np.isnan(values)] = 0
    return RegionArray.from_dense(values, weights, lengths, tracks=X.tracks), found


def effect_by_hand(model, X, pair, predict=None, **options):
    gene = int(pair.gene_id.removeprefix("GENE"))
    predict = predict or model.predict
    silenced, found = by_hand(X, gene, pair, **options)
    return (predict(silenced) - predict(X[[gene]]))[0] if found else np.nan


def test_effects_equal_the_replacement_of_each_bin_by_hand(X, fitted, pairs):
    signal = X.signal.copy()
    effects = element_effects(fitted, X, pairs, n_background=0)
    expected = [effect_by_hand(fitted, X, pair) for pair in pairs.itertuples()]
    np.testing.assert_allclose(effects["effect"], expected, atol=2e-6)
    found = effects["effect"].notna()
    assert found.sum() > 100
    assert (~found).sum() > 5
    assert np.abs(effects["effect"]).max() > 1e-3
    assert (effects["reason"] == np.where(found, "", NO_REGION)).all()
    assert effects.index.equals(pairs.index)
    pd.testing.assert_frame_equal(effects[pairs.columns], pairs, check_dtype=False)
    genes = pairs["gene_id"].str.removeprefix("GENE").astype(int)
    prediction = fitted.predict(X)[genes]
    np.testing.assert_allclose(effects["prediction"][found], prediction[found], atol=1e-6)
    middle = (X.start + X.end)[X.index[genes, 0]] / 2
    distance = np.abs((pairs["start"] + pairs["end"]) / 2 - middle)
    np.testing.assert_array_equal(effects["distance"], distance)
    assert effects["percentile"].isna().all()
    np.testing.assert_array_equal(X.signal, signal)


def test_all_regions_that_hold_the_locus_are_silenced(X, fitted):
    for gene in (6, 7):  # on either strand
        start = X.start[X.index[gene, 2]]
        pairs = pd.DataFrame(
            {
                "gene_id": f"GENE{gene}",
                "chrom": "chr2",
                "start": [start + 10, start - 500, X.end[X.index[gene, 0]] + 1],
                "end": [start + 20, start - 450, X.end[X.index[gene, 0]] + 2],
            }
        )
        effects = element_effects(fitted, X, pairs, n_background=0)
        assert effects["held_by"].tolist()[:2] == ["promoter and pCRE", "promoter"]
        expected = [effect_by_hand(fitted, X, pair) for pair in pairs.itertuples()]
        np.testing.assert_allclose(effects["effect"], expected, atol=2e-6)


@pytest.mark.parametrize(("tracks", "columns"), [("ATAC", [1]), (["ATAC", "H3K4me3"], [0, 1])])
def test_only_named_tracks_are_silenced(X, fitted, pairs, tracks, columns):
    effects = element_effects(fitted, X, pairs[:20], tracks=tracks, n_background=0)
    expected = [effect_by_hand(fitted, X, p, tracks=columns) for p in pairs[:20].itertuples()]
    np.testing.assert_allclose(effects["effect"], expected, atol=2e-6)


def test_silenced_bins_become_those_of_a_mean_or_an_unmarked_element(X, fitted, pairs):
    """Whichever pairs are given: the elements are all pCREs of X."""
    numbers = np.unique(X.index[:, 1:][X.index[:, 1:] >= 0])
    means = np.array([pcre_mean(X, number) for number in numbers])
    mean = means.mean(axis=0)
    least = np.argsort((means / mean).sum(axis=1))[: -(-len(means) // 10)]
    for replace, level in (("mean", mean), ("unmarked", means[least].mean(axis=0))):
        effects = element_effects(fitted, X, pairs[:15], replace=replace, n_background=0)
        expected = [effect_by_hand(fitted, X, p, level=level) for p in pairs[:15].itertuples()]
        np.testing.assert_allclose(effects["effect"], expected, atol=2e-6)
    alone = element_effects(fitted, promoters_alone(X), pairs, replace="mean", n_background=0)
    assert alone["effect"].notna().any()
    assert set(alone["held_by"]) == {"", "promoter"}


def pcre_mean(X, number):
    """Mean signal per bp of a region, whose last bin may be shorter."""
    signal = X.signal[X.offsets[number] : X.offsets[number + 1]].astype(float)
    widths = np.full(len(signal), X.bin_size)
    widths[-1] -= -X.lengths[number] % X.bin_size
    return (signal * widths[:, None]).sum(axis=0) / widths.sum()


def test_missing_effects_have_their_reason(X, fitted):
    pairs = pd.DataFrame(
        {
            "gene_id": ["GENE0", "GENE99", "GENE0", "gene:GENE0"],
            "chrom": ["chr1", "chr1", "chr2", "1"],
            "start": [5, 5, 99_900, 99_900],
            "end": [10, 10, 100_100, 100_100],
        }
    )
    effects = element_effects(fitted, X, pairs)
    assert effects["reason"].tolist() == [NO_REGION, NO_GENE, NO_REGION, ""]
    assert effects["effect"].isna().tolist() == [True, True, True, False]
    assert effects["held_by"].tolist() == ["", "", "", "promoter"]
    assert effects["distance"].isna().tolist() == [False, True, True, False]
    none = element_effects(fitted, X, pairs[1:2])
    assert none["reason"].tolist() == [NO_GENE]
    assert len(element_effects(fitted, X, pairs[:0])) == 0


def test_effect_of_a_pair_does_not_depend_on_the_others(X, fitted, pairs):
    many = pd.concat([pairs] * 6)  # several batches
    together = element_effects(fitted, X, many, n_background=0)["effect"].to_numpy()
    assert len(many) > 512
    first = element_effects(fitted, X, pairs[:1], n_background=0)["effect"].to_numpy()
    np.testing.assert_array_equal(together[:: len(pairs)], np.repeat(first, 6))


def test_several_models_give_the_mean(X, y, fitted, pairs):
    models = [fitted, ChromoformerRegressor(**TINY | {"random_state": 1}).fit(X, y)]
    effects = element_effects(models, X, pairs, n_background=0)
    alone = [element_effects(model, X, pairs, n_background=0) for model in models]
    for name in ("effect", "prediction"):
        np.testing.assert_allclose(effects[name], (alone[0][name] + alone[1][name]) / 2)


def test_genes_are_explained_by_models_that_have_not_seen_their_chromosome(X, y, pairs):
    chrom = X.chrom[X.index[:, 0]]
    folds = [
        (np.flatnonzero(~np.isin(chrom, out)), np.flatnonzero(np.isin(chrom, out)))
        for out in (["chr1", "chr2"], ["chr2", "chr3"])
    ]
    options = {"return_estimator": True, "return_indices": True}
    result = cross_validate(ChromoformerRegressor(**TINY), X, y, cv=folds, **options)
    effects = element_effects(result, X, pairs, n_background=0)
    one, two = (
        element_effects(model, X, pairs, n_background=0)["effect"] for model in result["estimator"]
    )
    expected = {"chr1": one, "chr2": (one + two) / 2, "chr3": two, "chr4": one * np.nan}
    for name, values in expected.items():
        rows = pairs["chrom"] == name
        np.testing.assert_allclose(effects["effect"][rows], values[rows], atol=1e-7)
    assert (effects["reason"][pairs["chrom"] == "chr4"] == NO_MODEL).all()
    twice = element_effects([result, result], X, pairs, n_background=0)
    np.testing.assert_allclose(twice["effect"], effects["effect"])


def test_models_of_other_rows_or_splits_are_refused(X, y, pairs):
    options = {"return_estimator": True, "return_indices": True}
    result = cross_validate(ChromoformerRegressor(**TINY), X, y, cv=KFold(2), **options)
    shuffled = cross_validate(
        ChromoformerRegressor(**TINY), X, y, cv=KFold(2, shuffle=True, random_state=0), **options
    )
    with pytest.raises(ValueError, match="has left out a whole chromosome: split by chromosome"):
        element_effects(shuffled, X, pairs)
    with pytest.raises(ValueError, match=r"X has 23 rows, but the folds .* have 24"):
        element_effects(result, X[1:], pairs)
    for name in ("estimator", "indices"):
        parts = {key: value for key, value in result.items() if key != name}
        with pytest.raises(ValueError, match="return_estimator=True, return_indices=True"):
            element_effects(parts, X, pairs)
    with pytest.raises(ValueError, match="estimator is empty"):
        element_effects([], X, pairs)


def test_classifier_responses_are_log_odds_or_probabilities(X, y, pairs):
    model = ChromoformerClassifier(**TINY).fit(X, np.where(y > 3, "on", "off"))
    some = pairs[:12]

    def logit(regions):
        return log_odds(model, regions, 1)

    expected = [effect_by_hand(model, X, pair, logit) for pair in some.itertuples()]
    effects = element_effects(model, X, some, n_background=0)
    np.testing.assert_allclose(effects["effect"], expected, atol=5e-6)

    def off(regions):
        return model.predict_proba(regions)[:, 0]

    expected = [effect_by_hand(model, X, pair, off) for pair in some.itertuples()]
    options = {"response_method": "predict_proba", "class_of_interest": "off", "n_background": 0}
    effects = element_effects(model, X, some, **options)
    np.testing.assert_allclose(effects["effect"], expected, atol=5e-6)


def test_percentile_compares_with_other_loci_at_the_same_distance(X, fitted):
    """Near loci have much signal in this X, far ones none: a percentile must not mix them."""
    signal = X.signal.copy()
    for number in np.unique(X.index[:, 1:][X.index[:, 1:] >= 0]):
        signal[X.offsets[number] : X.offsets[number + 1]] *= 0.01
    quiet = changed(X, signal=signal)
    rows = []
    for gene in range(N_GENES):
        for region in X.index[gene, [0, 1]]:
            if region >= 0 and gene not in (4, 6, 7):
                middle = (X.start[region] + X.end[region]) // 2
                rows.append((f"GENE{gene}", X.chrom[region], middle - 60, middle + 60))
    pairs = pd.DataFrame(rows, columns=["gene_id", "chrom", "start", "end"])
    effects = element_effects(fitted, quiet, pairs, random_state=0)
    assert effects["percentile"].between(0, 100).all()
    sizes = effects["effect"].abs().groupby(effects["held_by"]).median()
    assert sizes["promoter"] > 5 * sizes["pCRE"]
    middle = effects["percentile"].groupby(effects["held_by"]).median()
    assert middle.between(35, 75).all(), middle
    ranks = effects.groupby("held_by")[["effect", "percentile"]].apply(
        lambda part: part["effect"].abs().corr(part["percentile"], method="spearman")
    )
    assert (ranks > 0.5).all(), ranks
    again = element_effects(fitted, quiet, pairs, random_state=0)
    pd.testing.assert_frame_equal(effects, again)
    other = element_effects(fitted, quiet, pairs, random_state=1)
    assert not other["percentile"].equals(effects["percentile"])
    np.testing.assert_array_equal(other["effect"], effects["effect"])


def test_pipelines_of_folds_explain_a_gene_table(tmp_path):
    made = make_epigenome(
        tmp_path / "made", n_genes=40, n_chroms=4, tracks=["H3K4me3", "H3K27ac"], random_state=0
    )
    pipe = Pipeline(
        [
            ("contacts", InteractionTransformer(made.contacts)),
            ("signal", BigWigTransformer(made.tracks)),
            ("model", ChromoformerRegressor.small_data(max_epochs=1, random_state=0)),
        ]
    )
    y, genes = np.log2(made.expression + 1), made.genes
    result = cross_validate(
        *(pipe, genes, y),
        cv=GroupKFold(2),
        groups=genes["chrom"],
        return_estimator=True,
        return_indices=True,
    )
    pairs = made.truth.elements
    effects = element_effects(result, genes, pairs, n_background=50, random_state=0)
    # "none" has no contact, and most of these lie beyond the window too
    assert (effects["effect"].notna() | (pairs["contact"] != "used")).all()
    assert effects["percentile"].notna().equals(effects["effect"].notna())
    assert set(effects["reason"]) == {"", NO_REGION}
    model, test = result["estimator"][1], result["indices"]["test"][1]
    rows = pairs["gene_id"].isin(genes["gene_id"].iloc[test])
    alone = element_effects(model, genes, pairs[rows], n_background=0)
    np.testing.assert_allclose(effects["effect"][rows], alone["effect"], atol=1e-5)


def test_gene_of_several_samples_needs_the_sample(X, fitted, pairs):
    both = RegionArray.concatenate([with_sample(X, "K562", 1), with_sample(X, "H1", 2)])
    with pytest.raises(ValueError, match=r"in several rows of X \(GENE0, .*give pairs a column"):
        element_effects(fitted, both, pairs)
    for name, factor in (("H1", 2), ("K562", 1)):
        effects = element_effects(fitted, both, pairs.assign(sample=name), n_background=0)
        alone = element_effects(fitted, with_sample(X, name, factor), pairs, n_background=0)
        np.testing.assert_array_equal(effects["effect"], alone["effect"])


def with_sample(X, name, factor):
    genes = {**X.genes, "sample": np.full(N_GENES, name, object)}
    return changed(X, genes=genes, signal=X.signal * factor)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replace": "half"}, "replace must be 'zero', 'mean' or 'unmarked', got 'half'"),
        ({"tracks": "DNase"}, "X has no track DNase, only H3K4me3, ATAC"),
        ({"tracks": []}, "name some of these in tracks"),
        ({"n_background": -1}, "n_background must be an integer of at least 0"),
        ({"response_method": "log_odds"}, "response_method of a ChromoformerRegressor"),
    ],
)
def test_wrong_parameters_are_named(X, fitted, pairs, options, message):
    with pytest.raises(ValueError, match=message):
        element_effects(fitted, X, pairs, **options)


def test_wrong_models_and_inputs_are_named(X, fitted, pairs):
    with pytest.raises(TypeError, match="that ends in one, got Ridge"):
        element_effects(Ridge(), X, pairs)
    with pytest.raises(TypeError, match="X must be a gene table or a RegionArray"):
        element_effects(fitted, np.ones((3, 16, 2)), pairs)
    with pytest.raises(TypeError, match="pairs must be a pandas DataFrame"):
        element_effects(fitted, X, [("GENE0", "chr1", 5, 10)])
    with pytest.raises(ValueError, match="have no gene_id, by which"):
        element_effects(fitted, changed(X, genes={}), pairs)
    with pytest.raises(ValueError, match="have no coordinates because X came from plain arrays"):
        element_effects(fitted, make_regions(), pairs)


def test_pairs_cost_about_as_much_as_predictions(X, fitted, pairs):
    many = pd.concat([pairs] * (4_000 // len(pairs)), ignore_index=True)
    genes = X[np.arange(len(many)) % N_GENES]
    fitted.predict(genes[:600])
    times = []
    for call in (
        lambda: fitted.predict(genes),
        lambda: element_effects(fitted, X, many, n_background=0),
    ):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    assert times[1] < 4 * times[0] + 1, times

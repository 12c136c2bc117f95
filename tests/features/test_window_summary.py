"""WindowSummary against means taken base by base, and as a step of scikit-learn's pipelines."""

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from small_models import changed, make_regions

from skchromo import BigWigTransformer, RegionArray, WindowSummary

# The checks' arrays have few columns: the second's core is shorter than their windows.
TRANSFORMERS = [WindowSummary(), WindowSummary(core=2, bin_size=10)]
TRANSFORMERS.append(WindowSummary(core=(2, 4, 8), bin_size=10))


@parametrize_with_checks(TRANSFORMERS)
def test_common_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=["whole", "core", "nested"])
def test_common_checks_are_not_switched_off_by_a_tag(transformer):
    # 48 with scikit-learn 1.9.
    assert len(list(estimator_checks_generator(transformer))) > 45


@st.composite
def genes_and_core(draw):
    """Values, weights and lengths of a few random genes, their bin size, and a core."""
    n_genes, n_regions = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    n_bins, n_tracks = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    bin_size, core = draw(st.sampled_from([1, 7, 10])), 2 * draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    longest = n_bins * bin_size
    lengths = rng.integers(0, longest + 1, (n_genes, n_regions))
    shortest = core + 2 if longest >= core + 2 else 1
    lengths[:, 0] = rng.integers(shortest, longest + 1, n_genes)
    values = 10.0 ** rng.uniform(-3, 5, (n_genes, n_regions, n_bins, n_tracks))
    values = values.astype(np.float32)
    values[np.arange(n_bins) * bin_size >= lengths[..., None]] = np.nan
    weights = 1 + rng.random((n_genes, n_regions - 1), dtype=np.float32)
    weights[lengths[:, 1:] == 0] = 0
    return values, weights, lengths, bin_size, core


def true_table(values, weights, lengths, bin_size, core):
    """One row a gene, computed on arrays of one value a base pair."""
    has_sides = lengths[:, 0].max() >= core + 2
    rows = []
    for gene in range(len(values)):
        bases = [
            np.repeat(region.astype(np.float64), bin_size, axis=0)[:length]
            for region, length in zip(values[gene], lengths[gene])
        ]
        promoter, tss = bases[0], lengths[gene, 0] // 2
        row = []
        if has_sides:
            start, end = tss - core // 2, tss + core // 2
            row = [promoter[start:end], promoter[:start], promoter[end:]]
        row = [part.mean(axis=0) for part in (*row, promoter)]
        if values.shape[1] > 1:
            pcres = [
                weight * pcre.mean(axis=0)
                for weight, pcre in zip(weights[gene].astype(np.float64), bases[1:])
                if len(pcre)
            ]
            row.append(np.sum(pcres, axis=0) if pcres else np.zeros(values.shape[-1]))
        rows.append(np.log(1 + np.array(row)).T.ravel())
    return np.array(rows)


@given(genes_and_core())
def test_means_are_those_over_base_pairs(drawn):
    values, weights, lengths, bin_size, core = drawn
    X = RegionArray.from_dense(values, weights, lengths, bin_size=bin_size)
    table = WindowSummary(core=core).fit_transform(X)
    np.testing.assert_allclose(table, true_table(*drawn), rtol=1e-11, atol=1e-13)


def test_many_genes_are_summarised_as_few():
    X = make_regions(n_genes=1400, n_bins=40)
    assert len(X.signal) > 90_000  # several times what is summed at a time
    summary = WindowSummary().fit(X)
    parts = [summary.transform(X[start : start + 100]) for start in range(0, 1400, 100)]
    np.testing.assert_array_equal(summary.transform(X), np.concatenate(parts))


@given(genes_and_core(), st.data())
def test_rows_do_not_depend_on_each_other(drawn, data):
    values, weights, lengths, bin_size, core = drawn
    X = RegionArray.from_dense(values, weights, lengths, bin_size=bin_size)
    summary = WindowSummary(core=core).fit(X)
    table = summary.transform(X)
    rows = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=8))
    np.testing.assert_array_equal(summary.transform(X[rows]), table[rows])
    reloaded = pickle.loads(pickle.dumps(summary)).transform(pickle.loads(pickle.dumps(X[rows])))
    np.testing.assert_array_equal(reloaded, table[rows])


@pytest.fixture(scope="module")
def X():
    return make_regions(n_genes=60, n_bins=40)


NAMES = [
    "H3K4me3_core",
    "H3K4me3_upstream",
    "H3K4me3_downstream",
    "H3K4me3_window",
    "H3K4me3_pcres",
    "ATAC_core",
    "ATAC_upstream",
    "ATAC_downstream",
    "ATAC_window",
    "ATAC_pcres",
]


def test_columns_are_named_and_in_order(X):
    summary = WindowSummary().fit(X)
    assert summary.get_feature_names_out().tolist() == NAMES
    assert summary.windows_ == ("core", "upstream", "downstream", "window", "pcres")
    assert (summary.tracks_, summary.bin_size_, summary.window_) == (X.tracks, 100, 4000)
    assert summary.n_features_in_ == 4
    table = summary.transform(X)
    assert table.shape == (60, 10)
    assert table.dtype == np.float64
    promoter = X.to_dense().values[:, 0].astype(np.float64)
    np.testing.assert_allclose(table[:, 0], np.log1p(promoter[:, 10:30, 0].mean(axis=1)))
    np.testing.assert_allclose(table[:, 6], np.log1p(promoter[:, :10, 1].mean(axis=1)))
    np.testing.assert_allclose(table[:, 7], np.log1p(promoter[:, 30:, 1].mean(axis=1)))
    assert (table[X.index[:, 1] < 0][:, [4, 9]] == 0).all()


@pytest.mark.parametrize(
    ("core", "windows"),
    [
        (3998, ("core", "upstream", "downstream", "window")),
        (4000, ("window",)),
        (40_000, ("window",)),
    ],
)
def test_windows_that_do_not_exist_have_no_columns(X, core, windows):
    promoters = changed(X, index=X.index[:, :1], weights=X.weights[:, :0])
    summary = WindowSummary(core=core)
    assert summary.fit_transform(promoters).shape == (60, 2 * len(windows))
    assert summary.windows_ == windows
    assert summary.fit_transform(X).shape == (60, 2 * len(windows) + 2)
    assert summary.windows_ == (*windows, "pcres")


def test_nested_windows_are_those_of_one_core_each(X):
    lengths = (600, 1000, 2200, 4000)  # the last is the window itself
    summary = WindowSummary(core=lengths).fit(X)
    distances = ["300_500", "500_1100", "1100_2000"]
    sides = [f"{side}_{at}" for at in distances for side in ("upstream", "downstream")]
    assert summary.windows_ == ("core", *sides, "window", "pcres")
    table = np.expm1(summary.transform(X)).reshape(60, 2, -1)
    one = {core: np.expm1(WindowSummary(core=core).fit_transform(X)) for core in lengths[:3]}
    one = {core: table.reshape(60, 2, -1) for core, table in one.items()}
    np.testing.assert_allclose(table[..., 0], one[600][..., 0])
    np.testing.assert_allclose(table[..., 5:], one[2200][..., 1:])  # outer sides, window, pCREs
    # mean x length of a core is that of the core before and of the two sides between them
    for before, core, at in ((600, 1000, 1), (1000, 2200, 3)):
        inner = one[before][..., 0] * before
        both = table[..., at : at + 2].sum(axis=-1) * (core - before) / 2
        np.testing.assert_allclose(inner + both, one[core][..., 0] * core, rtol=1e-5)
    np.testing.assert_array_equal(
        WindowSummary(core=np.array(lengths)).fit_transform(X), summary.transform(X)
    )


def test_a_window_one_base_pair_longer_than_the_core_has_no_sides():
    X = RegionArray.from_dense(np.ones((2, 11)), bin_size=1)
    assert WindowSummary(core=10).fit(X).windows_ == ("window",)
    assert WindowSummary(core=8).fit(X).windows_ == ("core", "upstream", "downstream", "window")


def test_plain_arrays_are_read_by_their_axes(X):
    dense = X.to_dense()
    promoters = changed(X, index=X.index[:, :1], weights=X.weights[:, :0])
    expected = WindowSummary().fit_transform(promoters)
    plain = dense.values[:, 0]
    np.testing.assert_array_equal(WindowSummary().fit_transform(plain), expected)
    np.testing.assert_array_equal(WindowSummary().fit_transform(plain[:, None]), expected)
    one = WindowSummary().fit(plain[..., 1])
    np.testing.assert_array_equal(one.transform(plain[..., 1].tolist()), expected[:, 4:])
    assert one.get_feature_names_out()[0] == "track0_core"
    assert one.n_features_in_ == 40
    coarse = WindowSummary(bin_size=500).fit(plain)
    assert (coarse.bin_size_, coarse.window_) == (500, 20_000)
    assert not np.allclose(coarse.transform(plain), expected)


def test_bin_size_of_regions_is_their_own(X):
    np.testing.assert_array_equal(
        WindowSummary(bin_size=7).fit_transform(X), WindowSummary().fit_transform(X)
    )


def test_shared_regions_count_for_every_gene(X):
    index = X.index.copy()
    index[0], index[1] = index[2, 0], [index[2, 0], index[3, 0], -1, -1]
    weights = X.weights.copy()
    weights[0], weights[1] = 0.5, [2.0, 0.0, 0.0]
    table = WindowSummary().fit_transform(changed(X, index=index, weights=weights))
    own = np.expm1(WindowSummary().fit_transform(X))
    np.testing.assert_array_equal(table[0, :4], table[2, :4])
    np.testing.assert_allclose(np.expm1(table[0, [4, 9]]), 1.5 * own[2, [3, 8]])
    np.testing.assert_allclose(np.expm1(table[1, [4, 9]]), 2 * own[3, [3, 8]])


def test_upstream_is_in_the_gene_s_reading_direction(tmp_path):
    path = str(tmp_path / "H3K4me3.bw")
    with pyBigWig.open(path, "w") as handle:
        handle.addHeader([("chr1", 10_000)])
        handle.addEntries(["chr1"], [5_300], ends=[5_500], values=[7.0])
    genes = pd.DataFrame(
        {"gene_id": ["A", "B"], "chrom": "chr1", "tss": 5_000, "strand": ["+", "-"]}
    )
    features = make_pipeline(
        BigWigTransformer({"H3K4me3": path}, window=1_000), WindowSummary(core=400)
    )
    means = np.expm1(features.fit_transform(genes))
    core, outside, whole = 0, 7 * 200 / 300, 7 * 200 / 1000
    np.testing.assert_allclose(means, [[core, 0, outside, whole], [core, outside, 0, whole]])


def test_how_many_pcres_there_could_be_does_not_matter(X):
    narrow = make_regions(n_regions=2, n_bins=40, seed=1)
    wide = changed(
        narrow,
        index=np.pad(narrow.index, ((0, 0), (0, 2)), constant_values=-1),
        weights=np.pad(narrow.weights, ((0, 0), (0, 2))),
    )
    summary = WindowSummary().fit(X)
    np.testing.assert_array_equal(summary.transform(narrow), summary.transform(wide))


def test_pandas_output_of_regions_that_have_an_index_of_their_own(X):
    table = WindowSummary().fit_transform(X)
    framed = WindowSummary().set_output(transform="pandas").fit(X)
    for frame in (framed.transform(X), clone(framed).fit_transform(X)):
        assert frame.columns.tolist() == NAMES
        assert frame.index.equals(pd.RangeIndex(60))
        np.testing.assert_array_equal(frame.to_numpy(), table)
    with config_context(transform_output="pandas"):
        steps = make_pipeline(WindowSummary(), StandardScaler()).fit(X)
        assert steps.transform(X[3:5]).columns.tolist() == NAMES
    assert steps.get_feature_names_out().tolist() == NAMES


def test_a_frame_of_numbers_keeps_its_index():
    frame = pd.DataFrame(
        np.arange(24.0).reshape(3, 8), index=["A", "B", "C"], columns=[f"b{i}" for i in range(8)]
    )
    summary = WindowSummary(core=200).set_output(transform="pandas").fit(frame)
    assert summary.transform(frame).index.tolist() == ["A", "B", "C"]
    assert summary.feature_names_in_.tolist() == frame.columns.tolist()
    summary.fit(make_regions(n_bins=40))
    assert not hasattr(summary, "feature_names_in_")


def test_names_need_a_fit_and_as_many_inputs(X):
    with pytest.raises(NotFittedError):
        WindowSummary().get_feature_names_out()
    with pytest.raises(NotFittedError):
        WindowSummary().transform(X)
    with pytest.raises(ValueError, match=r"features \(4\), got 2"):
        WindowSummary().fit(X).get_feature_names_out(["a", "b"])


@pytest.mark.parametrize(
    "model",
    [
        Ridge(),
        LogisticRegression(),
        RandomForestClassifier(n_estimators=20, random_state=0),
        HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=5, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_baseline_is_one_step_away(X, model):
    level = np.log1p(np.nanmean(X.to_dense().values[:, 0, 10:30, 0], axis=1))
    is_classifier = hasattr(model, "predict_proba")
    y = np.where(level > np.median(level), "high", "low") if is_classifier else level
    pipe = make_pipeline(WindowSummary(), StandardScaler(), model)
    scores = cross_val_score(pipe, X, y, groups=X.genes["chrom"], cv=GroupKFold(3))
    assert scores.min() > 0.6


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"core": 0}, ValueError, "core == 0"),
        ({"core": -200}, ValueError, "core == -200"),
        ({"core": 2001}, ValueError, "core must be an even number of bp.* got 2001"),
        ({"core": 2000.0}, TypeError, "core must be an instance of int"),
        ({"core": None}, TypeError, "core must be an instance of int"),
        ({"core": "2000"}, TypeError, "core must be an instance of int"),
        ({"core": (1000, 2000.0)}, TypeError, "core must be an instance of int"),
        ({"core": ()}, ValueError, r"one length in bp or several.* got \(\)"),
        ({"core": [2000, 1000]}, ValueError, "each longer than the one before, got"),
        ({"bin_size": 0}, ValueError, "bin_size == 0"),
        ({"bin_size": "100"}, TypeError, "bin_size must be an instance of int"),
    ],
)
def test_bad_parameters_are_named(X, params, error, message):
    with pytest.raises(error, match=message):
        WindowSummary(**params).fit(X)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.ones((4, 1, 1, 2, 2)), ValueError, "2 to 4 axes"),
        (-np.ones((4, 8)), ValueError, "Negative values"),
        (np.full((4, 8), np.nan), ValueError, "NaN"),
        (np.full((4, 1, 8, 2), np.nan), ValueError, "promoter"),
        (np.ones((4, 3, 8, 2)), ValueError, r"weights are 0.*from_dense\(values, weights\)"),
        (RegionArray.from_dense(np.ones((4, 3, 8, 2))), ValueError, "weights are 0.*promoters"),
        (RegionArray.from_dense(np.ones((4, 2, 3, 8, 2))), ValueError, "of one condition"),
        (make_regions()[[]], ValueError, "no genes"),
        (
            pd.DataFrame({"chrom": ["chr1"] * 4, "tss": 5}),
            TypeError,
            "WindowSummary needs the signal of the genes.*BigWigTransformer",
        ),
    ],
)
def test_bad_x_is_refused(bad, error, message):
    with pytest.raises(error, match=message):
        WindowSummary().fit(bad)
    if "weights" not in message:
        with pytest.raises((error, ValueError)):
            WindowSummary().fit(make_regions(n_bins=40)).transform(bad)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracks": ("ATAC", "H3K4me3")}, "in another order .* ATAC, H3K4me3, fitted on H3K4me3"),
        ({"tracks": ("H3K4me3", "H3K27ac")}, "other tracks .* H3K27ac, fitted on H3K4me3, ATAC"),
        ({"window": 5000, "n_bins": 50}, "window of 5000 bp, but WindowSummary .* of 4000 bp"),
        ({"bin_size": 50, "end": None}, "finest bins of 50 bp, but WindowSummary .* of 100 bp"),
    ],
)
def test_other_x_at_transform_is_refused(X, change, message):
    if "end" in change:
        change = {**change, "end": X.start - -X.lengths // 2, "window": 2000}
    with pytest.raises(ValueError, match=message):
        WindowSummary().fit(X).transform(changed(X, **change))


def test_pcres_must_be_there_in_both_or_in_neither(X):
    promoters = changed(X, index=X.index[:, :1], weights=X.weights[:, :0])
    with pytest.raises(ValueError, match=r"X has promoters only, but .* promoters and pCREs"):
        WindowSummary().fit(X).transform(promoters)
    with pytest.raises(ValueError, match=r"X has promoters and pCREs, but .* promoters only"):
        WindowSummary().fit(promoters).transform(X)


def test_weights_are_checked_over_all_genes_in_fit_and_of_plain_arrays(X):
    some = np.flatnonzero(X.index[:, 1] >= 0)[:1]
    lone = changed(X[some], weights=np.zeros_like(X.weights[some]))
    assert (WindowSummary().fit(X).transform(lone)[:, [4, 9]] == 0).all()
    unnamed = RegionArray.from_dense(*X.to_dense())
    with pytest.raises(ValueError, match="weights are 0"):
        WindowSummary().fit(unnamed).transform(np.ones((2, 4, 40, 2)))
    none = X[np.flatnonzero(X.index[:, 1] < 0)]
    assert (WindowSummary().fit_transform(none)[:, [4, 9]] == 0).all()


def test_a_wider_limit_on_pcre_lengths_changes_nothing(X):
    np.testing.assert_array_equal(
        WindowSummary().fit(X).transform(changed(X, n_bins=60)), WindowSummary().fit_transform(X)
    )


def test_negative_sums_name_the_gene_and_the_cause(X):
    gene = np.flatnonzero(X.index[:, 1] >= 0)[2]
    weights = X.weights.copy()
    weights[gene] *= -1
    other = changed(X, weights=weights)
    message = rf"row {gene} \(GENE{gene}\) sum to -.* track H3K4me3.*weights are negative"
    with pytest.raises(ValueError, match=message):
        WindowSummary().fit_transform(other)
    nameless = changed(other, genes={})
    with pytest.raises(ValueError, match=rf"row {gene} sum"):
        WindowSummary().fit_transform(nameless)


def test_a_promoter_that_its_core_fills_is_named():
    X = RegionArray.from_dense(
        np.ones((3, 1, 40, 1)),
        lengths=[[4000], [4000], [2000]],
        genes={"gene_id": np.array(["A", "B", "C"], dtype=object)},
    )
    summary = WindowSummary().fit(X)
    np.testing.assert_allclose(summary.transform(X[:2]), np.log(2))
    with pytest.raises(ValueError, match=r"core=2000 bp .* row 2 \(C\), which has 2000 bp"):
        summary.transform(X)


def test_the_signal_is_not_copied():
    X = RegionArray.from_dense(np.ones((4000, 400, 2), dtype=np.float32))
    summary = WindowSummary().fit(X)
    tracemalloc.start()
    summary.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * X.signal.nbytes

"""WindowSummary's table beside other columns of the genes: its rows, and its columns' names."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from small_models import TINY, make_regions

from skchromo import (
    BigWigTransformer,
    ChromoformerEmbedding,
    ChromoformerRegressor,
    InteractionTransformer,
    RegionArray,
    WindowSummary,
)
from skchromo.datasets import make_epigenome

COLUMNS = ["gene_id", "chrom", "tss", "strand"]
N_GENES = 12


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_epigenome(
        tmp_path_factory.mktemp("genome"), n_genes=N_GENES, n_chroms=1, random_state=0
    )


@pytest.fixture(scope="module")
def genes(made):
    """Genes that differ in their own signal, and a column that numbers them."""
    return made.genes.assign(row=np.arange(N_GENES) + 0.5)


@pytest.fixture
def signal(made):
    return make_pipeline(BigWigTransformer(made.tracks), WindowSummary())


INDEXES = {
    "reversed": np.arange(N_GENES)[::-1],
    "text": [f"gene {i}" for i in range(N_GENES)],
    "with a name": pd.Index([f"g{i}" for i in range(N_GENES)], name="gene"),
    "with duplicates": np.arange(N_GENES) // 2,
    "text with duplicates": [f"g{i // 3}" for i in range(N_GENES)],
    "all the same": ["g"] * N_GENES,
    "of mixed types": [*range(N_GENES // 2), *"abcdef"],
    "of floats with NaN": [np.nan, *np.arange(1.0, N_GENES)],
    "of dates": pd.to_datetime([f"2026-01-{i:02}" for i in range(N_GENES, 0, -1)], utc=True),
    "of categories": pd.CategoricalIndex([f"g{i}" for i in range(N_GENES)]),
    "of two levels": pd.MultiIndex.from_product([["K562", "H1"], range(6)], names=["cell", None]),
    "of two levels with duplicates": pd.MultiIndex.from_arrays([["K562"] * N_GENES, [1, 2] * 6]),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_gene_keeps_its_own_columns_whatever_the_index(signal, genes, kind):
    table = genes.set_axis(INDEXES[kind])
    alone = signal.fit_transform(table)
    both = make_column_transformer((signal, COLUMNS), ("passthrough", ["row"]))
    joined = both.set_output(transform="pandas").fit_transform(table)
    pd.testing.assert_index_equal(joined.index, table.index, exact=False, check_categorical=False)
    np.testing.assert_array_equal(joined.iloc[:, -1], table["row"])
    np.testing.assert_array_equal(joined.iloc[:, :-1], alone)


@pytest.mark.parametrize(
    "choose",
    [
        lambda genes: genes.sample(frac=1, random_state=1),
        lambda genes: genes[genes.index % 2 == 1],
        lambda genes: genes.sort_values("tss", ascending=False),
        lambda genes: pd.concat([genes, genes.iloc[:3]]),
        lambda genes: genes.set_index("gene_id", drop=False).iloc[::-1],
    ],
    ids=["shuffled", "filtered", "sorted", "with rows twice", "by gene_id"],
)
@pytest.mark.parametrize("tool", ["ColumnTransformer", "FeatureUnion", "concat"])
def test_rows_of_tools_that_join_tables_are_of_one_gene(signal, genes, choose, tool):
    table = choose(genes)
    own = FunctionTransformer(lambda X: X[["row"]], feature_names_out=lambda *_: ["row"])
    if tool == "ColumnTransformer":
        both = make_column_transformer((signal, COLUMNS), ("passthrough", ["row"]))
        joined = both.set_output(transform="pandas").fit_transform(table)
    elif tool == "FeatureUnion":
        both = FeatureUnion([("signal", signal), ("own", own)])
        joined = both.set_output(transform="pandas").fit_transform(table)
    else:
        signal.set_output(transform="pandas")
        joined = pd.concat([signal.fit_transform(table), table[["row"]]], axis=1)
    assert joined.index.equals(table.index)
    np.testing.assert_array_equal(joined.iloc[:, -1], table["row"])
    expected = signal.set_output(transform="default").fit_transform(table)
    np.testing.assert_array_equal(joined.iloc[:, :-1], expected)


def test_joined_tables_are_cross_validated_as_arrays_are(signal, genes):
    table = genes.sample(frac=1, random_state=2)
    both = make_column_transformer((signal, COLUMNS), ("passthrough", ["row"]))
    y = np.linspace(0, 1, N_GENES)
    predictions = [
        cross_val_predict(
            make_pipeline(both.set_output(transform=output), StandardScaler(), Ridge()),
            table,
            y,
            cv=KFold(3),
        )
        for output in ("default", "pandas")
    ]
    np.testing.assert_allclose(*predictions, rtol=1e-9)


def test_index_travels_with_the_rows(made, genes, tmp_path):
    table = genes.set_axis(pd.Index([f"g{i // 2}" for i in range(N_GENES)], name="gene"))
    X = BigWigTransformer(made.tracks).fit_transform(table)
    summary = WindowSummary().set_output(transform="pandas").fit(X)

    def index_of(X):
        return summary.transform(X).index

    rows = np.array([7, 2, 2, 0])
    X.save(tmp_path / "X.npz")
    opened = RegionArray.load(tmp_path / "X.npz")
    arrays = [X, opened, RegionArray.load(tmp_path / "X.npz", mmap_mode=None)]
    arrays += [pickle.loads(pickle.dumps(array)) for array in arrays]
    for array in arrays:
        assert index_of(array).equals(table.index)
        assert index_of(array).name == "gene"
        for key in (rows, slice(3, None, 2), np.arange(N_GENES) % 3 == 1, [5]):
            expected = table.index[key]
            assert index_of(array[key]).equals(expected)
            assert index_of(pickle.loads(pickle.dumps(array[key]))).equals(expected)
    joined = RegionArray.concatenate([X[rows], opened[:2], X.compact()])
    assert index_of(joined).equals(table.index[[*rows, 0, 1, *range(N_GENES)]])
    pair = RegionArray.stack(X[:5], X[:5])
    for condition in "ab":
        assert index_of(pair.condition(condition)).equals(table.index[:5])


def test_index_of_several_levels_is_saved(made, genes, tmp_path):
    index = INDEXES["of two levels"]
    X = BigWigTransformer(made.tracks).fit_transform(genes.set_axis(index))
    X[::-1].save(tmp_path / "X.npz")
    summary = WindowSummary().set_output(transform="pandas").fit(X)
    saved = summary.transform(RegionArray.load(tmp_path / "X.npz")).index
    assert saved.equals(index[::-1])
    assert saved.names == index.names


def test_index_of_plain_arrays_is_a_range():
    X = make_regions(6)
    summary = WindowSummary(core=200).set_output(transform="pandas").fit(X)
    assert summary.transform(X[[4, 1]]).index.equals(pd.RangeIndex(2))
    assert summary.transform(RegionArray.concatenate([X, X])).index.equals(pd.RangeIndex(12))


def test_index_of_a_table_of_known_columns_is_kept():
    table = pd.DataFrame({"gene_id": ["A", "B", "C"]}, index=[5, 3, 9])
    X = RegionArray.from_dense(np.ones((3, 40)), genes=table)
    assert X.genes["gene_id"].tolist() == ["A", "B", "C"]
    summary = WindowSummary().set_output(transform="pandas").fit(X)
    assert summary.transform(X[1:]).index.tolist() == [3, 9]
    with pytest.raises(ValueError, match="genes"):
        RegionArray.from_dense(np.ones((2, 40)), genes=table)
    bare = RegionArray.from_dense(np.ones((3, 40)), genes=dict(table))
    with pytest.raises(ValueError, match="cannot concatenate: some arrays have the index"):
        RegionArray.concatenate([X, bare])


def test_names_of_tracks_and_windows_pass_through_the_pipeline(made, genes):
    pipe = make_pipeline(
        InteractionTransformer(made.contacts, weight_threshold=0),
        BigWigTransformer(made.tracks),
        WindowSummary(),
        StandardScaler(),
    )
    table = genes[COLUMNS]
    pipe.fit(table)
    names = pipe.get_feature_names_out()
    tracks = list(made.tracks)
    assert names[0] == f"{tracks[0]}_core"
    assert names[-1] == f"{tracks[-1]}_pcres"
    assert pipe.feature_names_in_.tolist() == COLUMNS
    assert pipe[:1].get_feature_names_out().tolist() == [*COLUMNS, "pcres"]
    assert pipe[:2].get_feature_names_out(COLUMNS).tolist() == tracks
    with pytest.raises(ValueError, match="feature_names_in_"):
        pipe.get_feature_names_out(["a", "b", "c", "d"])
    joined = make_column_transformer((pipe, COLUMNS), ("passthrough", ["row"]))
    joined.set_output(transform="pandas")
    columns = joined.fit_transform(genes).columns
    assert columns.tolist() == [*(f"pipeline__{name}" for name in names), "passthrough__row"]
    union = FeatureUnion([("marks", pipe)]).set_output(transform="pandas")
    assert union.fit_transform(table).columns.tolist() == [f"marks__{name}" for name in names]


def test_names_of_tables_that_compare_two_samples(made):
    genes = made.genes[COLUMNS].assign(sample_a="K562", sample_b="H1")
    step = InteractionTransformer(made.contacts, weight_threshold=0)
    names = step.fit(genes).get_feature_names_out()
    assert names.tolist() == step.transform(genes).columns.tolist()
    again = step.fit(step.transform(genes)).get_feature_names_out()
    assert again.tolist() == names.tolist()


def test_names_of_tables_whose_columns_are_not_text(made):
    step = InteractionTransformer(made.contacts, weight_threshold=0)
    step.fit(made.genes[COLUMNS].assign(**{"x": 1}).rename(columns={"x": 1}))
    assert not hasattr(step, "feature_names_in_")
    assert step.get_feature_names_out()[-1] == "pcres"


@pytest.mark.parametrize("table", ["WindowSummary", "ChromoformerEmbedding"])
def test_covariates_beside_signal_add_what_no_track_shows(table, tmp_path):
    """The planted half-life counts, is missing for some genes, and stays with its gene."""
    made = make_epigenome(
        tmp_path, n_genes=60, n_chroms=3, tracks=["H3K4me3"], planted_r=0.95, random_state=0
    )
    half_life = np.random.default_rng(0).lognormal(2, 0.5, 60)
    genes = made.genes.assign(half_life=half_life, gc=np.linspace(0.3, 0.6, 60))
    y = np.log2(made.expression.to_numpy() + 1) + 4 * np.log(half_life)
    genes.loc[genes.index[::9], "half_life"] = np.nan
    order = np.random.default_rng(1).permutation(60)
    genes, y = genes.iloc[order], y[order]
    network = ChromoformerEmbedding(ChromoformerRegressor(**TINY))
    last = network if table == "ChromoformerEmbedding" else WindowSummary()
    signal = [InteractionTransformer(made.contacts), BigWigTransformer(made.tracks), last]
    imputer = SimpleImputer(add_indicator=True)
    columns = ColumnTransformer(
        [
            ("signal", make_pipeline(*signal, StandardScaler()), COLUMNS),
            ("gc", StandardScaler(), ["gc"]),
            ("half_life", make_pipeline(imputer, StandardScaler()), ["half_life"]),
        ]
    )
    model = Pipeline([("columns", columns), ("ridge", RidgeCV())])

    def score(**params):
        return cross_val_score(
            clone(model).set_params(**params), genes, y, groups=genes["chrom"], cv=GroupKFold(3)
        ).mean()

    assert score() > score(columns__gc="drop", columns__half_life="drop") + 0.2
    names = model.fit(genes, y)[0].get_feature_names_out().tolist()
    own = ["gc__gc", "half_life__half_life", "half_life__missingindicator_half_life"]
    assert names[-3:] == own
    assert all(name.startswith("signal__") for name in names[:-3])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(genes[::-1]), model.predict(genes)[::-1])

"""scikit-learn's common checks for the transformers of gene tables.

scikit-learn's own checks feed random floats, which are not genes: checks that need no data are run
by name, the others have twins here on a gene table with tracks and contacts.
"""

import copy
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pyBigWig
import pytest
import sklearn
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, estimator_html_repr
from sklearn.utils.validation import check_is_fitted
from small_models import make_gene_table

from skchromo import (
    BigWigTransformer,
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    InteractionTransformer,
    RegionArray,
    WindowSummary,
)

SIZES = {f"chr{number}": 100_000 for number in (1, 2, 3)}
SAMPLES = ("K562", "H1")
# Genes that a fit leaves out have contacts that belong to no gene of the table.
LEFT_OUT = pytest.mark.filterwarnings("ignore:.* contacts belong to no gene:UserWarning")
WITHOUT_DATA = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_n_features_in_after_fitting",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_transformers_unfitted",
    "check_valid_tag_types",
]


def write_track(path, seed):
    values = np.random.default_rng(seed).poisson(2.0, (len(SIZES), 1000)).astype(float)
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader(list(SIZES.items()))
        for chrom, bins in zip(SIZES, values):
            handle.addEntries(chrom, 0, values=bins, span=100, step=100)
    return str(path)


def write_contacts(path, genes, seed):
    """Three contacts a gene, of random distances and scores."""
    rng = np.random.default_rng(seed)
    lines = ["gene_id\tchrom\tstart\tend\tscore"]
    for gene, chrom in zip(genes["gene_id"], genes["chrom"]):
        for start, length in zip(rng.integers(0, 90_000, 3), rng.integers(100, 9_000, 3)):
            lines.append(f"{gene}\t{chrom}\t{start}\t{start + length}\t{rng.gamma(2, 2):.3f}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def genes():
    table = make_gene_table()
    table.insert(0, "name", [f"name{i}" for i in range(len(table))])
    return table.set_index(pd.Index(np.arange(len(table))[::-1] * 10, name="number"))


@pytest.fixture(scope="module")
def files(genes, tmp_path_factory):
    """Contacts and tracks of each sample."""
    folder = tmp_path_factory.mktemp("files")
    contacts = {
        sample: write_contacts(folder / f"{sample}.tsv", genes, seed)
        for seed, sample in enumerate(SAMPLES)
    }
    rows = [
        (sample, track, write_track(folder / f"{sample}-{track}.bw", 10 * number + i))
        for number, sample in enumerate(SAMPLES)
        for i, track in enumerate(("H3K4me3", "ATAC"))
    ]
    return contacts, pd.DataFrame(rows, columns=["sample", "track", "path"])


KINDS = ["contacts", "ranked contacts", "signal", "scaled", "with pCREs"]


@pytest.fixture(scope="module", params=KINDS)
def case(request, genes, files):
    """Transformer, not fitted, and a gene table that it takes."""
    contacts, tracks = files
    of_one = tracks[tracks["sample"] == "H1"]
    of_one = dict(zip(of_one["track"], of_one["path"]))
    interactions = InteractionTransformer(contacts["H1"], max_pcres=2)
    if request.param == "contacts":
        return interactions, genes
    if request.param == "ranked contacts":
        return clone(interactions).set_params(weight_transform="rank"), genes
    if request.param == "signal":
        return BigWigTransformer(of_one, window=2_000), genes
    if request.param == "scaled":
        masked = pd.DataFrame({"chrom": ["chr1"], "start": [1_500], "end": [2_100]})
        options = {"window": 2_000, "blacklist": masked, "scale": "quantile"}
        return BigWigTransformer(tracks, **options), genes.assign(sample="K562")
    return BigWigTransformer(of_one, window=2_000), interactions.fit_transform(genes)


def same(a, b):
    """Whether two results of a transformer are the same."""
    if isinstance(a, RegionArray):
        return a.equals(b)
    cells = [
        (cell.chrom, cell.start.tolist(), cell.end.tolist(), cell.weight.tolist())
        for table in (a, b)
        for cell in table["pcres"]
    ]
    pd.testing.assert_frame_equal(a.drop(columns="pcres"), b.drop(columns="pcres"))
    middle = len(cells) // 2
    return all(
        list(x[0]) == list(y[0]) and x[1:] == y[1:] for x, y in zip(cells[:middle], cells[middle:])
    )


def rows_of(result, rows):
    return result[rows] if isinstance(result, RegionArray) else result.iloc[rows]


@pytest.mark.parametrize("name", WITHOUT_DATA)
@pytest.mark.parametrize(
    "transformer",
    [InteractionTransformer("contacts.bedpe"), BigWigTransformer({"ATAC": "ATAC.bw"})],
    ids=lambda transformer: type(transformer).__name__,
)
def test_common_checks_that_need_no_data(transformer, name):
    getattr(estimator_checks, name)(type(transformer).__name__, transformer)


def test_fit_gives_the_transformer_and_underscored_attributes_only(case):
    transformer, table = clone(case[0]), case[1]
    before = set(vars(transformer))
    assert transformer.fit(table) is transformer
    check_is_fitted(transformer)
    added = set(vars(transformer)) - before
    assert added
    assert all(name.startswith("_") or name.endswith("_") for name in added)
    assert not is_classifier(transformer)
    assert not is_regressor(transformer)


def test_fitting_twice_is_fitting_once(case):
    transformer, table = clone(case[0]), case[1]
    expected = transformer.fit(table).transform(table)
    state = {name: repr(value) for name, value in vars(transformer).items()}
    assert same(transformer.fit(table).transform(table), expected)
    assert {name: repr(value) for name, value in vars(transformer).items()} == state
    assert same(transformer.fit_transform(table), expected)
    assert same(transformer.fit(table, np.arange(len(table))).transform(table), expected)


@LEFT_OUT
def test_a_fit_on_other_genes_leaves_nothing_behind(case):
    transformer, table = clone(case[0]), case[1]
    expected = clone(transformer).fit(table).transform(table)
    transformer.fit(table.iloc[:4])
    assert same(transformer.fit(table).transform(table), expected)


def test_neither_the_table_nor_the_parameters_are_changed(case):
    transformer, table = clone(case[0]), case[1]
    kept, attrs = table.copy(), copy.deepcopy(table.attrs)
    params = transformer.get_params()
    reprs = {name: repr(value) for name, value in params.items()}
    result = transformer.fit_transform(table)
    state = dict(vars(transformer))
    transformer.fit(table).transform(table)
    assert vars(transformer).keys() == state.keys()
    pd.testing.assert_frame_equal(table, kept)
    assert table.attrs == attrs
    after = transformer.get_params()
    assert all(after[name] is value for name, value in params.items())
    assert {name: repr(value) for name, value in after.items()} == reprs
    if isinstance(result, pd.DataFrame):
        result.loc[:, "tss"] = 0
        pd.testing.assert_frame_equal(table, kept)


def test_pickles_transform_alike(case, tmp_path):
    transformer, table = clone(case[0]), case[1]
    unfitted = pickle.loads(pickle.dumps(transformer))
    expected = transformer.fit(table).transform(table)
    joblib.dump(transformer, tmp_path / "transformer.joblib")
    joblib.dump(table, tmp_path / "table.joblib")
    for loaded in (
        pickle.loads(pickle.dumps(transformer)),
        joblib.load(tmp_path / "transformer.joblib"),
        joblib.load(tmp_path / "transformer.joblib", mmap_mode="r"),
        unfitted.fit(table),
    ):
        assert same(loaded.transform(joblib.load(tmp_path / "table.joblib")), expected)


def test_tables_that_are_mapped_from_a_file_are_taken(case, tmp_path):
    transformer, table = clone(case[0]), case[1]
    joblib.dump(table, tmp_path / "table.joblib")
    mapped = joblib.load(tmp_path / "table.joblib", mmap_mode="r")
    assert same(transformer.fit(mapped).transform(mapped), transformer.fit_transform(table))


def test_a_row_does_not_depend_on_the_others(case):
    transformer, table = case[0], case[1]
    fitted = clone(transformer).fit(table)
    everyone = fitted.transform(table)
    order = np.random.default_rng(0).permutation(len(table))
    for rows in (order, np.arange(4, 9), [7], [3, 3, 0]):
        assert same(fitted.transform(table.iloc[rows]), rows_of(everyone, rows))


@LEFT_OUT
def test_one_gene_can_be_fitted_and_an_empty_table_is_refused(case):
    transformer, table = clone(case[0]), case[1]
    assert len(transformer.fit_transform(table.iloc[:1])) == 1
    for method in (transformer.fit, transformer.transform, transformer.fit_transform):
        with pytest.raises(ValueError, match="gene table is empty"):
            method(table.iloc[:0])


def test_the_order_of_columns_does_not_matter_nor_do_others(case):
    transformer, table = clone(case[0]), case[1]
    expected = transformer.fit(table).transform(table)
    turned = transformer.transform(table[table.columns[::-1]])
    wider = transformer.transform(table.assign(expression=1.5))
    if isinstance(expected, RegionArray):
        assert turned.equals(expected)
        assert wider.equals(expected)
    else:
        assert turned.columns.tolist() == [*table.columns[::-1], "pcres"]
        assert same(turned[expected.columns], expected)
        assert wider.columns.tolist() == [*table.columns, "expression", "pcres"]
        assert same(wider[expected.columns], expected)


def test_output_containers_change_nothing(case):
    transformer, table = clone(case[0]), case[1]
    expected = transformer.fit_transform(table)
    for container in ("default", "pandas", "polars"):
        assert transformer.set_output(transform=container) is transformer
        assert same(transformer.fit_transform(table), expected)
        with sklearn.config_context(transform_output=container):
            assert same(clone(transformer).fit(table).transform(table), expected)


def test_clone_keeps_parameters_and_forgets_the_fit(case):
    transformer, table = clone(case[0]).fit(case[1]), case[1]
    fresh = clone(transformer)
    with pytest.raises(NotFittedError):
        check_is_fitted(fresh)
    for name, value in transformer.get_params().items():
        assert repr(fresh.get_params()[name]) == repr(value)
    assert same(fresh.fit_transform(table), transformer.transform(table))


@pytest.mark.parametrize(
    "estimator",
    [
        InteractionTransformer("contacts.bedpe"),
        BigWigTransformer({"ATAC": "ATAC.bw"}),
        WindowSummary(),
        ChromoformerClassifier(),
        ChromoformerRegressor(),
        ChromoformerDiffRegressor(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_the_display_in_a_notebook_explains_the_parameters(estimator):
    assert type(estimator).__name__ in estimator_html_repr(estimator)
    page = " ".join(estimator_html_repr(estimator).split())
    for name in estimator.get_params():
        assert re.search(rf'"> ?{name}: ', page), name


def test_names_of_columns_come_from_the_step_that_makes_a_table(genes, files):
    contacts, tracks = files
    pipe = make_pipeline(
        InteractionTransformer(contacts["H1"], max_pcres=2),
        BigWigTransformer(tracks[tracks["sample"] == "H1"], window=2_000),
        WindowSummary(core=400),
    ).set_output(transform="pandas")
    table = pipe.fit_transform(genes)
    assert table.columns.tolist() == pipe[-1].get_feature_names_out().tolist()
    assert "ATAC_pcres" in table.columns

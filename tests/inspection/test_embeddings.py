"""Embeddings: what the head reads, as a table and as a step of a Pipeline."""

from unittest import SkipTest

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from small_models import TINY, changed

from skchromo import ChromoformerClassifier, ChromoformerRegressor, RegionArray, WindowSummary
from skchromo.inspection import ChromoformerEmbedding, embeddings

NAMES = [f"embedding_{size}bp_{k}" for size in (400, 100) for k in range(8)]
CHECKED = [
    ChromoformerEmbedding(ChromoformerRegressor(**TINY)),
    ChromoformerEmbedding(ChromoformerClassifier(**TINY)),
]


@parametrize_with_checks(CHECKED, xfail_strict=True)
def test_common_checks(estimator, check):
    try:
        check(estimator)
    except SkipTest as reason:
        pytest.fail(f"skipped, so that it holds nothing: {reason}")


def test_the_suite_is_not_switched_off_by_a_tag():
    for estimator in CHECKED:
        assert len(list(estimator_checks_generator(estimator))) > 45
        assert not get_tags(estimator)._skip_test


def test_head_predicts_from_embeddings(X, fitted):
    table = embeddings(fitted, X)
    assert table.columns.tolist() == NAMES
    assert table.index.name == "gene_id"
    assert table.index.tolist() == X.genes["gene_id"].tolist()
    network = fitted.net_.module_
    with torch.no_grad():
        output = network.fc_head(torch.tensor(table.to_numpy())) * network.output_scale
    np.testing.assert_allclose(output[:, 0], fitted.predict(X), rtol=1e-5)


def test_embedding_of_gene_does_not_depend_on_the_others(X, fitted):
    table = embeddings(fitted, X)
    pd.testing.assert_frame_equal(embeddings(fitted, X[[5]]), table.iloc[[5]], check_exact=True)


def test_index_has_samples_where_genes_have_them_and_numbers_where_there_are_no_ids(X, fitted):
    of_samples = changed(X, genes={**X.genes, "sample": np.resize(["H1", "K562"], len(X))})
    assert embeddings(fitted, of_samples).index[1] == ("GENE1", "K562")
    assert embeddings(fitted, changed(X, genes={})).index.tolist() == list(range(len(X)))


def test_frozen_model_is_embedded_and_not_trained(X, y, fitted):
    step = ChromoformerEmbedding(FrozenEstimator(fitted))
    expected = embeddings(fitted, X).to_numpy()
    np.testing.assert_array_equal(step.fit_transform(X), expected)
    pipe = make_pipeline(step, PCA(2)).fit(X)
    assert pipe.transform(X).shape == (len(X), 2)
    assert pipe[:-1].get_feature_names_out().tolist() == NAMES
    assert pipe[:-1].get_feature_names_out(X.tracks).tolist() == NAMES
    np.testing.assert_array_equal(pipe[0].transform(X), expected)


def test_each_fold_trains_a_model_of_its_own(X, y):
    pipe = make_pipeline(ChromoformerEmbedding(ChromoformerRegressor(**TINY)), Ridge())
    out_of_fold = cross_val_predict(pipe, X, y, cv=KFold(2))
    model = ChromoformerRegressor(**TINY).fit(X[20:], y[20:])
    ridge = Ridge().fit(embeddings(model, X[20:]).to_numpy(), y[20:])
    first = ridge.predict(embeddings(model, X[:20]).to_numpy())
    np.testing.assert_allclose(out_of_fold[:20], first, rtol=1e-6)
    search = GridSearchCV(pipe, {"chromoformerembedding__estimator__lr": [1e-3, 1e-2]}, cv=2)
    assert search.fit(X, y).best_estimator_.predict(X).shape == y.shape


def test_pandas_output_joins_other_tables_by_the_gene_table(X, y, fitted):
    genes = pd.DataFrame(X.genes, index=[f"row{i}" for i in range(len(X))])
    of_table = changed(X, genes=genes, row_labels=None)
    steps = [
        ("model", ChromoformerEmbedding(FrozenEstimator(fitted))),
        ("means", WindowSummary(core=400)),
    ]
    joined = FeatureUnion(steps).set_output(transform="pandas").fit_transform(of_table)
    assert joined.index.tolist() == genes.index.tolist()
    assert [name for name in joined if name.startswith("model__")] == [
        f"model__{name}" for name in NAMES
    ]


def test_estimator_may_be_a_pipeline_from_a_gene_table(X, y):
    genes = pd.DataFrame(X.genes)
    read = FunctionTransformer(lambda table: X[table.index.to_numpy()])
    pipe = make_pipeline(read, ChromoformerRegressor(**TINY))
    step = ChromoformerEmbedding(pipe).fit(genes, y)
    np.testing.assert_array_equal(step.transform(genes), embeddings(pipe.fit(genes, y), genes))
    assert ChromoformerEmbedding(make_pipeline(read, FrozenEstimator(pipe[-1]))).fit(genes)


def test_missing_target_names_the_way_to_a_trained_model(X, fitted):
    with pytest.raises(ValueError, match=r"give ChromoformerEmbedding\(FrozenEstimator\(model\)\)"):
        ChromoformerEmbedding(fitted).fit(X)


def test_other_models_are_refused(X, y):
    with pytest.raises(TypeError, match="inspection needs a fitted ChromoformerClassifier"):
        ChromoformerEmbedding(Ridge()).fit(np.ones((4, 2)), [0, 1, 2, 3])
    with pytest.raises(TypeError, match="inspection needs a fitted ChromoformerClassifier"):
        embeddings(Ridge(), RegionArray.from_dense(np.ones((4, 8))))

"""The page "Beyond one machine": its code runs on each engine and finds what one process finds."""

import re
from contextlib import chdir

import numpy as np
import pytest
from docs_code import blocks_of, run, write_stand_ins
from sklearn.base import clone
from sklearn.model_selection import GroupKFold
from test_docs import text_of

PAGE = text_of("guide/beyond_one_machine.rst")


def block(words):
    """The one block of the page with these words, in the sizes of a test."""
    (found,) = [code for code in blocks_of(PAGE) if words in code]
    found = found.replace("GroupKFold(4)", "GroupKFold(2)")
    return re.sub(r"(n_trials|num_samples)=\d+", r"\1=3", found)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Names of the page after its search, in a folder with the files."""
    folder = tmp_path_factory.mktemp("page")
    write_stand_ins(folder)
    names = {"__name__": "__main__"}  # functions are then sent as they are in a script
    with chdir(folder):
        run(block("search = GridSearchCV("), names)
        yield names


@pytest.fixture
def names(page):
    """Names of the page, and a search that is not fitted."""
    return {**page, "search": clone(page["search"])}


def assert_same(search, expected):
    """Check the scores of two searches for equality to the bit."""
    for key in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(search.cv_results_[key], expected.cv_results_[key])


def test_every_engine_of_the_page_is_tested():
    first_import = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)
    imported = {first_import.search(code)[1] for code in blocks_of(PAGE)}
    assert imported == {"numpy", "os", "dask", "ray", "submitit", "optuna"}


def test_script_for_torchrun_runs_alone(names):
    run(block("pipe.fit(genes, y)"), names)


# another cluster on this machine may have taken the port of the dashboard
@pytest.mark.filterwarnings("ignore:Port")
def test_dask_finds_what_one_process_finds(page, names):
    pytest.importorskip("distributed", reason="dask and distributed are optional engines")
    run(block('backend="dask"'), names)
    assert_same(names["search"], page["search"])


def test_ray_finds_what_one_process_finds(page, names):
    pytest.importorskip("ray", reason="ray is an optional engine, too large to install with others")
    run(block('backend="ray"'), names)
    assert_same(names["search"], page["search"])


def test_jobs_of_submitit_predict_what_one_process_predicts(names):
    pytest.importorskip("submitit", reason="submitit is an optional engine")
    run(block("import submitit"), names)
    genes, y = names["genes"], names["y"]
    expected = np.full(len(genes), np.nan)
    for train, test in GroupKFold(2).split(genes, groups=genes["chrom"]):
        expected[test] = (
            clone(names["pipe"]).fit(genes.iloc[train], y.iloc[train]).predict(genes.iloc[test])
        )
    np.testing.assert_array_equal(names["predicted"], expected)


def test_optuna_searches_and_prunes(names):
    optuna = pytest.importorskip("optuna", reason="optuna is an optional engine")
    names["clone"] = clone
    run(block("import optuna"), names)
    assert len(names["study"].trials) == 3
    assert set(names["study"].best_params) == {"lr", "dropout"}
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=-1))
    study.optimize(names["loss_of"], n_trials=1)
    (trial,) = study.trials
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert list(trial.intermediate_values) == [1]  # ended after the first epoch


def test_ray_tune_searches_and_prunes(names):
    pytest.importorskip("ray.tune", reason="Ray is an optional engine, too large for all tests")
    names["clone"] = clone
    run(block("import optuna"), names)
    run(block("from ray import tune"), names)
    results = names["results"]
    assert not results.errors
    assert len(results) == 3
    assert {"lr", "dropout"} == set(results.get_best_result().config)

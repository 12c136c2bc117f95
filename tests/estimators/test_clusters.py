"""Searches on a dask cluster of two processes: what is sent, a worker that dies, Ctrl-C."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline
from small_models import TINY, make_gene_table, make_regions

from skchromo import BigWigTransformer, ChromoformerRegressor, RegionArray

distributed = pytest.importorskip("distributed", reason="dask and distributed are optional engines")

MODEL = ChromoformerRegressor(**{**TINY, "max_epochs": 1, "n_threads": 1})


class Step(TransformerMixin, BaseEstimator):
    """Passes X on; `mark` is a file that it writes, `home` the number of the first process."""

    def __init__(self, mark, home=None):
        self.mark = mark
        self.home = home

    def fit(self, X, y=None):
        return self


class Dies(Step):
    """The first time in another process, that process ends as if it were killed."""

    def transform(self, X):
        if os.getpid() != self.home and not os.path.exists(self.mark):
            Path(self.mark).touch()
            os._exit(1)
        return X


class Waits(Step):
    """Notes that it has begun, and waits until it is let go, at most two minutes."""

    def transform(self, X):
        Path(self.mark).touch()
        deadline = time.monotonic() + 120
        while not os.path.exists(self.mark + " over") and time.monotonic() < deadline:
            time.sleep(0.05)
        return X


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def genes():
    return make_gene_table()


@pytest.fixture(scope="module")
def y(genes):
    return np.random.default_rng(0).normal(size=len(genes))


@pytest.fixture(scope="module")
def signal_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signal")
    rng = np.random.default_rng(0)
    with pyBigWig.open(str(folder / "ATAC.bw"), "w") as handle:
        handle.addHeader([(f"chr{number}", 100_000) for number in (1, 2, 3)])
        for number in (1, 2, 3):
            values = rng.poisson(2.0, 1000).astype(float)
            handle.addEntries(f"chr{number}", 0, values=values, span=100, step=100)
    tracks = {"ATAC": str(folder / "ATAC.bw")}
    return BigWigTransformer(tracks, window=1_600, memory=str(folder / "cache"))


def search(steps, X, y, groups, **config):
    """Fit a search over a pipeline, in this process or as `config` says."""
    grid = {"model__lr": [1e-3, 0.1]}
    found = GridSearchCV(Pipeline(steps), grid, cv=GroupKFold(3), error_score="raise")
    with parallel_config(**config):
        return found.fit(X, y, groups=groups)


def assert_same(found, expected):
    for name in ("split0_test_score", "split1_test_score", "split2_test_score"):
        np.testing.assert_array_equal(found.cv_results_[name], expected.cv_results_[name])


@pytest.fixture(scope="module")
def serial(genes, y, signal_of):
    steps = [("signal", signal_of), ("model", MODEL)]
    return search(steps, genes, y, genes["chrom"], n_jobs=1)


def test_a_search_over_the_pipeline_equals_that_of_one_process(client, genes, y, serial, signal_of):
    steps = [("signal", signal_of), ("model", MODEL)]
    found = search(steps, genes, y, genes["chrom"], backend="dask")
    assert_same(found, serial)
    np.testing.assert_array_equal(found.predict(genes), serial.predict(genes))


def test_x_is_sent_once(client, monkeypatch):
    X, n_bytes, state = make_regions(n_genes=60, n_bins=200), [], RegionArray.__getstate__

    def counting(self):
        n_bytes.append(self.signal.nbytes)
        return state(self)

    y, steps = np.linspace(0, 1, 60), [("model", MODEL)]
    expected = search(steps, X, y, X.genes["chrom"], n_jobs=1)
    monkeypatch.setattr(RegionArray, "__getstate__", counting)
    found = search(steps, X, y, X.genes["chrom"], backend="dask")
    assert_same(found, expected)
    assert sum(n_bytes) == X.signal.nbytes  # of six tasks


def test_a_worker_that_dies_loses_nothing(client, genes, y, serial, signal_of, tmp_path):
    mark = tmp_path / "died"
    steps = [("signal", signal_of), ("dies", Dies(str(mark), os.getpid())), ("model", MODEL)]
    found = search(steps, genes, y, genes["chrom"], backend="dask", scatter=[genes, y])
    assert mark.exists()
    assert_same(found, serial)


def test_ctrl_c_ends_the_search_and_leaves_the_cluster_free(client, genes, y, signal_of, tmp_path):
    mark = tmp_path / "begun"
    steps = [("signal", signal_of), ("waits", Waits(str(mark))), ("model", MODEL)]

    def interrupt():
        while not mark.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    client.wait_for_workers(2)  # one may have died; a single one means that nothing is sent
    threading.Thread(target=interrupt, daemon=True).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        search(steps, genes, y, genes["chrom"], backend="dask")
    assert time.monotonic() - started < 60
    (tmp_path / "begun over").touch()
    deadline = time.monotonic() + 60
    while any(client.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(client.processing().values())
    assert client.submit(abs, -1).result(timeout=60) == 1

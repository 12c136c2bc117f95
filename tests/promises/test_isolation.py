"""Other threads and processes: what torch keeps for a process is not mixed up between fits."""

import io
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from small_models import TINY, make_regions

from skchromo import ChromoformerRegressor, load_model

SECONDS = 120


@pytest.fixture(scope="module")
def X():
    return make_regions()


@pytest.fixture(scope="module")
def y(X):
    return np.random.default_rng(0).normal(size=len(X))


@pytest.fixture
def two_threads():
    """Threads of OpenMP, which a forked process has lost."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.rand(4_000_000).exp().sum()
    yield
    torch.set_num_threads(before)


def in_a_fork(task):
    """What a task returns in a forked process, an array; a process that hangs is ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            content = io.BytesIO()
            np.save(content, task())
            os.write(writing, content.getvalue())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        content = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return np.load(io.BytesIO(content))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_fits_predicts_and_loads(X, y, two_threads, tmp_path):
    model = ChromoformerRegressor(**TINY).fit(X, y)
    model.save(tmp_path / "m")
    model.save_checkpoint(tmp_path / "m.pt")

    def task():
        # parallel products without a limit on threads would wait forever
        goes_on = clone(model).fit(X, y)
        goes_on.save(tmp_path / "again")
        ChromoformerRegressor.from_checkpoint(tmp_path / "m.pt", tracks=X.tracks)
        loaded = load_model(tmp_path / "m")
        return np.array([each.predict(X) for each in (model, goes_on, loaded)])

    for predicted in in_a_fork(task):
        np.testing.assert_allclose(predicted, model.predict(X), rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_joblibs_forked_processes_score(X, y, two_threads):
    model = ChromoformerRegressor(**TINY).fit(X, y)
    with joblib.parallel_config("multiprocessing", n_jobs=2):
        scores = cross_val_score(model, X, y, cv=2, error_score="raise")
    np.testing.assert_allclose(scores, cross_val_score(model, X, y, cv=2), rtol=1e-4)


@pytest.mark.parametrize("n_threads", [None, 1])
def test_fits_side_by_side_keep_their_seeds_and_the_threads(X, y, two_threads, n_threads):
    model = ChromoformerRegressor(**{**TINY, "dropout": 0.2, "n_threads": n_threads})
    expected = clone(model).fit(X, y).predict(X)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: clone(model).fit(X, y).predict(X), range(6)))
    for predicted in found:
        np.testing.assert_array_equal(predicted, expected)
    assert torch.get_num_threads() == 2


def test_loading_beside_a_fit_leaves_its_random_numbers_alone(X, y, tmp_path):
    model = ChromoformerRegressor(**{**TINY, "dropout": 0.2})
    expected = clone(model).fit(X, y).predict(X)
    clone(model).fit(X, y).save(tmp_path / "m")
    with ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load_model, tmp_path / "m") for _ in range(20)]
        np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), expected)
        assert all(load.result().n_iter_ == 2 for load in loads)


@pytest.mark.parametrize("moment", ["fit", "predict"])
def test_a_full_device_is_said_with_what_to_do(X, y, moment, monkeypatch):
    model = ChromoformerRegressor(**TINY)
    if moment == "predict":
        model.fit(X, y)

    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore")

    monkeypatch.setattr("skchromo.nn.ChromoformerNetwork.forward", full)
    with pytest.raises(MemoryError, match=r"cpu has no memory left: .*n_jobs=1.*batch_size.*2 GiB"):
        getattr(model, moment)(*(X, y)[: 2 if moment == "fit" else 1])

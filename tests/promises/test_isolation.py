"""Threads and processes side by side: fits and files of one do not disturb another."""

import io
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch
from fuzz_files import SUFFIXES, write_bigwig, write_intact
from fuzz_reading import read
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from small_models import TINY, make_regions
from small_tracks import files_in, make_genes, transform

from skchromo import ChromoformerRegressor, load_model
from skchromo.genome.bigwig import BigWigFile

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
    """Run a task in a forked process, which ends if it hangs, and return its array."""
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
def test_forked_process_fits_predicts_and_loads(X, y, two_threads, tmp_path):
    model = ChromoformerRegressor(**TINY).fit(X, y)
    model.save(tmp_path / "m")
    model.save_checkpoint(tmp_path / "m.pt")

    def task():
        # parallel products without a limit on threads would wait forever
        again = clone(model).fit(X, y)
        again.save(tmp_path / "again")
        ChromoformerRegressor.from_checkpoint(tmp_path / "m.pt", tracks=X.tracks)
        loaded = load_model(tmp_path / "m")
        return np.array([each.predict(X) for each in (model, again, loaded)])

    for predicted in in_a_fork(task):
        np.testing.assert_allclose(predicted, model.predict(X), rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_processes_of_joblib_score(X, y, two_threads):
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
def test_full_device_is_reported_with_advice(X, y, moment, monkeypatch):
    model = ChromoformerRegressor(**TINY)
    if moment == "predict":
        model.fit(X, y)

    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore")

    monkeypatch.setattr("skchromo.nn.ChromoformerNetwork.forward", full)
    with pytest.raises(MemoryError, match=r"cpu has no memory left: .*n_jobs=1.*batch_size.*2 GiB"):
        getattr(model, moment)(*(X, y)[: 2 if moment == "fit" else 1])


@pytest.mark.parametrize(
    "kind", ["bigwig", "cool", "hic", "regions", "mapped", "damaged", "checkpoint", "model"]
)
def test_file_opened_many_times_leaks_no_handle(tmp_path, kind):
    path = tmp_path / f"a{SUFFIXES.get(kind, '.x')}"
    write_intact("bigwig" if kind == "damaged" else kind, path)
    if kind == "damaged":
        path.write_bytes(path.read_bytes()[:-100])

    def once():
        if kind == "damaged":
            with pytest.raises(ValueError, match="incomplete or damaged"):
                read("bigwig", path)
        else:
            read(kind, path)

    once()
    n_before = len(os.listdir("/proc/self/fd"))
    for _ in range(300):
        once()
    assert len(os.listdir("/proc/self/fd")) <= n_before


@pytest.fixture
def track(tmp_path):
    write_bigwig(tmp_path / "a.bw")
    return str(tmp_path / "a.bw")


def mean_of(bigwig):
    """Read with the file object of another process."""
    return float(sum((runs.value * (runs.end - runs.start)).sum() for runs in bigwig.runs(*WHOLE)))


WHOLE = ("chr1", np.array([0]), np.array([40_000]))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_open_files_are_sent_to_other_processes(track, method):
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with BigWigFile(track) as bigwig:
            expected = mean_of(bigwig)
            context = multiprocessing.get_context(method)
            with ProcessPoolExecutor(2, mp_context=context) as pool:
                assert list(pool.map(mean_of, [bigwig] * 4)) == [expected] * 4
            assert mean_of(bigwig) == expected
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("backend", ["multiprocessing", "loky", "threading"])
def test_extraction_is_the_same_with_each_backend(track, backend):
    genes = make_genes()
    expected = transform({"t": track}, genes)
    with parallel_config(backend, n_jobs=2):
        assert transform({"t": track}, genes, n_jobs=2).equals(expected)


def test_many_threads_extract_at_the_same_time(track, tmp_path):
    genes = make_genes()
    expected = transform({"t": track}, genes)
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(transform, {"t": track}, genes, tmp_path / "cache") for _ in range(12)]
        assert all(job.result().equals(expected) for job in jobs)
    assert set(files_in(tmp_path / "cache")) == {".npz"}

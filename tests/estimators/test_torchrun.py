"""One model trained by two or three processes of torchrun, on the CPU."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchrun_script import CASES, X, Y, regressor, result_of, search

from skchromo import load_model
from skchromo.estimators.training import device_of_process

HERE = Path(__file__).resolve().parent


def launch(folder, n, *words):
    """Run the script in n processes, and return the results of each and what was printed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={n}", str(HERE / "torchrun_script.py"), str(folder), *words]
    paths = [str(HERE.parent), str(HERE), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)
    files = [folder / f"{rank}.pickle" for rank in range(n)]
    assert files[0].exists(), run.stderr[-3000:]
    return [pickle.loads(file.read_bytes()) for file in files if file.exists()], run


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return launch(tmp_path_factory.mktemp("three"), 3, "all")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return launch(tmp_path_factory.mktemp("two"), 2)


@pytest.fixture(params=["two", "three"])
def processes(request):
    return request.getfixturevalue(request.param)[0]


@pytest.fixture(scope="module")
def expected():
    """What one process gives."""
    return {name: result_of(fit()) for name, fit in CASES.items()}


def assert_same(one, other):
    """Check two results for equality to the bit."""
    assert one[2] == other[2]
    for name, value in one[1].items():
        np.testing.assert_array_equal(value, other[1][name], err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_weights_of_several_processes_are_those_of_one(processes, expected, case):
    kind, weights, history = expected[case]
    for results in processes:
        assert_same(results["cases"][case], processes[0]["cases"][case])
    found_kind, found, rows = processes[0]["cases"][case]
    assert found_kind == kind
    assert len(rows) == len(history)
    for name, value in weights.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-6, err_msg=name)
    for row, expected_row in zip(rows, history, strict=True):
        assert row == pytest.approx(expected_row, rel=1e-5)


def test_every_process_has_the_model_and_may_save_it(processes, tmp_path):
    model = regressor().fit(X, Y)
    for results in processes:
        assert results["device"] == "cpu"
        np.testing.assert_array_equal(results["predicted"], processes[0]["predicted"])
    np.testing.assert_allclose(processes[0]["predicted"], model.predict(X), atol=1e-5)


def test_the_saved_model_is_whole(three, tmp_path):
    (results, *_), run = three
    folder = Path(run.args[-2])
    np.testing.assert_array_equal(load_model(folder / "model").predict(X), results["predicted"])


def test_seed_and_dropout_are_the_same_in_all_processes_and_every_time(three):
    for results in three[0]:
        for name in ("no seed", "dropout"):
            assert_same(results["seeds"][name], three[0][0]["seeds"][name])
        assert_same(results["seeds"]["dropout"], results["seeds"]["dropout again"])


def test_searches_find_what_one_process_finds(three):
    for results in three[0]:
        np.testing.assert_allclose(results["search"], search(), rtol=1e-4)


def test_workers_and_threads_do_not_join(three):
    fitted = regressor(n_threads=1).fit(X, Y)
    for predicted in three[0][0]["alone"]:
        np.testing.assert_array_equal(predicted, fitted.predict(X))


def test_other_genes_in_another_process_are_refused(three):
    for results in three[0]:
        words = "X and y of fit in process 1 of torchrun differ from those in process 0"
        assert words in results["other genes"]


def test_a_process_that_ends_ends_training_with_a_clear_error(three):
    results, run = three
    assert len(results) == 2
    assert run.returncode != 0
    for rank, result in enumerate(results):
        words, n_epochs, predicted = result["lost"]
        assert f"process {rank} of 3 cannot train on, because another one has ended" in words
        assert n_epochs == 1
        assert np.isfinite(predicted).all()


def test_a_process_takes_the_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of_process("auto") == "auto"
    names = {"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8", "MASTER_ADDR": "node1"}
    for name, value in {**names, "TORCHELASTIC_RUN_ID": "a", "SKCHROMO_JOINED": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SKCHROMO_JOINED")
    assert [device_of_process(name) for name in ("auto", "cuda", "cuda:3", "cpu")] == [
        *("cuda:1", "cuda:1", "cuda:3", "cpu"),
    ]
    monkeypatch.setenv("SKCHROMO_JOINED", "1")  # this process was started by another that trains
    assert device_of_process("auto") == "auto"
    monkeypatch.delenv("SKCHROMO_JOINED")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert device_of_process("auto") == "auto"

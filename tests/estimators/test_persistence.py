"""Saved models on other devices and in other processes; interrupted saves."""

import os
import pickle
import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback
from small_models import TINY, changed, make_regions

import skchromo
from skchromo import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    load_model,
)

# No machine has so many: a device that was there when the model was saved, and is not here.
ABSENT = "cuda:99"
DIFFERENCE = {**TINY, "linear_skip": True, "scale_target": True}


def outputs(model, X):
    return (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X)


def assert_alike(loaded, model, X):
    """Check that two fitted models are the same to the bit."""
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))
    assert repr(loaded.get_params()) == repr(model.get_params())
    assert loaded.history_ == model.history_
    assert {name for name in vars(loaded) if name.endswith("_")} == {
        name for name in vars(model) if name.endswith("_")
    }
    for name in set(vars(model)) - {"net_"}:
        ours, theirs = getattr(loaded, name), getattr(model, name)
        assert type(ours) is type(theirs)
        np.testing.assert_array_equal(ours, theirs)
        assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)


LABELS = {
    "str": ["low", "high"],
    "int": [3, -1],
    "int8": np.array([0, 1, 2], dtype=np.int8),
    "bool": [False, True],
    "float": [0.0, 1.0],
    "object": np.array(["a", "b", "c"], dtype=object),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_classes_keep_their_types(X, labels, tmp_path):
    y = np.resize(np.asarray(labels), len(X))
    model = ChromoformerClassifier(**{**TINY, "max_epochs": 1}).fit(X, y)
    model.save(tmp_path / "m")
    loaded = ChromoformerClassifier.load(tmp_path / "m")
    assert_alike(loaded, model, X)
    assert loaded.predict(X).dtype == model.predict(X).dtype


@pytest.mark.parametrize("combine", ["difference", "concat", "both"])
def test_models_of_two_conditions_come_back(combine, tmp_path):
    X = make_regions(n_conditions=2)
    model = ChromoformerDiffRegressor(**DIFFERENCE, combine=combine)
    model.fit(X, np.random.default_rng(0).normal(size=len(X)))
    model.save(tmp_path / "m")
    assert_alike(load_model(tmp_path / "m"), model, X)


def test_regressor_of_a_table_keeps_names_and_odd_parameters(tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).poisson(3.0, (30, 12)).astype(float))
    table.columns = [f"bin{i}" for i in table]
    params = {**TINY, "lr": np.float32(1e-3), "d_model": np.int64(8), "bin_sizes": [400, 100]}
    model = ChromoformerRegressor(**params, n_threads=1, early_stopping=True)
    model.fit(table, table.mean(axis=1))
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    model.set_params(lr=float(params["lr"]), d_model=8)
    assert_alike(loaded, model, table)
    assert loaded.feature_names_in_[0] == "bin0"
    assert loaded.chromsizes_ == {}
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.predict(table.rename(columns={"bin0": "other"}))


def test_a_model_of_a_checkpoint_is_saved_and_loaded(X, tmp_path):
    X = changed(X, n_bins=400)
    ChromoformerRegressor(**TINY).fit(X, np.arange(40.0)).save_checkpoint(tmp_path / "a.pt")
    model = ChromoformerRegressor.from_checkpoint(
        tmp_path / "a.pt", tracks=X.tracks, window=np.int64(1600)
    )
    model.save(tmp_path / "m")
    assert_alike(load_model(tmp_path / "m"), model, X)


def test_a_loaded_model_is_trained_on_like_a_pickled_one(X, model, path):
    y = model.predict(X)
    ours, theirs = load_model(path), pickle.loads(pickle.dumps(model))
    for twin in (ours, theirs):
        with pytest.warns(UserWarning, match="the state of the optimizer is not there"):
            twin.set_params(warm_start=True, max_epochs=4).fit(X, y)
    assert len(ours.history_) == 4
    np.testing.assert_array_equal(outputs(ours, X), outputs(theirs, X))
    again = clone(load_model(path)).fit(X, np.where(np.arange(len(X)) % 3, "high", "low"))
    np.testing.assert_array_equal(outputs(again, X), outputs(model, X))


class Watch(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.history.record("watched", object())


def test_settings_that_are_not_plain_data_are_left_out_with_a_warning(X, model, tmp_path):
    y = model.predict(X)
    odd = ChromoformerClassifier(
        **{**TINY, "random_state": np.random.RandomState(0)},
        linear_skip=True,
        callbacks=[Watch()],
        net_params={"optimizer__betas": (0.8, 0.9)},
        init_from=FrozenEstimator(model),
    ).fit(X, y)
    words = "without callbacks, init_from, net_params, random_state, watched of history_: the"
    with pytest.warns(UserWarning, match=words) as warned:
        odd.save(tmp_path / "m")
    assert warned[0].filename == __file__
    loaded = load_model(tmp_path / "m")
    np.testing.assert_array_equal(outputs(loaded, X), outputs(odd, X))
    for name in ("callbacks", "net_params", "init_from", "random_state"):
        assert getattr(loaded, name) is None
    assert loaded.history_[:, "train_loss"] == odd.history_[:, "train_loss"]
    odd.set_params(callbacks=[], net_params={}, init_from=None, random_state=0)
    del odd.history_[:]
    odd.save(tmp_path / "m")


def test_a_compiled_network_is_saved_as_it_is_without(X, model, tmp_path):
    twin = pickle.loads(pickle.dumps(model))
    twin.net_.module_ = torch.compile(twin.net_.module_, backend="eager")
    twin.save(tmp_path / "m")
    assert_alike(load_model(tmp_path / "m"), model, X)


def test_classes_that_are_not_plain_data_are_refused(model, tmp_path):
    twin = pickle.loads(pickle.dumps(model))
    for classes in (np.array([b"a", b"b"]), np.array([object(), None])):
        twin.classes_ = classes
        with pytest.raises(TypeError, match="cannot be saved"):
            twin.save(tmp_path / "m")
    assert not os.listdir(tmp_path)


class Mine(ChromoformerClassifier):
    pass


def test_other_classes_are_refused(model, path, tmp_path):
    with pytest.raises(NotFittedError):
        ChromoformerClassifier().save(tmp_path / "m")
    with pytest.raises(ValueError, match=r"holds a ChromoformerClassifier.*a ChromoformerRegr"):
        ChromoformerRegressor.load(path)
    mine = Mine(**model.get_params())
    vars(mine).update(vars(model))
    mine.save(tmp_path / "mine")
    assert isinstance(Mine.load(tmp_path / "mine"), Mine)
    with pytest.raises(ValueError, match="holds a Mine"):
        load_model(tmp_path / "mine")


@pytest.fixture
def from_gpu(model, monkeypatch):
    """Bytes of a pickle whose tensors say that they lay on a device that is not here."""

    def dump(what):
        with monkeypatch.context() as patched:
            patched.setattr(torch.serialization, "location_tag", lambda storage: ABSENT)
            return pickle.dumps(what)

    return dump


def test_a_pickle_from_a_gpu_is_loaded_without_one(X, model, from_gpu):
    with pytest.raises(RuntimeError, match="deserialize object on"):
        pickle.loads(from_gpu(torch.ones(2)))
    twin = pickle.loads(pickle.dumps(model))
    twin.device_ = twin.net_.device = ABSENT
    for whole in (twin, FrozenEstimator(twin)):
        loaded = pickle.loads(from_gpu(whole))
        loaded = getattr(loaded, "estimator", loaded)
        assert loaded.device_ == loaded.net_.device == "cpu"
        np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))
        loaded.set_params(warm_start=True, max_epochs=3)
        with pytest.warns(UserWarning, match="the state of the optimizer is not there"):
            loaded.fit(X, model.predict(X))
        assert len(loaded.history_) == 3


def test_a_pickle_from_a_gpu_that_is_trained_on_continues_without_one(X, model, from_gpu):
    y = model.predict(X)
    whole = clone(model).set_params(max_epochs=4, early_stopping=True).fit(X, y)
    part = clone(model).set_params(max_epochs=2, early_stopping=True, warm_start=True).fit(X, y)
    part.device_ = part.net_.device = ABSENT
    loaded = pickle.loads(from_gpu(part)).set_params(max_epochs=4).fit(X, y)
    np.testing.assert_array_equal(outputs(loaded, X), outputs(whole, X))


def test_a_checkpoint_from_a_gpu_is_loaded_without_one(X, model, tmp_path, monkeypatch):
    X = changed(X, n_bins=400)
    regressor = ChromoformerRegressor(**TINY).fit(X, np.arange(40.0))
    with monkeypatch.context() as patched:
        patched.setattr(torch.serialization, "location_tag", lambda storage: ABSENT)
        regressor.save_checkpoint(tmp_path / "a.pt")
    with pytest.raises(RuntimeError, match="deserialize object on"):
        torch.load(tmp_path / "a.pt", weights_only=True)
    loaded = ChromoformerRegressor.from_checkpoint(tmp_path / "a.pt", tracks=X.tracks, window=1600)
    np.testing.assert_allclose(loaded.predict(X), regressor.predict(X), rtol=1e-6)


def test_saved_models_are_loaded_onto_devices_that_are_there(X, model, path, tmp_path):
    with pytest.raises(ValueError, match=f"device='{ABSENT}' cannot be used here"):
        load_model(path, device=ABSENT)
    twin = pickle.loads(pickle.dumps(model)).set_params(device=torch.device(ABSENT))
    twin.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert (loaded.device, loaded.device_) == (ABSENT, "cpu")
    np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))
    assert load_model(tmp_path / "m", device="cpu").device == "cpu"


def test_a_pickle_of_another_version_is_warned_about(model, monkeypatch):
    content = pickle.dumps(model)
    monkeypatch.setattr(skchromo, "__version__", "9.0")
    with pytest.warns(UserWarning, match="fitted with skchromo .* and unpickled with 9.0"):
        pickle.loads(content)
    pickle.loads(pickle.dumps(ChromoformerClassifier()))


def test_another_assembly_is_refused(X, model, path):
    for same in (
        {},
        {"1": 5_000_000, "chr7": 300},
        {"chrM": 16_569},
        {"MT": 16_569, "chr2": 4_000_000},
    ):
        again = changed(X, chromsizes=same)
        np.testing.assert_array_equal(outputs(model, again), outputs(model, X))
    for there in (model, load_model(path), pickle.loads(pickle.dumps(model))):
        for other in ({"chr2": 4_000_001}, {"2": 4_000_001}):
            moved = changed(X, chromsizes=other)
            with pytest.raises(
                ValueError, match=r"another assembly than Chromo.*2 has 4000001 bp in X and had"
            ):
                there.predict(moved)
        twin = pickle.loads(pickle.dumps(there))
        twin.chromsizes_ = {}
        np.testing.assert_array_equal(twin.predict(moved), model.predict(X))
    continued = pickle.loads(pickle.dumps(model)).set_params(warm_start=True, max_epochs=3)
    with pytest.raises(ValueError, match="another assembly"):
        continued.fit(moved, model.predict(X))
    assert continued.set_params(warm_start=False).fit(moved, model.predict(X)).chromsizes_ == other


def test_an_interrupted_save_leaves_what_was_there(X, tmp_path, monkeypatch):
    model = ChromoformerRegressor(**TINY).fit(X, np.arange(40.0))
    path, checkpoint, link = tmp_path / "m", tmp_path / "a.pt", tmp_path / "link"
    model.save(path)
    model.save_checkpoint(checkpoint)
    link.symlink_to(path)
    card = tmp_path / "m.md"
    before = {file: file.read_bytes() for file in (path, card, checkpoint)}

    def fail(number):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        for save, target in (
            (model.save, path),
            (model.save, link),
            (model.save_checkpoint, checkpoint),
        ):
            with pytest.raises(KeyboardInterrupt):
                save(target)
    assert {file: file.read_bytes() for file in before} == before
    assert {*tmp_path.iterdir()} == {*before, link}
    model.save(link)
    assert link.is_symlink()


CHILD = """
    import os, pickle, signal, sys
    import joblib
    import numpy as np
    from skchromo import load_model

    folder = sys.argv[1]
    cases = joblib.load(f"{folder}/cases")
    for name, (X, outputs) in cases.items():
        with open(f"{folder}/{name}.pickle", "rb") as file:
            models = [joblib.load(f"{folder}/{name}.joblib"), pickle.load(file)]
        models.append(load_model(f"{folder}/{name}.safetensors"))
        np.save(f"{folder}/{name}.npy", [getattr(model, outputs)(X) for model in models])

    def die(number):
        os.kill(os.getpid(), signal.SIGKILL)

    regressor = models[0]
    for save, target in (
        (X.save, "X.npz"), (regressor.save_checkpoint, "model.pt"), (regressor.save, "m"),
    ):
        child = os.fork()
        if not child:
            os.fsync = die  # all is written, and the file has yet to get its name
            save(f"{folder}/{target}")
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
"""


def test_a_fresh_process_predicts_the_same_and_its_killed_saves_spoil_nothing(X, model, tmp_path):
    y = np.random.default_rng(0).normal(size=len(X))
    pairs = make_regions(n_conditions=2)
    cases = {
        "classifier": (model, X, "predict_proba"),
        "difference": (ChromoformerDiffRegressor(**DIFFERENCE).fit(pairs, y), pairs, "predict"),
        "regressor": (ChromoformerRegressor(**TINY).fit(X, y), X, "predict"),
    }
    joblib.dump({name: case[1:] for name, case in cases.items()}, tmp_path / "cases")
    for name, (fitted, _, _) in cases.items():
        joblib.dump(fitted, tmp_path / f"{name}.joblib")
        (tmp_path / f"{name}.pickle").write_bytes(pickle.dumps(fitted))
        fitted.save(tmp_path / f"{name}.safetensors")
    regressor = cases["regressor"][0]
    saved = [tmp_path / name for name in ("X.npz", "model.pt", "m")]
    for save, path in zip((X.save, regressor.save_checkpoint, regressor.save), saved, strict=True):
        save(path)
    before = [path.read_bytes() for path in saved]
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(CHILD), str(tmp_path)]
    subprocess.run(command, check=True)
    for name, (fitted, regions, kind) in cases.items():
        for predicted in np.load(tmp_path / f"{name}.npy"):
            np.testing.assert_array_equal(predicted, getattr(fitted, kind)(regions))
    assert [path.read_bytes() for path in saved] == before
    for path in saved:
        (unfinished,) = tmp_path.glob(f".{path.name}.????????.unfinished")
        assert unfinished.stat().st_size == path.stat().st_size

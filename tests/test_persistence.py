"""Saved models: pickles, files of plain data, what is damaged, forged, interrupted or misused."""

import json
import os
import pickle
import subprocess
import sys
import textwrap
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load, save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback
from small_models import TINY, make_regions

import skchromo
from skchromo import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    load_model,
)
from skchromo.estimators._model_file import read_file, write_file

# No machine has so many: a device that was there when the model was saved, and is not here.
ABSENT = "cuda:99"
DIFFERENCE = {**TINY, "linear_skip": True, "scale_target": True}
SIZES = {"chr1": 5_000_000, "chr2": 4_000_000, "chrM": 16_571}


@pytest.fixture(scope="module")
def X():
    return make_regions()._replace(chromsizes=SIZES)


@pytest.fixture(scope="module")
def model(X):
    y = np.where(np.arange(len(X)) % 3, "high", "low")
    return ChromoformerClassifier(**TINY, linear_skip=True, class_weight="balanced").fit(X, y)


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "h1.safetensors")
    return tmp_path / "h1.safetensors"


def outputs(model, X):
    return (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X)


def assert_alike(loaded, model, X):
    """The same to the bit, whatever can be asked of a fitted model."""
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
def test_two_conditions(combine, tmp_path):
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
    X = X._replace(n_bins=400, window=1600)
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
        twin.set_params(warm_start=True, max_epochs=4).fit(X, y)
    assert len(ours.history_) == 4
    np.testing.assert_array_equal(outputs(ours, X), outputs(theirs, X))
    again = clone(load_model(path)).fit(X, np.where(np.arange(len(X)) % 3, "high", "low"))
    np.testing.assert_array_equal(outputs(again, X), outputs(model, X))


def test_the_file_says_what_the_model_is(model, path):
    document, weights = read_file(path)
    assert document["class"] == "ChromoformerClassifier"
    assert document["versions"] == model.versions_
    assert model.versions_["skchromo"] == skchromo.__version__
    assert model.versions_["torch"] == torch.__version__
    assert {"sklearn", "numpy", "skorch"} < set(model.versions_)
    assert sum(tensor.nbytes for tensor in weights.values()) > path.stat().st_size / 2


class Watch(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.history.record("watched", object())


def test_what_is_no_plain_data_is_left_out_and_told(X, model, tmp_path):
    y = model.predict(X)
    odd = ChromoformerClassifier(
        **{**TINY, "random_state": np.random.RandomState(0)},
        linear_skip=True,
        callbacks=[Watch()],
        net_params={"optimizer__betas": (0.8, 0.9)},
        init_from=FrozenEstimator(model),
    ).fit(X, y)
    words = "without callbacks, init_from, net_params, random_state, watched of history_: the"
    with pytest.warns(UserWarning, match=words) as told:
        odd.save(tmp_path / "m")
    assert told[0].filename == __file__
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


def test_classes_that_are_no_plain_data_are_refused(model, tmp_path):
    twin = pickle.loads(pickle.dumps(model))
    for classes in (np.array([b"a", b"b"]), np.array([object(), None])):
        twin.classes_ = classes
        with pytest.raises(TypeError, match="plain data"):
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


def test_other_files_are_refused(model, path, tmp_path):
    other = tmp_path / "other"
    with pytest.raises(FileNotFoundError, match=r"there is no model .*other"):
        load_model(other)
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*absent"):
        model.save(tmp_path / "absent" / "m")
    with pytest.raises(OSError, match="Is a directory"):
        load_model(tmp_path)
    joblib.dump(model, other)
    with pytest.raises(ValueError, match=r"other is no file that save.*joblib\.load, only from"):
        load_model(other)
    torch.save({"a": torch.ones(1)}, other)
    with pytest.raises(ValueError, match="other is no file that save"):
        load_model(other)
    save_file({"a": torch.ones(1)}, other)
    with pytest.raises(ValueError, match="other is a safetensors file, but not one"):
        load_model(other)
    other.write_bytes(path.read_bytes().replace(b'"version":"1"', b'"version":"2"'))
    with pytest.raises(
        ValueError, match=r"other is in format 2 .* reads format 1: update skchromo"
    ):
        load_model(other)


def test_damage_is_told_or_changes_nothing(X, model, path):
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in (0, 4, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"h1\.safetensors"):
            load_model(path)
    n_told = n_same = 0
    places = [*range(16), *rng.integers(len(whole), size=100)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            loaded = load_model(path)
        except ValueError as error:
            n_told += str(path) in str(error)
        else:
            assert_alike(loaded, model, X)
            n_same += 1
    assert n_told + n_same == len(places)
    assert n_told > 0.9 * len(places)


def plain(**values):
    return lambda document: document["params"].update(values)


def network(**values):
    return lambda document: document["network"]["dict"].extend(map(list, values.items()))


def fitted(**values):
    return lambda document: document["fitted"]["dict"].extend(map(list, values.items()))


FORGED = {
    "a class of other code": lambda document: document.update({"class": ["os"]}),
    "parts are missing": lambda document: document.pop("fitted"),
    "an unknown parameter": plain(colour="red"),
    "parameters of skorch": plain(net_params={"dict": [["torch_load_kwargs", 1]]}),
    "another model's path": plain(init_from="/tmp/a.pt"),
    "threads without end": plain(n_threads=10**6),
    "bins of nothing": plain(bin_sizes={"tuple": [0]}),
    "an unknown kind of value": plain(lr={"object": []}),
    "layers without end": network(regulation_n_layers=10**9),
    "widths without end": network(d_model=2**70),
    "other widths": network(d_model=16),
    "positions without end": network(n_positions={"tuple": [2**24, 2**24]}),
    "too few positions": network(n_positions={"tuple": []}),
    "an unknown size": network(colour=3),
    "no text": fitted(tracks_={"tuple": [1, 2]}),
    "too few tracks": fitted(tracks_={"tuple": ["ATAC"]}),
    "a window of -1 bp": fitted(window_=-1),
    "a chromosome of text": fitted(chromsizes_={"dict": [["chr1", "long"]]}),
    "an unknown attribute": fitted(predict="x"),
    "classes twice": fitted(classes_={"dict": [["dtype", "str"], ["values", ["a", "a"]]]}),
    "classes too few": fitted(classes_={"dict": [["dtype", "str"], ["values", ["a"]]]}),
    "long classes": fitted(classes_={"dict": [["dtype", "<U99999999"], ["values", ["a", "b"]]]}),
    "a seed of text": lambda document: document.update(seed="0"),
    "no history": lambda document: document.update(history=[3]),
    "no versions": lambda document: document.update(versions={}),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forged_documents_are_refused(path, forge):
    document, weights = read_file(path)
    forge(document)
    write_file(path, document, weights)
    with pytest.raises(ValueError, match=r"h1\.safetensors is damaged, or was not written by save"):
        load_model(path)


def test_nested_documents_are_refused(path, monkeypatch):
    document, weights = read_file(path)
    with monkeypatch.context() as patched:
        patched.setattr(json, "dumps", lambda document: "[" * 10**6)
        write_file(path, document, weights)
    with pytest.raises(ValueError, match=r"h1\.safetensors was not written by save"):
        load_model(path)


def test_weights_that_do_not_fit_are_refused(path):
    document, weights = read_file(path)
    name = "fc_head.0.bias"
    rest = {other: tensor for other, tensor in weights.items() if other != name}
    for changed in (
        rest,
        {**weights, "more": torch.ones(1)},
        {**rest, name: torch.ones(3)},
        {**rest, name: weights[name].double()},
    ):
        write_file(path, document, changed)
        with pytest.raises(ValueError, match=r"h1\.safetensors is damaged.*(fc_head|tensors are)"):
            load_model(path)


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
        loaded.set_params(warm_start=True, max_epochs=3).fit(X, model.predict(X))
        assert len(loaded.history_) == 3


def test_devices_of_saved_models(X, model, path, tmp_path):
    with pytest.raises(ValueError, match=f"device='{ABSENT}' cannot be used here"):
        load_model(path, device=ABSENT)
    twin = pickle.loads(pickle.dumps(model)).set_params(device=torch.device(ABSENT))
    twin.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert (loaded.device, loaded.device_) == (ABSENT, "cpu")
    np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))
    assert load_model(tmp_path / "m", device="cpu").device == "cpu"


def test_a_pickle_of_another_version_is_told(model, monkeypatch):
    content = pickle.dumps(model)
    monkeypatch.setattr(skchromo, "__version__", "9.0")
    with pytest.warns(UserWarning, match="fitted with skchromo .* and unpickled with 9.0"):
        pickle.loads(content)
    pickle.loads(pickle.dumps(ChromoformerClassifier()))


def test_another_assembly_is_refused(X, model, path):
    for same in (
        {},
        {"1": SIZES["chr1"], "chr7": 300},
        {"chrM": 16_569},
        {"MT": 16_569, "chr2": SIZES["chr2"]},
    ):
        np.testing.assert_array_equal(
            outputs(model, X._replace(chromsizes=same)), outputs(model, X)
        )
    for there in (model, load_model(path), pickle.loads(pickle.dumps(model))):
        for other in ({"chr2": 4_000_001}, {"2": 4_000_001}):
            moved = X._replace(chromsizes=other)
            with pytest.raises(
                ValueError, match=r"another assembly than Chromo.*2 has 4000001 bp in X and had"
            ):
                there.predict(moved)
        twin = pickle.loads(pickle.dumps(there))
        twin.chromsizes_ = {}
        np.testing.assert_array_equal(twin.predict(moved), model.predict(X))
    goes_on = pickle.loads(pickle.dumps(model)).set_params(warm_start=True, max_epochs=3)
    with pytest.raises(ValueError, match="another assembly"):
        goes_on.fit(moved, model.predict(X))
    assert goes_on.set_params(warm_start=False).fit(moved, model.predict(X)).chromsizes_ == other


def test_an_interrupted_save_leaves_what_was_there(X, tmp_path, monkeypatch):
    model = ChromoformerRegressor(**TINY).fit(X, np.arange(40.0))
    path, checkpoint, link = tmp_path / "m", tmp_path / "a.pt", tmp_path / "link"
    model.save(path)
    model.save_checkpoint(checkpoint)
    link.symlink_to(path)
    before = {file: file.read_bytes() for file in (path, checkpoint)}

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
    import os, pickle, sys
    import joblib
    import numpy as np
    from skchromo import load_model

    folder = sys.argv[1]
    X = joblib.load(f"{folder}/X")
    with open(f"{folder}/pickle", "rb") as file:
        models = [joblib.load(f"{folder}/joblib"), pickle.load(file)]
    models.append(load_model(f"{folder}/model.safetensors"))
    np.save(f"{folder}/predicted.npy", [model.predict_proba(X) for model in models])

    def halt(number):
        print("in the midst of it", flush=True)
        sys.stdin.read()

    os.fsync = halt
    models[0].set_params(verbose=1).save(f"{folder}/model.safetensors")
"""


def test_a_fresh_process_predicts_the_same_and_its_killed_save_spoils_nothing(X, model, tmp_path):
    joblib.dump(X, tmp_path / "X")
    joblib.dump(model, tmp_path / "joblib")
    (tmp_path / "pickle").write_bytes(pickle.dumps(model))
    saved = tmp_path / "model.safetensors"
    model.save(saved)
    before = saved.read_bytes()
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(CHILD), str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as child:
        assert child.stdout.readline() == "in the midst of it\n"
        (unfinished,) = tmp_path.glob(".model.safetensors.*.unfinished")
        assert unfinished.stat().st_size > 1000
        child.kill()
    for predicted in np.load(tmp_path / "predicted.npy"):
        np.testing.assert_array_equal(predicted, outputs(model, X))
    assert saved.read_bytes() == before
    assert_alike(load_model(saved), model, X)


def test_tensors_are_not_tied_to_the_file(X, model, path):
    loaded = load_model(path)
    path.write_bytes(b"")
    np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))


def test_any_reader_of_safetensors_opens_it(model, path):
    weights = load(path.read_bytes())
    assert torch.equal(weights["fc_head.2.bias"], model.net_.module_.fc_head[2].bias)


def test_loading_is_quiet_and_leaves_torch_alone(path):
    before = torch.random.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(path)
    assert torch.equal(torch.random.get_rng_state(), before)

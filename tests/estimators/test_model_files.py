"""Files of saved models that are damaged, forged or of another kind."""

import json
import warnings

import joblib
import numpy as np
import pytest
import torch
from safetensors.torch import load, save_file
from small_models import TINY, make_regions

from skchromo import ChromoformerClassifier, load_model
from skchromo.estimators._model_file import read_file, write_file


@pytest.fixture(scope="module")
def X():
    return make_regions()


@pytest.fixture(scope="module")
def model(X):
    y = np.where(np.arange(len(X)) % 3, "high", "low")
    return ChromoformerClassifier(**TINY, linear_skip=True).fit(X, y)


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "h1.safetensors")
    return tmp_path / "h1.safetensors"


def test_what_is_no_path_is_told():
    with pytest.raises(TypeError, match="NoneType"):
        load_model(None)


def test_a_saved_model_is_no_checkpoint_and_says_what_reads_it(path):
    with pytest.raises(ValueError, match=r"it is a safetensors file.*skchromo\.load_model"):
        ChromoformerClassifier.from_checkpoint(path, tracks=["a", "b"])


def test_other_files_are_refused(model, path, tmp_path):
    other = tmp_path / "other"
    with pytest.raises(FileNotFoundError, match=r"there is no file .*other"):
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
            np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
            assert loaded.get_params() == model.get_params()
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
        {**rest, name: torch.ones(8, dtype=torch.bool)},
    ):
        write_file(path, document, changed)
        with pytest.raises(ValueError, match=r"h1\.safetensors is damaged.*(fc_head|tensors are)"):
            load_model(path)


def test_tensors_are_not_tied_to_the_file(X, model, path):
    loaded = load_model(path)
    path.write_bytes(b"")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_any_reader_of_safetensors_opens_it(model, path):
    weights = load(path.read_bytes())
    assert torch.equal(weights["fc_head.2.bias"], model.net_.module_.fc_head[2].bias)


def test_loading_is_quiet_and_leaves_torch_alone(path):
    before = torch.random.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(path)
    assert torch.equal(torch.random.get_rng_state(), before)

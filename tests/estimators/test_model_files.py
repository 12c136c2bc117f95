"""Files of saved models that are damaged, forged or of another kind."""

import hashlib
import json
import os
import warnings

import joblib
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save_file

from skchromo import ChromoformerClassifier, load_model


def read_parts(path):
    """Read the header of a saved model, its document and its weights."""
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    return header, json.loads(header["model"]), load(path.read_bytes())


def write_forged(path, header, text, weights):
    """Write a saved model whose checksum agrees, as a forger would."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].numpy().tobytes())
    save_file(weights, path, {**header, "model": text, "sha256": digest.hexdigest()})


def test_paths_are_needed():
    with pytest.raises(TypeError, match="NoneType"):
        load_model(None)


def test_saved_models_are_not_checkpoints(path):
    with pytest.raises(ValueError, match=r"it is a safetensors file.*skchromo\.load_model"):
        ChromoformerClassifier.from_checkpoint(path, tracks=["a", "b"])


def test_other_files_are_refused(model, path, tmp_path):
    other = tmp_path / "other"
    with pytest.raises(FileNotFoundError, match=r"other does not exist"):
        load_model(other)
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*absent"):
        model.save(tmp_path / "absent" / "m")
    joblib.dump(model, other)
    with pytest.raises(ValueError, match=r"other is not a file that save.*joblib\.load, only from"):
        load_model(other)
    torch.save({"a": torch.ones(1)}, other)
    with pytest.raises(ValueError, match="other is not a file that save"):
        load_model(other)
    save_file({"a": torch.ones(1)}, other)
    with pytest.raises(ValueError, match="other is a safetensors file, but not one"):
        load_model(other)
    other.write_bytes(path.read_bytes().replace(b'"version":"1"', b'"version":"2"'))
    with pytest.raises(
        ValueError, match=r"other is in format 2 .* reads format 1: update skchromo"
    ):
        load_model(other)


def test_damage_is_reported_or_changes_nothing(X, model, path):
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in (0, 4, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"h1\.safetensors"):
            load_model(path)
    n_reported = n_same = 0
    places = [*range(16), *rng.integers(len(whole), size=100)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            loaded = load_model(path)
        except ValueError as error:
            n_reported += str(path) in str(error)
        else:
            np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
            assert loaded.get_params() == model.get_params()
            n_same += 1
    assert n_reported + n_same == len(places)
    assert n_reported > 0.9 * len(places)


def forge(part, **values):
    """Return a change of a document: some entries of a part in other words."""
    return lambda document: document[part].update(values)


def classes(dtype, *values):
    return {"dict": [["dtype", dtype], ["values", list(values)]]}


FORGED = {
    "a class of other code": lambda document: document.update({"class": ["os"]}),
    "parts are missing": lambda document: document.pop("fitted"),
    "an unknown parameter": forge("params", colour="red"),
    "parameters of skorch": forge("params", net_params={"dict": [["torch_load_kwargs", 1]]}),
    "another model's path": forge("params", init_from="/tmp/a.pt"),
    "threads without end": forge("params", n_threads=10**6),
    "bins of nothing": forge("params", bin_sizes={"tuple": [0]}),
    "an unknown kind of value": forge("params", lr={"object": []}),
    "a rate of text": forge("params", lr="fast"),
    "layers without end": forge("network", regulation_n_layers=10**9),
    "widths without end": forge("network", d_model=2**70),
    "other widths": forge("network", d_model=16),
    "dropout of text": forge("network", dropout="no"),
    "bins of no length": forge("network", bin_sizes={"tuple": []}),
    "an unknown size": forge("network", colour=3),
    "positions without end": forge("fitted", n_bins_=2**30),
    "tracks that are not text": forge("fitted", tracks_={"tuple": [1, 2]}),
    "too few tracks": forge("fitted", tracks_={"tuple": ["ATAC"]}),
    "a window of -1 bp": forge("fitted", window_=-1),
    "a chromosome of text": forge("fitted", chromsizes_={"dict": [["chr1", "long"]]}),
    "a chromosome without name": forge("fitted", chromsizes_={"dict": [[1, 5]]}),
    "missing tracks of others": forge("fitted", missing_tracks_={"tuple": ["DNase"]}),
    "an unknown attribute": forge("fitted", predict="x"),
    "classes twice": forge("fitted", classes_=classes("str", "a", "a")),
    "classes too few": forge("fitted", classes_=classes("str", "a")),
    "long classes": forge("fitted", classes_=classes("<U99999999", "a", "b")),
    "a seed of text": lambda document: document.update(seed="0"),
    "no history": lambda document: document.update(history=[3]),
    "no versions": lambda document: document.update(versions={}),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_forged_documents_are_refused(path, change):
    header, document, weights = read_parts(path)
    write_forged(path, header, json.dumps(document), weights)
    load_model(path)
    change(document)
    write_forged(path, header, json.dumps(document), weights)
    with pytest.raises(ValueError, match=r"h1\.safetensors is damaged, or was not written by save"):
        load_model(path)


def test_nested_documents_are_refused(path):
    header, _, weights = read_parts(path)
    write_forged(path, header, "[" * 10**6, weights)
    with pytest.raises(ValueError, match=r"h1\.safetensors was not written by save"):
        load_model(path)


NAME = "fc_head.0.bias"
OTHER_WEIGHTS = {
    "missing": lambda bias: {},
    "unknown": lambda bias: {NAME: bias, "more": torch.ones(1)},
    "shape": lambda bias: {NAME: torch.ones(3)},
    "precision": lambda bias: {NAME: bias.double()},
    "bool": lambda bias: {NAME: torch.ones(8, dtype=torch.bool)},
}


@pytest.mark.parametrize("change", OTHER_WEIGHTS.values(), ids=OTHER_WEIGHTS)
def test_weights_that_do_not_fit_are_refused(path, change):
    header, document, weights = read_parts(path)
    weights |= change(weights.pop(NAME))
    write_forged(path, header, json.dumps(document), weights)
    with pytest.raises(ValueError, match=r"h1\.safetensors is damaged.*(fc_head|tensors are)"):
        load_model(path)


def test_the_file_describes_the_model(model, path):
    _, document, weights = read_parts(path)
    assert document["class"] == "ChromoformerClassifier"
    assert document["versions"] == model.versions_
    assert {"skchromo", "torch", "sklearn", "numpy", "skorch"} == set(model.versions_)
    assert model.versions_["torch"] == torch.__version__
    assert sum(tensor.nbytes for tensor in weights.values()) > path.stat().st_size / 2
    assert torch.equal(weights["fc_head.2.bias"], model.net_.module_.fc_head[2].bias)


def test_tensors_are_not_tied_to_the_file(X, model, path):
    loaded = load_model(path)
    path.write_bytes(b"")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_loading_is_quiet_and_leaves_torch_alone(path):
    before = torch.random.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(path)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_threads_of_a_larger_machine_are_not_started(X, model, path, monkeypatch):
    header, document, weights = read_parts(path)
    document["params"]["n_threads"] = 4096
    write_forged(path, header, json.dumps(document), weights)
    loaded, started = load_model(path), []
    monkeypatch.setattr(torch, "set_num_threads", started.append)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.n_threads == 4096
    assert max(started) <= os.cpu_count()


@pytest.mark.parametrize("device", ["meta", "cuda:99", "gpu"])
def test_devices_that_cannot_be_used_here_give_way_to_the_cpu(X, model, path, device):
    header, document, weights = read_parts(path)
    document["params"]["device"] = device
    write_forged(path, header, json.dumps(document), weights)
    loaded = load_model(path)
    assert (loaded.device, loaded.device_) == (device, "cpu")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
        load_model(path, device=device)

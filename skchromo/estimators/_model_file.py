"""Fitted estimators in safetensors files, which hold numbers and text and cannot run code.

The tensors are the network's weights. The header holds a JSON document about the estimator, and a
checksum over both. In the document ``{"tuple": [...]}`` is a tuple, and ``{"dict": [[key, value],
...]}`` a dict, so that Python's plain data come back as they were. Nothing in a file is trusted: it
must describe an estimator that passes the checks of `fit`, and a network whose weights have exactly
the shapes of the tensors.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from numbers import Integral
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save
from sklearn.utils import check_scalar
from skorch.history import History

from .._addresses import is_url, shown
from .._files import check_is_file, check_overwrite, on_disk, whole_file
from .._words import name_some, printable
from ._checks import LAYOUT, NETWORK_SIZES, check_params
from ._model_card import card_path, is_card, model_card
from ._runtime import device_or_cpu, resolve_device, seeded_torch

_FORMAT, _VERSION = "skchromo model", "1"

# Parameters that hold code, other models or paths of this machine; None in a loaded model.
_NOT_WRITTEN = ("callbacks", "init_from", "net_params")
_NETWORK = (*NETWORK_SIZES, "bin_sizes", "dropout", "linear_skip")

_FITTED = tuple(f"{name}_" for name in LAYOUT)
_SOMETIMES_FITTED = ("n_features_in_", "feature_names_in_", "offset_", "y_offset_", "classes_")
_SOMETIMES_FITTED += ("missing_tracks_",)

_ATOMS = (bool, int, float, str, type(None))
_LABELS = ("str", "object", *(np.dtype(code).name for code in "?bhiqBHIQefd"))

_MOST_BASES = 1 << 40
_MOST_THREADS = 1 << 12
# Positions of the longest regions may take 64 MB. Regions of 1 Mb in bins of 100 bp take 5 MB at
# d_model=128.
_MOST_POSITION_VALUES = 1 << 24
# A network takes time to build for each of its layers, also where their tensors are empty.
_MOST_LAYERS = 100
# Characters of all class labels, each as long as the longest.
_MOST_CHARACTERS = 1 << 20
# Characters of a message that a file makes up.
_MOST_MESSAGE = 200


def write_model(estimator, path, overwrite=False, about=None):
    """Write a fitted estimator and its card, and warn of the settings that it cannot hold."""
    card = card_path(path)
    check_overwrite(path, "a model that was saved", _is_ours, overwrite)
    check_overwrite(card, "a model card", is_card, overwrite)
    metadata = dict(estimator.metadata_)
    if about is not None:
        metadata["about"] = {**metadata.get("about", {}), **_plain_about(about)}
    net, left_out = estimator.net_, []

    def plain(items, title="{}"):
        """Return named values as plain data, without those that are not plain."""
        kept = {}
        for name, value in items:
            try:
                kept[name] = _to_plain(value)
            except TypeError:
                left_out.append(title.format(name))
        return kept

    params = estimator.get_params(deep=False)
    left_out += [name for name in _NOT_WRITTEN if params[name]]
    params |= dict.fromkeys(_NOT_WRITTEN) | {"device": str(params["device"])}
    fitted = {
        name: getattr(estimator, name)
        for name in (*_FITTED, *_SOMETIMES_FITTED)
        if name in vars(estimator)
    }
    if "feature_names_in_" in fitted:
        fitted["feature_names_in_"] = fitted["feature_names_in_"].tolist()
    if "classes_" in fitted:
        fitted["classes_"] = _labels_to_plain(fitted["classes_"])
    network = net.get_params_for("module")
    document = {
        "class": type(estimator).__name__,
        "params": plain(params.items()),
        "network": {name: _to_plain(network[name]) for name in _network_params(estimator)},
        "fitted": {name: _to_plain(value) for name, value in fitted.items()},
        "seed": int(net.seed),
        "history": [plain(epoch.items(), "{} of history_") for epoch in net.history],
        "versions": estimator.versions_,
        "metadata": _to_plain(metadata),
    }
    module = getattr(net.module_, "_orig_mod", net.module_)  # under torch.compile
    weights = {
        name: tensor.detach().cpu().clone().contiguous()
        for name, tensor in module.state_dict().items()
    }
    text = json.dumps(document)
    header = {"format": _FORMAT, "version": _VERSION, "model": text}
    # the model is complete before the card takes its name
    with whole_file(card) as beside, whole_file(path) as file:
        beside.write(model_card(estimator, path, metadata).encode())
        file.write(save(weights, {**header, "sha256": _checksum(text, weights)}))
    if left_out:
        warnings.warn(
            f"{printable(path)} holds plain data only, without "
            f"{', '.join(dict.fromkeys(left_out))}: the "
            "loaded model predicts the same, but set these again before you fit it",
            stacklevel=3,
        )


def _is_ours(path):
    """Return whether a file begins as one that `write_model` made, of whatever version."""
    try:
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(size, os.path.getsize(path))))
        return header["__metadata__"]["format"] == _FORMAT
    except (OSError, KeyError, TypeError, ValueError, RecursionError):
        return False


def load_model(path, *, device=None):
    """Load a fitted estimator from a file that its ``save`` wrote.

    The file is safetensors: numbers and text. Nothing in it is run, so that it may come from
    people whom you do not trust, unlike pickles and files of joblib.

    Parameters
    ----------
    path : str or Path
        The file, by custom ``*.safetensors``; a folder with one such file; or an address of one
        (``https://``, ``s3://``, ``hf://`` and others that fsspec reads), from which it is
        downloaded each time.
    device : str, default=None
        Where to predict: becomes the parameter `device`. None keeps the saved one; where that
        device is not there, the model is loaded onto the CPU (see ``device_``).

    Returns
    -------
    estimator : ChromoformerClassifier, ChromoformerRegressor or ChromoformerDiffRegressor
        Fitted. On the same machine it predicts the same as the saved one, to the bit.
        ``callbacks``, ``net_params`` and ``init_from`` are None. ``metadata_`` holds what it was
        trained on, and what `save` was told about it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, of another kind or of a newer format; a folder holds none or
        several; or `device` cannot be used.
    ConnectionError, PermissionError
        If an address cannot be read.
    ImportError
        If an address needs a package that is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, load_model
    >>> X = np.random.default_rng(0).poisson(3.0, size=(30, 40, 2)).astype(float)
    >>> model = ChromoformerRegressor.small_data(max_epochs=1, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "h1.safetensors")
    ...     model.fit(X, X.mean(axis=(1, 2))).save(path)
    ...     again = load_model(path)
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    # these classes import this file, to save and load themselves
    from . import ChromoformerClassifier, ChromoformerDiffRegressor, ChromoformerRegressor

    classes = ChromoformerClassifier, ChromoformerRegressor, ChromoformerDiffRegressor
    return read_model(path, classes, device)


def read_model(path, classes, device=None):
    """Return the fitted estimator, of one of the classes, in a file of `write_model`."""
    if device is not None:
        resolve_device(device)
    path = _model_in(path)
    shown_path = printable(shown(path))
    with on_disk(path) as file:
        document, weights = _read_file(file, shown_path)
    by_name = {cls.__name__: cls for cls in classes}
    try:
        name = document["class"]
        if name in by_name:
            with seeded_torch("cpu", 0):
                return _rebuild(by_name[name], document, weights, device)
    except Exception as error:  # a forged document may be anything
        reason = _short(error)
        raise ValueError(
            f"{shown_path} is damaged, or was not written by save() of this version of skchromo "
            f"({type(error).__name__}: {reason})"
        ) from error
    raise ValueError(
        f"{shown_path} holds a {_short(name)}, not a {' or '.join(by_name)}: use "
        "skchromo.load_model, or load() of the class that was saved"
    )


def _model_in(path):
    """Return the path of the only model in a folder; a file or an address as it is."""
    if is_url(path) or not os.path.isdir(path):
        return path
    found = sorted(Path(path).glob("*.safetensors"))
    if len(found) != 1:
        names = f": {name_some(one.name for one in found)}" if found else ""
        raise ValueError(
            f"{printable(path)} is a folder with {len(found)} files *.safetensors{names}: give the "
            "path of one file that save() wrote"
        )
    return found[0]


def _read_file(path, name):
    """Return document and weights of a file, whose checksum agrees; `name` is shown in errors."""
    check_is_file(path, name)
    try:
        with open(path, "rb"):  # a missing file and a folder are named in Python's words
            pass
        with safe_open(path, framework="pt") as file:
            header, keys = file.metadata() or {}, file.keys()
            weights = {key: file.get_tensor(key) for key in keys}
    except FileNotFoundError:
        raise FileNotFoundError(f"{name} does not exist: check the path") from None
    except OSError:
        raise
    except Exception as error:  # of the parser, and of torch where a header promises too much
        raise ValueError(
            f"{name} is not a file that save() of an estimator wrote, or only a part of one "
            f"({_short(error)}). Load files of joblib.dump with joblib.load, only from people you "
            "trust; reference checkpoints with from_checkpoint()"
        ) from error
    if header.get("format") != _FORMAT:
        raise ValueError(
            f"{name} is a safetensors file, but not one that save() of an estimator wrote"
        )
    if header.get("version") != _VERSION:
        raise ValueError(
            f"{name} is in format {_short(header.get('version'))} of save(), and this skchromo "
            f"reads format {_VERSION}: update skchromo, or save the model again with the version "
            "that is installed here"
        )
    text = header.get("model", "")
    try:
        if header.get("sha256") == _checksum(text, weights):
            return json.loads(text), weights
    except (RuntimeError, TypeError, ValueError) as error:  # also of endless nesting
        raise ValueError(
            f"{name} was not written by save() ({_short(error)}): save the model again"
        ) from error
    raise ValueError(f"{name} is damaged: its checksum does not agree; save the model again")


def _checksum(text, weights):
    """Return the SHA-256 of the document and all weights, hexadecimal."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _rebuild(cls, document, weights, device):
    """Return a fitted estimator of a document and weights that agree with each other."""
    params = {name: _from_plain(value) for name, value in document["params"].items()}
    _need(not any(params.get(name) for name in _NOT_WRITTEN), f"it sets one of {_NOT_WRITTEN}")
    estimator = cls(**params)
    check_params(estimator)
    if estimator.n_threads is not None:
        check_scalar(estimator.n_threads, "n_threads", Integral, max_val=_MOST_THREADS)
    vars(estimator).update(_check_fitted(cls, document["fitted"]))
    if device is not None:
        estimator.set_params(device=device)

    network = {name: _from_plain(value) for name, value in document["network"].items()}
    _need(set(network) == set(_network_params(estimator)), f"its network has {list(network)}")
    check_params(cls(**network))
    _need(
        all(network[name] <= _MOST_LAYERS for name in network if name.endswith("_n_layers")),
        f"it has more than {_MOST_LAYERS} layers",
    )
    n_positions = estimator.n_bins_ * estimator.bin_size_ // min(network["bin_sizes"])
    _need(n_positions * network["d_model"] <= _MOST_POSITION_VALUES, "regions are too long")
    net = estimator._make_net(
        len(getattr(estimator, "classes_", [None])),
        device_or_cpu(estimator.device),
        **{f"module__{name}": value for name, value in network.items()},
    )
    _check_weights(cls, net.get_params_for("module"), weights)
    net.initialize()
    net.module_.load_state_dict(weights)
    net.seed = document["seed"]
    check_scalar(net.seed, "seed", int, min_val=0, max_val=np.iinfo(np.int32).max)
    net.history_ = History(
        {name: _from_plain(value) for name, value in epoch.items()} for epoch in document["history"]
    )
    estimator._keep(net)
    estimator.versions_ = {str(name): str(found) for name, found in document["versions"].items()}
    _need("skchromo" in estimator.versions_, "the version of skchromo is missing")
    estimator.metadata_ = _check_metadata(_from_plain(document.get("metadata", {"dict": []})))
    return estimator


def _network_params(estimator):
    """Return the names of the network's parameters that do not follow from X and y."""
    return (*_NETWORK, "combine") if hasattr(estimator, "combine") else _NETWORK


def _short(words):
    """Return the first line of words that a file may have made up, cut where it is long."""
    return printable(str(words).partition("\n")[0])[:_MOST_MESSAGE]


def _need(condition, otherwise):
    """Raise ValueError with these words unless a condition holds."""
    if not condition:
        raise ValueError(otherwise)


def _check_fitted(cls, fitted):
    """Return fitted attributes, each checked."""
    fitted = {name: _from_plain(value) for name, value in fitted.items()}
    known = {*_FITTED, *_SOMETIMES_FITTED}
    _need(set(_FITTED) <= set(fitted) <= known, f"it has {list(fitted)}")
    counts = {name: fitted[name] for name in ("bin_size_", "window_", "n_bins_")}
    counts["n_features_in_"] = fitted.get("n_features_in_", 1)
    for name, value in (*counts.items(), *fitted["chromsizes_"].items()):
        check_scalar(value, name, int, min_val=1, max_val=_MOST_BASES)
    tracks, columns = fitted["tracks_"], fitted.get("feature_names_in_", [])
    _need(type(tracks) is tuple and type(columns) is list, "names are not a list")
    names = (*tracks, *columns, *fitted["chromsizes_"])
    _need(all(type(name) is str for name in names), "names are not text")
    lacking = fitted.get("missing_tracks_", ())
    _need(type(lacking) is tuple and set(lacking) <= set(tracks), "missing tracks are not tracks")
    for name in ("offset_", "y_offset_"):
        _need(type(fitted.get(name, 0.0)) is float, f"{name} is not a number")
    if columns:
        fitted["feature_names_in_"] = np.array(columns, dtype=object)
    _need(("classes_" in fitted) == hasattr(cls, "predict_proba"), "classes do not fit the class")
    if "classes_" in fitted:
        fitted["classes_"] = _labels_from_plain(fitted["classes_"])
    return fitted


def _check_metadata(metadata):
    """Return what a file says of a model's training, in the types that a card writes."""
    _need(type(metadata) is dict, "its metadata are not named")
    counts, about = metadata.get("genes_per_chrom", {}), metadata.get("about", {})
    _need(type(counts) is dict and type(about) is dict, "its metadata are not named")
    for value in (metadata.get("n_genes", 0), *counts.values()):
        check_scalar(value, "a number of genes", int, min_val=0)
    return metadata


def _plain_about(about):
    """Return what a user says of a model in plain data; arrays become lists."""
    if not isinstance(about, Mapping):
        raise TypeError(f"about must be a dict, such as {{'scores': {{'r': 0.7}}}}, got {about!r}")

    def plain(value, name):
        if isinstance(value, Mapping):
            return {str(key): plain(one, f"{name}[{key!r}]") for key, one in value.items()}
        value = value.tolist() if hasattr(value, "tolist") else value
        try:
            return _from_plain(_to_plain(value))
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from None

    return plain(about, "about")


def _check_weights(cls, sizes, weights):
    """Compare weights with the network that sizes describe, without memory for one."""
    with torch.device("meta"):
        network = cls._module(**{**sizes, "n_positions": (1,) * len(sizes["bin_sizes"])})
    expected = network.state_dict()
    _need(expected.keys() == weights.keys(), "tensors are missing or unknown")
    for name, tensor in weights.items():
        alike = tensor.shape == expected[name].shape and tensor.dtype == expected[name].dtype
        _need(alike, f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}")


def _to_plain(value):
    """Return a value in the types of JSON; TypeError unless it is plain data."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in _ATOMS:
        return value
    if type(value) is list:
        return [_to_plain(one) for one in value]
    if type(value) is tuple:
        return {"tuple": _to_plain(list(value))}
    if type(value) is dict:
        return {"dict": [[_to_plain(key), _to_plain(one)] for key, one in value.items()]}
    raise TypeError(f"a {type(value).__name__} cannot be saved: use text, numbers or bool")


def _from_plain(plain):
    """Return the value that `_to_plain` was given."""
    if isinstance(plain, list):
        return [_from_plain(one) for one in plain]
    if not isinstance(plain, dict):
        return plain
    if "tuple" in plain:
        return tuple(_from_plain(one) for one in plain["tuple"])
    return {_from_plain(key): _from_plain(one) for key, one in plain["dict"]}


def _labels_to_plain(labels):
    """Return classes as a dict of plain data that keeps their type."""
    name = {"U": "str", "O": "object"}.get(labels.dtype.kind, labels.dtype.name)
    if name not in _LABELS:
        raise TypeError(
            f"classes of dtype {labels.dtype} cannot be saved: fit with text, integers or bool, "
            "such as y.astype(str)"
        )
    return {"dtype": name, "values": list(labels)}


def _labels_from_plain(plain):
    """Return the classes that `_labels_to_plain` was given, distinct and sorted."""
    name, values = plain["dtype"], plain["values"]
    _need(name in _LABELS, f"classes are of dtype {name}")
    _need(type(values) is list, "classes are not a list of labels")
    _need(all(type(value) in _ATOMS for value in values), "classes are not labels")
    if name == "str":
        longest = max((len(value) for value in values), default=0)
        _need(longest * len(values) <= _MOST_CHARACTERS, "the names of its classes are too long")
    labels = np.array(values, dtype=name)
    _need(np.array_equal(np.unique(labels), labels), "classes are not distinct and sorted")
    return labels

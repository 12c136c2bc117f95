"""From plain data to a fitted estimator: nothing that a file says is taken on trust."""

import numpy as np
import torch
from sklearn.base import is_classifier
from skorch.history import History

from ._device import resolve_device
from ._model_file import read_file
from ._params import check_bin_sizes
from ._plain import from_plain, labels_from_plain
from ._saving import FITTED, NOT_WRITTEN, SOMETIMES_FITTED
from ._torch_state import seeded_torch

# No more memory is taken for positions than 256 MB; those of regions of 1 Mb in bins of 100 bp at
# d_model=128 take 5 MB.
_MOST_POSITION_VALUES = 1 << 26
_MOST_BASES = 1 << 40
_MOST_THREADS = 1 << 12


def read_model(path, classes, device=None):
    """Read what :func:`write_model` wrote.

    Parameters
    ----------
    path : str or Path
    classes : dict of str to type
        Estimators that it may hold, by name.
    device : str, default=None
        As of :func:`load_model`.

    Returns
    -------
    estimator : BaseChromoformer

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds something else, is damaged or of a newer format; or there is no such device.
    """
    if device is not None:
        resolve_device(device)
    document, weights = read_file(path)
    try:
        name = document["class"]
        if name in classes:
            with seeded_torch("cpu", 0):
                return _rebuilt(classes[name], document, weights, device)
    except Exception as error:  # a forged document may be anything
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"{path} is damaged, or was not written by save() of this version of skchromo "
            f"({type(error).__name__}: {reason})"
        ) from error
    raise ValueError(
        f"{path} holds a {name}, and what is to be loaded is a {' or '.join(classes)}: use "
        "skchromo.load_model, or load() of the class that was saved"
    )


def _rebuilt(cls, document, weights, device):
    """Fitted estimator from a document and weights that agree with each other."""
    sizes = from_plain(document["network"])
    fitted = _checked_fitted(cls, from_plain(document["fitted"]), sizes)
    _check_weights(cls, sizes, weights)
    estimator = cls(**_checked_params(document["params"]))
    check_bin_sizes(estimator.bin_sizes)
    if device is not None:
        estimator.set_params(device=device)
    vars(estimator).update(fitted)
    net = _make_net(estimator, sizes)
    net.module_.load_state_dict(weights)
    net.seed = document["seed"]
    _need(_is_count(net.seed, np.iinfo(np.int32).max, least=0), f"the seed is {net.seed}")
    net.history_ = History(
        {name: from_plain(value) for name, value in epoch.items()} for epoch in document["history"]
    )
    estimator._keep(net)
    estimator.versions_ = {str(name): str(found) for name, found in document["versions"].items()}
    _need("skchromo" in estimator.versions_, "the version of skchromo is missing")
    return estimator


def _make_net(estimator, sizes):
    """Net of a network of these sizes, its weights yet random."""
    try:
        device = resolve_device(estimator.device)
    except ValueError:
        device = "cpu"
    net = estimator._make_net(
        estimator.n_bins_ * estimator.bin_size_,
        sizes["n_tracks"],
        sizes["n_outputs"],
        torch.nn.CrossEntropyLoss if is_classifier(estimator) else torch.nn.MSELoss,
        device,
        **{f"module__{name}": value for name, value in sizes.items()},
    )
    net.initialize()
    return net


def _need(condition, otherwise):
    """Raise ValueError with these words unless a condition holds."""
    if not condition:
        raise ValueError(otherwise)


def _is_count(value, most, least=1):
    """Whether a value is an int between two others."""
    return type(value) is int and least <= value <= most


def _checked_params(params):
    """Parameters of the estimator, but for those that may not come from a file."""
    params = {name: from_plain(value) for name, value in params.items()}
    for name in NOT_WRITTEN:
        _need(not params.get(name), f"it sets {name}")
    n_threads = params.get("n_threads")
    _need(n_threads is None or _is_count(n_threads, _MOST_THREADS), f"n_threads is {n_threads}")
    return params


def _checked_fitted(cls, fitted, sizes):
    """Fitted attributes, each judged."""
    _need(set(FITTED) <= set(fitted) <= {*FITTED, *SOMETIMES_FITTED}, f"it has {list(fitted)}")
    for name in {"bin_size_", "window_", "n_bins_", "n_features_in_"} & set(fitted):
        _need(_is_count(fitted[name], _MOST_BASES), f"{name} is {fitted[name]}")
    for size in fitted["chromsizes_"].values():
        _need(_is_count(size, _MOST_BASES), f"a chromosome has {size} bp")
    tracks, columns = fitted["tracks_"], fitted.get("feature_names_in_", [])
    _need(type(tracks) is tuple and type(columns) is list, "names are no list")
    _need(all(type(name) is str for name in (*tracks, *columns)), "names are no text")
    _need(len(tracks) == sizes["n_tracks"], f"it has {len(tracks)} tracks")
    _need(type(fitted.get("offset_", 0.0)) is float, "offset_ is no number")
    if columns:
        fitted["feature_names_in_"] = np.array(columns, dtype=object)
    n_outputs = 1
    if hasattr(cls, "predict_proba"):
        fitted["classes_"] = labels_from_plain(fitted["classes_"])
        n_outputs = len(fitted["classes_"])
    _need(sizes["n_outputs"] == n_outputs, f"there are {n_outputs} classes")
    return fitted


def _check_weights(cls, sizes, weights):
    """Hold weights against the network that sizes describe; take no memory for one."""
    for name, value in sizes.items():
        most = len(weights) if name.endswith("_n_layers") else 1 << 24
        if name not in ("combine", "dropout", "linear_skip"):
            numbers = value if type(value) is tuple else (value,)
            _need(all(_is_count(number, most) for number in numbers), f"{name} is {value}")
    n_positions = sizes["n_positions"]
    _need(len(n_positions) == len(sizes["bin_sizes"]), f"n_positions is {n_positions}")
    _need(max(n_positions) * sizes["d_model"] <= _MOST_POSITION_VALUES, "regions are too long")
    with torch.device("meta"):
        network = cls._module(**{**sizes, "n_positions": (1,) * len(n_positions)})
    expected = network.state_dict()
    _need(expected.keys() == weights.keys(), "tensors are missing or unknown")
    for name, tensor in weights.items():
        alike = tensor.shape == expected[name].shape and tensor.dtype == expected[name].dtype
        _need(alike, f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}")

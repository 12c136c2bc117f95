"""From a fitted estimator to plain data."""

import warnings

from ._model_file import write_file
from ._plain import labels_to_plain, to_plain

# What holds code, other models or paths of this machine: their defaults when loaded.
NOT_WRITTEN = ("callbacks", "net_params", "init_from")

FITTED = ("tracks_", "bin_size_", "window_", "n_bins_", "chromsizes_")
SOMETIMES_FITTED = ("n_features_in_", "feature_names_in_", "offset_", "classes_")


def write_model(estimator, path):
    """Write a fitted estimator to a file that :func:`load_model` reads.

    Parameters
    ----------
    estimator : BaseChromoformer
    path : str or Path

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    TypeError
        If classes are of a type that is no plain data.
    """
    net = estimator.net_
    module = getattr(net.module_, "_orig_mod", net.module_)  # under torch.compile
    params, no_params = _params(estimator)
    history, no_history = _history(net.history)
    document = {
        "class": type(estimator).__name__,
        "params": params,
        "network": to_plain(net.get_params_for("module")),
        "fitted": _fitted(estimator),
        "seed": to_plain(net.seed),
        "history": history,
        "versions": estimator.versions_,
    }
    weights = {
        name: tensor.detach().cpu().clone().contiguous()
        for name, tensor in module.state_dict().items()
    }
    write_file(path, document, weights)
    if left_out := no_params + no_history:
        warnings.warn(
            f"{path} holds plain data only, without {', '.join(left_out)}: the loaded model "
            "predicts the same, but set what you need again before you fit it",
            stacklevel=3,
        )


def _params(estimator):
    """Parameters as plain data, and the names of those that are none."""
    plain, left_out = {}, []
    for name, value in estimator.get_params(deep=False).items():
        try:
            if name in NOT_WRITTEN and value:
                raise TypeError
            plain[name] = to_plain(str(value) if name == "device" else value)
        except TypeError:
            left_out.append(name)
    return plain, left_out


def _history(history):
    """Epochs as plain data, and the names of entries that are none."""
    epochs, left_out = [], {}
    for epoch in history:
        epochs.append({})
        for name, value in epoch.items():
            try:
                epochs[-1][name] = to_plain(value)
            except TypeError:
                left_out[f"{name} of history_"] = None
    return epochs, list(left_out)


def _fitted(estimator):
    """What fit learned of X and y, as plain data."""
    there = [name for name in (*FITTED, *SOMETIMES_FITTED) if hasattr(estimator, name)]
    fitted = {name: getattr(estimator, name) for name in there}
    if "feature_names_in_" in fitted:
        fitted["feature_names_in_"] = fitted["feature_names_in_"].tolist()
    if "classes_" in fitted:
        fitted["classes_"] = labels_to_plain(fitted["classes_"])
    return to_plain(fitted)

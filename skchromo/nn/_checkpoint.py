"""Checkpoints of the reference implementation, read and written."""

import pickle
import re
import warnings

import numpy as np
import torch

from ._network import ChromoformerNetwork
from ._region_attention import RegionAttention

# What reference checkpoints hold besides tensors: NumPy arrays and scalars of validation scores.
# They were pickled by NumPy 1 and 2, which name these functions differently. Nothing else is
# ever called while unpickling.
_ALLOWED = [
    np.ndarray,
    np.dtype,
    *{type(np.dtype(code)) for code in "?bBhHiIlLqQefd"},
    (np._core.multiarray._reconstruct, "numpy.core.multiarray._reconstruct"),
    (np._core.multiarray._reconstruct, "numpy._core.multiarray._reconstruct"),
    (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),
    (np._core.multiarray.scalar, "numpy._core.multiarray.scalar"),
]

_OLD_NAMES = {"embed": "embed", "pw_int": "pairwise_interaction", "reg": "regulation"}


def reference_parameters(network):
    """Where each used tensor of the reference state dict stands in a network.

    Parameters
    ----------
    network : ChromoformerNetwork

    Returns
    -------
    places : dict of str to list of (Parameter, int or None)
        For each reference name the parameters, and the bin size's number within them (None
        for the head), that make up the tensor when stacked along its first axis.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, reference_parameters
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> name = "embed.2000.transformer.layers.0.self_att.att.weight"
    >>> [tuple(parameter.shape) for parameter, _ in reference_parameters(network)[name]]
    [(1, 128, 128), (1, 128, 128), (1, 128, 128)]
    """
    places = {}

    def add(name, scale, *layers):
        places[f"{name}.weight"] = [(layer.weight, scale) for layer in layers]
        if layers[0].bias is not None:
            places[f"{name}.bias"] = [(layer.bias, scale) for layer in layers]

    def add_layer(name, scale, layer):
        add(f"{name}.self_att.ff", scale, layer.out)
        add(f"{name}.self_att.ln", scale, layer.ln)
        for part in ("l1", "l2", "ln"):
            add(f"{name}.ff.{part}", scale, getattr(layer.ff, part))

    for scale, bin_size in enumerate(network.bin_sizes):
        room = f"embed.{bin_size}"
        add(f"{room}.lin_proj", scale, network.embed.lin_proj)
        for i, layer in enumerate(network.embed.layers):
            name = f"{room}.transformer.layers.{i}"
            add(f"{name}.self_att.att", scale, layer.query, layer.key, layer.value)
            add_layer(name, scale, layer)
        room, pairwise = f"pairwise_interaction.{bin_size}", network.pairwise_interaction
        add(f"{room}.lin_proj_p", scale, pairwise.lin_proj_p)
        add(f"{room}.lin_proj_pcre", scale, pairwise.lin_proj_pcre)
        for i, layer in enumerate(pairwise.layers):
            name = f"{room}.transformer.layers.{i}"
            add(f"{name}.self_att.p_att", scale, layer.query)
            add(f"{name}.self_att.c_att", scale, layer.key, layer.value)
            add_layer(name, scale, layer)
        for i, layer in enumerate(network.regulation.layers):
            name = f"regulation.{bin_size}.transformer.layers.{i}"
            add(f"{name}.self_att.att", scale, layer.att)
            places[f"{name}.self_att.gamma_f"] = [(layer.gamma, scale)]
            add_layer(name, scale, layer)
    for i in (0, 2):
        add(f"fc_head.{i}", None, network.fc_head[i])
    return places


def load_reference_state(network, state):
    """Copy a reference state dict into a network of the same sizes.

    Parameters
    ----------
    network : ChromoformerNetwork
    state : mapping of str to Tensor
        Tensors that the reference never uses are ignored.

    Raises
    ------
    ValueError
        If a tensor is missing or has another shape.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, load_reference_state
    >>> from skchromo.nn import reference_state
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> twin = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> load_reference_state(twin, reference_state(network))
    >>> bool((twin.fc_head[0].weight == network.fc_head[0].weight).all())
    True
    """
    with torch.no_grad():
        for name, parts in reference_parameters(network).items():
            if name not in state:
                raise ValueError(f"the checkpoint has no tensor {name}")
            views = [_view(parameter, scale, name) for parameter, scale in parts]
            n_rows = sum(len(view) for view in views)
            if state[name].shape != (n_rows, *views[0].shape[1:]):
                raise ValueError(
                    f"the checkpoint's {name} has shape {tuple(state[name].shape)}, "
                    f"the network needs {(n_rows, *views[0].shape[1:])}"
                )
            for view, part in zip(views, state[name].split([len(view) for view in views])):
                view.copy_(part)


def reference_state(network):
    """State dict in the reference's names and shapes, which its own loader accepts.

    Parameters
    ----------
    network : ChromoformerNetwork

    Returns
    -------
    state : dict of str to Tensor
        On the CPU. Tensors that the reference holds but never uses are at their initial
        values: ones for scales, zeros for the rest.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, reference_state
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> reference_state(network)["embed.2000.lin_proj.weight"].shape
    torch.Size([128, 7])
    """
    state = {
        name: torch.cat(
            [_view(parameter, scale, name).detach().cpu() for parameter, scale in parts]
        )
        for name, parts in reference_parameters(network).items()
    }
    d_model = network.positions.shape[1]
    rooms = {
        "embed": network.embed.layers,
        "pairwise_interaction": network.pairwise_interaction.layers,
        "regulation": network.regulation.layers,
    }
    for bin_size in network.bin_sizes:
        state[f"pairwise_interaction.{bin_size}.ln.weight"] = torch.ones(d_model)
        state[f"pairwise_interaction.{bin_size}.ln.bias"] = torch.zeros(d_model)
        for room, layers in rooms.items():
            for i, layer in enumerate(layers):
                attention = f"{room}.{bin_size}.transformer.layers.{i}.self_att"
                if not isinstance(layer, RegionAttention):
                    state[f"{attention}.gamma_f"] = torch.ones(layer.n_heads)
                if room != "pairwise_interaction":
                    state[f"{attention}.w_bias.weight"] = torch.zeros(layer.n_heads, 2)
    return state


def read_checkpoint(path):
    """Read the state dict of a reference checkpoint; run none of the code it may carry.

    Parameters
    ----------
    path : str or Path
        A file written by ``torch.save``: ``{"net": state_dict, ...}``, which may hold NumPy
        arrays too, or a bare state dict. Names of the first release (``embed2000``, ``pw_int500``,
        ``reg100``) are understood as well.

    Returns
    -------
    state : dict of str to Tensor
        On the CPU, in the names of the reference's current release.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a checkpoint of the reference, or asks for code to be run.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skchromo.nn import ChromoformerNetwork, read_checkpoint, save_checkpoint
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> path = Path(tempfile.mkdtemp()) / "reference.pt"
    >>> save_checkpoint(network, path, epoch=10)
    >>> read_checkpoint(path)["fc_head.2.bias"].shape
    torch.Size([1])
    """
    try:
        with torch.serialization.safe_globals(_ALLOWED), warnings.catch_warnings():
            # torch warns of pickles that are not its own; what matters is whether they load
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no checkpoint {path}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"{path} cannot be read as a checkpoint of tensors and NumPy arrays: it is damaged, no "
            f"torch file, or holds objects that would run code ({reason})"
        ) from error
    state = content.get("net", content) if isinstance(content, dict) else content
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise ValueError(f"{path} holds no state dict of tensors, alone or under 'net'")
    state = {_new_name(name): tensor.float() for name, tensor in state.items()}
    if not any(name.startswith("embed.") for name in state) or "fc_head.2.bias" not in state:
        raise ValueError(
            f"{path} is no Chromoformer checkpoint: it has no tensors embed.<bin size>... and "
            f"fc_head; it starts with {', '.join(list(state)[:3])}"
        )
    return state


def checkpoint_sizes(state):
    """Sizes of the network that a reference state dict belongs to.

    Parameters
    ----------
    state : mapping of str to Tensor
        What :func:`read_checkpoint` returned.

    Returns
    -------
    sizes : dict
        The parameters of :class:`ChromoformerNetwork` but `n_positions` and `dropout`; bin
        sizes from large to small.

    Raises
    ------
    ValueError
        If a tensor that a size is read from is missing.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, checkpoint_sizes, reference_state
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> sizes = checkpoint_sizes(reference_state(network))
    >>> sizes["bin_sizes"], sizes["n_tracks"], sizes["regulation_n_layers"]
    ((2000,), 7, 6)
    """
    bin_sizes = {int(name.split(".")[1]) for name in state if name.startswith("embed.")}
    bin_sizes = tuple(sorted(bin_sizes, reverse=True))
    first = bin_sizes[0]

    def shape(name):
        if name not in state:
            raise ValueError(f"the checkpoint has no tensor {name}")
        return state[name].shape

    d_model, n_tracks = shape(f"embed.{first}.lin_proj.weight")
    sizes = {
        "bin_sizes": bin_sizes,
        "n_tracks": n_tracks,
        "d_model": d_model,
        "d_output": shape("fc_head.0.bias")[0],
        "n_outputs": shape("fc_head.2.bias")[0],
    }
    rooms = {"embedding": "embed", "pairwise": "pairwise_interaction", "regulation": "regulation"}
    for word, room in rooms.items():
        layers = f"{room}.{first}.transformer.layers."
        sizes[f"{word}_n_heads"] = shape(f"{layers}0.self_att.gamma_f")[0]
        sizes[f"{word}_d_ff"] = shape(f"{layers}0.ff.l1.bias")[0]
        sizes[f"{word}_n_layers"] = 1 + max(
            int(name[len(layers) :].split(".")[0]) for name in state if name.startswith(layers)
        )
    att = shape(f"regulation.{first}.transformer.layers.0.self_att.att.weight")
    sizes["regulation_d_attention"] = att[0] // 4
    return sizes


def load_checkpoint(path, max_length=40_000):
    """Network with the weights of a reference checkpoint.

    Parameters
    ----------
    path : str or Path
    max_length : int, default=40_000
        Length in bp of the longest region (window or pCRE) that could be there.

    Returns
    -------
    network : ChromoformerNetwork
        On the CPU.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_checkpoint`; ValueError too if tensors are missing or do not fit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skchromo.nn import ChromoformerNetwork, load_checkpoint, save_checkpoint
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> path = Path(tempfile.mkdtemp()) / "reference.pt"
    >>> save_checkpoint(network, path, epoch=10)
    >>> load_checkpoint(path).n_positions
    (20,)
    """
    state = read_checkpoint(path)
    sizes = checkpoint_sizes(state)
    n_positions = [-(-max_length // bin_size) for bin_size in sizes["bin_sizes"]]
    network = ChromoformerNetwork(n_positions=n_positions, **sizes)
    load_reference_state(network, state)
    return network


def save_checkpoint(network, path, **content):
    """Write a network as a reference checkpoint.

    Parameters
    ----------
    network : ChromoformerNetwork
    path : str or Path
    **content
        Further entries of the file beside ``"net"``, as ``epoch=10``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skchromo.nn import ChromoformerNetwork, save_checkpoint
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> path = Path(tempfile.mkdtemp()) / "reference.pt"
    >>> save_checkpoint(network, path, epoch=10)
    >>> sorted(torch.load(path, weights_only=True))
    ['epoch', 'net']
    """
    torch.save({"net": reference_state(network), **content}, path)


def _view(parameter, scale, name):
    """One bin size's part of a parameter, in the shape of the reference's tensor.

    Biases and normalisations are kept as one-row matrices, as they are added to batches.
    """
    if scale is None:
        return parameter
    is_row = name.endswith((".bias", ".ln.weight"))
    return parameter[scale, 0] if is_row else parameter[scale]


def _new_name(name):
    """Name of a tensor in the reference's current release."""
    old = re.fullmatch(r"(?:module\.)?(embed|pw_int|reg)(\d+)\.(.+)", name)
    if old:
        return f"{_OLD_NAMES[old[1]]}.{old[2]}.{old[3]}"
    return name.removeprefix("module.")

"""Checkpoints of the reference implementation, read and written."""

import io
import re

import torch

from ..._files import whole_file
from .._network import ChromoformerNetwork
from ..layers import RegionAttention
from ._checkpoint_file import read_tensors

_OLD_NAMES = {"embed": "embed", "pw_int": "pairwise_interaction", "reg": "regulation"}


def reference_parameters(network):
    """Find each used tensor of the reference state dict in a network.

    Parameters
    ----------
    network : ChromoformerNetwork
        Where to look.

    Returns
    -------
    places : dict of str to list of (Parameter, int or None)
        For each reference name the parameters, and the bin size's number within them (None
        for the head), that make up the tensor when stacked along its first axis.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork
    >>> from skchromo.nn.reference import reference_parameters
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
        Its weights are replaced.
    state : mapping of str to Tensor
        Tensors that the reference never uses are ignored.

    Raises
    ------
    ValueError
        If a tensor is missing or has another shape.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, load_reference_state, reference_state
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> twin = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> load_reference_state(twin, reference_state(network))
    >>> bool((twin.fc_head[0].weight == network.fc_head[0].weight).all())
    True
    """
    with torch.no_grad():
        network.output_scale.fill_(1)
        for name, views in _fitting(network, state):
            for view, part in zip(views, state[name].split([len(view) for view in views])):
                view.copy_(part)


def _fitting(network, state):
    """Yield each used tensor's name and the parts of the network that it fills."""
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
        yield name, views


def _check_state(state):
    """Raise ValueError unless there is a network for it; take no memory for one."""
    for name, tensor in state.items():
        promised = tensor.numel() * tensor.element_size()
        if tensor.layout != torch.strided or promised > tensor.untyped_storage().nbytes():
            raise ValueError(f"the checkpoint does not hold all numbers of {name}: save a clone()")
    sizes = checkpoint_sizes(state)
    with torch.device("meta"):
        network = ChromoformerNetwork(n_positions=[1] * len(sizes["bin_sizes"]), **sizes)
    for _ in _fitting(network, state):
        pass


def reference_state(network):
    """Give a network's state dict in the reference's names and shapes.

    Parameters
    ----------
    network : ChromoformerNetwork
        Without a linear skip.

    Returns
    -------
    state : dict of str to Tensor
        On the CPU. The reference's own loader accepts it. Tensors that the reference never uses are
        at their initial values: ones for scales, else zeros. The head includes `output_scale`.

    Raises
    ------
    ValueError
        If the network has a linear skip.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, reference_state
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> reference_state(network)["embed.2000.lin_proj.weight"].shape
    torch.Size([128, 7])
    """
    if network.skip is not None:
        raise ValueError(
            "linear_skip=True adds a part that the reference implementation does not have: a "
            "checkpoint in its format cannot hold this network; save() keeps it for skchromo"
        )
    state = {
        name: torch.cat(
            [_view(parameter, scale, name).detach().cpu() for parameter, scale in parts]
        )
        for name, parts in reference_parameters(network).items()
    }
    for name in ("fc_head.2.weight", "fc_head.2.bias"):
        state[name] *= network.output_scale.cpu()
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
    """Read the state dict of a reference checkpoint; code in the file is never run.

    Parameters
    ----------
    path : str or Path
        A file written by ``torch.save``: ``{"net": state_dict, ...}`` (NumPy arrays too) or a bare
        state dict. Names of the first release (``embed2000``, ``reg100``) are understood as well.

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
    content = read_tensors(path)
    state = content.get("net", content) if isinstance(content, dict) else content
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise ValueError(f"{path} holds no state dict of tensors, alone or under 'net'")
    if not all(isinstance(name, str) for name in state):
        raise ValueError(f"{path} holds tensors without names: it is no Chromoformer checkpoint")
    state = {_new_name(name): tensor for name, tensor in state.items()}
    if not any(name.startswith("embed.") for name in state) or "fc_head.2.bias" not in state:
        raise ValueError(
            f"{path} is no Chromoformer checkpoint: it has no tensors embed.<bin size>... and "
            f"fc_head; it starts with {', '.join(map(str, list(state)[:3]))}"
        )
    try:
        _check_state(state)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return {name: tensor.float() for name, tensor in state.items()}


def checkpoint_sizes(state):
    """Infer the sizes of the network that a reference state dict belongs to.

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
        If a tensor that a size is read from is missing or has no such size.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, checkpoint_sizes, reference_state
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> sizes = checkpoint_sizes(reference_state(network))
    >>> sizes["bin_sizes"], sizes["n_tracks"], sizes["regulation_n_layers"]
    ((2000,), 7, 6)
    """
    bin_sizes = _numbers_behind("embed.", state)
    first = bin_sizes[-1] if bin_sizes else 0
    if first < 1 or bin_sizes[0] < 1:
        raise ValueError(f"the checkpoint names the bin sizes {bin_sizes}, which are no lengths")

    def shape(name, n_axes=1):
        if name not in state:
            raise ValueError(f"the checkpoint has no tensor {name}")
        if state[name].ndim != n_axes or not all(state[name].shape):
            raise ValueError(f"the checkpoint's {name} has shape {tuple(state[name].shape)}")
        return state[name].shape

    d_model, n_tracks = shape(f"embed.{first}.lin_proj.weight", 2)
    sizes = {
        "bin_sizes": tuple(bin_sizes[::-1]),
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
        numbers = _numbers_behind(layers, state)
        if numbers != list(range(len(numbers))):
            raise ValueError(f"the checkpoint has the layers {layers}{numbers}, not all in a row")
        sizes[f"{word}_n_layers"] = len(numbers)
    att = shape(f"regulation.{first}.transformer.layers.0.self_att.att.weight", 2)
    sizes["regulation_d_attention"] = att[0] // 4
    return sizes


def _numbers_behind(prefix, state):
    """Numbers that follow a prefix in names of tensors, rising."""
    found = {name[len(prefix) :].partition(".")[0] for name in state if name.startswith(prefix)}
    odd = [text for text in found if not (text.isdecimal() and text.isascii() and len(text) < 10)]
    if odd:
        raise ValueError(f"the checkpoint names a tensor {prefix + odd[0]!r}, which has no number")
    return sorted(map(int, found))


def load_checkpoint(path, max_length=40_000):
    """Load a reference checkpoint into a network of its sizes.

    Parameters
    ----------
    path : str or Path
        As for :func:`read_checkpoint`.
    max_length : int, default=40_000
        Length in bp of the longest region (window or pCRE) that could be there.

    Returns
    -------
    network : ChromoformerNetwork
        On the CPU.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_checkpoint`.

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
        Without a linear skip.
    path : str or Path
        File to write. It appears under its name when it is whole; an older one is replaced.
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
    state = reference_state(network)
    # torch itself hides why it cannot write, as where the disk is full
    written = io.BytesIO()
    torch.save({"net": state, **content}, written)
    with whole_file(path) as file:
        file.write(written.getbuffer())


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

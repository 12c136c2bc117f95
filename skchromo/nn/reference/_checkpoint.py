"""Checkpoints of the reference implementation, read and written."""

import io
import re
import zipfile

import torch

from ..._files import check_overwrite, whole_file
from ..._words import printable
from .._network import ChromoformerNetwork
from ._checkpoint_file import read_tensors
from ._names import fitting_parts, load_reference_state, reference_state
from ._plain_pickle import Other

# Older names of the three stages, around the bin size, and the names of the current release. The
# first published weights have the oldest.
_OLD_NAMES = [
    (re.compile(r"embed(\d+)_a"), r"embed.\1"),
    (re.compile(r"embed(\d+)_b"), r"pairwise_interaction.\1"),
    (re.compile(r"transformer(\d+)"), r"regulation.\1.transformer"),
    (re.compile(r"embed(\d+)"), r"embed.\1"),
    (re.compile(r"pw_int(\d+)"), r"pairwise_interaction.\1"),
    (re.compile(r"reg(\d+)"), r"regulation.\1"),
]

# The published models have 6 layers at most, and three bin sizes. A network takes time to build for
# each, also one without weights.
_MOST_LAYERS, _MOST_BIN_SIZES = 100, 20


def read_checkpoint(path):
    """Read the state dict of a reference checkpoint; code in the file is never run.

    Parameters
    ----------
    path : str or Path
        A file written by ``torch.save``: ``{"net": state_dict, ...}`` (NumPy arrays too) or a bare
        state dict. Older names are understood as well: of the first release (``embed2000``,
        ``pw_int500``, ``reg100``), and of the first published weights (``embed2000_a``,
        ``embed500_b``, ``transformer100``).

    Returns
    -------
    state : dict of str to Tensor
        On the CPU, in the names of the reference's current release.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a checkpoint of the reference, or would run code.

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
    path = printable(path)
    state = content.get("net", content) if isinstance(content, dict) else content
    for name, value in state.items() if isinstance(state, dict) else ():
        if isinstance(value, Other):
            raise ValueError(
                f"{path} does not hold all numbers of {printable(name)[:80]} as a plain tensor: "
                "save a clone() of it"
            )
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise ValueError(f"{path} does not hold a state dict of tensors, alone or under 'net'")
    if not all(isinstance(name, str) for name in state):
        raise ValueError(f"{path} holds tensors without names: it is not a Chromoformer checkpoint")
    n_tensors, state = len(state), {_new_name(name): tensor for name, tensor in state.items()}
    if len(state) < n_tensors:
        raise ValueError(
            f"{path} holds some tensors twice, under older and newer names: save one model alone"
        )
    if not any(name.startswith("embed.") for name in state) or "fc_head.2.bias" not in state:
        raise ValueError(
            f"{path} is not a Chromoformer checkpoint: it has no tensors embed.<bin size>... and "
            f"fc_head; it starts with {', '.join(printable(name)[:80] for name in list(state)[:3])}"
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
        As :func:`read_checkpoint` returns it.

    Returns
    -------
    sizes : dict
        The parameters of :class:`ChromoformerNetwork` but `n_positions`, `dropout` and
        `linear_skip`; bin sizes from large to small.

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
    if len(bin_sizes) > _MOST_BIN_SIZES:
        raise ValueError(f"the checkpoint names {len(bin_sizes)} bin sizes")
    if first < 1 or bin_sizes[0] < 1:
        raise ValueError(f"the checkpoint names the bin sizes {bin_sizes}, which are not lengths")

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
    stages = {"embedding": "embed", "pairwise": "pairwise_interaction", "regulation": "regulation"}
    for word, stage in stages.items():
        layers = f"{stage}.{first}.transformer.layers."
        sizes[f"{word}_n_heads"] = shape(f"{layers}0.self_att.gamma_f")[0]
        sizes[f"{word}_d_ff"] = shape(f"{layers}0.ff.l1.bias")[0]
        numbers = _numbers_behind(layers, state)
        if len(numbers) > _MOST_LAYERS:
            raise ValueError(f"the checkpoint has {len(numbers)} layers {layers}")
        if numbers != list(range(len(numbers))):
            raise ValueError(f"the checkpoint has the layers {layers}{numbers}, not all in a row")
        sizes[f"{word}_n_layers"] = len(numbers)
    att = shape(f"regulation.{first}.transformer.layers.0.self_att.att.weight", 2)
    sizes["regulation_d_attention"] = att[0] // 4
    return sizes


def _numbers_behind(prefix, state):
    """Return the numbers that follow a prefix in names of tensors, rising."""
    found = {name[len(prefix) :].partition(".")[0] for name in state if name.startswith(prefix)}
    odd = [text for text in found if not (text.isdecimal() and text.isascii() and len(text) < 10)]
    if odd:
        name = prefix + odd[0][:80]
        raise ValueError(f"the checkpoint names a tensor {name!r}, which has no number")
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


def save_checkpoint(network, path, *, overwrite=False, **content):
    """Write a network as a reference checkpoint.

    Parameters
    ----------
    network : ChromoformerNetwork
        Without a linear skip.
    path : str or Path
        File to write. It appears under its name when it is whole; an older file of
        ``torch.save`` is replaced.
    overwrite : bool, default=False
        Whether a file of another kind is replaced too.
    **content
        Further entries of the file beside ``"net"``, as ``epoch=10``.

    Raises
    ------
    FileExistsError
        If a file of another kind is there.
    FileNotFoundError
        If there is no such folder.
    PermissionError
        If the file there is write-protected.

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
    check_overwrite(path, "a checkpoint", _is_of_torch, overwrite)
    state = reference_state(network)
    # torch itself hides why it cannot write, as where the disk is full
    written = io.BytesIO()
    torch.save({"net": state, **content}, written)
    with whole_file(path) as file:
        file.write(written.getbuffer())


def _is_of_torch(path):
    """Return whether a file is an archive that `torch.save` wrote."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def _check_state(state):
    """Raise ValueError unless there is a network for it; take no memory for one."""
    sizes = checkpoint_sizes(state)
    with torch.device("meta"):
        network = ChromoformerNetwork(n_positions=[1] * len(sizes["bin_sizes"]), **sizes)
    for _ in fitting_parts(network, state):
        pass


def _new_name(name):
    """Return the name of a tensor in the reference's current release."""
    stage, dot, rest = name.removeprefix("module.").partition(".")
    for old, new in _OLD_NAMES:
        if old.fullmatch(stage):
            stage = old.sub(new, stage)
            break
    return stage + dot + re.sub(r"\blin_proj_c\.", "lin_proj_pcre.", rest)

"""The file of a saved model: safetensors, which is numbers and text and can run no code.

Its header holds a JSON document about the model; the tensors are the network's weights. A checksum
over both tells damage.
"""

import hashlib
import json
import os

import torch
from safetensors import safe_open
from safetensors.torch import save

from .._files import whole_file

_FORMAT, _VERSION = "skchromo model", "1"


def write_file(path, document, weights):
    """Write a document and weights.

    Parameters
    ----------
    path : str or Path
    document : dict
        What JSON holds.
    weights : dict of str to Tensor
        On the CPU, contiguous.
    """
    text = json.dumps(document)
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "model": text,
        "sha256": _checksum(text, weights),
    }
    with whole_file(path) as file:
        file.write(save(weights, header))


def read_file(path):
    """Read a document and weights.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    document : object
        What JSON held.
    weights : dict of str to Tensor

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is of another kind, damaged or of another version.
    """
    header, weights = _read_tensors(path)
    if header.get("format") != _FORMAT:
        raise ValueError(
            f"{path} is a safetensors file, but not one that save() of an estimator wrote"
        )
    if header.get("version") != _VERSION:
        raise ValueError(
            f"{path} is in format {header.get('version')} of save(), and this skchromo reads "
            f"format {_VERSION}: update skchromo, or save the model again with the version that "
            "is installed here"
        )
    text = header.get("model", "")
    try:
        if header.get("sha256") == _checksum(text, weights):
            return json.loads(text), weights
    except (RuntimeError, TypeError, ValueError) as error:  # also of what is nested too deeply
        raise ValueError(
            f"{path} was not written by save() ({error}): save the model again"
        ) from error
    raise ValueError(f"{path} is damaged, as its checksum does not agree: save the model again")


def _read_tensors(path):
    """Header and tensors of a safetensors file."""
    path = os.fspath(path)
    try:
        with open(path, "rb"):  # tells of a missing file or a folder in Python's words
            pass
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}: check the path") from None
    except OSError:
        raise
    except Exception as error:  # of the parser, and of torch where a header promises too much
        raise ValueError(
            f"{path} is no file that save() of an estimator wrote, or only a part of one "
            f"({error}). Files of joblib.dump are read by joblib.load, only from people you "
            "trust; reference checkpoints by from_checkpoint()"
        ) from error


def _checksum(text, weights):
    """Of the document and all weights, hexadecimal."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()

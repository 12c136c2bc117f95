"""The file of a checkpoint: its tensors are read, and none of the code that it may carry is run."""

import os
import pickle
import warnings
import zipfile

import numpy as np
import torch

# Bytes; beyond this and twenty times its own size a small file may not unpack.
_MOST_UNPACKED = 64 << 20

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


def read_tensors(path):
    """Read what ``torch.save`` wrote of tensors, NumPy arrays and plain containers.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    content : object
        Tensors on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or of another kind, or asks for code to be run.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.pt"
    >>> torch.save({"bias": torch.ones(1)}, path)
    >>> read_tensors(path)
    {'bias': tensor([1.])}
    """
    try:
        _judge_file(path)
        with torch.serialization.safe_globals(_ALLOWED), warnings.catch_warnings():
            # torch warns of pickles that are not its own; what matters is whether they load
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}: check the path") from None
    except Exception as error:  # torch's parsers of damaged files raise errors of many kinds
        if isinstance(error, OSError) and error.filename is not None:
            raise
        reason = str(error).partition("\n")[0]
        # torch's words for foreign objects advise to run their code
        reason = "" if "weights_only" in reason else f" ({reason})"
        raise ValueError(
            f"{path} cannot be read as a checkpoint of tensors and NumPy arrays: it is damaged, no "
            f"torch file, or holds objects that would run code{reason}. Files of save() are read "
            "by skchromo.load_model; files of joblib.dump by joblib.load, only from people you "
            "trust"
        ) from error


def _judge_file(path):
    """Refuse what torch passes over: damage, which would be read as other weights, and more."""
    with open(path, "rb") as file:
        start = file.read(9)
        if start[8:] == b"{":
            raise pickle.UnpicklingError("it is a safetensors file")
        if not start.startswith(b"PK\x03\x04"):
            return  # an old file of torch, which has no checksums
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
            if unpacked > _MOST_UNPACKED + 20 * os.fstat(file.fileno()).st_size:
                raise pickle.UnpicklingError(f"it unpacks into {unpacked} bytes")
            damaged = archive.testzip()
    if damaged is not None:
        raise pickle.UnpicklingError(f"the checksum of {damaged} does not agree")

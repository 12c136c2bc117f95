"""The file of a checkpoint: its tensors are read, and none of the code that it may carry is run."""

import os
import pickle
import warnings
import zipfile

import numpy as np
import torch

from ..._files import check_is_file

# Bytes; beyond this and twenty times its own size a small file may not unpack.
_MOST_UNPACKED = 64 << 20

# Besides tensors, reference checkpoints hold NumPy arrays and scalars of validation scores. They
# were pickled by NumPy 1 and 2, which name these functions differently. Nothing else is ever called
# while unpickling.
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
    """Read a file of ``torch.save``: tensors (to the CPU), NumPy arrays and plain containers."""
    check_is_file(path)
    try:
        _check_file(path)
        with torch.serialization.safe_globals(_ALLOWED), warnings.catch_warnings():
            # torch warns of pickles that are not its own, also where they load
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist: check the path") from None
    except Exception as error:  # torch's parsers of damaged files raise errors of many kinds
        if isinstance(error, OSError) and error.filename is not None:
            raise
        reason = str(error).partition("\n")[0]
        # torch's message about foreign objects advises to run their code
        reason = "" if "weights_only" in reason else f" ({reason})"
        raise ValueError(
            f"{path} cannot be read as a checkpoint of tensors and NumPy arrays: it is damaged, "
            f"not a torch file, or holds objects that would run code{reason}. Load files of save() "
            "with skchromo.load_model, and files of joblib.dump with joblib.load, only from people "
            "you trust"
        ) from error


def _check_file(path):
    """Refuse files that torch would read: damaged ones, and those that unpack without end."""
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

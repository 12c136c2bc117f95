"""The file of a checkpoint, in both formats of torch; none of the code that it may carry is run."""

import io
import os
import pickle
import pickletools
import sys
import zipfile

import torch

from ..._files import check_is_file
from ..._words import printable
from ._plain_pickle import PlainUnpickler

# Bytes; beyond this and twenty times its own size a small file may not unpack.
_MOST_UNPACKED = 64 << 20
# How torch's older format begins: a pickle of this number.
_OLD_START = (0x1950A86A20F9469CFC6C).to_bytes(10, "little")
_MOST_MESSAGE = 200


def read_tensors(path):
    """Read a file of ``torch.save``: tensors (to the CPU) and plain containers.

    Other objects that training scripts save, such as NumPy arrays, are an `Other` each.
    """
    check_is_file(path)
    try:
        with open(path, "rb") as file:
            start = file.read(64)
            file.seek(0)
            if start.startswith(b"PK\x03\x04"):
                return _read_archive(file)
            if _OLD_START in start:
                return _read_old(io.BytesIO(file.read()))
        if start[8:9] == b"{":
            raise pickle.UnpicklingError("it is a safetensors file")
        raise pickle.UnpicklingError("it does not begin like a file of torch")
    except FileNotFoundError:
        raise FileNotFoundError(f"{printable(path)} does not exist: check the path") from None
    except Exception as error:  # parsers of damaged files raise errors of many kinds
        if isinstance(error, OSError) and error.filename is not None:
            raise
        reason = printable(str(error).partition("\n")[0][:_MOST_MESSAGE])
        raise ValueError(
            f"{printable(path)} cannot be read as a checkpoint of tensors and NumPy arrays: it is "
            f"damaged, not a torch file, or holds objects that would run code ({reason}). Load "
            "files of save() with skchromo.load_model, and files of joblib.dump with joblib.load, "
            "only from people you trust"
        ) from error


class _Storages:
    """The storages of a file by their keys, flat tensors: together no larger than `n_bytes`."""

    def __init__(self, n_bytes, fill=None):
        self.flat, self._n_bytes, self._fill = {}, n_bytes, fill

    def __call__(self, identity):
        """Return the storage that a pickle names, empty until it is filled."""
        kind, dtype, key, _, n_values, *view = identity
        if kind != "storage" or type(dtype) is not torch.dtype or any(view):
            raise pickle.UnpicklingError("it names a storage of an unknown kind")
        if not (type(key) is str and len(key) <= 20 and key.isalnum()) or type(n_values) is not int:
            raise pickle.UnpicklingError("it names a storage without a number")
        if key not in self.flat:
            self._n_bytes -= n_values * dtype.itemsize
            if n_values < 0 or self._n_bytes < 0:
                raise pickle.UnpicklingError("its tensors claim more than the file holds")
            self.flat[key] = torch.empty(n_values, dtype=dtype)
            if self._fill is not None:
                self.fill(key, self._fill(key))
        elif (self.flat[key].dtype, len(self.flat[key])) != (dtype, n_values):
            raise pickle.UnpicklingError("it names a storage twice, with other sizes")
        return self.flat[key]

    def fill(self, key, content):
        """Set the numbers of a storage."""
        flat = self.flat[key]
        if len(content) != flat.nbytes:
            raise pickle.UnpicklingError(f"its storage {key} has {len(content)} bytes")
        if len(content):
            flat.copy_(torch.frombuffer(bytearray(content), dtype=flat.dtype))


def _read_archive(file):
    """Read torch's format since 1.6: a zip archive of a pickle and one member for each storage."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        n_bytes = sum(member.file_size for member in members)
        if n_bytes > _MOST_UNPACKED + 20 * os.fstat(file.fileno()).st_size:
            raise pickle.UnpicklingError(f"it unpacks into {n_bytes} bytes")
        if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
            raise pickle.UnpicklingError("it is compressed in a way that torch does not write")
        damaged = archive.testzip()
        if damaged is not None:
            raise pickle.UnpicklingError(f"the checksum of {damaged} does not agree")
        names = archive.namelist()
        (root,) = (name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl"))
        if f"{root}byteorder" in names:
            _check_byte_order(archive.read(f"{root}byteorder") == b"little")
        storages = _Storages(n_bytes, lambda key: archive.read(f"{root}data/{key}"))
        return PlainUnpickler(io.BytesIO(archive.read(f"{root}data.pkl")), storages).load()


def _read_old(file):
    """Read torch's older format: pickles one after another, then the storages."""
    for _ in pickletools.genops(file):  # the number that it begins with
        pass
    storages = _Storages(len(file.getbuffer()))
    unpickler = PlainUnpickler(file, storages)
    _version, system, content, keys = (unpickler.load() for _ in range(4))
    _check_byte_order(system["little_endian"])
    # keys of another kind are not even compared: the hash of nested tuples takes time without end
    is_text = type(keys) is list and all(type(key) is str for key in keys)
    if not is_text or sorted(keys) != sorted(storages.flat):
        raise pickle.UnpicklingError("it does not hold the numbers of all tensors")
    for key in keys:
        flat = storages.flat[key]
        if int.from_bytes(file.read(8), "little") != len(flat):
            raise pickle.UnpicklingError(f"its storage {key} has another size")
        storages.fill(key, file.read(flat.nbytes))
    return content


def _check_byte_order(is_little):
    """Refuse the numbers of a machine of another kind."""
    if is_little != (sys.byteorder == "little"):
        raise pickle.UnpicklingError("it was written on a machine of another byte order")

"""Archives of arrays as numpy.savez writes them: not compressed, and read with care."""

import math
import os
import zipfile

import numpy as np

_CHUNK = 1 << 20


def add_member(archive, name):
    """Open a member to write, dated 1980: the clock may say a year that a zip file cannot hold."""
    return archive.open(zipfile.ZipInfo(name), "w", force_zip64=True)


def add_array(archive, name, array):
    """Write an array as the member ``NAME.npy``."""
    with add_member(archive, f"{name}.npy") as member:
        np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def open_stored(file):
    """Return the archive in an open file; ValueError if unpacking may take any amount of memory."""
    archive = zipfile.ZipFile(file)
    size = os.fstat(file.fileno()).st_size
    if any(info.compress_type or info.file_size > size for info in archive.infolist()):
        raise ValueError("its content is compressed, or longer than the file")
    return archive


def read_array(archive, name):
    """Return an array read into memory; its checksum is compared."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as member:
        array = np.empty(*read_header(member, info, 0))
        content = memoryview(array.reshape(-1).view(np.uint8))
        for start in range(0, len(content), _CHUNK):
            member.readinto(content[start : start + _CHUNK])
    return array


def read_header(file, info, begin):
    """Return shape and dtype of the .npy that begins there, and leave the file at its values."""
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f"{info.filename} has an unknown header")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    size = file.tell() - begin + math.prod(shape) * dtype.itemsize
    if is_fortran or dtype.hasobject or size != info.file_size:
        raise ValueError(f"{info.filename} does not hold what its header says")
    return shape, dtype

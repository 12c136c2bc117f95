"""The file that a RegionArray is saved in.

It is an .npz that is not compressed: one file to move about, which ``np.load`` opens without
this package, whose checksums tell a damaged file, and in which the signal lies as it does in
memory, so that it can be mapped. There are no pickles in it: what is no numeric array is JSON.
"""

import contextlib
import errno
import io
import json
import math
import os
import secrets
import stat
import struct
import weakref
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._arrays import gathered, offsets_of
from .._files import whole_file
from ._checks import check_layout, check_parts
from ._columns import from_json, to_json
from ._stack import renumbered, used_regions

_FORMAT, _VERSION = "skchromo RegionArray", 1
_ABOUT, _SIGNAL = "about.json", "signal.npy"
_CHUNK = 1 << 20

# What `Store` holds of the regions beside their signal.
REGION_PARTS = ("offsets", "chrom", "start", "end")

# An extra field without content, by whose 4 bytes the signal, the first member, begins at a
# multiple of 64 bytes: 30 of header, 10 of name, 20 for sizes beyond 4 GB, then the .npy header.
_PADDING = struct.pack("<HH", 0xD935, 0)

# Files whose signal is mapped in this process, by path and id: arrays opened from one file, and
# their unpickled rows, share one map.
_mapped = weakref.WeakValueDictionary()


@dataclass(eq=False)
class Store:
    """What is opened of a file: the distinct regions, their signal mapped into memory.

    Attributes
    ----------
    path : str
        Absolute.
    id : str
        Drawn when the file was written.
    signal, offsets, chrom, start, end : ndarray
        As in the RegionArray.
    """

    path: str
    id: str
    signal: np.ndarray
    offsets: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray


def write(X, path):
    """See :meth:`RegionArray.save`."""
    path = Path(path)
    if os.path.lexists(path) and not _is_ours(path):
        raise FileExistsError(
            f"{path} is there and is not a RegionArray that was saved, so it is not overwritten: "
            "save under another name, or remove it first"
        )
    # The signal may have been written to since X was made.
    check_parts(X)
    used = used_regions(X)
    members = _small_members(X, used)
    with whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        _write_signal(X, np.flatnonzero(used), archive)
        for name, content in members.items():
            archive.writestr(name, content)


def _small_members(X, used):
    """Everything but the signal, of the `used` regions: bytes by member name."""
    chroms = {name: code for code, name in enumerate(dict.fromkeys(X.chrom[used]))}
    arrays = {
        "chrom": np.array([chroms[name] for name in X.chrom[used]], dtype=np.int32),
        "start": X.start[used],
        "end": X.end[used],
        "index": renumbered(X.index, used),
        "weights": X.weights,
    }
    members = {}
    for place, (name, column) in enumerate(X.genes.items()):
        if column.dtype.kind in "biufcSUmM":
            arrays[f"genes_{place}"] = column
        elif column.dtype == object:
            members[f"genes_{place}.json"] = to_json(column, f"genes[{name!r}]").encode()
        else:
            raise ValueError(
                f"genes[{name!r}] is of dtype {column.dtype}, which cannot be saved: use str, "
                "numbers or bool"
            )
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, allow_pickle=False)
        members[f"{name}.npy"] = buffer.getbuffer()
    about = {
        "format": _FORMAT,
        "version": _VERSION,
        "id": secrets.token_hex(16),
        "tracks": X.tracks,
        "bin_size": X.bin_size,
        "n_bins": X.n_bins,
        "window": X.window,
        "chromsizes": {str(name): int(size) for name, size in X.chromsizes.items()},
        "chroms": json.loads(to_json(chroms, "chrom")),
        "genes": json.loads(to_json(X.genes, "the list of columns of genes")),
    }
    members[_ABOUT] = json.dumps(about, indent=1).encode()
    return members


def _write_signal(X, regions, archive):
    """Signal of some regions, a few at a time."""
    n_bins = int(np.diff(X.offsets)[regions].sum())
    info = zipfile.ZipInfo(_SIGNAL)
    info.extra = _PADDING
    with archive.open(info, "w", force_zip64=True) as member:
        shape = (n_bins, len(X.tracks))
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, header)
        for part in gathered(X.signal, X.offsets, regions):
            member.write(part.astype("<f4", copy=False).tobytes())


def _is_ours(path):
    """Whether a file is one that `write` made, of whatever version."""
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(_ABOUT))["format"] == _FORMAT
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError):
        return False


def read(cls, path, mmap_mode):
    """See :meth:`RegionArray.load`; `cls` is RegionArray."""
    path = os.path.abspath(path)
    with _opened(path) as (file, archive, about):
        if mmap_mode is None:
            store, regions = None, _regions(archive, about, _read_signal(archive))
        else:
            store = _mapped_store(path, file, archive, about)
            regions = {name: getattr(store, name) for name in ("signal", *REGION_PARTS)}
        X = object.__new__(cls)
        X.__dict__.update(
            regions,
            index=_array(archive, "index"),
            weights=_array(archive, "weights"),
            genes=_genes(archive, about["genes"]),
            tracks=tuple(about["tracks"]),
            **{name: about[name] for name in ("bin_size", "n_bins", "window", "chromsizes")},
        )
        if store is not None:
            X._store = store
        check_layout(X)
    return X


def reopen(path, file_id):
    """Map a file again whose rows were pickled.

    Parameters
    ----------
    path : str
    file_id : str
        Id of the file when they were pickled.

    Returns
    -------
    store : Store

    Raises
    ------
    FileNotFoundError
        If the file is gone.
    ValueError
        If another one is there now.
    """
    try:
        with _opened(path) as (file, archive, about):
            if about["id"] == file_id:
                return _mapped_store(path, file, archive, about)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"this RegionArray was pickled as rows of {path}, which is gone: put the file back, "
            "or pickle X.compact(), which holds the signal itself"
        ) from error
    raise ValueError(
        f"this RegionArray was pickled as rows of {path}, which has been replaced since: load "
        "the new file and pickle its rows, or pickle X.compact(), which holds the signal itself"
    )


@contextlib.contextmanager
def _opened(path):
    """Open a file that `write` made; whatever is wrong inside is told with its path."""
    with open(path, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError(f"{path} is a device or a pipe, not a file of RegionArray.save")
        with _telling(f"{path} is not a file of RegionArray.save, or only a part of one"):
            archive = zipfile.ZipFile(file)
            about = json.loads(_content(archive, _ABOUT))
            version = about["version"]
            if about["format"] != _FORMAT:
                raise ValueError(f"its format is called {about['format']}")
        if version != _VERSION:
            raise ValueError(
                f"{path} is in format {version} of RegionArray.save, and this skchromo reads "
                f"format {_VERSION}: update skchromo, or save the array again with the version "
                "that is installed here"
            )
        with _telling(f"{path} is damaged: save the array again"):
            yield file, archive, about


@contextlib.contextmanager
def _telling(what):
    """Raise whatever the parsers of a damaged file may raise, which is much, as a ValueError."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        # EINVAL is a damaged offset before the file's start; other errors are the system's own.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise ValueError(f"{what} ({error})") from error


def _content(archive, name):
    """Bytes of a small member; its checksum is compared."""
    # Unpacking may take any amount of memory.
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} has been compressed")
    try:
        return archive.read(name)
    except MemoryError:
        raise ValueError(f"{name} is not as long as the file says") from None


def _array(archive, name):
    """A small member as an array."""
    content = io.BytesIO(_content(archive, f"{name}.npy"))
    np.lib.format.read_magic(content)
    shape, _, dtype = np.lib.format.read_array_header_1_0(content)
    # NumPy takes memory for whatever the header says.
    if math.prod(shape) * dtype.itemsize > len(content.getbuffer()):
        raise ValueError(f"{name} does not hold what its header says")
    content.seek(0)
    return np.lib.format.read_array(content, allow_pickle=False)


def _genes(archive, names):
    """Columns of the genes, arrays by name."""
    members = set(archive.namelist())
    return {
        name: from_json(_content(archive, f"genes_{place}.json"))
        if f"genes_{place}.json" in members
        else _array(archive, f"genes_{place}")
        for place, name in enumerate(names)
    }


def _regions(archive, about, signal):
    """Parts of the distinct regions, by the constructor's names."""
    start, end = _array(archive, "start"), _array(archive, "end")
    return {
        "signal": signal,
        "offsets": offsets_of(-(-(end - start) // about["bin_size"])),
        "chrom": np.array(about["chroms"], dtype=object)[_array(archive, "chrom")],
        "start": start,
        "end": end,
    }


def _mapped_store(path, file, archive, about):
    """What this process has opened of a file, opened now if it is not."""
    store = _mapped.get((path, about["id"]))
    if store is None:
        signal = _map_signal(file, archive)
        store = Store(path, about["id"], **_regions(archive, about, signal))
        _mapped[path, about["id"]] = store
    return store


def _map_signal(file, archive):
    """Signal in its place in the file, read-only ndarray."""
    info = archive.getinfo(_SIGNAL)
    file.seek(info.header_offset + 26)
    begin = info.header_offset + 30 + sum(struct.unpack("<HH", file.read(4)))
    file.seek(begin)
    shape = _signal_shape(file, info, begin)
    if not shape[0]:
        return np.empty(shape, np.float32)
    # As a plain ndarray, whose rows are not memmaps of nothing.
    return np.asarray(np.memmap(file, "<f4", mode="r", offset=file.tell(), shape=shape))


def _read_signal(archive):
    """Signal read into memory; its checksum is compared."""
    info = archive.getinfo(_SIGNAL)
    with archive.open(info) as member:
        signal = np.empty(_signal_shape(member, info, 0), "<f4")
        content = memoryview(signal.reshape(-1).view(np.uint8))
        for start in range(0, len(content), _CHUNK):
            member.readinto(content[start : start + _CHUNK])
    return signal


def _signal_shape(file, info, begin):
    """Shape of the signal whose .npy begins at `begin` of `file`, which is left at its values."""
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{_SIGNAL} has been compressed")
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f"{_SIGNAL} has an unknown header")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
    size = file.tell() - begin + math.prod(shape) * 4
    if fortran_order or dtype != "<f4" or len(shape) != 2 or size != info.file_size:
        raise ValueError(f"{_SIGNAL} does not hold what its header says")
    return shape

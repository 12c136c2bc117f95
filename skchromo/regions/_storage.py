"""The file that a RegionArray is saved in.

It is an .npz that is not compressed: one file, which ``np.load`` opens without this package, whose
checksums reveal damage, and in which the signal lies as it does in memory, so that it can be
mapped. It holds no pickles: whatever is not an array of numbers or str is in JSON.
"""

import contextlib
import errno
import json
import os
import secrets
import struct
import weakref
import zipfile

import numpy as np

from .._arrays import bin_offsets, gathered
from .._files import check_is_file, check_overwrite, whole_file
from .._npz import add_array, add_member, open_stored, read_array, read_header
from .._words import printable
from ._checks import check_layout, check_parts
from ._select import renumbered, used_regions

_FORMAT, _VERSION = "skchromo RegionArray", 1
_ABOUT, _SIGNAL = "about.json", "signal.npy"
_SETTINGS = ("tracks", "bin_size", "n_bins", "window", "chromsizes")

# An extra field without content, by whose 4 bytes the signal, the first member, begins at a
# multiple of 64 bytes: 30 of header, 10 of name, 20 for sizes beyond 4 GB, then the .npy header.
_PADDING = struct.pack("<HH", 0xD935, 0)

# Arrays that are mapped in this process, by path and id of the file: whatever is opened or
# unpickled of one file shares them.
_mapped = weakref.WeakValueDictionary()


def write(X, path, overwrite=False, pieces=None):
    """Write the regions that the rows use, a few at a time; see `RegionArray.save`.

    `pieces` is an iterator over the signal of an X whose own signal stands for it by its shape.
    """
    check_overwrite(path, "a RegionArray that was saved", _is_ours, overwrite)
    used = used_regions(X)
    if pieces is None:
        check_parts(X)  # the signal may have been written to since X was made
        pieces = gathered(X.signal, X.offsets, np.flatnonzero(used))
    arrays, about = _small_parts(X, used)
    with whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo(_SIGNAL)  # dated as by `add_member`
        info.extra = _PADDING
        with archive.open(info, "w", force_zip64=True) as member:
            shape = (int(np.diff(X.offsets)[used].sum()), len(X.tracks))
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(member, header)
            for part in pieces:
                member.write(part.astype("<f4", copy=False).tobytes())
        for name, array in arrays.items():
            add_array(archive, name, array)
        with add_member(archive, _ABOUT) as member:
            member.write(json.dumps(about, indent=1).encode())


def _small_parts(X, used):
    """Return all but the signal of the `used` regions: arrays by name, and the rest for JSON."""
    chroms = {name: code for code, name in enumerate(dict.fromkeys(X.chrom[used]))}
    arrays = {
        "chrom": np.array([chroms[name] for name in X.chrom[used]], dtype=np.int32),
        "start": X.start[used],
        "end": X.end[used],
        "index": renumbered(X.index, used),
        "weights": X.weights,
    }
    if X.missing.any():
        arrays["missing"] = X.missing
    genes = _columns_to_save(X.genes.items(), "genes", arrays)
    labels = X.row_labels and _columns_to_save(X.row_labels, "row_labels", arrays)
    return arrays, {
        "format": _FORMAT,
        "version": _VERSION,
        "id": secrets.token_hex(16),
        **{name: getattr(X, name) for name in _SETTINGS},
        "chromsizes": {str(name): int(size) for name, size in X.chromsizes.items()},
        "chroms": _to_json(chroms, "chrom"),
        "genes": genes,
        "row_labels": labels,
    }


def _columns_to_save(columns, what, arrays):
    """Return columns as pairs for JSON, of a name and its values.

    Columns of numbers and str are added to `arrays` instead, and their values are None.
    """
    saved = []
    for place, (name, column) in enumerate(columns):
        values = None
        if column.dtype == object:
            values = _to_json(column, f"{what}[{name!r}]")
        elif column.dtype.kind in "biufcSUmM":
            arrays[f"{what}_{place}"] = column
        else:
            raise ValueError(
                f"{what}[{name!r}] is of dtype {column.dtype}, which cannot be saved: use str, "
                "numbers or bool"
            )
        saved.append([*_to_json([name], f"the list of names of {what}"), values])
    return saved


def _to_json(values, what):
    """Return a list of values that JSON can hold; `what` holds them, for the message."""
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    for place, value in enumerate(plain):
        if type(value) not in (str, bool, int, float, type(None)):
            raise ValueError(
                f"{what} holds a {type(value).__name__} at place {place}, which cannot be saved: "
                "use str, numbers or bool, and None or NaN for missing values"
            )
    return plain


def _is_ours(path):
    """Return whether a file is one that `write` made, of whatever version."""
    try:
        with open(path, "rb") as file, open_stored(file) as archive:
            return json.loads(archive.read(_ABOUT))["format"] == _FORMAT
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError):
        return False


def read(cls, path, mmap_mode):
    """Return the array in a file; see `RegionArray.load`."""
    path = os.path.abspath(path)
    with _opened(path) as (file, archive, about):
        if mmap_mode is None:
            X = _build(cls, archive, about, read_array(archive, "signal"))
            check_parts(X)
            return X
        base = _base_of(cls, path, file, archive, about)
    X = object.__new__(cls)
    vars(X).update(vars(base), _base=base)
    return X


def reopen(cls, path, file_id):
    """Return the base of a file whose rows were pickled while it had this id."""
    try:
        with _opened(path) as (file, archive, about):
            if about["id"] == file_id:
                return _base_of(cls, path, file, archive, about)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"this RegionArray was pickled as rows of {path}, which is gone: put the file back, "
            "or pickle X.compact(), which holds the signal itself"
        ) from error
    raise ValueError(
        f"this RegionArray was pickled as rows of {path}, which has been replaced since: load "
        "the new file and pickle its rows, or pickle X.compact(), which holds the signal itself"
    )


def _base_of(cls, path, file, archive, about):
    """Return the array of the whole file, mapped: that of this process, or a new one."""
    base = _mapped.get((path, about["id"]))
    if base is None:
        base = _build(cls, archive, about, _map_signal(file, archive))
        base._file = (path, about["id"])
        _mapped[base._file] = base
    return base


def _build(cls, archive, about, signal):
    """Return a RegionArray of the parts in a file, its layout checked."""
    start, end = read_array(archive, "start"), read_array(archive, "end")
    if signal.dtype != np.float32:
        raise ValueError(f"{_SIGNAL} holds {signal.dtype}")
    index, labels = read_array(archive, "index"), about["row_labels"]
    if "missing.npy" in archive.namelist():
        missing = read_array(archive, "missing")
    else:
        missing = np.zeros((*index.shape[:-1], len(about["tracks"])), dtype=bool)
    X = object.__new__(cls)
    vars(X).update(
        signal=signal,
        offsets=bin_offsets(start, end, about["bin_size"]),
        chrom=np.array(about["chroms"], dtype=object)[read_array(archive, "chrom")],
        start=start,
        end=end,
        index=index,
        weights=read_array(archive, "weights"),
        missing=missing,
        genes=dict(_saved_columns(archive, "genes", about["genes"])),
        row_labels=labels and tuple(_saved_columns(archive, "row_labels", labels)),
        **{name: about[name] for name in _SETTINGS},
    )
    X.tracks = tuple(X.tracks)
    check_layout(X)
    return X


def _saved_columns(archive, what, saved):
    """Yield names and columns that `_columns_to_save` returned."""
    for place, (name, values) in enumerate(saved):
        if values is None:
            column = read_array(archive, f"{what}_{place}")
        else:
            column = np.empty(len(values), dtype=object)
            column[:] = values
        yield name, column


@contextlib.contextmanager
def _opened(path):
    """Open a file that `write` made; every error about its content names it."""
    check_is_file(path)
    if os.path.isdir(path):
        raise ValueError(f"{printable(path)} is a folder: give a file of RegionArray.save")
    with open(path, "rb") as file:
        with _named(f"{printable(path)} is not a file of RegionArray.save, or only a part of one"):
            archive = open_stored(file)
            about = json.loads(archive.read(_ABOUT))
            version = about["version"]
            if about["format"] != _FORMAT:
                raise ValueError(f"its format is called {about['format']}")
        if version != _VERSION:
            raise ValueError(
                f"{printable(path)} is in format {version} of RegionArray.save, and this skchromo "
                f"reads format {_VERSION}: update skchromo, or save the array again with the "
                "version that is installed here"
            )
        with _named(f"{printable(path)} is damaged: save the array again"):
            yield file, archive, about


@contextlib.contextmanager
def _named(problem):
    """Raise as a ValueError whatever the parsers of a damaged file raise, of any kind."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        # EINVAL comes of an offset before the file's start; other errors are the system's own.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise ValueError(f"{problem} ({error})") from error


def _map_signal(file, archive):
    """Return the signal in its place in the file, read-only."""
    info = archive.getinfo(_SIGNAL)
    file.seek(info.header_offset + 26)
    begin = info.header_offset + 30 + sum(struct.unpack("<HH", file.read(4)))
    file.seek(begin)
    shape, dtype = read_header(file, info, begin)
    if not shape[0]:
        return np.empty(shape, dtype)
    # As a plain ndarray: rows of a memmap would be memmaps that own nothing.
    return np.asarray(np.memmap(file, dtype, mode="r", offset=file.tell(), shape=shape))

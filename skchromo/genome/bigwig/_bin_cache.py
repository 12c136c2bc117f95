"""Bin means kept in a folder, so that each region of each file is read once."""

import contextlib
import errno
import hashlib
import os
import uuid
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from ..._arrays import bin_offsets, ranges
from ..._files import check_is_file, file_state, remove_leftovers, whole_file
from ..._npz import add_array, open_stored, read_array
from ..._words import name_some, printable

# Of the arrays of a part: type and, in its last version, the checksum over all.
_ARRAYS = {"keys": "U", "start": "i", "end": "i", "values": "f"}
_VERSION = 2


class BinCache:
    """Means of regions of one bigWig in bins of one size, kept in a folder.

    A file is recognised by its `file_state`, so that a replaced file is read again. `options` are
    the other settings of `read_bins`. Several processes and people may use one folder at the same
    time; at worst a region is read by two of them. Nothing is removed: delete the folder to free
    its space. Parts in it that are damaged, or cannot be read, are named in one warning and not
    used.
    """

    def __init__(self, folder, path, bin_size, **options):
        text = repr((_VERSION, (*file_state(path), bin_size), sorted(options.items())))
        self.bin_size = bin_size
        self._folder = Path(folder) / hashlib.sha256(text.encode()).hexdigest()[:32]
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise NotADirectoryError(f"memory: {printable(folder)} is a file: name a folder")
        remove_leftovers(self._folder)
        loaded = _load_all(self._folder, bin_size)
        keys = pd.Index([key for part in loaded for key in part["keys"].tolist()], dtype=object)
        self._numbers = np.flatnonzero(~keys.duplicated())
        self._keys = keys[self._numbers]
        bounds = [bin_offsets(part["start"], part["end"], bin_size) for part in loaded]
        self._counts = np.concatenate([[], *map(np.diff, bounds)]).astype(np.int64)
        self._first = np.cumsum(self._counts) - self._counts
        values = [part["values"] for part in loaded]
        self._values = np.concatenate([np.zeros(0, np.float32), *values])

    def find(self, chrom, start, end):
        """Return the number of each region for `take` (int64), -1 where it is not known."""
        at = self._keys.get_indexer(_keys(chrom, start, end))
        return np.append(self._numbers, -1)[at]

    def take(self, numbers):
        """Return the means of known regions, one region after the other (float32)."""
        return self._values[ranges(self._first[numbers], self._counts[numbers])]

    def add(self, chrom, start, end, values):
        """Keep the means of further regions, for caches that are opened from now on.

        `values` holds one region after the other. If they cannot be written, because the disk is
        full or the folder read-only, a warning says so.
        """
        keys = np.array(_keys(chrom, start, end), dtype=str)
        part = {"keys": keys, "start": start, "end": end, "values": values}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (
                whole_file(self._folder / f"{uuid.uuid4().hex}.npz") as file,
                zipfile.ZipFile(file, "w") as archive,
            ):
                for name, array in part.items():
                    add_array(archive, name, array)
                add_array(archive, "sha256", _checksum(part))
        except OSError as error:
            # The means are not to be lost because they cannot be kept.
            warnings.warn(
                f"memory: the signal that is read cannot be kept in {self._folder} ({error}) and "
                "will be read again: make room or name another folder",
                stacklevel=2,
            )


def _load_all(folder, bin_size):
    """Return the parts in a folder that can be used, and name the others in one warning."""
    loaded, problems = [], []
    try:
        with os.scandir(folder) as files:
            names = sorted(file.name for file in files if file.name.endswith(".npz"))
    except FileNotFoundError:
        return []
    except OSError as error:
        names, problems = [], [f"{folder} cannot be read ({error.strerror})"]
    for name in names:
        try:
            loaded.append(_load(folder / name, bin_size))
        except MemoryError:
            raise
        except Exception as error:  # zipfile and NumPy raise errors of many kinds
            # EINVAL comes of an offset before the file's start.
            of_system = isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)
            trouble = "cannot be read" if of_system else "is damaged"
            reason = error.strerror if of_system else error
            problems.append(f"{folder / name} {trouble} ({reason})")
    if problems:
        warnings.warn(
            f"memory: {name_some(problems, 3)}: not used, and its regions are read again: delete "
            "it, or have its owner allow reading it",
            stacklevel=3,
        )
    return loaded


def _load(path, bin_size):
    """Return the arrays of a file that `add` wrote, whose sizes and checksum agree."""
    check_is_file(path)
    with open(path, "rb") as file, contextlib.closing(open_stored(file)) as archive:
        part = {name: read_array(archive, name) for name in _ARRAYS}
        checksum = read_array(archive, "sha256")
    if any(part[name].dtype.kind != kind for name, kind in _ARRAYS.items()):
        raise ValueError("columns of other types")
    if len({part[name].shape for name in ("keys", "start", "end")}) > 1:
        raise ValueError("columns of different lengths")
    n_bins = bin_offsets(part["start"], part["end"], bin_size)[-1]
    if part["values"].shape != (n_bins,):
        raise ValueError(f"{part['values'].shape} values for {n_bins} bins")
    if not np.array_equal(checksum, _checksum(part)):
        raise ValueError("its checksum does not agree")
    return part


def _checksum(part):
    """Return the SHA-256 of the arrays of a part, uint8."""
    digest = hashlib.sha256()
    for name in _ARRAYS:
        digest.update(repr((part[name].dtype.str, part[name].shape)).encode())
        digest.update(np.ascontiguousarray(part[name]))
    return np.frombuffer(digest.digest(), dtype=np.uint8)


def _keys(chrom, start, end):
    """Return a text for each region."""
    places = zip(chrom, start.tolist(), end.tolist(), strict=True)
    return [f"{name}:{first}-{last}" for name, first, last in places]

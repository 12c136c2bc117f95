"""Bin means kept in a folder, so that each region of each file is read once."""

import hashlib
import uuid
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from ..._arrays import bin_offsets, ranges
from ..._files import file_state, remove_leftovers, whole_file

_PARTS = ("keys", "start", "end", "values")


class BinCache:
    """Means of regions of one bigWig in bins of one size, kept in a folder.

    A file is recognised by its `file_state`, so that a replaced file is read again. `options` are
    the other settings of `read_bins`. Several processes may use one folder at the same time; at
    worst a region is read by two of them. Nothing is removed: delete the folder to free its space.
    A damaged file in it is named in a warning and not used.
    """

    def __init__(self, folder, path, bin_size, **options):
        text = repr(((*file_state(path), bin_size), sorted(options.items())))
        self.bin_size = bin_size
        self._folder = Path(folder) / hashlib.sha256(text.encode()).hexdigest()[:32]
        if Path(folder).exists() and not Path(folder).is_dir():
            raise NotADirectoryError(f"memory: {folder} is a file: name a folder")
        remove_leftovers(self._folder)
        loaded = [_load(part) for part in sorted(self._folder.glob("*.npz"))]
        loaded = [part for part in loaded if part is not None]
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
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self._folder / f"{uuid.uuid4().hex}.npz") as file:
                np.savez(file, keys=keys, start=start, end=end, values=values)
        except OSError as error:
            # The means are not to be lost because they cannot be kept.
            warnings.warn(
                f"memory: the signal that is read cannot be kept in {self._folder} ({error}) and "
                "will be read again: make room or name another folder",
                stacklevel=2,
            )


def _load(path):
    """Return a file that `add` wrote; None, with a warning, if it is damaged."""
    try:
        # Given a path, NumPy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            part = {name: content[name] for name in _PARTS}
        if len({len(part[name]) for name in _PARTS[:3]}) == 1:
            return part
        damage = "columns of different lengths"
    except MemoryError:
        raise
    except Exception as error:  # zipfile and NumPy raise errors of many kinds
        if isinstance(error, OSError) and error.errno is not None:
            raise
        damage = error
    warnings.warn(f"memory: {path} is damaged ({damage}) and not used: delete it", stacklevel=3)
    return None


def _keys(chrom, start, end):
    """Return a text for each region."""
    places = zip(chrom, start.tolist(), end.tolist(), strict=True)
    return [f"{name}:{first}-{last}" for name, first, last in places]

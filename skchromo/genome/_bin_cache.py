"""Bin means kept in a folder, so that each region of each file is read once."""

import hashlib
import uuid
from pathlib import Path

import numpy as np
import pandas as pd

from ..regions import ranges
from ._bigwig_remote import file_state
from ._signal import bin_offsets


class BinCache:
    """Means of regions of one bigWig in bins of one size, kept in a folder.

    A file is known by its absolute path, size and time of modification, or by its address, size and
    what the server says of its version: a replaced file is read again. Several processes may use
    one folder at the same time; at worst a region is read by two of them. Nothing is ever removed:
    delete the folder to free its space.

    Parameters
    ----------
    folder : str or os.PathLike
        Where to keep the means of all files; it is made if need be.
    path : str
        The bigWig file, or its address.
    bin_size : int
        Width of a bin in bp.
    **options
        The other settings of `read_bins` on which the means depend.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError, ConnectionError, PermissionError
        If a server cannot be read from, or says nothing of the file's version.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "H3K4me3.bw").write_bytes(b"stands for a bigWig")
    >>> regions = np.array(["chr1"], dtype=object), np.array([0]), np.array([150])
    >>> cache = BinCache(folder / "cache", str(folder / "H3K4me3.bw"), 100)
    >>> cache.find(*regions)
    array([-1])
    >>> cache.add(*regions, np.array([0.5, 2.0], dtype=np.float32))
    >>> again = BinCache(folder / "cache", str(folder / "H3K4me3.bw"), 100)
    >>> again.take(again.find(*regions))
    array([0.5, 2. ], dtype=float32)
    """

    def __init__(self, folder, path, bin_size, **options):
        text = repr(((*file_state(path), bin_size), sorted(options.items())))
        self.bin_size = bin_size
        self._folder = Path(folder) / hashlib.sha256(text.encode()).hexdigest()[:32]
        parts = [np.load(part, allow_pickle=False) for part in sorted(self._folder.glob("*.npz"))]
        loaded = [{name: part[name] for name in part.files} for part in parts]
        for part in parts:
            part.close()
        keys = pd.Index([key for part in loaded for key in part["keys"].tolist()], dtype=object)
        self._numbers = np.flatnonzero(~keys.duplicated())
        self._keys = keys[self._numbers]
        bounds = [bin_offsets(part["start"], part["end"], bin_size) for part in loaded]
        self._counts = np.concatenate([[], *map(np.diff, bounds)]).astype(np.int64)
        self._first = np.cumsum(self._counts) - self._counts
        values = [part["values"] for part in loaded]
        self._values = np.concatenate([np.zeros(0, np.float32), *values])

    def find(self, chrom, start, end):
        """Look regions up.

        Parameters
        ----------
        chrom : ndarray of shape (n_regions,), str
        start, end : ndarray of shape (n_regions,), int64
            Half-open intervals in bp.

        Returns
        -------
        ndarray of shape (n_regions,), int64
            Number of each region for `take`, -1 where it is not known.
        """
        at = self._keys.get_indexer(_keys(chrom, start, end))
        return np.append(self._numbers, -1)[at]

    def take(self, numbers):
        """Give the means of known regions, one region after the other.

        Parameters
        ----------
        numbers : ndarray of shape (n_regions,), int64
            What `find` gave; none may be -1.

        Returns
        -------
        ndarray of shape (total_bins,), float32
        """
        return self._values[ranges(self._first[numbers], self._counts[numbers])]

    def add(self, chrom, start, end, values):
        """Keep the means of further regions, for caches that are opened from now on.

        Parameters
        ----------
        chrom : ndarray of shape (n_regions,), str
        start, end : ndarray of shape (n_regions,), int64
            Half-open intervals in bp.
        values : ndarray of shape (total_bins,), float32
            Their means, one region after the other.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        name = uuid.uuid4().hex
        unfinished = self._folder / f"{name}.unfinished"
        keys = np.array(_keys(chrom, start, end), dtype=str)
        with unfinished.open("wb") as file:
            np.savez(file, keys=keys, start=start, end=end, values=values)
        unfinished.replace(self._folder / f"{name}.npz")


def _keys(chrom, start, end):
    """One text a region."""
    places = zip(chrom, start.tolist(), end.tolist(), strict=True)
    return [f"{name}:{first}-{last}" for name, first, last in places]

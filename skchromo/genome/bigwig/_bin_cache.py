"""Bin means kept in a folder, so that each region of each file is read once."""

import contextlib
import hashlib
import uuid
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from ..._arrays import bin_offsets, ranges
from ..._files import remove_leftovers
from ._remote import file_state

_PARTS = ("keys", "start", "end", "values")


class BinCache:
    """Means of regions of one bigWig in bins of one size, kept in a folder.

    A file is known by its absolute path, size and time of modification, or by its address, size and
    what the server says of its version: a replaced file is read again. Several processes may use
    one folder at the same time; at worst a region is read by two of them. What was kept is never
    removed: delete the folder to free its space.

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
    NotADirectoryError
        If `folder` is a file.
    ValueError, ConnectionError, PermissionError
        If a server cannot be read from, or says nothing of the file's version.

    Warns
    -----
    UserWarning
        If a file in the folder is damaged; it is not used.

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
        """Look up regions.

        Parameters
        ----------
        chrom : ndarray of shape (n_regions,), str
            Chromosome of each region.
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
        """Return the means of known regions, one region after the other.

        Parameters
        ----------
        numbers : ndarray of shape (n_regions,), int64
            What `find` gave; none may be -1.

        Returns
        -------
        ndarray of shape (total_bins,), float32
            Mean of each bin.
        """
        return self._values[ranges(self._first[numbers], self._counts[numbers])]

    def add(self, chrom, start, end, values):
        """Keep the means of further regions, for caches that are opened from now on.

        Parameters
        ----------
        chrom : ndarray of shape (n_regions,), str
            Chromosome of each region.
        start, end : ndarray of shape (n_regions,), int64
            Half-open intervals in bp.
        values : ndarray of shape (total_bins,), float32
            Their means, one region after the other.

        Warns
        -----
        UserWarning
            If they cannot be written, as the disk is full or the folder read-only.
        """
        name = uuid.uuid4().hex
        unfinished = self._folder / f"{name}.unfinished"
        keys = np.array(_keys(chrom, start, end), dtype=str)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                np.savez(file, keys=keys, start=start, end=end, values=values)
            unfinished.replace(self._folder / f"{name}.npz")
        except OSError as error:
            # What was computed is not to be lost because it cannot be kept.
            warnings.warn(
                f"memory: what is read cannot be kept in {self._folder} ({error}) and will be read "
                "again: make room or name another folder",
                stacklevel=2,
            )
        finally:
            # Gone already if it was written to its end.
            with contextlib.suppress(OSError):
                unfinished.unlink()


def _load(path):
    """Read what `add` wrote; None, with a warning, where it is damaged."""
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
    """One text per region."""
    places = zip(chrom, start.tolist(), end.tolist(), strict=True)
    return [f"{name}:{first}-{last}" for name, first, last in places]

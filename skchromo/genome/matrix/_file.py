"""One contact matrix file (.cool, .mcool, .hic): judged, opened, and read band by band."""

import os
import re
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ..._files import path_on_disk
from ._hic import is_whole_hic

# hictkpy is used because it alone of the libraries that are kept up reads all three formats, knows
# which stored weights divide and which multiply, and ships wheels. cooler reads no .hic, and
# hic-straw, which reads nothing else, must be compiled.

# Most pixels that a block of the band can hold: 16 bytes each, and several times that while they
# are judged.
_PIXELS_AT_ONCE = 1 << 22
_GROUP = re.compile(r"/?resolutions/(\d+)/?")


class Pixels(NamedTuple):
    """Contacts of pairs of bins of one chromosome, in the upper triangle.

    Parameters
    ----------
    first, second : ndarray of shape (n_pixels,), int
        The two bins, counted from the chromosome's start; ``first <= second``.
    count : ndarray of shape (n_pixels,), float64
        What the file holds for them: reads, in most files.

    Examples
    --------
    >>> import numpy as np
    >>> Pixels(np.array([0]), np.array([3]), np.array([2.0])).count
    array([2.])
    """

    first: np.ndarray
    second: np.ndarray
    count: np.ndarray


class MatrixFile:
    """An open contact matrix at one resolution.

    Parameters
    ----------
    path : str
        The file, as `split_group` gives it.
    resolution : int or None
        Bin size in bp; None takes the only one of the file.

    Attributes
    ----------
    resolution : int
        Bin size in bp.
    chromsizes : dict of str to int
        Length of each chromosome in bp, in the file's order.
    state : tuple
        Place, size and time of change of the file: equal as long as its content is.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If hictkpy is not installed.
    ValueError
        If the file is no contact matrix or damaged, lacks the resolution, or has several and none
        was asked for.
    """

    def __init__(self, path, resolution):
        self._path = path
        self.state = _state(path)
        found = list_resolutions(path)
        self.resolution = _choose(found, resolution, path)
        with _naming(path):
            self._file = _hictkpy().File(path, self.resolution)
            self.chromsizes = dict(self._file.chromosomes())
        self._weights = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._file.close()

    def n_bins(self, chrom):
        """Count the bins of a chromosome; the last one may be shorter than the others."""
        return -(-self.chromsizes[chrom] // self.resolution)

    def check_balance(self, balance):
        """Raise ValueError unless the file holds the weights of this name (None asks for none)."""
        with _naming(self._path):
            names = sorted(self._file.avail_normalizations())
        if balance is not None and balance not in names:
            listed = f"it has {', '.join(names)}" if names else "it has none"
            raise ValueError(
                f"{named(self._path)} has no weights {balance!r} at {self.resolution} bp: {listed};"
                " set balance= to a name of the file, None for raw counts, or balance the file with"
                " your Hi-C tools"
            )

    def weights(self, chrom, balance):
        """Read the balancing weights of a chromosome.

        Parameters
        ----------
        chrom : str
            Chromosome, as the file names it.
        balance : str
            Name of the weights, one of the file's.

        Returns
        -------
        ndarray of shape (n_bins,), float64
            What a count is to be divided by, once for each of its two bins; NaN for bins that are
            masked.
        """
        if balance not in self._weights:
            # Of a .cool "weight" multiplies and "KR", "VC" divide; all come as divisors here.
            with _naming(self._path):
                self._weights[balance] = np.asarray(self._file.weights(balance, divisive=True))
        start = 0
        for name in self.chromsizes:
            if name == chrom:
                break
            start += self.n_bins(name)
        divisors = self._weights[balance][start : start + self.n_bins(chrom)]
        return np.where(np.isfinite(divisors) & (divisors > 0), divisors, np.nan)

    def pixels(self, chrom, reach, wanted=None):
        """Read the band around a chromosome's diagonal, a block of rows at a time.

        Parameters
        ----------
        chrom : str
            Chromosome, as the file names it.
        reach : int
            The band ends this many bins from the diagonal.
        wanted : ndarray of shape (n_wanted,), int64, default=None
            Bins, in rising order: blocks without a pixel of any of them are passed over. None reads
            the whole band.

        Yields
        ------
        Pixels
            Each pixel ``second - first <= reach`` that the file stores, once.

        Raises
        ------
        ValueError
            If the file is damaged, or holds negative values.
        """
        n_bins = self.n_bins(chrom)
        step = max(reach + 1, _PIXELS_AT_ONCE // (reach + 1))
        for start in range(0, n_bins, step):
            stop = min(start + step, n_bins)
            last = min(stop + reach, n_bins)
            if wanted is not None:
                held = np.searchsorted(wanted, [start, last])
                if held[0] == held[1]:
                    continue
            yield self._read(chrom, (start, stop), (start, stop), reach)
            if last > stop:
                # hictk refuses a rectangle that crosses the diagonal: what lies right of the
                # triangle is read on its own.
                yield self._read(chrom, (max(start, stop - reach), stop), (stop, last), reach)

    def _read(self, chrom, rows, columns, reach):
        """Read the part of a band where some rows and columns meet."""
        size, width = self.chromsizes[chrom], self.resolution
        spans = [
            f"{chrom}\t{begin * width}\t{min(end * width, size)}" for begin, end in (rows, columns)
        ]
        with _naming(self._path):
            found = self._file.fetch(
                *(spans if rows != columns else spans[:1]),
                query_type="BED",
                # The default of hictkpy rounds to whole numbers.
                count_type=float,
                diagonal_band_width=reach + 1,
            ).to_coo()
        self._check_pixels(found, chrom)
        if len(found.data) and found.data.min() < 0:
            raise ValueError(
                f"{named(self._path)} holds negative values on {chrom}: a matrix of contact counts "
                "is needed, not of log ratios or differences"
            )
        return Pixels(found.row + rows[0], found.col + columns[0], found.data)

    def _check_pixels(self, found, chrom):
        """Refuse what is read as zeros where HDF5 has lost a part of a file, and says nothing."""
        place = found.row.astype(np.int64) * found.shape[1] + found.col
        if len(found.data) and (not found.data.any() or (place[1:] <= place[:-1]).any()):
            raise ValueError(
                f"{named(self._path)} is damaged (its contacts on {chrom} are in no order or all "
                "zero): fetch or write it again"
            )


def split_group(path):
    """Split the resolution off a path such as ``file.mcool::resolutions/5000``.

    Parameters
    ----------
    path : str or os.PathLike
        A path, with or without a group of the file.

    Returns
    -------
    file : str
        The path of the file.
    resolution : int or None
        The resolution that the group names, in bp.

    Raises
    ------
    ValueError
        If there is a group that names no resolution.

    Examples
    --------
    >>> split_group("a.mcool::/resolutions/5000"), split_group("a.cool")
    (('a.mcool', 5000), ('a.cool', None))
    """
    file, colons, group = os.fspath(path).partition("::")
    found = _GROUP.fullmatch(group)
    if colons and not found:
        raise ValueError(
            f"path names the group {group!r} of {file}: write {file}::resolutions/5000, or leave "
            "the group out and set resolution="
        )
    return file, int(found[1]) if found else None


def list_resolutions(path):
    """List the resolutions of a contact matrix.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    tuple of int
        Bin sizes in bp, rising; one for a .cool.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If hictkpy is not installed.
    ValueError
        If the file is no contact matrix, damaged, or has bins of different sizes.
    """
    _state(path)
    hictkpy = _hictkpy()
    with _naming(path):
        is_hic = hictkpy.is_hic(path)
        if is_hic and not is_whole_hic(path):
            raise RuntimeError("its directory is damaged, or the file was fetched in part")
        if is_hic or hictkpy.is_mcool_file(path):
            with hictkpy.MultiResFile(path) as file:
                return tuple(sorted(file.resolutions().tolist()))
        if not hictkpy.is_cooler(path):
            raise RuntimeError("it is no .cool, .mcool or .hic file, or it was fetched in part")
        with hictkpy.File(path) as file:
            resolution = file.resolution()
    if not resolution:
        raise ValueError(
            f"{named(path)} has bins of different sizes (such as restriction fragments): bin it at "
            "a fixed size first"
        )
    return (resolution,)


def named(path):
    """Name a matrix in a message.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    str
        The words.

    Examples
    --------
    >>> named("a.cool")
    "contact matrix 'a.cool'"
    """
    return f"contact matrix '{path}'"


def _state(path):
    """Give place, size and time of change of a file that is there."""
    try:
        found = os.stat(path_on_disk(path, "contact matrix"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{named(path)} does not exist: check the path") from None
    return os.path.abspath(path), found.st_size, found.st_mtime_ns


def _choose(found, resolution, path):
    """Take the resolution that was asked for, or the only one."""
    listed = ", ".join(map(str, found))
    if resolution is None:
        if len(found) > 1:
            raise ValueError(
                f"{named(path)} has several resolutions: set resolution= to one of {listed} (bp), "
                f"or name one in the path, such as {path}::resolutions/{found[0]}"
            )
        return found[0]
    if resolution not in found:
        raise ValueError(
            f"{named(path)} has no resolution of {resolution} bp: set resolution= to one of "
            f"{listed} (bp), or make it with your Hi-C tools, such as cooler zoomify"
        )
    return resolution


def _hictkpy():
    """Import the reader, which is an extra."""
    try:
        import hictkpy
    except ImportError as error:
        raise ImportError("reading a contact matrix needs hictkpy: pip install hictkpy") from error
    return hictkpy


@contextmanager
def _naming(path):
    """Turn what the reader says of a damaged file into an error that names the file."""
    try:
        yield
    # What the reader's own checks pass over fails in other ways.
    except (RuntimeError, ValueError, LookupError, ArithmeticError, MemoryError) as error:
        said = " ".join(str(error).split())
        raise ValueError(
            f"{named(path)} cannot be read ({said}): fetch or write it again"
        ) from error

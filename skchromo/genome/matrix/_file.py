"""One contact matrix file (.cool, .mcool, .hic): checked, opened, and read band by band."""

import os
import re
import struct
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ..._files import file_state, path_on_disk

# hictkpy is used because it alone of the maintained libraries reads all three formats, knows which
# stored weights divide and which multiply, and ships wheels. cooler reads no .hic; hic-straw reads
# nothing else and must be compiled.

# Most pixels that a block of the band can hold: 16 bytes each, and several times that while they
# are checked.
_PIXELS_AT_ONCE = 1 << 22
_GROUP = re.compile(r"/?resolutions/(\d+)/?")
# Weights that balance="auto" takes, the first that the file has. "weight" is cooler's name. The
# others are Juicer's: two that balance the matrix, two that divide by the sums of rows.
_AUTO_BALANCE = ("weight", "KR", "SCALE", "VC_SQRT", "VC")
_HIC_KEY = re.compile(rb"\d{1,9}_\d{1,9}\0")


class Pixels(NamedTuple):
    """Contacts of pairs of bins of one chromosome, in the upper triangle: ``first <= second``.

    Bins are counted from the chromosome's start. `count` (float64) is the number that the file
    holds, mostly of reads.
    """

    first: np.ndarray
    second: np.ndarray
    count: np.ndarray


class MatrixFile:
    """An open contact matrix at one resolution (bp); None takes the only one of the file.

    `chromsizes` maps each chromosome to its length in bp, in the file's order. `state` is the
    place, size and time of change of the file: equal as long as its content is.
    """

    def __init__(self, path, resolution):
        self._path = path
        self.state = file_state(path_on_disk(path, "contact matrix"), named(path))
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

    def find_balance(self, balance):
        """Return the name of the weights to use, None for raw counts; refuse an unknown name."""
        with _naming(self._path):
            names = sorted(self._file.avail_normalizations())
        if balance == "auto":
            return next((name for name in _AUTO_BALANCE if name in names), None)
        if balance is not None and balance not in names:
            listed = f"it has {', '.join(names)}" if names else "it has none"
            raise ValueError(
                f"{named(self._path)} has no weights {balance!r} at {self.resolution} bp: {listed};"
                " set balance= to a name of the file, None for raw counts, or balance the file with"
                " your Hi-C tools"
            )
        return balance

    def weights(self, chrom, balance):
        """Read the balancing weights of a chromosome, shape (n_bins,), float64.

        A count is divided by them, once for each of its two bins. They are NaN for masked bins.
        """
        if balance not in self._weights:
            # In a .cool, "weight" multiplies, and "KR" and "VC" divide; all come as divisors here.
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
        """Yield the band around a chromosome's diagonal as `Pixels`, a block of rows at a time.

        Each stored pixel with ``second - first <= reach`` comes once. Blocks without a pixel of the
        bins `wanted` (rising) are passed over; None reads the whole band.
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
                # hictk refuses a rectangle that crosses the diagonal: the part to the right of the
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
        return Pixels(found.row + rows[0], found.col + columns[0], found.data)

    def _check_pixels(self, found, chrom):
        """Refuse negative values, and the zeros that HDF5 reads where a part of a file is lost."""
        if not len(found.data):
            return
        place = found.row.astype(np.int64) * found.shape[1] + found.col
        if not found.data.any() or (place[1:] <= place[:-1]).any():
            raise ValueError(
                f"{named(self._path)} is damaged (its contacts on {chrom} are in no order or all "
                "zero): fetch or write it again"
            )
        if found.data.min() < 0:
            raise ValueError(
                f"{named(self._path)} holds negative values on {chrom}: a matrix of contact counts "
                "is needed, not of log ratios or differences"
            )


def split_group(path):
    """Split ``file.mcool::resolutions/5000`` into the file and its resolution in bp, or None."""
    file, colons, group = os.fspath(path).partition("::")
    found = _GROUP.fullmatch(group)
    if colons and not found:
        raise ValueError(
            f"path names the group {group!r} of {file}: write {file}::resolutions/5000, or leave "
            "the group out and set resolution="
        )
    return file, int(found[1]) if found else None


def list_resolutions(path):
    """List the bin sizes of a contact matrix in bp, rising; a .cool has one."""
    file_state(path_on_disk(path, "contact matrix"), named(path))
    hictkpy = _hictkpy()
    with _naming(path):
        is_hic = hictkpy.is_hic(path)
        if is_hic and not _has_directory(path):
            raise RuntimeError("its directory is damaged, or the file was fetched in part")
        if is_hic or hictkpy.is_mcool_file(path):
            with hictkpy.MultiResFile(path) as file:
                return tuple(sorted(file.resolutions().tolist()))
        if not hictkpy.is_cooler(path):
            raise RuntimeError("it is not a .cool, .mcool or .hic file, or was fetched in part")
        with hictkpy.File(path) as file:
            resolution = file.resolution()
    if not resolution:
        raise ValueError(
            f"{named(path)} has bins of different sizes (such as restriction fragments): bin it at "
            "a fixed size first"
        )
    return (resolution,)


def named(path):
    """Name a matrix in a message."""
    return f"contact matrix '{path}'"


def _has_directory(path):
    """Return whether a .hic file has a directory whose entries all lead into the file.

    hictkpy 1.4 raises for a file that ends early. For a directory of zeros, as at the end of a file
    that was fetched in part, it finds no contacts and raises nothing. Formats 6 to 9, see
    https://github.com/aidenlab/hic-format.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:

        def unpack(form):
            return struct.unpack(form, file.read(struct.calcsize(form)))

        try:
            file.seek(4)
            version, place = unpack("<iq")
            file.seek(place)
            _, n_entries = unpack("<qi" if version > 8 else "<ii")
            for _ in range(n_entries):
                here = file.tell()
                key = _HIC_KEY.match(file.read(20))
                if key is None:
                    return False
                file.seek(here + key.end())
                start, n_bytes = unpack("<qi")
                if start < 0 or n_bytes < 12 or start + n_bytes > size:
                    return False
            return n_entries > 0
        except (OSError, struct.error, ValueError):
            return False


def _choose(found, resolution, path):
    """Return the resolution that is set, or the only one of the file."""
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
    """Turn the reader's error about a damaged file into one that names the file."""
    try:
        yield
    # Damage that the reader's own checks pass over fails in other ways.
    except (RuntimeError, ValueError, LookupError, ArithmeticError, MemoryError) as error:
        said = " ".join(str(error).split())
        raise ValueError(
            f"{named(path)} cannot be read ({said}): fetch or write it again"
        ) from error

"""One contact matrix file (.cool, .mcool, .hic): checked, opened, and read band by band."""

import os
import re
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ..._files import FileWatch, path_on_disk
from ..._words import check_names, printable
from ._cool import CoolReader, OtherFileError
from ._hic import HIC, HicReader

_HDF5 = b"\x89HDF\r\n\x1a\n"
_GROUP = re.compile(r"/?resolutions/(\d+)/?")
# Weights that balance="auto" takes, the first that the file has. "weight" is cooler's name. The
# others are Juicer's: two that balance the matrix, two that divide by the sums of rows.
_AUTO_BALANCE = ("weight", "KR", "SCALE", "VC_SQRT", "VC")


class Pixels(NamedTuple):
    """Contacts of pairs of bins of one chromosome, in the upper triangle: ``first <= second``.

    Bins are counted from the chromosome's start. `count` (float64) is the number that the file
    holds, mostly of reads.
    """

    first: np.ndarray
    second: np.ndarray
    count: np.ndarray


class Location(NamedTuple):
    """The place of a matrix: a file, and the group in it or its resolution in bp where set."""

    path: str
    group: str | None
    resolution: int | None


class MatrixFile:
    """An open contact matrix at one resolution (bp); the file is opened once.

    A resolution of None takes the only one of the file, or the finest with `any_resolution`.
    `resolutions` are all that the file has, rising. `chromsizes` maps each chromosome to its length
    in bp, in the file's order. `state` is equal as long as the content of the file is.
    """

    def __init__(self, location, any_resolution=False):
        self._path = path = location.path
        self._watch = FileWatch(path_on_disk(path, "contact matrix"), named(path))
        self.state = self._watch, location.group
        with self._naming():
            self._reader = _reader_of(path)(path)
        try:
            self.resolutions = tuple(sorted(filter(None, self._reader.groups)))
            self.resolution, group = self._choose(location, any_resolution)
            with self._naming():
                self.chromsizes = self._reader.choose(self.resolution, group)
                check_names("chromosomes", self.chromsizes)
            self.check_unchanged()
        except BaseException:
            self._reader.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._reader.close()

    def check_unchanged(self):
        """Refuse a file that has been replaced since it was opened."""
        self._watch.check()

    def n_bins(self, chrom):
        """Count the bins of a chromosome; the last one may be shorter than the others."""
        return -(-self.chromsizes[chrom] // self.resolution)

    def find_balance(self, balance):
        """Return the name of the weights to use, None for raw counts; refuse an unknown name."""
        with self._naming():
            names = sorted(self._reader.weight_names())
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
        # In a .cool, "weight" multiplies, and "KR" and "VC" divide; all come as divisors here.
        with self._naming():
            divisors = self._reader.weights(chrom, balance)
        if (divisors < 0).any():
            raise ValueError(
                f"{named(self._path)} has negative weights {balance!r} on {chrom}: balance the "
                "file again, or set balance= to other weights of the file, or None"
            )
        return np.where(np.isfinite(divisors) & (divisors > 0), divisors, np.nan)

    def check_not_all_masked(self, balance):
        """Refuse weights that mask every bin of the file."""
        if all(np.isnan(self.weights(chrom, balance)).all() for chrom in self.chromsizes):
            raise ValueError(
                f"{named(self._path)} has weights {balance!r} that mask all bins at "
                f"{self.resolution} bp: balance the file again, or set balance= to other weights "
                "of the file, or None"
            )

    def pixels(self, chrom, reach, wanted=None):
        """Yield the band around a chromosome's diagonal as `Pixels`, a block of rows at a time.

        Each stored pixel with ``second - first <= reach`` comes once. Blocks without a pixel of the
        bins `wanted` (rising) are passed over; None reads the whole band.
        """
        blocks = self._reader.pixels(chrom, reach, wanted)
        while True:
            with self._naming():
                block = next(blocks, None)
            if block is None:
                return
            block = Pixels(*block)
            self._check_pixels(block, chrom)
            yield block

    def _check_pixels(self, block, chrom):
        """Refuse negative values, and the zeros that HDF5 reads where a part of a file is lost."""
        if not len(block.count):
            return
        first, second = (bins.astype(np.int64, copy=False) for bins in block[:2])
        place = first * self.n_bins(chrom) + second
        if not block.count.any() or (place[1:] <= place[:-1]).any():
            raise ValueError(
                f"{named(self._path)} is damaged (its contacts on {chrom} are in no order or all "
                "zero): fetch or write it again"
            )
        if not np.isfinite(block.count).all():
            raise ValueError(
                f"{named(self._path)} holds NaN or infinite counts on {chrom}: write it again with "
                "counts, and leave out pairs of bins without contact"
            )
        if block.count.min() < 0:
            raise ValueError(
                f"{named(self._path)} holds negative values on {chrom}: a matrix of contact counts "
                "is needed, not of log ratios or differences"
            )

    @contextmanager
    def _naming(self):
        """Turn an error of the reader into one that names the file, and says if it is damaged."""
        try:
            yield
        except PermissionError:
            raise
        except OtherFileError as error:
            raise ValueError(f"{named(self._path)} cannot be used: {error}") from None
        # Damage that the reader's own checks pass over fails in other ways.
        except (
            *(OSError, RuntimeError, ValueError, LookupError),
            *(ArithmeticError, TypeError, AttributeError, MemoryError),
        ) as error:
            self.check_unchanged()
            said = " ".join(str(error).split())
            raise ValueError(
                f"{named(self._path)} cannot be read ({said}): fetch or write it again"
            ) from error

    def _choose(self, location, any_resolution):
        """Return the resolution and the group to read."""
        path, group, resolution = location
        groups = self._reader.groups
        if group is not None:
            found = next((width for width, names in groups.items() if group in names), None)
            if found is None:
                raise ValueError(
                    f"{named(path)} has no matrix in a group {group!r}: it has {self._list()}; "
                    "name one of them, or leave the group out and set resolution="
                )
            resolution = found
        elif getattr(self._reader, "refusal", None):
            raise ValueError(f"{named(path)} cannot be used: {self._reader.refusal}")
        if resolution == 0 or not self.resolutions:
            raise ValueError(
                f"{named(path)} has bins of different sizes (such as restriction fragments): bin "
                "it at a fixed size first"
            )
        if resolution is None:
            if len(self.resolutions) > 1 and not any_resolution:
                raise ValueError(
                    f"{named(path)} has several resolutions: set resolution= to one of "
                    f"{self._list()} (bp), or name one in the path, such as "
                    f"{path}::{groups[self.resolutions[0]][0]}"
                )
            resolution = self.resolutions[0]
        if resolution not in groups:
            raise ValueError(
                f"{named(path)} has no resolution of {resolution} bp: set resolution= to one of "
                f"{self._list()} (bp), or make it with your Hi-C tools, such as cooler zoomify"
            )
        names = groups[resolution]
        if group is None and len(names) > 1:
            raise ValueError(
                f"{named(path)} has several matrices of {resolution} bp, in the groups "
                f"{', '.join(names)}: name one of them in the path, such as {path}::{names[0]}"
            )
        return resolution, group or names[0]

    def _list(self):
        """List the resolutions, with their groups where these have other names."""
        return ", ".join(
            str(width)
            if names in (["/"], [f"resolutions/{width}"])
            else f"{width} (group {', '.join(names[:8])})"
            for width, names in sorted(self._reader.groups.items())
        )


def split_group(path):
    """Split ``file.mcool::resolutions/5000`` into a Location.

    The group is None where the resolution stands for it.
    """
    file, colons, group = os.fspath(path).partition("::")
    found = _GROUP.fullmatch(group)
    if found:
        return Location(file, None, int(found[1]))
    if colons and not group.strip("/"):
        raise ValueError(
            f"path names no group behind ::, write {file}::resolutions/5000, or leave :: out and "
            "set resolution="
        )
    return Location(file, group.strip("/") or None, None)


def named(path):
    """Name a matrix in a message."""
    return printable(f"contact matrix '{path}'")


def _reader_of(path):
    """Return the reader of a file's format, which its first bytes show."""
    if os.path.isdir(path):
        raise OtherFileError("it is a folder, not a .cool, .mcool or .hic file")
    with open(path, "rb") as file:
        start = file.read(len(_HDF5))
    if start.startswith(HIC):
        return HicReader
    if start == _HDF5:
        return CoolReader
    if start.startswith(b"\x1f\x8b"):
        raise OtherFileError(f"it is compressed: decompress it, gunzip -c {path} > new.cool")
    raise RuntimeError("it is not a .cool, .mcool or .hic file, or was fetched in part")

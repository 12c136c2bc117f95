"""The .hic format, read with hictkpy."""

import os
import re
import struct

import numpy as np

# hictkpy is the maintained library that reads .hic and ships wheels; hic-straw must be compiled.

HIC = b"HIC\0"
# Most pixels that a block of the band can hold: 16 bytes each, and several times that while they
# are checked.
_PIXELS_AT_ONCE = 1 << 22
_KEY = re.compile(rb"\d{1,9}_\d{1,9}\0")


class HicReader:
    """An open .hic file; `groups` has a key for each of its resolutions, and no names of groups."""

    def __init__(self, path):
        hictkpy = _hictkpy()
        if not _has_directory(path):
            raise RuntimeError("its directory is damaged, or the file was fetched in part")
        self._files = hictkpy.MultiResFile(path)
        self.groups = {
            width: [f"resolutions/{width}"] for width in self._files.resolutions().tolist()
        }
        self._file, self._weights = None, {}

    def choose(self, resolution, _group):
        """Read one of the resolutions from now on, and return the length of each chromosome."""
        self.resolution = resolution
        self._file = self._files[resolution]
        self._chromsizes = dict(self._file.chromosomes())
        return self._chromsizes

    def close(self):
        """Close the file."""
        if self._file is not None:
            self._file.close()
        self._files.close()

    def weight_names(self):
        """List the names of the balancing weights."""
        return self._file.avail_normalizations()

    def weights(self, chrom, name):
        """Read the weights of a chromosome's bins as divisors of counts."""
        if name not in self._weights:
            self._weights[name] = np.asarray(self._file.weights(name, divisive=True))
        start = 0
        for other in self._chromsizes:
            if other == chrom:
                break
            start += -(-self._chromsizes[other] // self.resolution)
        n_bins = -(-self._chromsizes[chrom] // self.resolution)
        return self._weights[name][start : start + n_bins]

    def pixels(self, chrom, reach, wanted):
        """Yield first, second and count of the pixels of a band, see `MatrixFile.pixels`."""
        n_bins = -(-self._chromsizes[chrom] // self.resolution)
        step = max(reach + 1, _PIXELS_AT_ONCE // (reach + 1))
        for start in range(0, n_bins, step):
            stop = min(start + step, n_bins)
            last = min(stop + reach, n_bins)
            if wanted is not None:
                held = np.searchsorted(wanted, [start, last])
                if held[0] == held[1]:
                    continue
            yield self._fetch(chrom, (start, stop), (start, stop), reach)
            if last > stop:
                # hictk refuses a rectangle that crosses the diagonal: the part to the right of the
                # triangle is read on its own.
                yield self._fetch(chrom, (max(start, stop - reach), stop), (stop, last), reach)

    def _fetch(self, chrom, rows, columns, reach):
        """Read the part of a band where some rows and columns meet."""
        size, width = self._chromsizes[chrom], self.resolution
        spans = [
            f"{chrom}\t{begin * width}\t{min(end * width, size)}" for begin, end in (rows, columns)
        ]
        found = self._file.fetch(
            *(spans if rows != columns else spans[:1]),
            query_type="BED",
            # The default of hictkpy rounds to whole numbers.
            count_type=float,
            diagonal_band_width=reach + 1,
        ).to_coo()
        return found.row + rows[0], found.col + columns[0], found.data


def _hictkpy():
    """Import the reader, which is an extra."""
    try:
        import hictkpy
    except ImportError as error:
        raise ImportError("reading a .hic file needs hictkpy: pip install hictkpy") from error
    return hictkpy


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
                key = _KEY.match(file.read(20))
                if key is None:
                    return False
                file.seek(here + key.end())
                start, n_bytes = unpack("<qi")
                if start < 0 or n_bytes < 12 or start + n_bytes > size:
                    return False
            return n_entries > 0
        except (OSError, struct.error, ValueError):
            return False

"""The cooler format (.cool, .mcool and its older kin), read with h5py.

It is read by its tables, not by its attributes: programs of ten years left some of these out, wrote
them as bytes, or numbered the format otherwise. See https://cooler.readthedocs.io/en/stable/schema.html.
"""

import re

import numpy as np

# h5py is used because hictkpy refuses files for their attributes, and takes minutes to open one of
# some thousand scaffolds; cooler brings a dozen packages more.

# Stored pixels that are read at a time: 20 bytes each, several times that while they are checked.
_PIXELS_AT_ONCE = 1 << 20
_CACHE = 1 << 24
# Bytes that a column may always have, and how many times its bytes in the file beyond that.
_ALWAYS_READ, _MOST_COMPRESSED = 1 << 26, 1_100
_TABLES = ("chroms", "bins", "pixels", "indexes")
# Weights by whether they divide a count: cooler's own multiply, Juicer's divide.
_MULTIPLY = ("weight", "ICE", "GW_ICE", "INTER_ICE")
_DIVIDE = re.compile(r"(GW_|INTER_)?(KR|SCALE|VC|VC_SQRT)")
_OLD_HIC2COOL = re.compile(r"hic2cool-0\.[0-4](\.|$)")
# Top groups of other HDF5 files, and their remedies.
_OTHERS = {
    ("intervals", "matrix"): "it is HiCExplorer's own format: convert it with hicConvertFormat -m "
    "{file} --inputFormat h5 --outputFormat cool -o new.cool",
    ("X", "obs", "var"): "it is an AnnData file (.h5ad), which holds cells by genes, not contacts",
    ("scaffolds", "matrix"): "it is of the first version of cooler's format: make it again from "
    "its reads, or write it anew with the version of cooler that made it",
}


class OtherFileError(ValueError):
    """A whole file that is not a matrix which can be used; the argument is the end of a message."""


class CoolReader:
    """An open cooler file; `groups` lists the groups of each resolution (bp)."""

    def __init__(self, path):
        self._file = _h5py().File(path, "r", rdcc_nbytes=_CACHE)
        try:
            self._path = path
            self.groups = self._list_groups()
        except BaseException:
            self._file.close()
            raise

    def choose(self, resolution, group):
        """Read one of the matrices from now on, and return the length of each chromosome."""
        self._group, self.resolution = self._file[group], resolution
        mode = _text(self._group.attrs.get("storage-mode", "symmetric-upper"))
        if mode != "symmetric-upper":
            raise OtherFileError(
                f"its pixels are stored as {mode!r}, each direction on its own, and an asymmetric "
                "matrix is not one of contacts: if it is symmetric, keep the upper triangle: "
                f"cooler dump -t bins {self._path} | cut -f1-3 > bins.bed; cooler dump "
                f"{self._path} | awk '$1 <= $2' | cooler load -f coo bins.bed - upper.cool"
            )
        for name in ("chroms/name", "chroms/length", "indexes/chrom_offset"):
            _check_claim(self._group[name])
        names = [_text(name) for name in self._group["chroms/name"][:].tolist()]
        sizes = self._group["chroms/length"][:].tolist()
        self._first_bin = self._group["indexes/chrom_offset"][:].astype(np.int64)
        self._number = {name: number for number, name in enumerate(names)}
        n_bins = [-(-size // resolution) for size in sizes]
        if (
            len(self._number) < len(names)
            or self._first_bin.tolist() != np.cumsum([0, *n_bins]).tolist()
            or self._group["bins/start"].shape != (sum(n_bins),)
            or self._group["indexes/bin1_offset"].shape != (sum(n_bins) + 1,)
        ):
            raise RuntimeError(f"its chromosomes and bins of {resolution} bp do not fit together")
        for name in ("bins/start", "indexes/bin1_offset"):
            _check_claim(self._group[name])
        return dict(zip(names, sizes, strict=True))

    def close(self):
        """Close the file."""
        self._file.close()

    def weight_names(self):
        """List the names of the balancing weights, and of other columns of numbers of the bins."""
        bins = self._group["bins"]
        names = [name for name in bins if name not in ("chrom", "start", "end")]
        return [name for name in names if getattr(bins[name], "dtype", np.dtype("S")).kind in "iuf"]

    def weights(self, chrom, name):
        """Read the weights of a chromosome's bins as divisors of counts."""
        column = self._group[f"bins/{name}"]
        _check_claim(column)
        if column.shape != self._group["bins/start"].shape:
            raise RuntimeError(f"its weights {name!r} are not one for each bin")
        values = column[slice(*self._bins(chrom))].astype(np.float64)
        if self._divides(name, column.attrs.get("divisive_weights")):
            return values
        with np.errstate(divide="ignore"):
            return 1 / values

    def pixels(self, chrom, reach, wanted):
        """Yield first, second and count of the pixels of a band, see `MatrixFile.pixels`."""
        first, last = self._bins(chrom)
        n_bins, n_all = last - first, int(self._first_bin[-1])
        self._check_bins(chrom, first, last)
        bounds = self._group["indexes/bin1_offset"][first : last + 1].astype(np.int64)
        self._check_index(bounds, first, last)
        for start, stop in _pieces(bounds, _rows_of(wanted, n_bins, reach)):
            low, high = bounds[start], bounds[stop]
            row = np.repeat(np.arange(start, stop), np.diff(bounds[start : stop + 1]))
            row_in_file = self._group["pixels/bin1_id"][low:high].astype(np.int64, copy=False)
            column = self._group["pixels/bin2_id"][low:high].astype(np.int64, copy=False)
            row_in_file -= first
            column -= first
            if (row_in_file != row).any():
                raise RuntimeError(f"the index of its contacts on {chrom} is damaged")
            if column.max(initial=0) >= n_all - first:
                raise RuntimeError(f"its contacts on {chrom} are with bins that it does not have")
            same = row[1:] == row[:-1]
            if (column < row).any() or (same & (column[1:] <= column[:-1])).any():
                raise RuntimeError(f"its contacts on {chrom} are not in order")
            kept = np.flatnonzero((column - row <= reach) & (column < n_bins))
            if len(kept):
                count = self._group["pixels/count"][low:high].astype(np.float64)
                yield row[kept], column[kept], count[kept]

    def _list_groups(self):
        """List the groups that hold a matrix, by resolution; refuse files of another kind."""
        file = self._file
        if "cells" in file or _text(file.attrs.get("format", "")) == "HDF5::SCOOL":
            cells = [f"cells/{name}" for name in file.get("cells", ())]
            found = {name: file[name] for name in cells if _is_matrix(file[name])}
            named = f"; to read one cell, name it: {self._path}::{cells[0]}" if cells else ""
            self.refusal = (
                f"it is a .scool of {len(cells)} single cells, not one matrix: sum the cells of a "
                f"type to a .cool first (cooler merge){named}"
            )
        else:
            self.refusal = None
            parent = "resolutions/" if "resolutions" in file else ""
            names = ["/"] if _is_matrix(file) else [parent + name for name in file[parent or "/"]]
            found = {name: file[name] for name in names if _is_matrix(file[name])}
        if not found:
            raise OtherFileError(self._other_kind())
        groups = {}
        for name, group in found.items():
            groups.setdefault(_resolution(group), []).append(name)
        return groups

    def _other_kind(self):
        """Describe an HDF5 file that holds no matrix."""
        held = list(self._file)
        for names, remedy in _OTHERS.items():
            if set(names) <= set(held):
                return remedy.format(file=self._path)
        return (
            "it is an HDF5 file, but not a .cool or .mcool: it has no group with the tables "
            f"{', '.join(_TABLES)} (it holds {', '.join(held[:8]) or 'nothing'})"
        )

    def _bins(self, chrom):
        """Return the first bin of a chromosome in the genome, and that behind its last."""
        number = self._number[chrom]
        return self._first_bin[number : number + 2].tolist()

    def _divides(self, name, stated):
        """Return whether counts are divided by weights, not multiplied with them."""
        if stated is not None:
            return bool(stated)
        if name in _MULTIPLY:
            return False
        program = _text(self._group.attrs.get("generated-by", ""))
        if not _DIVIDE.fullmatch(name):
            raise OtherFileError(
                f"whether its weights {name!r} divide or multiply is not known: set balance= to "
                "other weights, or their attribute divisive_weights to True or False with h5py"
            )
        if _OLD_HIC2COOL.match(program):
            raise OtherFileError(
                f"its weights {name!r} were written by {program}, which stored the inverse of "
                f"Juicer's: hic2cool update {self._path} turns them round; or set balance=None"
            )
        return True

    def _check_bins(self, chrom, first, last):
        """Refuse bins of a chromosome that are not where its index and its length put them."""
        start = self._group["bins/start"][first:last]
        if (start != np.arange(last - first) * self.resolution).any():
            raise RuntimeError(f"its bins on {chrom} are not where their numbers put them")

    def _check_index(self, bounds, first, last):
        """Refuse an index that does not agree with the rows of the pixels."""
        rows = self._group["pixels/bin1_id"]
        low, high = int(bounds[0]), int(bounds[-1])
        others = {len(self._group[f"pixels/{name}"]) for name in ("bin2_id", "count")}
        within = 0 <= low <= high <= len(rows) and others == {len(rows)}
        if not within or (np.diff(bounds) < 0).any():
            raise RuntimeError("the index of its contacts is damaged")
        inside = [int(rows[place]) for place in {low, high - 1} if low <= place < high]
        before = [int(rows[low - 1])] if low else []
        after = [int(rows[high])] if high < len(rows) else []
        if (
            any(not first <= row < last for row in inside)
            or any(row >= first for row in before)
            or any(row < last for row in after)
        ):
            raise RuntimeError("the index of its contacts is damaged")


def _h5py():
    """Import the reader, which is an extra."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError("reading a .cool or .mcool file needs h5py: pip install h5py") from error
    return h5py


def _text(value):
    """Return text that is stored as text, bytes or an array of one of them."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.ravel()[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _is_matrix(group):
    """Return whether a group holds the tables of a cooler."""
    return hasattr(group, "keys") and set(_TABLES[:3]) <= set(group)


def _check_claim(dataset):
    """Refuse, before it is read, a column of more values than its bytes in the file can hold.

    What gzip compresses is at most 1,032 times as long.
    """
    claimed, stored = dataset.size * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if claimed > _ALWAYS_READ + _MOST_COMPRESSED * stored:
        raise RuntimeError(
            f"its column {dataset.name} claims {claimed} bytes, of which it holds {stored}"
        )


def _resolution(group):
    """Return the size of all bins of a group in bp; 0 if they are of different sizes."""
    kind, stated = (_text(group.attrs.get(name, "")) for name in ("bin-type", "bin-size"))
    if kind != "variable" and re.fullmatch(r"[1-9]\d*(\.0*)?", stated):
        return int(float(stated))
    for name in ("start", "end"):
        _check_claim(group[f"bins/{name}"])
    start, end = (group[f"bins/{name}"][:].astype(np.int64) for name in ("start", "end"))
    width = int((end - start).max(initial=0))
    firsts = np.flatnonzero(start == 0)
    place = np.arange(len(start)) - np.repeat(firsts, np.diff(np.append(firsts, len(start))))
    return width if (start == place * width).all() else 0


def _rows_of(wanted, n_bins, reach):
    """Mark the rows of the upper triangle that hold a pixel of the bins `wanted`, None for all."""
    if wanted is None:
        return np.ones(n_bins, dtype=bool)
    marks = np.zeros(n_bins + 1, dtype=np.int64)
    np.add.at(marks, np.maximum(wanted - reach, 0), 1)
    np.add.at(marks, wanted + 1, -1)
    return np.cumsum(marks[:-1]) > 0


def _pieces(bounds, needed):
    """Yield spans of needed rows that are read at once; `bounds` counts the pixels before each."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], needed.astype(np.int8), [0]])))
    for start, last in edges.reshape(-1, 2).tolist():
        while start < last:
            most = bounds[start] + _PIXELS_AT_ONCE
            stop = min(max(int(np.searchsorted(bounds, most, "right")) - 1, start + 1), last)
            yield start, stop
            start = stop

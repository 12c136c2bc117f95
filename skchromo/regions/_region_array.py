"""RegionArray: binned signal of genes' regions, stored once per distinct region."""

from typing import NamedTuple

import numpy as np

from .._arrays import joined, ranges, rows_of
from .._words import printable
from ._checks import check_parts, check_used
from ._means import pool
from ._report import axes_of, name_missing, report_html
from ._select import (
    compacted,
    concatenated,
    labels_of,
    same,
    select_labels,
    stacked,
    used_regions,
)
from ._storage import read, reopen, write


class DenseRegions(NamedTuple):
    """Plain arrays of a RegionArray, as :meth:`skchromo.RegionArray.to_dense` returns them.

    Attributes
    ----------
    values : ndarray of shape (n_genes, n_regions, n_bins, n_tracks), float32
        Mean signal per bin; NaN beyond a region's end and in absent regions.
    weights : ndarray of shape (n_genes, n_regions - 1), float32
        Contact weight of each pCRE; 0 where absent.
    lengths : ndarray of shape (n_genes, n_regions), int64
        Length of each region in bp; 0 where absent.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> values, weights, lengths = RegionArray.from_dense(np.ones((2, 3, 4, 1))).to_dense()
    >>> values.shape, weights.shape, lengths.shape
    ((2, 3, 4, 1), (2, 2), (2, 3))
    """

    values: np.ndarray
    weights: np.ndarray
    lengths: np.ndarray


class RegionArray:
    """Signal of each gene's promoter and pCREs: the X of the estimators.

    Reads as an array ``X[gene, region, bin, track]`` of float32 mean signal (not logged,
    non-negative, no NaN). Region 0 is the promoter window, read 5'->3'; regions 1 and up are
    the pCREs in falling contact weight, read along the chromosome. Inside, the bins of each
    distinct region are stored once and genes hold region numbers, so fragments shared between
    genes and absent pCREs cost nothing, and selecting rows copies no signal.

    scikit-learn's splitters slice it like an ndarray of genes. It never turns into an ndarray
    silently, because the contact weights would be lost: see :meth:`to_dense`. An array that is
    larger than memory is opened from a file: see :meth:`save` and :meth:`load`.

    Parameters
    ----------
    signal : ndarray of shape (total_bins, n_tracks), float32
        Mean signal of each finest bin, all distinct regions one after the other.
    offsets : ndarray of shape (n_distinct + 1,), int
        Distinct region ``r`` holds rows ``offsets[r]:offsets[r + 1]`` of `signal`.
    chrom, start, end : ndarrays of shape (n_distinct,)
        Where each distinct region lies (str; bp, 0-based, half-open). `start` may be negative
        and `end` may pass the chromosome's end: a promoter window near an end keeps its length.
        The last bin of a region covers the rest of it.
    index : ndarray of shape (n_genes, n_regions), int
        Number of the distinct region at each place; -1 where absent. Region 0 is never
        absent. With a conditions axis the shape is (n_genes, 2, n_regions).
    tracks : sequence of str
        Names of the tracks, in the order of the columns of `signal`.
    bin_size : int
        Width of the finest bins, in bp.
    n_bins : int
        Bins of the longest region that could be there (window or maximum pCRE length).
    window : int
        Length of the promoter window, in bp.
    weights : ndarray of shape (n_genes, n_regions - 1), float32, default=None
        Contact weight of each pCRE, 0 where absent. None means all 0.
    genes : mapping of str to ndarray of shape (n_genes,), or DataFrame, default=None
        Known columns of each row: `gene_id`, `chrom`, `tss`, `strand`, `sample`, ... The index of
        a DataFrame travels with the rows, and :class:`~skchromo.WindowSummary` returns it.
    chromsizes : mapping of str to int, default=None
        Length of each chromosome, in bp.
    row_labels : sequence of (name, ndarray of shape (n_genes,)), default=None
        The index of the gene table, a pair for each of its levels. None takes the index of `genes`
        where it is a DataFrame; rows have no labels otherwise.
    missing : ndarray of shape (n_genes, n_tracks), bool, default=None
        Which tracks were not measured in the sample of each gene; their signal is 0. With a
        conditions axis the shape is (n_genes, 2, n_tracks). None means that none is missing.

    Raises
    ------
    ValueError
        If the parts do not fit together, or `signal` holds a negative, NaN or infinite value
        (the message names the track).

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> X = RegionArray(
    ...     signal=np.arange(12, dtype=np.float32).reshape(6, 2), offsets=[0, 4, 6],
    ...     chrom=["chr1", "chr1"], start=[800, 5000], end=[1200, 5150],
    ...     index=[[0, 1], [0, -1]], weights=[[2.5], [0.0]],
    ...     genes={"gene_id": ["A", "B"], "chrom": ["chr1", "chr1"]},
    ...     tracks=["H3K4me3", "H3K27ac"], bin_size=100, n_bins=4, window=400)
    >>> X
    RegionArray(2 genes x 2 regions x 4 bins x 2 tracks; distinct regions: 2, contacts: 1,
        window: 400 bp, bin_size: 100 bp, tracks: H3K4me3, H3K27ac)
    >>> X.shape, X[1:].shape, X[[1, 0, 1]].genes["gene_id"].tolist()
    ((2, 2, 4, 2), (1, 2, 4, 2), ['B', 'A', 'B'])
    >>> len(X[1:].compact().signal), X[1:].equals(X[1:].compact())
    (4, True)
    """

    dtype = np.dtype(np.float32)

    # Of rows of an opened file: the array of the whole file, and the file's path and id.
    _base = None
    _file = None
    # The twin without unused regions that was pickled last.
    _pickled = None

    def __init__(
        self,
        *,
        signal,
        offsets,
        chrom,
        start,
        end,
        index,
        tracks,
        bin_size,
        n_bins,
        window,
        weights=None,
        genes=None,
        chromsizes=None,
        row_labels=None,
        missing=None,
    ):
        self.signal = np.ascontiguousarray(signal, dtype=np.float32)
        self.offsets = np.asarray(offsets, dtype=np.int64)
        self.chrom = np.asarray(chrom, dtype=object)
        self.start = np.asarray(start, dtype=np.int64)
        self.end = np.asarray(end, dtype=np.int64)
        self.index = np.asarray(index, dtype=np.int64)
        if weights is None:
            weights = np.zeros(self.index[..., 1:].shape, dtype=np.float32)
        self.weights = np.asarray(weights, dtype=np.float32)
        self.row_labels = labels_of(genes) if row_labels is None else tuple(row_labels)
        genes = {} if genes is None else genes
        self.genes = {name: np.asarray(column) for name, column in genes.items()}
        self.tracks = tuple(str(track) for track in tracks)
        self.bin_size = int(bin_size)
        self.n_bins = int(n_bins)
        self.window = int(window)
        self.chromsizes = {} if chromsizes is None else dict(chromsizes)
        if missing is None:
            missing = np.zeros((*self.index.shape[:-1], len(self.tracks)), dtype=bool)
        self.missing = np.asarray(missing)
        check_parts(self)

    def _replace(self, **parts):
        """Return a twin with some parts exchanged, unchecked."""
        gone = {"_pickled"} | ({"_base", "_file"} if "signal" in parts else set())
        twin = object.__new__(type(self))
        twin.__dict__.update((item for item in vars(self).items() if item[0] not in gone), **parts)
        return twin

    @property
    def shape(self):
        """Shape of the array this stands for, tuple of int."""
        return (*self.index.shape, self.n_bins, len(self.tracks))

    @property
    def ndim(self):
        """Number of axes, int: 4, or 5 with a conditions axis."""
        return self.index.ndim + 2

    @property
    def lengths(self):
        """Length of each distinct region in bp, ndarray of shape (n_distinct,)."""
        return self.end - self.start

    @property
    def nbytes(self):
        """Bytes taken by signal, region numbers and weights, int."""
        return self.signal.nbytes + self.index.nbytes + self.weights.nbytes

    def __sizeof__(self):
        """Return the bytes that a pickle takes: parallel backends decide by it how X is sent."""
        size = object.__sizeof__(self)
        size += self.index.nbytes + self.weights.nbytes + self.missing.nbytes
        if self.stored_at is None:
            n_bins = np.diff(self.offsets)[used_regions(self)].sum()
            size += int(n_bins) * self.signal.itemsize * len(self.tracks)
        return size

    @property
    def stored_at(self):
        """Path of the opened file whose signal this is, str; None where it is in memory."""
        return None if self._file is None else self._file[0]

    def __len__(self):
        return len(self.index)

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "a RegionArray does not turn into an ndarray by itself, because contact weights and "
            "region lengths would be lost: use X.to_dense(), which returns values, weights and "
            "lengths, or put a WindowSummary before a step that needs a table (genes x columns)"
        )

    def __getitem__(self, key):
        """Rows `key` (int, slice, boolean or index array) as a RegionArray on the same signal."""
        if isinstance(key, tuple):
            key, *rest = key
            if any(part is not Ellipsis and part != slice(None) for part in rest):
                raise IndexError(
                    "only genes can be selected, as X[rows]; max_pcres and tracks are set in the "
                    "transformers; X.to_dense() gives plain arrays"
                )
        if isinstance(key, (int, np.integer)):
            if not -len(self) <= key < len(self):
                raise IndexError(f"row {key} is out of range for {len(self)} genes")
            key = [key]
        elif key is Ellipsis:
            key = slice(None)
        elif not isinstance(key, slice):
            key = np.asarray(key)
            if key.ndim != 1:
                raise IndexError(f"rows must be selected by a 1-D array, got {key.ndim}-D")
            if not key.size:
                key = key.astype(np.int64)
        return self._replace(
            index=self.index[key],
            weights=self.weights[key],
            missing=self.missing[key],
            genes={name: column[key] for name, column in self.genes.items()},
            row_labels=select_labels(self.row_labels, key),
        )

    def condition(self, name):
        """Select one of the two conditions.

        Parameters
        ----------
        name : {"a", "b"}
            The condition.

        Returns
        -------
        RegionArray of shape (n_genes, n_regions, n_bins, n_tracks)
            On the same signal; ``sample`` of its genes is the condition's. The inverse is
            :meth:`stack`.

        Raises
        ------
        ValueError
            If there is no conditions axis, or `name` is neither "a" nor "b".

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> RegionArray.from_dense(np.ones((3, 2, 1, 8, 1))).condition("b").shape
        (3, 1, 8, 1)
        """
        if self.ndim == 4:
            raise ValueError(f"X has no conditions axis: its shape is {self.shape}")
        if name not in ("a", "b"):
            raise ValueError(f'a condition is "a" or "b", for sample_a or sample_b, got {name!r}')
        genes = {key: column for key, column in self.genes.items() if not key.startswith("sample_")}
        if f"sample_{name}" in self.genes:
            genes["sample"] = self.genes[f"sample_{name}"]
        number = ("a", "b").index(name)
        return self._replace(
            index=self.index[:, number],
            weights=self.weights[:, number],
            missing=self.missing[:, number],
            genes=genes,
        )

    def __repr__(self):
        axes = " x ".join(f"{n} {name}" for n, name in zip(self.shape, axes_of(self)))
        used = self.index[self.index >= 0]
        tracks = ", ".join(map(printable, self.tracks[:8])) + ", ..." * (len(self.tracks) > 8)
        missing = f",\n    missing: {name_missing(self)}" if self.missing.any() else ""
        return (
            f"RegionArray({axes}; distinct regions: {len(np.unique(used))}, "
            f"contacts: {(self.index[..., 1:] >= 0).sum()},\n"
            f"    window: {self.window} bp, bin_size: {self.bin_size} bp, "
            f"tracks: {tracks}{missing})"
        )

    def _repr_html_(self):
        """Return a report for notebooks."""
        return report_html(self)

    def compact(self):
        """Drop regions that no gene uses, as pickling does.

        Returns
        -------
        X : RegionArray
            The array itself if all regions are used and in memory, else a copy with those used.
            Regions of an opened file (see :meth:`load`) are read into memory.
        """
        used = used_regions(self)
        if used.all() and self.stored_at is None:
            return self
        return self._replace(**compacted(self, used))

    def equals(self, other):
        """Compare genes, regions, weights and signal with another array, row by row.

        Parameters
        ----------
        other : RegionArray
            The array to compare with.

        Returns
        -------
        equal : bool
            True if all are the same. How regions are shared and numbered does not matter.
        """
        return isinstance(other, RegionArray) and same(self, other)

    @classmethod
    def concatenate(cls, arrays, path=None, *, overwrite=False):
        """Stack the rows of several arrays with the same tracks, bins and window.

        Parameters
        ----------
        arrays : sequence of RegionArray
            At least one. Rows of one array, or of one opened file, share its signal; the
            regions in use of several are copied, into memory or to `path`.
        path : str or Path, default=None
            File to write all rows to, as :meth:`save` does: with arrays that are opened files
            (see :meth:`load`), more than fits in memory. None writes nothing.
        overwrite : bool, default=False
            Whether a file at `path` that is not such a file is replaced too.

        Returns
        -------
        X : RegionArray
            All rows, in order; opened from `path` where that is given.

        Raises
        ------
        ValueError
            If they differ in tracks, bin size, number of bins or regions, window, gene columns
            or chromosome lengths, or some have the index of a gene table and others have none; or
            an opened file is damaged.
        FileExistsError, FileNotFoundError, PermissionError
            If `path` cannot be written, as with :meth:`save`.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> X = RegionArray.from_dense(np.ones((3, 1, 4, 1)))
        >>> RegionArray.concatenate([X[2:], X[:1]]).shape
        (2, 1, 4, 1)

        Many samples, of which only one is in memory at a time:

        >>> import os, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> parts = [os.path.join(folder, name) for name in ("H1.npz", "K562.npz")]
        >>> for part in parts:
        ...     X.save(part)
        >>> opened = [RegionArray.load(part) for part in parts]
        >>> all_rows = RegionArray.concatenate(opened, os.path.join(folder, "all.npz"))
        >>> all_rows.shape, os.path.basename(all_rows.stored_at)
        ((6, 1, 4, 1), 'all.npz')
        """
        arrays = list(arrays)
        if not arrays:
            raise ValueError("concatenate needs at least one RegionArray, got none")
        parts, pieces = concatenated(arrays)
        if pieces is not None:
            shape = (parts["offsets"][-1], len(arrays[0].tracks))
            # of what is written as it comes nothing is read here but its shape
            parts["signal"] = (
                joined(pieces, shape, np.float32)
                if path is None
                else np.broadcast_to(np.float32(0), shape)
            )
        X = arrays[0]._replace(**parts)
        if path is None:
            return X
        write(X, path, overwrite, pieces)
        return cls.load(path)

    @classmethod
    def stack(cls, a, b):
        """Join the same genes in two conditions along a new axis, the second.

        Parameters
        ----------
        a, b : RegionArray of shape (n_genes, n_regions, n_bins, n_tracks)
            The genes in either condition, in one order, with the same tracks, bins and window.
            They may be rows of one array, or of one opened file, whose signal is then shared.

        Returns
        -------
        X : RegionArray of shape (n_genes, 2, n_regions, n_bins, n_tracks)
            ``sample`` of the genes becomes ``sample_a`` and ``sample_b``; the index of their
            table is that of `a`. The inverse is :meth:`condition`.

        Raises
        ------
        ValueError
            If they hold other genes or differ where :meth:`concatenate` allows no difference, or
            one of them has a conditions axis already.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> a, b = (RegionArray.from_dense(np.full((3, 8), level)) for level in (1.0, 2.0))
        >>> X = RegionArray.stack(a, b)
        >>> X.shape, X.condition("b").equals(b)
        ((3, 2, 1, 8, 1), True)
        """
        both = cls.concatenate([a, b])
        return both._replace(**stacked(both, len(a)))

    def pool(self, bin_size, regions=None):
        """Average distinct regions over coarser bins.

        Parameters
        ----------
        bin_size : int
            In bp, a multiple of ``X.bin_size``. Bins are counted from the region's start; the last
            one averages over the rest of it.
        regions : array-like of int of shape (n,), default=None
            Which distinct regions, as numbered in ``X.index``; None means all, in order.
            The means of a region do not depend on the others.

        Returns
        -------
        values : ndarray of shape (total_coarse_bins, n_tracks), float32
            The signal itself, not a copy, where all regions stay in the finest bins.
        offsets : ndarray of shape (n + 1,), int64
            The `r`-th of the regions holds rows ``offsets[r]:offsets[r + 1]`` of `values`.

        Raises
        ------
        ValueError
            If `bin_size` is not a multiple of the finest.
        IndexError
            If there is no such region.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> X = RegionArray.from_dense(np.arange(5.0).reshape(1, 1, 5, 1), lengths=[[450]])
        >>> X.pool(200)[0].ravel()
        array([0.5, 2.5, 4. ], dtype=float32)
        >>> X.pool(200, regions=[0, 0])[1]
        array([0, 3, 6])
        """
        (pooled,) = pool(self, [bin_size], regions)
        return pooled

    def to_dense(self):
        """Turn into plain arrays of signal, contact weights and region lengths.

        Returns
        -------
        dense : DenseRegions
            Named tuple ``values, weights, lengths``. ``values[g, r]`` holds a region's bins, then
            NaN: four to six times the memory of the RegionArray at genome size. The inverse is
            :meth:`from_dense`, except for coordinates and `missing`.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> X = RegionArray.from_dense(np.ones((2, 1, 3, 1)), lengths=[[300], [120]])
        >>> X.to_dense().values[1].ravel()
        array([ 1.,  1., nan], dtype=float32)
        """
        present = np.flatnonzero(self.index >= 0)
        region = self.index.ravel()[present]
        counts = np.diff(self.offsets)[region]
        values = np.full((self.index.size * self.n_bins, len(self.tracks)), np.nan, np.float32)
        values[ranges(present * self.n_bins, counts)] = check_used(
            self, rows_of(self.signal, self.offsets, region)
        )
        lengths = np.zeros(self.index.shape, dtype=np.int64)
        lengths.ravel()[present] = self.lengths[region]
        return DenseRegions(values.reshape(self.shape), self.weights.copy(), lengths)

    @classmethod
    def from_dense(
        cls, values, weights=None, lengths=None, *, tracks=None, bin_size=100, genes=None
    ):
        """Build from plain arrays, as :meth:`to_dense` returns them, or of promoters alone.

        Parameters
        ----------
        values : array-like of shape (n_genes, n_bins), (n_genes, n_bins, n_tracks) or \
                (n_genes, n_regions, n_bins, n_tracks)
            Mean signal per bin. 2-D is one track at the promoter and 3-D several tracks at the
            promoter, both read 5'->3' (`n_regions` is 1 below). 4-D is the promoter, then the
            pCREs; it may have a conditions axis of length 2 after the genes.
        weights : array-like of shape (n_genes, n_regions - 1), default=None
            Contact weights; None means 0.
        lengths : array-like of int of shape (n_genes, n_regions), default=None
            Region lengths in bp, 0 where absent. None means that an all-NaN region is absent
            and every other one is full, ``n_bins * bin_size`` long.
        tracks : sequence of str, default=None
            Track names; None names them ``track0``, ``track1``, ...
        bin_size : int, default=100
            Width of a bin, in bp.
        genes : mapping of str to array-like of shape (n_genes,), or DataFrame, default=None
            Known columns of each row (`gene_id`, `chrom`, ...); a DataFrame's index is kept.

        Returns
        -------
        X : RegionArray
            Regions lie at 0 of an unnamed chromosome.

        Raises
        ------
        ValueError
            If shapes differ, a length is beyond `n_bins`, or a region's value is negative or NaN.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> RegionArray.from_dense(np.ones((3, 8)), tracks=["H3K4me3"])
        RegionArray(3 genes x 1 regions x 8 bins x 1 tracks; distinct regions: 3, contacts: 0,
            window: 800 bp, bin_size: 100 bp, tracks: H3K4me3)
        """
        parts = _parts_of_dense(values, lengths, bin_size)
        if tracks is None:
            tracks = [f"track{i}" for i in range(parts["signal"].shape[1])]
        return cls(**parts, weights=weights, genes=genes, tracks=tracks, bin_size=bin_size)

    def save(self, path, *, overwrite=False):
        """Write to a file that :meth:`load` opens without reading all of it.

        The file is an .npz that is not compressed (``np.load`` lists its content) and holds the
        regions that the rows use. It appears under its name when it is whole.

        Parameters
        ----------
        path : str or Path
            File to write, by custom ``*.npz``. An array that was saved there is replaced.
        overwrite : bool, default=False
            Whether a file of another kind is replaced too.

        Raises
        ------
        FileExistsError
            If something else is there.
        FileNotFoundError
            If there is no such folder.
        PermissionError
            If the file there is write-protected.
        ValueError
            If a column of `genes` holds objects other than str, numbers, bool and None.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> X = RegionArray.from_dense(np.ones((3, 8)), tracks=["ATAC"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "H1.npz")
        ...     X.save(path)
        ...     opened = RegionArray.load(path)
        ...     opened[1:].shape, opened.stored_at == path, opened.equals(X)
        ((2, 1, 8, 1), True, True)
        """
        write(self, path, overwrite)

    @classmethod
    def load(cls, path, mmap_mode="r"):
        """Open a file that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            File to open.
        mmap_mode : {"r", None}, default="r"
            "r" leaves the signal in the file and reads the parts that are used when they are used:
            for arrays larger than memory. Such an array, or rows of it, is pickled as the path and
            its rows: where it is unpickled, the same file must be found there. None reads all into
            memory.

        Returns
        -------
        X : RegionArray
            On the signal in the file, or in memory.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a file of :meth:`save`, damaged or of a newer format. With "r", the signal
            is not read: NaN and negative values in it are refused when they are used, and other
            damage within it is not seen.

        Examples
        --------
        See :meth:`save`.
        """
        if mmap_mode not in ("r", None):
            raise ValueError(f'mmap_mode must be "r" or None, got {mmap_mode!r}')
        return read(cls, path, mmap_mode)

    def __getstate__(self):
        if self._base is not None:
            of_file = vars(self._base)
            state = {
                name: part for name, part in vars(self).items() if part is not of_file.get(name)
            }
            del state["_base"]
            return {**state, "_file": self._file}
        twin = self._pickled
        if twin is None or not self.equals(twin):
            twin = self.compact()
            if twin is not self:
                # joblib writes an array that goes to several tasks once, if it is the same array
                # every time: so the pickled array is kept for as long as it is still true.
                self._pickled = twin
        parts = {name: part for name, part in vars(twin).items() if name != "_pickled"}
        return {**parts, "row_labels": self.row_labels}

    def __setstate__(self, state):
        if "_file" in state:
            base = reopen(type(self), *state["_file"])
            state = {**vars(base), **state, "_file": base._file, "_base": base}
        vars(self).update(state)


def _parts_of_dense(values, lengths, bin_size):
    """Return parts of a RegionArray by the constructor's names; see `RegionArray.from_dense`."""
    values = np.asarray(values, dtype=np.float32)
    if not 2 <= values.ndim <= 5:
        raise ValueError(
            "values must have shape (n_genes, n_bins), (n_genes, n_bins, n_tracks) or (n_genes, "
            "n_regions, n_bins, n_tracks), or with one more axis of 2 conditions after the first; "
            f"got shape {values.shape}"
        )
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim == 3:
        values = values[:, None]
    *rows, n_bins, n_tracks = values.shape
    if lengths is None:
        absent = np.isnan(values).all(axis=(-2, -1))
        lengths = np.where(absent, 0, n_bins * bin_size)
    lengths = np.asarray(lengths, dtype=np.int64)
    if lengths.shape != tuple(rows):
        raise ValueError(f"lengths must have shape {tuple(rows)}, got {lengths.shape}")
    if lengths.size and not 0 <= lengths.min() <= lengths.max() <= n_bins * bin_size:
        raise ValueError(f"lengths must lie between 0 and {n_bins * bin_size} bp")
    present = np.flatnonzero(lengths)
    counts = -(-lengths.ravel()[present] // bin_size)
    index = np.full(lengths.shape, -1, dtype=np.int64)
    index.ravel()[present] = np.arange(len(present))
    flat = values.reshape(-1, n_tracks)
    promoters = lengths[..., 0]
    return {
        "signal": flat[ranges(present * n_bins, counts)],
        "offsets": np.concatenate([[0], np.cumsum(counts)]),
        "chrom": np.full(len(present), "", dtype=object),
        "start": np.zeros(len(present), dtype=np.int64),
        "end": lengths.ravel()[present],
        "index": index,
        "n_bins": n_bins,
        "window": promoters.max() if promoters.size else n_bins * bin_size,
    }

"""RegionArray: binned signal of genes' regions, stored once per distinct region."""

from typing import NamedTuple

import numpy as np

__all__ = ["DenseRegions", "RegionArray", "ranges"]


class DenseRegions(NamedTuple):
    """What :meth:`RegionArray.to_dense` returns.

    Attributes
    ----------
    values : ndarray of shape (n_genes, n_regions, n_bins, n_tracks), float32
        Mean signal per bin; NaN beyond a region's end and in absent regions.
    weights : ndarray of shape (n_genes, n_regions - 1), float32
        Contact weight of each pCRE; 0 where absent.
    lengths : ndarray of shape (n_genes, n_regions), int64
        Length of each region in bp; 0 where absent.
    """

    values: np.ndarray
    weights: np.ndarray
    lengths: np.ndarray


class RegionArray:
    """Signal of each gene's promoter and pCREs: the X between features and model.

    Reads as an array ``X[gene, region, bin, track]`` of float32 mean signal (not logged,
    non-negative, no NaN). Region 0 is the promoter window, read 5'->3'; regions 1 and up are
    the pCREs in falling contact weight, read along the chromosome. Inside, the bins of each
    distinct region are stored once and genes hold region numbers, so fragments shared between
    genes and absent pCREs cost nothing, and selecting rows copies no signal.

    It is sliced by scikit-learn's splitters like an ndarray of genes. It never turns into an
    ndarray silently, as that would lose the contact weights: see :meth:`to_dense`.

    Parameters
    ----------
    signal : ndarray of shape (total_bins, n_tracks), float32
        Mean signal of each finest bin, all distinct regions one after the other.
    offsets : ndarray of shape (n_distinct + 1,), int
        Distinct region ``r`` holds rows ``offsets[r]:offsets[r + 1]`` of `signal`.
    chrom, start, end : ndarrays of shape (n_distinct,)
        Where each distinct region lies (str; bp, 0-based, half-open). `start` may be negative
        and `end` may pass the chromosome's end: a promoter window near an end keeps its length.
        The last bin of a region covers what is left of it.
    index : ndarray of shape (n_genes, n_regions), int
        Number of the distinct region at each place; -1 where absent. Region 0 is never
        absent. With a conditions axis the shape is (n_genes, 2, n_regions).
    weights : ndarray of shape (n_genes, n_regions - 1), float32, default=None
        Contact weight of each pCRE, 0 where absent. None means all 0.
    genes : mapping of str to ndarray of shape (n_genes,), default=None
        What is known of each row: `gene_id`, `chrom`, `tss`, `strand`, `sample`, ...
    tracks : sequence of str
        Names of the tracks, in the order of the columns of `signal`.
    bin_size : int
        Width of the finest bins, in bp.
    n_bins : int
        Bins of the longest region that could be there (window or maximum pCRE length).
    window : int
        Length of the promoter window, in bp.
    chromsizes : mapping of str to int, default=None
        Length of each chromosome, in bp.

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
    """

    dtype = np.dtype(np.float32)

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
        self.genes = {name: np.asarray(column) for name, column in (genes or {}).items()}
        self.tracks = tuple(str(track) for track in tracks)
        self.bin_size = int(bin_size)
        self.n_bins = int(n_bins)
        self.window = int(window)
        self.chromsizes = {} if chromsizes is None else dict(chromsizes)
        self._check()

    def _check(self):
        """Refuse parts that do not fit: everything after relies on it."""
        n_distinct = len(self.offsets) - 1
        if self.bin_size < 1:
            raise ValueError(f"bin_size must be at least 1 bp, got {self.bin_size}")
        if self.signal.ndim != 2 or self.signal.shape[1] != len(self.tracks):
            raise ValueError(
                f"signal must have one column for each of the {len(self.tracks)} tracks, "
                f"got shape {self.signal.shape}"
            )
        if len(set(self.tracks)) != len(self.tracks):
            raise ValueError(f"track names must be distinct, got {list(self.tracks)}")
        if not len(self.chrom) == len(self.start) == len(self.end) == n_distinct:
            raise ValueError(f"chrom, start and end must each have {n_distinct} entries")
        expected = -(-self.lengths // self.bin_size)
        counts = np.diff(self.offsets)
        if self.offsets[0] != 0 or (counts != expected).any() or (counts < 1).any():
            raise ValueError("offsets do not give each region ceil(length / bin_size) bins")
        if self.offsets[-1] != len(self.signal):
            raise ValueError(
                f"offsets end at {self.offsets[-1]}, but signal has {len(self.signal)} bins"
            )
        if (expected > self.n_bins).any():
            raise ValueError(f"a region has {expected.max()} bins, more than n_bins={self.n_bins}")
        self._check_rows(n_distinct)
        self._check_values()

    def _check_rows(self, n_distinct):
        """Refuse row parts of different lengths, and genes without a promoter."""
        if self.index.ndim not in (2, 3) or self.index.shape[-1] < 1:
            raise ValueError(
                "index must have shape (n_genes, n_regions) or (n_genes, 2, n_regions), "
                f"got {self.index.shape}"
            )
        if self.index.size and not -1 <= self.index.min() <= self.index.max() < n_distinct:
            raise ValueError(f"index must lie between -1 and {n_distinct - 1}")
        if (self.index[..., 0] < 0).any():
            raise ValueError("region 0, the promoter, must be there for every gene")
        pcres = self.index[..., 1:]
        if self.weights.shape != pcres.shape:
            raise ValueError(f"weights must have shape {pcres.shape}, got {self.weights.shape}")
        if not np.isfinite(self.weights).all() or self.weights[pcres < 0].any():
            raise ValueError("weights must be finite, and 0 where a pCRE is absent")
        for name, column in self.genes.items():
            if column.shape != (len(self),):
                raise ValueError(f"genes[{name!r}] must have shape ({len(self)},)")

    def _check_values(self):
        """Refuse signal that the network's logarithm cannot take, naming the track."""
        if not len(self.signal):
            return
        low = self.signal.min(axis=0)
        if not np.isfinite(low).all() or not np.isfinite(self.signal.max(axis=0)).all():
            bad = [t for t, ok in zip(self.tracks, np.isfinite(self.signal).all(axis=0)) if not ok]
            raise ValueError(f"signal of track {', '.join(bad)} holds NaN or infinite values")
        if (low < 0).any():
            bad = [t for t, value in zip(self.tracks, low) if value < 0]
            raise ValueError(
                f"Negative values in data passed to RegionArray: track {', '.join(bad)}. Signal "
                "must be non-negative, as its logarithm is taken: for a log-ratio track use fold "
                "change or read depth instead"
            )

    def _replace(self, **parts):
        """Return a twin with some parts exchanged, trusted and unchecked."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, **parts)
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

    def __len__(self):
        return len(self.index)

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "a RegionArray does not turn into an ndarray by itself, as contact weights and region "
            "lengths would be lost: use X.to_dense(), which returns values, weights and lengths"
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
            genes={name: column[key] for name, column in self.genes.items()},
        )

    def __repr__(self):
        names = ["genes", "conditions", "regions", "bins", "tracks"]
        if self.ndim == 4:
            names.remove("conditions")
        axes = " x ".join(f"{n} {name}" for n, name in zip(self.shape, names))
        used = self.index[self.index >= 0]
        tracks = ", ".join(self.tracks[:8]) + ", ..." * (len(self.tracks) > 8)
        return (
            f"RegionArray({axes}; distinct regions: {len(np.unique(used))}, "
            f"contacts: {(self.index[..., 1:] >= 0).sum()},\n"
            f"    window: {self.window} bp, bin_size: {self.bin_size} bp, tracks: {tracks})"
        )

    def __getstate__(self):
        return self.compact().__dict__

    def compact(self):
        """Drop regions that no gene uses, as pickling does.

        Returns
        -------
        X : RegionArray
            The array itself if all regions are used, else a copy with only those used.
        """
        used = np.zeros(len(self.offsets) - 1, dtype=bool)
        used[self.index[self.index >= 0]] = True
        if used.all():
            return self
        renumbered = np.append(np.cumsum(used) - 1, -1)
        counts = np.diff(self.offsets)
        return self._replace(
            signal=self.signal[np.repeat(used, counts)],
            offsets=np.concatenate([[0], np.cumsum(counts[used])]),
            chrom=self.chrom[used],
            start=self.start[used],
            end=self.end[used],
            index=renumbered[self.index],
        )

    def equals(self, other):
        """Whether two arrays hold the same genes, regions, weights and signal, row by row.

        Parameters
        ----------
        other : RegionArray
            What to compare with. How regions are shared and numbered does not matter.

        Returns
        -------
        equal : bool
        """
        if not isinstance(other, RegionArray) or self.shape != other.shape:
            return False
        names = ("tracks", "bin_size", "window", "chromsizes")
        if any(getattr(self, name) != getattr(other, name) for name in names):
            return False
        if self.genes.keys() != other.genes.keys():
            return False
        if not all(np.array_equal(self.genes[name], other.genes[name]) for name in self.genes):
            return False
        if not np.array_equal(self.weights, other.weights):
            return False
        present = self.index >= 0
        if not np.array_equal(present, other.index >= 0):
            return False
        pairs = np.unique(np.stack([self.index[present], other.index[present]]), axis=1)
        return all(
            np.array_equal(getattr(self, name)[pairs[0]], getattr(other, name)[pairs[1]])
            for name in ("chrom", "start", "end")
        ) and np.array_equal(
            self.signal[_bins_of(self.offsets, pairs[0])],
            other.signal[_bins_of(other.offsets, pairs[1])],
        )

    @classmethod
    def concatenate(cls, arrays):
        """Stack the rows of several arrays with the same tracks, bins and window.

        Parameters
        ----------
        arrays : sequence of RegionArray
            At least one. Those that are rows of one array go on sharing its signal.

        Returns
        -------
        X : RegionArray

        Raises
        ------
        ValueError
            If they differ in tracks, bin size, number of bins or regions, window, gene columns
            or chromosome lengths.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> X = RegionArray.from_dense(np.ones((3, 1, 4, 1)))
        >>> RegionArray.concatenate([X[2:], X[:1]]).shape
        (2, 1, 4, 1)
        """
        arrays = list(arrays)
        if not arrays:
            raise ValueError("concatenate needs at least one RegionArray")
        first = arrays[0]
        chromsizes = {}
        for other in arrays:
            for name in ("tracks", "bin_size", "n_bins", "window"):
                if getattr(other, name) != getattr(first, name):
                    raise ValueError(
                        f"cannot concatenate: {name} is {getattr(first, name)} "
                        f"in one array and {getattr(other, name)} in another"
                    )
            if other.shape[1:] != first.shape[1:] or other.genes.keys() != first.genes.keys():
                raise ValueError(
                    f"cannot concatenate: shapes {first.shape} and {other.shape}, "
                    f"gene columns {list(first.genes)} and {list(other.genes)}"
                )
            for chrom, size in other.chromsizes.items():
                if chromsizes.setdefault(chrom, size) != size:
                    raise ValueError(f"cannot concatenate: {chrom} has two different lengths")
        stores, numbers = [], []
        for array in arrays:
            known = [array.signal is store.signal for store in stores]
            if True not in known:
                stores.append(array)
            numbers.append(known.index(True) if True in known else len(stores) - 1)
        n_before = np.cumsum([0] + [len(store.offsets) - 1 for store in stores])
        index = [
            np.where(array.index < 0, -1, array.index + n_before[number])
            for array, number in zip(arrays, numbers)
        ]
        parts = {
            "index": np.concatenate(index),
            "weights": np.concatenate([array.weights for array in arrays]),
            "genes": {
                name: np.concatenate([array.genes[name] for array in arrays])
                for name in first.genes
            },
            "chromsizes": chromsizes,
        }
        if len(stores) > 1:
            for name in ("signal", "chrom", "start", "end"):
                parts[name] = np.concatenate([getattr(store, name) for store in stores])
            counts = np.concatenate([np.diff(store.offsets) for store in stores])
            parts["offsets"] = np.concatenate([[0], np.cumsum(counts)])
        return first._replace(**parts)

    def pool(self, bin_size):
        """Mean signal of every distinct region in coarser bins.

        Parameters
        ----------
        bin_size : int
            Width of the coarser bins in bp, a multiple of the finest ``X.bin_size``. Bins are
            counted from the region's start; the last one averages over what is left of it.

        Returns
        -------
        values : ndarray of shape (total_coarse_bins, n_tracks), float32
        offsets : ndarray of shape (n_distinct + 1,), int64
            Region ``r`` holds rows ``offsets[r]:offsets[r + 1]`` of `values`.

        Raises
        ------
        ValueError
            If `bin_size` is not a multiple of the finest.

        Examples
        --------
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> X = RegionArray.from_dense(np.arange(5.0).reshape(1, 1, 5, 1), lengths=[[450]])
        >>> X.pool(200)[0].ravel()
        array([0.5, 2.5, 4. ], dtype=float32)
        """
        if bin_size < 1 or bin_size % self.bin_size:
            raise ValueError(
                f"bin size {bin_size} is not a multiple of the finest, {self.bin_size} bp"
            )
        lengths = self.lengths
        counts = -(-lengths // bin_size)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        if bin_size == self.bin_size or not len(self.signal):
            return self.signal, offsets
        place = ranges(np.zeros_like(counts), counts)
        starts = np.repeat(self.offsets[:-1], counts) + place * (bin_size // self.bin_size)
        sums = np.add.reduceat(self.signal, starts, axis=0, dtype=np.float64) * self.bin_size
        last_bin, last = self.offsets[1:] - 1, offsets[1:] - 1
        missing = -lengths % self.bin_size
        sums[last] -= missing[:, None] * self.signal[last_bin]
        widths = np.full(len(sums), float(bin_size))
        widths[last] -= -lengths % bin_size
        return (sums / widths[:, None]).astype(np.float32), offsets

    def to_dense(self):
        """Plain arrays of signal, contact weights and region lengths.

        Returns
        -------
        dense : DenseRegions
            Named tuple ``values, weights, lengths``. ``values[g, r]`` holds the bins of the
            region from its start, then NaN: four to six times the memory of the RegionArray at
            genome size. :meth:`from_dense` is the inverse (of all but coordinates).

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
        values[ranges(present * self.n_bins, counts)] = self.signal[_bins_of(self.offsets, region)]
        lengths = np.zeros(self.index.shape, dtype=np.int64)
        lengths.ravel()[present] = self.lengths[region]
        return DenseRegions(values.reshape(self.shape), self.weights.copy(), lengths)

    @classmethod
    def from_dense(
        cls, values, weights=None, lengths=None, *, tracks=None, bin_size=100, genes=None
    ):
        """Build from plain arrays, as :meth:`to_dense` returns them.

        Parameters
        ----------
        values : array-like of shape (n_genes, n_regions, n_bins, n_tracks)
            Mean signal per bin, or the same with a conditions axis of length 2 after the genes.
        weights : array-like of shape (n_genes, n_regions - 1), default=None
            Contact weights; None means 0.
        lengths : array-like of int of shape (n_genes, n_regions), default=None
            Region lengths in bp, 0 where absent. None means that an all-NaN region is absent
            and every other one is full, ``n_bins * bin_size`` long.
        tracks : sequence of str, default=None
            Track names; None names them ``track0``, ``track1``, ...
        bin_size : int, default=100
            Width of a bin, in bp.
        genes : mapping of str to array-like of shape (n_genes,), default=None
            What is known of each row (`gene_id`, `chrom`, ...).

        Returns
        -------
        X : RegionArray
            Regions lie at 0 of an unnamed chromosome.

        Raises
        ------
        ValueError
            If shapes differ, a length needs more than `n_bins` bins, or a value inside a region
            is negative or NaN.
        """
        values = np.asarray(values, dtype=np.float32)
        if values.ndim not in (4, 5):
            raise ValueError(
                "values must have shape (n_genes, n_regions, n_bins, n_tracks), or one more axis "
                f"of 2 conditions after the first; got shape {values.shape}"
            )
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
        return cls(
            signal=flat[ranges(present * n_bins, counts)],
            offsets=np.concatenate([[0], np.cumsum(counts)]),
            chrom=np.full(len(present), "", dtype=object),
            start=np.zeros(len(present), dtype=np.int64),
            end=lengths.ravel()[present],
            index=index,
            weights=weights,
            genes=genes,
            tracks=[f"track{i}" for i in range(n_tracks)] if tracks is None else tracks,
            bin_size=bin_size,
            n_bins=n_bins,
            window=promoters.max() if promoters.size else n_bins * bin_size,
        )


def ranges(starts, counts):
    """Concatenate ``arange(start, start + count)`` of every pair.

    Parameters
    ----------
    starts, counts : ndarray of shape (n,), int64
        First number and length of each range.

    Returns
    -------
    ndarray of shape (counts.sum(),), int64
        The numbers, one range after the other.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo.regions import ranges
    >>> ranges(np.array([5, 0]), np.array([2, 3]))
    array([5, 6, 0, 1, 2])
    """
    ends = np.cumsum(counts)
    total = ends[-1] if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + counts, counts)


def _bins_of(offsets, regions):
    """Rows of the signal that belong to `regions`, one region after the other."""
    return ranges(offsets[regions], np.diff(offsets)[regions])

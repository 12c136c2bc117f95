"""BigWigTransformer: gene table in, binned signal of every region out."""

import os

import numpy as np
from joblib import Parallel, delayed
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ..genome import (
    BinCache,
    bare_name,
    bin_offsets,
    check_genes,
    check_signal_options,
    match_file_chroms,
    name_some,
    promoter_windows,
    read_bins,
    read_chromsizes,
    resolve_chroms,
    track_files,
)
from ..regions import RegionArray, ranges
from ._base import GeneTableTransformer
from ._gene_regions import distinct_regions, gather_pcres

_REGIONS_PER_TASK = 4096


class BigWigTransformer(GeneTableTransformer):
    """Read the signal around each gene, and at its pCREs, from bigWig files.

    Each row of the gene table becomes one gene of a :class:`~skchromo.RegionArray`: the promoter
    window, read 5'->3', and the row's pCREs where the table has a column ``pcres`` (as
    :class:`InteractionTransformer` adds it). Signal is the exact mean over the base pairs of each
    bin, not logged. Regions that genes share are read and stored once.

    Parameters
    ----------
    tracks : mapping of str to (path or list of paths), or pandas.DataFrame
        The bigWig file of each track; several files of one track are replicates, whose means are
        averaged. For genes in several cell types a table with the columns ``sample``, ``track`` and
        ``path``, one row a file: the gene table then needs a column ``sample`` too.
    window : int, default=40_000
        Length of the promoter window in bp, centred on the TSS; half of it must be a multiple of
        `bin_size`. It may run past the chromosome's ends, where there is no coverage.
    bin_size : int, default=100
        Width of a bin in bp: the finest that a model will see.
    gaps : {"zero", "ignore"}, default="zero"
        How bases that a file does not cover count: as 0, or not at all (the mean is then over
        covered bases only, and 0 in a bin without any).
    missing_chrom : {"error", "zero"}, default="error"
        What to do about genes and pCREs on chromosomes that a file does not list: raise an error
        that counts them, or take them as not covered.
    chrom_names : {"exact", "match"}, default="exact"
        Whether names of chromosomes must agree as they stand, or ``chr1`` and ``1`` (``chrM`` and
        ``MT``) are taken for the same.
    memory : str or path, default=None
        Folder in which to keep what has been read: cross-validation and searches then read each
        region of each file once, whatever the folds and candidates. A file that is replaced is read
        again. None keeps nothing.
    n_jobs : int, default=None
        Threads that read at the same time; None means 1 (or what a surrounding
        :func:`joblib.parallel_config` says), -1 all processors. The result does not depend on it.
    verbose : int, default=0
        Show a progress bar if not 0.

    Attributes
    ----------
    tracks_ : tuple of str
        Names of the tracks, in the order of the mapping, or of first appearance in the table.
    files_ : dict of (str or None) to tuple of tuple of str
        Paths by sample (None where `tracks` is a mapping), track and replicate.
    chromsizes_ : dict of str to int
        Length in bp of every chromosome that any file lists.

    See Also
    --------
    InteractionTransformer : Adds the pCREs of each gene to the table.

    Notes
    -----
    The transformer learns nothing from the genes it is fitted on: fitting checks parameters and
    files. A fitted one holds paths, not signal; the files are read by `transform`.

    Examples
    --------
    >>> import tempfile, os, pandas as pd, pyBigWig
    >>> path = os.path.join(tempfile.mkdtemp(), "H3K4me3.bw")
    >>> with pyBigWig.open(path, "w") as handle:
    ...     handle.addHeader([("chr1", 5000)])
    ...     handle.addEntries(["chr1"], [1900], ends=[2000], values=[3.0])
    >>> genes = pd.DataFrame(
    ...     {"gene_id": ["A", "B"], "chrom": "chr1", "tss": 2000, "strand": ["+", "-"]}
    ... )
    >>> X = BigWigTransformer({"H3K4me3": path}, window=400).fit_transform(genes)
    >>> X.shape
    (2, 1, 4, 1)
    >>> X.to_dense().values[:, 0, :, 0]
    array([[0., 3., 0., 0.],
           [0., 0., 3., 0.]], dtype=float32)
    """

    def __init__(
        self,
        tracks,
        *,
        window=40_000,
        bin_size=100,
        gaps="zero",
        missing_chrom="error",
        chrom_names="exact",
        memory=None,
        n_jobs=None,
        verbose=0,
    ):
        self.tracks = tracks
        self.window = window
        self.bin_size = bin_size
        self.gaps = gaps
        self.missing_chrom = missing_chrom
        self.chrom_names = chrom_names
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y=None):
        """Check parameters, gene table and files.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_genes, n_columns)
            Gene table: ``chrom``, ``tss`` (0-based, bp), ``strand``, ``gene_id`` as a column or
            the index; ``sample`` where `tracks` is a table; optional ``pcres``.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : BigWigTransformer

        Raises
        ------
        FileNotFoundError
            If a file is missing.
        TypeError, ValueError
            If a parameter, the gene table or a file is not valid, or files disagree on the length
            of a chromosome.
        """
        check_signal_options(self.bin_size, self.gaps, self.missing_chrom, self.chrom_names)
        if not (self.memory is None or isinstance(self.memory, (str, os.PathLike))):
            raise TypeError(f"memory must be the path of a folder or None, got {self.memory!r}")
        genes = check_genes(X)
        promoter_windows(genes, self.window)
        if (self.window // 2) % self.bin_size:
            raise ValueError(
                f"window={self.window} and bin_size={self.bin_size} do not fit: half the window "
                "must be a multiple of bin_size, so that no bin lies across the TSS"
            )
        self.tracks_, self.files_ = track_files(self.tracks)
        self._check_samples(genes)
        self.chromsizes_ = self._union_of_chromsizes()
        return self

    def transform(self, X):
        """Read the regions of each gene.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_genes, n_columns)
            Gene table as in `fit`. Each row of it becomes one gene of the result, in order.

        Returns
        -------
        RegionArray of shape (n_genes, 1 + max_pcres, n_bins, n_tracks), float32
            Mean signal per bin. Without a column ``pcres`` it has the promoter alone.

        Raises
        ------
        TypeError, ValueError
            If the gene table is not valid, a gene or pCRE lies beyond its chromosome's end or, with
            ``missing_chrom="error"``, on a chromosome that a file does not list, or if a file holds
            negative, infinite or NaN signal there or is damaged.
        """
        check_is_fitted(self, "files_")
        genes = check_genes(X)
        self._check_samples(genes)
        pcres = gather_pcres(genes)
        self._check_chroms(genes, pcres)
        chromsizes = self._check_ends(genes, pcres)
        regions, index, weights = distinct_regions(
            genes, pcres, self.window, samples=tuple(self.files_)
        )
        longest = max(self.window, pcres.max_pcre_length)
        return RegionArray(
            signal=self._read(regions),
            offsets=bin_offsets(regions.start, regions.end, self.bin_size),
            chrom=regions.chrom,
            start=regions.start,
            end=regions.end,
            index=index,
            weights=weights,
            genes={
                name: genes[name].to_numpy(dtype=None if name == "tss" else object)
                for name in genes.columns.drop("pcres", errors="ignore")
            },
            tracks=self.tracks_,
            bin_size=self.bin_size,
            n_bins=-(-longest // self.bin_size),
            window=self.window,
            chromsizes=chromsizes,
        )

    def _union_of_chromsizes(self):
        """Collect every file's chromosomes, and refuse files of different assemblies."""
        union, seen = {}, {}
        for _, track, path in self._each_file():
            for chrom, size in read_chromsizes(path, track).items():
                key = bare_name(chrom) if self.chrom_names == "match" else chrom
                first_size, first_path = seen.setdefault(key, (size, path))
                if size != first_size:
                    raise ValueError(
                        f"chromosome {chrom} has {first_size} bp in {first_path} and {size} bp in "
                        f"{path}: the files are of different assemblies, use files of one"
                    )
                union[chrom] = size
        return union

    def _each_file(self):
        """Yield sample, track and path of every file."""
        for sample, files in self.files_.items():
            for track, paths in zip(self.tracks_, files, strict=True):
                yield from ((sample, track, path) for path in paths)

    def _check_samples(self, genes):
        """Refuse genes of samples that have no tracks."""
        if None in self.files_:
            return
        if "sample" not in genes.columns:
            raise ValueError(
                "the gene table has no column sample, but tracks are given by sample "
                f"({name_some(self.files_)}): add it, or give tracks as a mapping"
            )
        unknown = genes.loc[~genes["sample"].isin(list(self.files_)), "sample"]
        if len(unknown):
            raise ValueError(
                f"no tracks for sample {name_some(unknown)} of {len(unknown)} gene rows; the table "
                f"of tracks has {name_some(self.files_)}"
            )

    def _check_chroms(self, genes, pcres):
        """Refuse genes and pCREs on chromosomes that a file of theirs does not list."""
        samples = genes["sample"].to_numpy(dtype=object) if None not in self.files_ else None
        chroms = genes["chrom"].to_numpy(dtype=object)
        for sample, track, path in self._each_file():
            sizes = read_chromsizes(path, track)
            mine = np.ones(len(genes), dtype=bool) if samples is None else samples == sample
            for what, names in (("gene", chroms[mine]), ("pCRE", pcres.chrom[mine[pcres.row]])):
                match_file_chroms(
                    f"track {track} ({path})",
                    sizes,
                    names,
                    what,
                    missing_chrom=self.missing_chrom,
                    chrom_names=self.chrom_names,
                )

    def _check_ends(self, genes, pcres):
        """Refuse what lies beyond a chromosome's end; give lengths by the gene table's names."""
        chroms = genes["chrom"].to_numpy(dtype=object)
        wanted = [*chroms, *pcres.chrom]
        names = resolve_chroms(wanted, self.chromsizes_, self.chrom_names)
        sizes = {name: self.chromsizes_[found] for name, found in names.items() if found}
        ids, tss = genes["gene_id"].to_numpy(dtype=object), genes["tss"].to_numpy()
        beyond = np.flatnonzero(tss >= _limits(chroms, sizes))
        if len(beyond):
            row = beyond[0]
            raise ValueError(
                f"{len(beyond)} of {len(genes)} genes have their TSS beyond the chromosome's end: "
                f"{name_some(ids[beyond])}; {ids[row]} has tss {tss[row]}, but {chroms[row]} has "
                f"{sizes[chroms[row]]} bp in the bigWig files: are genes and files of one assembly?"
            )
        beyond = np.flatnonzero(pcres.end > _limits(pcres.chrom, sizes))
        if len(beyond):
            pcre = beyond[0]
            chrom = pcres.chrom[pcre]
            raise ValueError(
                f"{len(beyond)} of {len(pcres.row)} pCREs reach beyond the chromosome's end, the "
                f"first is {chrom}:{pcres.start[pcre]}-{pcres.end[pcre]} of gene "
                f"{ids[pcres.row[pcre]]}, but {chrom} has {sizes[chrom]} bp in the bigWig files: "
                "are contacts and files of one assembly?"
            )
        return {**self.chromsizes_, **sizes}

    def _read(self, regions):
        """Read all tracks at all regions, several pieces at a time."""
        offsets = bin_offsets(regions.start, regions.end, self.bin_size)
        counts = np.diff(offsets)
        signal = np.zeros((offsets[-1], len(self.tracks_)), dtype=np.float32)
        options = {
            "gaps": self.gaps,
            "missing_chrom": self.missing_chrom,
            "chrom_names": self.chrom_names,
        }

        def put(rows, column, values, n_replicates):
            if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
                bins = slice(offsets[rows[0]], offsets[rows[-1] + 1])
            else:
                bins = ranges(offsets[rows], counts[rows])
            signal[bins, column] += values / n_replicates

        tasks = []
        for column, path, n_replicates, rows in self._files_and_rows(regions):
            cache = None
            if self.memory is not None:
                cache = BinCache(self.memory, path, self.bin_size, **options)
                known = cache.find(*_places(regions, rows))
                put(rows[known >= 0], column, cache.take(known[known >= 0]), n_replicates)
                rows = rows[known < 0]
            for start in range(0, len(rows), _REGIONS_PER_TASK):
                piece = rows[start : start + _REGIONS_PER_TASK]
                tasks.append((piece, column, path, n_replicates, cache))
        # Inflating and numpy let go of the GIL: threads read at full speed and start at once.
        pieces = Parallel(n_jobs=self.n_jobs, prefer="threads", return_as="generator")(
            delayed(read_bins)(
                path,
                *_places(regions, rows),
                self.bin_size,
                track=self.tracks_[column],
                **options,
            )
            for rows, column, path, _, _ in tasks
        )
        bar = tqdm(pieces, desc="bigWig", total=len(tasks), disable=not self.verbose)
        for (rows, column, _, n_replicates, cache), (values, _) in zip(tasks, bar, strict=True):
            put(rows, column, values, n_replicates)
            if cache is not None:
                cache.add(*_places(regions, rows), values)
        _flip(signal, offsets, np.flatnonzero(regions.flipped))
        return signal

    def _files_and_rows(self, regions):
        """Yield each file with its column, its replicates and the regions to be read from it."""
        for number, files in enumerate(self.files_.values()):
            first, last = np.searchsorted(regions.sample, [number, number + 1])
            for column, paths in enumerate(files):
                for path in paths:
                    yield column, path, len(paths), np.arange(first, last)


def _places(regions, rows):
    """Where some regions lie: chromosomes, starts, ends."""
    return regions.chrom[rows], regions.start[rows], regions.end[rows]


def _flip(signal, offsets, rows):
    """Turn the bins of some regions round in place, a few regions at a time."""
    for start in range(0, len(rows), _REGIONS_PER_TASK):
        piece = rows[start : start + _REGIONS_PER_TASK]
        counts = offsets[piece + 1] - offsets[piece]
        bins = ranges(offsets[piece], counts)
        mirror = np.repeat(offsets[piece] + offsets[piece + 1] - 1, counts)
        signal[bins] = signal[mirror - bins]


def _limits(chroms, sizes):
    """Give each chromosome's length, none where no file lists it."""
    no_limit = np.iinfo(np.int64).max
    return np.array([sizes.get(chrom, no_limit) for chrom in chroms], dtype=np.int64)

"""BigWigTransformer: gene table in, binned signal of every region out."""

import os
import sys

import numpy as np
from joblib import Parallel, delayed
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ..genome import (
    BinCache,
    bin_offsets,
    blacklisted_bins,
    check_blacklist,
    check_genes,
    check_signal_options,
    name_some,
    promoter_windows,
    read_bins,
    read_blacklist,
    track_files,
)
from ..regions import RegionArray, ranges
from ._base import GeneTableTransformer
from ._bigwig_checks import check_chroms, check_ends, check_samples, read_file_chroms
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
    tracks : mapping of str to (path or list of paths), pandas.DataFrame, str or path
        The bigWig file of each track: its path or its http or https address; several files of one
        track are replicates, whose means are averaged. For genes in several cell types a table with
        the columns ``sample``, ``track`` and ``path``, one row a file: with several samples the
        gene table needs a column ``sample`` too. Or where such a table is found: a sample sheet
        (TSV or CSV), a pattern such as ``"data/{sample}-{track}.bigwig"``, or a folder of Roadmap's
        or ENCODE's files, see :func:`~skchromo.genome.list_tracks`.
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
    blacklist : str, path or pandas.DataFrame, default=None
        Intervals whose signal is not to be trusted, such as ENCODE's blacklist of the assembly: a
        BED file (also gzipped) or a table ``chrom start end``. Bins that share at least one base
        with one are set to 0, in all tracks.
    memory : str or path, default=None
        Folder in which to keep what has been read: cross-validation and searches then read each
        region of each file once, whatever the folds and candidates. A file that is replaced is read
        again; another blacklist asks for no reading. None keeps nothing.
    n_jobs : int, default=None
        Threads that read at the same time; None means 1 (or what a surrounding
        :func:`joblib.parallel_config` says), -1 all processors. The result does not depend on it.
        Files on a web server gain from one thread a file, however few the processors.
    verbose : int, default=0
        If not 0, `fit` says what was matched and masked, and `transform` shows a progress bar.

    Attributes
    ----------
    tracks_ : tuple of str
        Names of the tracks, in the order of the mapping, or of first appearance in the table.
    files_ : dict of (str or None) to tuple of tuple of str
        Paths by sample (None where `tracks` has none), track and replicate.
    chromsizes_ : dict of str to int
        Length in bp of every chromosome that any file lists.
    chrom_names_ : dict of str to tuple of str
        What ``chrom_names="match"`` reconciled: for each chromosome of the genes it was fitted on
        that a file calls otherwise, the names in files.
    blacklist_ : pandas.DataFrame or None
        The intervals of `blacklist`, sorted and merged.
    n_blacklisted_bins_, n_blacklisted_regions_ : int
        How many bins of how many distinct regions, of the genes it was fitted on, are set to 0.

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
        blacklist=None,
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
        self.blacklist = blacklist
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y=None):
        """Check parameters, gene table and files.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_genes, n_columns)
            Gene table: ``chrom``, ``tss`` (0-based, bp), ``strand``, ``gene_id`` as a column or
            the index; ``sample`` where `tracks` has several; optional ``pcres``.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : BigWigTransformer

        Raises
        ------
        FileNotFoundError
            If a file is missing.
        ConnectionError, PermissionError
            If a server does not give a file.
        TypeError, ValueError
            If a parameter, the gene table, a file or the blacklist is not valid, files disagree on
            the length of a chromosome or, with ``missing_chrom="error"``, do not list one of the
            genes or pCREs.
        """
        genes = self._check_parameters(X)
        self.tracks_, self.files_ = track_files(self.tracks)
        samples = check_samples(self.files_, genes)
        sizes = read_file_chroms(self.tracks_, self.files_, X)
        self.chromsizes_ = {
            name: size for listed in sizes.values() for name, size in listed.items()
        }
        pcres = gather_pcres(genes)
        self.chrom_names_ = check_chroms(
            sizes, samples, genes, pcres, self.missing_chrom, self.chrom_names
        )
        self.blacklist_ = None
        self.n_blacklisted_bins_ = self.n_blacklisted_regions_ = 0
        if self.blacklist is not None:
            self.blacklist_ = read_blacklist(self.blacklist)
            check_blacklist(self.blacklist_, self.chromsizes_, self.chrom_names)
            regions, _, _ = distinct_regions(genes, pcres, self.window, samples)
            bins, owners = self._blacklisted(regions)
            self.n_blacklisted_bins_ = len(bins)
            self.n_blacklisted_regions_ = len(np.unique(owners))
        if self.verbose:
            self._report()
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
        FileNotFoundError, ConnectionError, PermissionError
            If a file is missing or a server does not give it.
        """
        check_is_fitted(self, "files_")
        genes = check_genes(X)
        samples = check_samples(self.files_, genes)
        pcres = gather_pcres(genes)
        sizes = read_file_chroms(self.tracks_, self.files_, X)
        check_chroms(sizes, samples, genes, pcres, self.missing_chrom, self.chrom_names)
        chromsizes = check_ends(genes, pcres, self.chromsizes_, self.chrom_names)
        regions, index, weights = distinct_regions(genes, pcres, self.window, samples)
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

    def _check_parameters(self, X):
        """Judge what needs no file, and give the checked gene table."""
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
        return genes

    def _blacklisted(self, regions):
        """Find the bins that the blacklist touches, and the region of each."""
        places = _places(regions, slice(None))
        return blacklisted_bins(self.blacklist_, *places, self.bin_size, self.chrom_names)

    def _report(self):
        """Say what was matched and masked."""
        names = [f"{name} = {' = '.join(found)}" for name, found in self.chrom_names_.items()]
        if names:
            tqdm.write(f"bigWig: chromosomes matched: {name_some(names, 30)}", file=sys.stderr)
        if self.blacklist_ is not None:
            tqdm.write(
                f"bigWig: blacklist: {self.n_blacklisted_bins_} bins of "
                f"{self.n_blacklisted_regions_} regions are set to 0",
                file=sys.stderr,
            )

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
        if self.blacklist_ is not None:
            # Not before: what is kept in `memory` is what the files hold.
            signal[self._blacklisted(regions)[0]] = 0
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

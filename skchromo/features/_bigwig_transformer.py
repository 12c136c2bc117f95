"""BigWigTransformer: gene table in, binned signal of every region out."""

import sys
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted
from tqdm import tqdm

from .._arrays import bin_offsets
from .._words import check_choice, name_some
from ..genome import check_genes
from ..genome.bigwig import check_signal_options
from ..genome.tracks import blacklisted_bins, check_blacklist, read_blacklist, track_files
from ..regions import RegionArray
from ._gene_table import GeneTableTransformer, each_condition, has_conditions
from ._read_signal import cache_folder, flip_regions, read_signal
from ._regions import Regions, find_regions
from ._track_files import (
    check_chroms,
    check_ends,
    files_of_tracks,
    read_file_chroms,
    warn_missing_in_all,
    warn_without_signal,
    watch_files,
)
from ._track_scale import (
    average_files,
    choose_promoters,
    measure_depth,
    measure_quantiles,
    scale_function,
)

# Fitted attributes that are tables, or None.
_TABLES = ("blacklist_", "scale_promoters_")


class _Located(NamedTuple):
    """A checked gene table, one row a gene and sample, and where its regions lie in which files."""

    genes: pd.DataFrame
    n_conditions: int
    regions: Regions
    files: dict
    watches: dict
    chromsizes: dict
    chrom_names: dict


class BigWigTransformer(GeneTableTransformer, auto_wrap_output_keys=None):
    """Read the signal around each gene, and at its pCREs, from bigWig files.

    Each row of the gene table becomes one gene of a :class:`~skchromo.RegionArray`: the promoter
    window, read 5'->3', and the row's pCREs where the table has a column ``pcres`` (as
    :class:`InteractionTransformer` adds it). Signal is the exact mean over the base pairs of each
    bin, not logged. Regions that genes share are read and stored once.

    Parameters
    ----------
    tracks : mapping of str to (path or list of paths), pandas.DataFrame, str or path
        The bigWig file of each track: its path or its address (http, https, s3, gs, ftp, ...);
        several files of one track are replicates, whose means are averaged. For genes in several
        cell types a table with the columns ``sample``, ``track`` and ``path``, one row per file:
        with several samples the gene table needs a column ``sample`` too. Or where such a table is
        found: a sample sheet (TSV or CSV), a pattern such as ``"data/{sample}-{track}.bigwig"``, or
        a folder of Roadmap's or ENCODE's files, see :func:`~skchromo.genome.list_tracks`.
    window : int, default=40_000
        Length of the promoter window in bp, centred on the TSS; half of it must be a multiple of
        `bin_size`. It may run past the chromosome's ends, where there is no coverage.
    bin_size : int, default=100
        Width of a bin in bp: the finest that a model will see.
    gaps : {"zero", "ignore"}, default="zero"
        How bases that a file does not cover count: as 0, or not at all (the mean is then over
        covered bases only, and 0 in a bin without any).
    nan : {"error", "gap"}, default="error"
        How NaN that a file stores as a value is treated: an error that names the place, or as bases
        that the file does not cover.
    missing_chrom : {"error", "zero"}, default="error"
        How genes and pCREs on chromosomes that a file does not list are treated: an error that
        counts them, or as not covered.
    missing_tracks : {"error", "zero"}, default="error"
        How a track that some samples lack is treated (the table of tracks has no row of it): an
        error that names both, or as signal 0 with a mark of its absence, ``missing`` of the result.
        With "zero" a mapping, too, may lack tracks of the fit when other samples are predicted.
    chrom_names : {"exact", "match"}, default="exact"
        Whether names of chromosomes must agree as they stand, or ``chr1`` and ``1`` (``chrM`` and
        ``MT``) are taken for the same.
    blacklist : str, path or pandas.DataFrame, default=None
        Intervals whose signal cannot be trusted, such as ENCODE's blacklist of the assembly: a BED
        file (also gzipped) or a table ``chrom start end``. Bins that share at least one base with
        an interval are set to 0, in all tracks.
    scale : {None, "depth", "quantile"}, default=None
        How files of different depth are brought to one scale, track by track: the scale of the
        training samples, which are the samples of the genes it is fitted on. None takes signal as
        it is. ``"depth"`` multiplies all signal of a file by one factor, so that its mean signal
        per bp, which its header states, becomes that of the training samples. ``"quantile"`` gives
        it the distribution that they have at the promoters of the training genes. Replicates are
        scaled before they are averaged.
    memory : str, path or joblib.Memory, default=None
        Folder in which to keep the signal that has been read: cross-validation and searches then
        read each region of each file once, whatever the folds and candidates. A file that is
        replaced is read again; another blacklist or `scale` needs no reading. Of a
        :class:`joblib.Memory` its location is used. None keeps nothing.
    n_jobs : int, default=None
        Threads that read at the same time; None means 1 (or what a surrounding
        :func:`joblib.parallel_config` says), -1 all processors. The result does not depend on it.
        Files on a web server gain from one thread per file, however few the processors.
    verbose : int, default=0
        If not 0, `fit` prints which names were matched and how many bins were masked, and
        `transform` shows a bar of the regions that are read, with the time left.

    Attributes
    ----------
    tracks_ : tuple of str
        Names of the tracks, in the order of the mapping, or of first appearance in the table.
    files_ : dict of (str or None) to tuple of tuple of str
        Paths by sample (None where `tracks` has none), track and replicate; none of a track that
        the sample lacks.
    chromsizes_ : dict of str to int
        Length in bp of every chromosome that any file lists.
    chrom_names_ : dict of str to tuple of str
        The names that ``chrom_names="match"`` matched: for each chromosome of the genes it was
        fitted on that has another name in a file, the names in files.
    blacklist_ : pandas.DataFrame or None
        The intervals of `blacklist`, sorted and merged.
    n_blacklisted_bins_, n_blacklisted_regions_ : int
        How many bins of how many distinct regions, of the genes it was fitted on, are set to 0.
    scale_reference_ : ndarray of shape (n_tracks,) or (n_tracks, n_quantiles), or None
        The scale that files are brought to: for ``"depth"`` the mean signal per bp, for
        ``"quantile"`` the quantiles of the mean signal of bins, each averaged over the replicates
        of a sample, then over the training samples.
    scale_promoters_ : pandas.DataFrame or None
        For ``"quantile"``: ``chrom start end`` of the training promoters at which the quantiles of
        all files are taken, 1,000 at most.
    n_features_in_ : int
        Number of columns of the gene table in `fit`.
    feature_names_in_ : ndarray of shape (n_columns,), object
        Their names, where all are str.

    See Also
    --------
    InteractionTransformer : Adds the pCREs of each gene to the table.

    Notes
    -----
    Except for `scale`, the transformer learns nothing from the genes it is fitted on: fitting
    checks parameters and files. A fitted transformer holds paths, not signal. The files are read by
    `transform`, which takes the paths in `tracks` at that time: to predict other samples, a fitted
    Pipeline only needs ``set_params(tracks=...)`` with the same tracks of these samples.

    With ``scale="depth"`` a file of mean signal m per bp (the sum of all signal over the length of
    all chromosomes) is multiplied by r / m, where r is `scale_reference_`. This suits read depth.
    For fold change or -log10 p, which do not grow in proportion to depth, there is
    ``"quantile"``: signal is mapped by straight lines between a file's quantiles (131: each
    hundredth up to 0.89, and denser from 0.9 to 0.999) and the quantiles of the reference (Bolstad
    et al., Bioinformatics 2003, doi 10.1093/bioinformatics/19.2.185). 0 stays 0, and above the last
    quantile its factor holds. The map also removes true differences between samples in the share of
    the genome that a mark covers. The measures of a file do not depend on the rows that are
    transformed, so that any rows give the same values.

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
    >>> reader = BigWigTransformer({"H3K4me3": path}, window=400).fit(genes)
    >>> X = reader.transform(genes)
    >>> X.shape, reader.fit_transform(genes).equals(X)
    ((2, 1, 4, 1), True)
    >>> X.to_dense().values[:, 0, :, 0]
    array([[0., 3., 0., 0.],
           [0., 0., 3., 0.]], dtype=float32)
    >>> reader.get_feature_names_out().tolist()
    ['H3K4me3']
    """

    def __init__(
        self,
        tracks,
        *,
        window=40_000,
        bin_size=100,
        gaps="zero",
        nan="error",
        missing_chrom="error",
        missing_tracks="error",
        chrom_names="exact",
        blacklist=None,
        scale=None,
        memory=None,
        n_jobs=None,
        verbose=0,
    ):
        self.tracks = tracks
        self.window = window
        self.bin_size = bin_size
        self.gaps = gaps
        self.nan = nan
        self.missing_chrom = missing_chrom
        self.missing_tracks = missing_tracks
        self.chrom_names = chrom_names
        self.blacklist = blacklist
        self.scale = scale
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y=None):
        """Check parameters, gene table and files.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_genes, n_columns)
            Gene table: ``chrom``, ``tss`` (0-based, bp), ``strand``, ``gene_id`` as a column or
            the index; ``sample`` where `tracks` has several, or ``sample_a`` and ``sample_b`` for
            rows that compare two; optional ``pcres`` (``pcres_a`` and ``pcres_b``).
        y : object, default=None
            Ignored.

        Returns
        -------
        self : BigWigTransformer
            The fitted transformer.

        Raises
        ------
        FileNotFoundError
            If a file is missing.
        ConnectionError, PermissionError
            If a server does not give a file.
        TypeError, ValueError
            If a parameter, the gene table, a file or the blacklist is not valid, files disagree on
            the length of a chromosome, do not list one of the genes or pCREs (with
            ``missing_chrom="error"``), or lack what `scale` needs.

        Warns
        -----
        UserWarning
            If a file holds no signal, or none on any chromosome of the genes; or all samples of
            the genes lack a track.
        """
        self._fit(X)
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
            Mean signal per bin. Without a column ``pcres`` it has the promoter alone. Rows that
            compare two samples give (n_genes, 2, 1 + max_pcres, n_bins, n_tracks).

        Raises
        ------
        TypeError, ValueError
            If the gene table is not valid, a gene or pCRE lies beyond its chromosome's end or, with
            ``missing_chrom="error"``, on a chromosome that a file does not list, if a file holds
            negative, infinite or (with ``nan="error"``) NaN signal there or is damaged, or if
            `tracks` has been set to tracks of other names.
        FileNotFoundError, ConnectionError, PermissionError
            If a file is missing or a server does not give it.
        """
        check_is_fitted(self, "files_")
        files = files_of_tracks(self.tracks, self.tracks_, self.missing_tracks)
        located = self._locate(X, files)
        if located.files != self.files_:
            warn_without_signal(located.regions, located.files, self.tracks_, self.chrom_names)
        return self._read(located)

    def fit_transform(self, X, y=None):
        """Fit, then read the regions of each gene; files and genes are matched only once.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_genes, n_columns)
            Gene table as in `fit`.
        y : object, default=None
            Ignored.

        Returns
        -------
        RegionArray of shape (n_genes, 1 + max_pcres, n_bins, n_tracks), float32
            The result of `transform`.
        """
        return self._read(self._fit(X))

    def get_feature_names_out(self, input_features=None):
        """Return the names of the tracks: a Pipeline names the columns of its result by them.

        Parameters
        ----------
        input_features : array-like of str of shape (n_columns,), default=None
            Compared with `feature_names_in_`, as everywhere in scikit-learn; the names do not
            depend on it.

        Returns
        -------
        names : ndarray of str, object
            `tracks_`.
        """
        check_is_fitted(self, "files_")
        _check_feature_names_in(self, input_features)
        return np.array(self.tracks_, dtype=object)

    def __getstate__(self):
        """Return the state in types that skops can write: no tables, and no None as a key."""
        state = dict(super().__getstate__())
        if "files_" in state:
            state["files_"] = list(state["files_"].items())
        for name in _TABLES:
            if state.get(name) is not None:
                state[name] = {column: state[name][column].to_numpy() for column in state[name]}
        return state

    def __setstate__(self, state):
        state = dict(state)
        if "files_" in state:
            state["files_"] = dict(state["files_"])
        for name in _TABLES:
            if state.get(name) is not None:
                state[name] = pd.DataFrame(state[name])
        super().__setstate__(state)

    def _fit(self, X):
        """Check parameters and files, learn the scale, and return the located gene table."""
        check_signal_options(
            self.bin_size, self.gaps, self.nan, self.missing_chrom, self.chrom_names
        )
        check_choice("scale", self.scale, (None, "depth", "quantile"))
        check_choice("missing_tracks", self.missing_tracks, ("error", "zero"))
        cache_folder(self.memory)
        self.tracks_, self.files_ = track_files(self.tracks, self.missing_tracks)
        located = self._locate(X, self.files_)
        self._remember_columns(X)
        regions, training = located.regions, _of_samples(self.files_, located.regions)
        warn_without_signal(regions, self.files_, self.tracks_, self.chrom_names)
        warn_missing_in_all(training, self.tracks_)
        self.chromsizes_, self.chrom_names_ = located.chromsizes, located.chrom_names
        self.blacklist_ = self.scale_promoters_ = self.scale_reference_ = None
        self.n_blacklisted_bins_ = self.n_blacklisted_regions_ = 0
        if self.blacklist is not None:
            self.blacklist_ = read_blacklist(self.blacklist)
            check_blacklist(self.blacklist_, self.chromsizes_, self.chrom_names)
            bins, owners = self._blacklisted(regions.chrom, regions.start, regions.end)
            self.n_blacklisted_bins_ = len(bins)
            self.n_blacklisted_regions_ = len(np.unique(owners))
        if self.scale == "quantile":
            self.scale_promoters_ = choose_promoters(located.genes, self.window)
        if self.scale is not None:
            measures = self._measure(training, located.watches)
            self.scale_reference_ = average_files(measures, training, self.tracks_)
        if self.verbose:
            self._report()
        return located

    def _locate(self, X, files):
        """Check a gene table against the files, and return where its regions lie."""
        n_conditions = 2 if has_conditions(X) else 1
        if n_conditions == 2:
            if len(files) < 2:
                raise ValueError(
                    "the gene table compares sample_a and sample_b, but tracks hold one sample "
                    "only: give a table or sample sheet with the columns sample, track and path"
                )
            X = each_condition(X)
        genes = check_genes(X)
        regions = find_regions(genes, self.window, files)
        if (self.window // 2) % self.bin_size:
            raise ValueError(
                f"window={self.window} and bin_size={self.bin_size} do not fit together: half the "
                "window must be a multiple of bin_size, so that no bin lies across the TSS"
            )
        watches = watch_files(files, self.tracks_)
        listed = read_file_chroms(files, self.tracks_, X)
        chrom_names = check_chroms(
            regions, files, self.tracks_, listed, self.missing_chrom, self.chrom_names
        )
        chromsizes = {name: size for sizes in listed.values() for name, size in sizes.items()}
        return _Located(genes, n_conditions, regions, files, watches, chromsizes, chrom_names)

    def _read(self, located):
        """Return the RegionArray of a located gene table."""
        genes, n_conditions, regions, files, watches, chromsizes, _ = located
        chromsizes = check_ends(genes, regions, chromsizes, self.chrom_names)
        scales = self._scales(regions, files, watches)
        signal = read_signal(regions, files, self.tracks_, scales, watches, **self._reading())
        if self.blacklist_ is not None:
            # Not before: `memory` keeps the signal as the files hold it.
            signal[self._blacklisted(regions.chrom, regions.start, regions.end)[0]] = 0
        flip_regions(signal, regions, self.bin_size)
        lacking = [[not paths for paths in of_sample] for of_sample in files.values()]
        X = RegionArray(
            signal=signal,
            offsets=bin_offsets(regions.start, regions.end, self.bin_size),
            chrom=regions.chrom,
            start=regions.start,
            end=regions.end,
            index=regions.index,
            weights=regions.weights,
            missing=np.array(lacking)[regions.sample[regions.promoters]],
            genes=genes.drop(columns="pcres", errors="ignore").astype(
                {name: object for name in ("gene_id", "chrom", "strand", "sample") if name in genes}
            ),
            tracks=self.tracks_,
            bin_size=self.bin_size,
            n_bins=-(-regions.longest // self.bin_size),
            window=self.window,
            chromsizes=chromsizes,
        )
        if n_conditions == 1:
            return X
        return RegionArray.stack(X[: len(X) // 2], X[len(X) // 2 :])

    def _scales(self, regions, files, watches):
        """Return the function that scales each file that is to be read, by its path and track."""
        if self.scale is None:
            return {}
        files = _of_samples(files, regions)
        measures = self._measure(files, watches)
        return {
            (path, track): scale_function(measures[path], reference)
            for of_sample in files.values()
            for track, paths, reference in zip(self.tracks_, of_sample, self.scale_reference_)
            for path in paths
        }

    def _measure(self, files, watches):
        """Measure each file for `scale`, by its path."""
        if self.scale == "depth":
            return measure_depth(files, self.tracks_, watches)
        places = [self.scale_promoters_[name].to_numpy() for name in ("chrom", "start", "end")]
        hidden = None if self.blacklist_ is None else self._blacklisted(*places)[0]
        return measure_quantiles(files, self.tracks_, places, hidden, watches, **self._reading())

    def _reading(self):
        """Return the settings with which files are read."""
        names = ("bin_size", "memory", "n_jobs", "verbose", "gaps", "nan", "missing_chrom")
        return {name: getattr(self, name) for name in (*names, "chrom_names")}

    def _blacklisted(self, chrom, start, end):
        """Return the bins of regions that the blacklist touches, and the region of each."""
        return blacklisted_bins(self.blacklist_, chrom, start, end, self.bin_size, self.chrom_names)

    def _report(self):
        """Print which names were matched, and how many bins were masked."""
        names = [f"{name} = {' = '.join(found)}" for name, found in self.chrom_names_.items()]
        if names:
            tqdm.write(f"bigWig: chromosomes matched: {name_some(names, 30)}", file=sys.stderr)
        if self.blacklist_ is not None:
            tqdm.write(
                f"bigWig: blacklist: {self.n_blacklisted_bins_} bins of "
                f"{self.n_blacklisted_regions_} regions are set to 0",
                file=sys.stderr,
            )


def _of_samples(files, regions):
    """Return the files of those samples that the regions are read from."""
    names = list(files)
    return {names[number]: files[names[number]] for number in np.unique(regions.sample)}

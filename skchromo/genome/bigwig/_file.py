"""One bigWig file: judged before it is opened, and read as runs of signal or base by base."""

import os
from contextlib import contextmanager

import numpy as np
import pyBigWig

from ..._arrays import ranges
from ..._files import is_url, without_login
from .._sniff import BIGWIG, SNIFFED, explain_format
from ._blocks import BlockDamageError, BlockReader, Runs
from ._index import DamageError, Layout, file_size, read_at
from ._remote import RemoteError, fetch_blocks, open_remote

# What remote files say of themselves, by address; the newest few.
_REMOTE_LAYOUTS, _MOST_LAYOUTS = {}, 256


class OverlappingRunsError(Exception):
    """Two runs of a file cover one base, which the format does not provide for."""


class BigWigFile:
    """A bigWig file that can be pickled, read after a fork, and read by several threads.

    It holds a path. The file is checked and opened when it is first read. What is opened is never
    pickled; a handle of pyBigWig is not used in a process other than the one that opened it. Of a
    file on a web server the index is read once in a process, as long as it is not replaced.

    Parameters
    ----------
    path : str or os.PathLike
        The file, or its http or https address, where the server must serve parts of files.
    track : str, default=None
        Name of its track, for error messages.

    Attributes
    ----------
    path : str
        The file.
    track : str or None
        Name of its track.

    Examples
    --------
    >>> import tempfile, os, pyBigWig
    >>> path = os.path.join(tempfile.mkdtemp(), "H3K4me3.bw")
    >>> with pyBigWig.open(path, "w") as handle:
    ...     handle.addHeader([("chr1", 1000)])
    ...     handle.addEntries(["chr1"], [2], ends=[4], values=[1.5])
    >>> with BigWigFile(path) as bigwig:
    ...     print(bigwig.chromsizes, bigwig.values("chr1", 0, 5))
    {'chr1': 1000} [nan nan 1.5 1.5 nan]
    >>> bigwig = BigWigFile(path)
    >>> for runs in bigwig.runs("chr1", np.array([0]), np.array([5])):
    ...     print(runs.start, runs.end, runs.value)
    [2] [4] [1.5]
    >>> bigwig.close()
    """

    def __init__(self, path, track=None):
        self.path = os.fspath(path)
        self.track = track
        self._opened, self._handles = {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __getstate__(self):
        return {"path": self.path, "track": self.track, "_opened": {}, "_handles": {}}

    def __str__(self):
        path = without_login(self.path)
        return f"track {self.track} ({path})" if self.track else path

    @property
    def chromsizes(self):
        """Length of each chromosome in bp, dict of str to int."""
        return {name: chrom.size for name, chrom in self._layout().chroms.items()}

    @property
    def summary(self):
        """What the header says of all signal, Summary; None where it says nothing."""
        return self._layout().summary

    def close(self):
        """Close the file if it has been opened; reading opens it again."""
        layout = self._opened.pop("layout", None)
        if layout:
            layout.file.close()
        opened = self._handles.pop(os.getpid(), None)
        if opened:
            opened[0].close()

    def runs(self, chrom, start, end):
        """Read the runs of signal in the neighbourhood of some intervals.

        Each data block of the file that an interval touches is read and inflated once.

        Parameters
        ----------
        chrom : str
            Chromosome, as the file names it.
        start, end : ndarray of shape (n_intervals,), int64
            Half-open intervals in bp, in rising order and apart from one another.

        Yields
        ------
        Runs
            Some of the runs at a time, by rising position: all that overlap an interval, and
            others nearby, whose values mean nothing.

        Raises
        ------
        ValueError
            If the file is damaged, or holds NaN, an infinite or a negative value in an interval.
        FileNotFoundError, ConnectionError, PermissionError
            If a server does not give it.
        OverlappingRunsError
            If the file holds several values for one base.
        """
        layout = self._layout()
        number = layout.chroms[chrom].number
        last_end = 0
        with self._worded():
            for reader, batch in self._batches(layout, chrom, start, end):
                try:
                    runs = reader.read(batch, number)
                except BlockDamageError as damage:
                    block = damage.args[0]
                    raise self._damaged(chrom, batch.start[block], batch.end[block]) from None
                if len(runs.start):
                    if runs.start[0] < last_end or (runs.start[1:] < runs.end[:-1]).any():
                        raise OverlappingRunsError
                    last_end = runs.end[-1]
                    runs = _near(runs, start, end)
                if len(runs.start):
                    yield self._without_bad_values(runs, chrom, start, end)

    def values(self, chrom, start, end):
        """Read the value of each base.

        Parameters
        ----------
        chrom : str
            Chromosome, as the file names it.
        start, end : int
            Half-open interval in bp, within the chromosome.

        Returns
        -------
        ndarray of shape (end - start,), float32
            Signal of each base, finite and non-negative; NaN where the file holds none.

        Raises
        ------
        ValueError
            If the file is damaged, holds NaN, an infinite or a negative value there, or is a URL.
        """
        handle, may_hold_nan = self._open()
        try:
            values = handle.values(chrom, start, end, numpy=True)
            intervals = handle.intervals(chrom, start, end) if may_hold_nan else None
        except RuntimeError as error:
            raise self._damaged(chrom, start, end) from error
        if len(values) == 0:
            return np.full(end - start, np.nan, dtype=np.float32)
        for first, last, value in intervals or ():
            if value != value:
                raise self._stored_nan(chrom, first, last)
        with np.errstate(invalid="ignore"):
            bad = (values < 0) | np.isinf(values)
        if bad.any():
            raise self._no_logarithm(values[bad.argmax()], chrom, start + bad.argmax())
        return values

    def _batches(self, layout, chrom, start, end):
        """Yield the blocks that touch the intervals, each batch with its reader."""
        try:
            blocks = layout.blocks(chrom)
        except DamageError:
            raise self._damaged(chrom, start[0], end[0]) from None
        wanted = blocks.take(_touched(blocks.start, blocks.end, start, end))
        for file, some in fetch_blocks(layout.file, wanted):
            reader = BlockReader(file, layout.inflated_size)
            yield from ((reader, batch) for batch in reader.batches(some))

    def _without_bad_values(self, runs, chrom, start, end):
        """Refuse values that have no logarithm in the intervals; elsewhere put 0 for them."""
        if runs.value.min() >= 0 and runs.value.max() < np.inf:
            return runs
        bad = ~(runs.value >= 0) | np.isinf(runs.value)
        wanted = np.flatnonzero(bad)[_touched(runs.start[bad], runs.end[bad], start, end)]
        if len(wanted):
            run = wanted[0]
            first, last, value = runs.start[run], runs.end[run], runs.value[run]
            if np.isnan(value):
                raise self._stored_nan(chrom, first, last)
            interval = np.searchsorted(end, first, "right")
            raise self._no_logarithm(value, chrom, max(int(first), int(start[interval])))
        return runs._replace(value=np.where(bad, np.float32(0), runs.value))

    def _damaged(self, chrom, start, end):
        """Word the error for a place that cannot be read."""
        return ValueError(
            f"{self}: cannot be read at {chrom}:{start}-{end}: the file is damaged, "
            "copy or download it again"
        )

    def _stored_nan(self, chrom, start, end):
        """Word the error for a NaN that is stored, not a gap."""
        return ValueError(
            f"{self}: NaN stored at {chrom}:{start}-{end}: make the file again without it "
            "(leave such bases out, or write 0)"
        )

    def _no_logarithm(self, value, chrom, position):
        """Word the error for a negative or infinite value."""
        what = "negative" if value < 0 else "infinite"
        return ValueError(
            f"{self}: {what} signal ({value:g}) at {chrom}:{position}: signal must be finite and "
            "non-negative, as its logarithm is taken; for a log-ratio track use the fold change "
            "or the read depth instead, or exponentiate it"
        )

    def _layout(self):
        """Judge and open the file, once."""
        if "layout" not in self._opened:
            layout = self._read_layout()
            if self._opened.setdefault("layout", layout) is not layout:
                layout.file.close()  # another thread was faster
        return self._opened["layout"]

    def _read_layout(self):
        """Refuse what is no bigWig, or not all of one."""
        if is_url(self.path):
            return self._remote_layout()
        if not os.path.exists(self.path):
            raise FileNotFoundError(f"{self}: no such file: check the path")
        if os.path.isdir(self.path):
            raise ValueError(f"{self}: is a folder, not a bigWig file")
        file = open(self.path, "rb")  # noqa: SIM115 - the layout keeps it open
        try:
            return self._layout_of(file)
        except BaseException:
            file.close()
            raise

    def _remote_layout(self):
        """Ask the server for the file, and read its layout unless it is known."""
        with self._worded():
            file = open_remote(self.path)
            known = _REMOTE_LAYOUTS.get(self.path)
            if known is None or file.version is None or known.file.state != file.state:
                known = self._layout_of(file)
                _REMOTE_LAYOUTS[self.path] = known
                for oldest in list(_REMOTE_LAYOUTS)[:-_MOST_LAYOUTS]:
                    _REMOTE_LAYOUTS.pop(oldest, None)
            return known

    def _layout_of(self, file):
        """Judge an open file."""
        start = read_at(file, 0, SNIFFED)
        if int.from_bytes(start[:4], "little") != BIGWIG:
            advice = explain_format(start, without_login(self.path))
            raise ValueError(f"{self}: not a bigWig file: {advice}")
        try:
            return Layout(file)
        except DamageError:
            raise self._incomplete(file_size(file)) from None

    @contextmanager
    def _worded(self):
        """Name track and address where a remote file cannot be read."""
        try:
            yield
        except RemoteError as error:
            kind, words = error.args
            raise kind(f"{self}: {words}") from error

    def _open(self):
        """Judge and open the file for pyBigWig, once in each process."""
        if is_url(self.path):
            raise ValueError(
                f"{self}: a file in which runs overlap can be read from disk only, base by base: "
                "download the file and give its path"
            )
        pid = os.getpid()
        if pid not in self._handles:
            # A reader cannot tell a stored NaN from a gap without listing every interval.
            may_hold_nan = self._layout().may_hold_nan
            try:
                handle = pyBigWig.open(self.path)
            except RuntimeError as error:
                raise ValueError(
                    f"{self}: cannot be opened as a bigWig: copy or download it again"
                ) from error
            self._handles[pid] = (handle, may_hold_nan)
        return self._handles[pid]

    def _incomplete(self, size):
        """Word the error for a file that ends too early or is overwritten in places."""
        return ValueError(
            f"{self}: the file is incomplete or damaged ({size} bytes, and what its header "
            "promises is not there): copy or download it again"
        )


def _near(runs, start, end):
    """Leave out most runs that overlap no interval, where these are the greater part."""
    first = np.maximum(np.searchsorted(runs.start, start.astype(np.uint32), "right") - 1, 0)
    stop = np.searchsorted(runs.start, end.astype(np.uint32), "left")
    first[1:] = np.maximum(first[1:], stop[:-1])
    counts = np.maximum(stop - first, 0)
    if 2 * counts.sum() > len(runs.start):
        return runs
    kept = ranges(first, counts)
    return Runs(*(column[kept] for column in runs))


def _touched(start, end, interval_start, interval_end):
    """Mark what overlaps any of several intervals, which are in order and apart."""
    following = np.searchsorted(interval_end, start, "right")
    return np.append(interval_start, np.iinfo(np.int64).max)[following] < end


def read_chromsizes(path, track=None):
    """Read the chromosomes that a bigWig lists.

    Parameters
    ----------
    path : str or os.PathLike
        The bigWig file, or its http or https address.
    track : str, default=None
        Name of its track, for error messages.

    Returns
    -------
    dict of str to int
        Length of each chromosome in bp.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a bigWig, is incomplete or damaged, or a server does not serve parts of it.
    ConnectionError, PermissionError
        If a server does not give it.

    Examples
    --------
    >>> import tempfile, os, pyBigWig
    >>> path = os.path.join(tempfile.mkdtemp(), "H3K4me3.bw")
    >>> with pyBigWig.open(path, "w") as handle:
    ...     handle.addHeader([("chr1", 1000), ("chr2", 500)])
    ...     handle.addEntries(["chr1"], [2], ends=[4], values=[1.5])
    >>> read_chromsizes(path)
    {'chr1': 1000, 'chr2': 500}
    """
    with BigWigFile(path, track) as bigwig:
        return bigwig.chromsizes

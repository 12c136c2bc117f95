"""One bigWig file: checked when it is opened, and read as runs of signal or base by base."""

import functools
import os

import numpy as np

from ..._addresses import hide_logins, is_url, shown
from ..._arrays import ranges
from ..._files import open_at
from ..._words import printable
from .._sniff import BIGWIG, SNIFFED, explain_format
from ._blocks import BlockDamageError, Runs, read_runs
from ._index import DamageError, Layout


class OverlappingRunsError(Exception):
    """Two runs of a file cover one base, which the format does not provide for."""


class BigWigFile:
    """A bigWig file, on disk or at an address, that pickles, and that threads and forks may share.

    It is checked and opened when it is first read, and pickled without what is open. `track` is the
    name of its track for messages; with ``nan="gap"`` NaN that is stored counts as not covered.
    """

    def __init__(self, path, track=None, nan="error"):
        self.path = hide_logins(os.fspath(path))
        self.track = track
        self.nan = nan
        self._opened = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __getstate__(self):
        return self.__dict__ | {"_opened": {}}

    def __str__(self):
        path = shown(self.path)
        return printable(f"track {self.track} ({path})" if self.track else path)

    @property
    def chromsizes(self):
        """Return the length of each chromosome in bp, dict of str to int."""
        return {name: chrom.size for name, chrom in self._open()[1].chroms.items()}

    @property
    def summary(self):
        """Return the header's numbers on all signal, a Summary; None where it has none."""
        return self._open()[1].summary

    def chroms_with_signal(self):
        """Return the names of chromosomes with signal, a set; None where the index is damaged."""
        file, layout = self._open()
        try:
            return layout.chroms_with_signal(file)
        except DamageError:
            return None

    def close(self):
        """Close the file if it has been opened; reading opens it again."""
        opened = self._opened.pop("file", None)
        if opened:
            opened[0].close()

    def runs(self, chrom, start, end):
        """Yield the runs of signal that overlap some intervals, and others nearby, by position.

        The intervals are half-open, in rising order and apart from one another; `chrom` is the
        file's own name. Each data block that they touch is read and inflated once. Values outside
        the intervals mean nothing. `OverlappingRunsError` where a base has several values.
        """
        last_end = 0
        for runs in self._read(chrom, start, end):
            if len(runs.start):
                if runs.start[0] < last_end or (runs.start[1:] < runs.end[:-1]).any():
                    raise OverlappingRunsError
                last_end = runs.end[-1]
                runs = _near(runs, start, end)
            if len(runs.start):
                runs = self._without_bad_values(runs, chrom, start, end)
                stored = ~np.isnan(runs.value) if self.nan == "gap" else None
                if stored is not None and not stored.all():
                    runs = Runs(*(column[stored] for column in runs))
            if len(runs.start):
                yield runs

    def values(self, chrom, start, end):
        """Return the value of each base of an interval, float32; NaN where the file holds none.

        Where runs overlap, the last one counts, as in pyBigWig.
        """
        values = np.full(end - start, np.nan, dtype=np.float32)
        interval = np.array([start]), np.array([end])
        for runs in self._read(chrom, *interval):
            runs = self._without_bad_values(runs, chrom, *interval)
            places = (np.clip(edge.astype(np.int64) - start, 0, end - start) for edge in runs[:2])
            columns = (column.tolist() for column in (*places, runs.value))
            for first, last, value in zip(*columns, strict=True):
                values[first:last] = value
        return values

    def _open(self):
        """Open and check the file, once; return it with its layout."""
        if "file" not in self._opened:
            opened = self._open_anew()
            if self._opened.setdefault("file", opened) is not opened:
                opened[0].close()  # another thread was faster
        return self._opened["file"]

    def _open_anew(self):
        """Open the file, and refuse another format or an incomplete file."""
        if not is_url(self.path):
            if not os.path.exists(self.path):
                raise FileNotFoundError(f"{self}: no such file: check the path")
            if os.path.isdir(self.path):
                raise ValueError(f"{self}: is a folder, not a bigWig file")
        file = open_at(self.path, str(self))
        try:
            start = file.read_at(0, SNIFFED)
            if int.from_bytes(start[:4], "little") != BIGWIG:
                advice = explain_format(start, shown(self.path))
                raise ValueError(f"{self}: not a bigWig file: {advice}")
            if is_url(self.path):
                file, layout = _read_layout_once(file)
                return file.named(str(self)), layout
            layout = Layout(file)
            file.check_unchanged()
            return file, layout
        except DamageError:
            file.close()
            file.check_unchanged()
            raise ValueError(
                f"{self}: the file is incomplete or damaged ({file.size} bytes, and parts that its "
                "header points to are not there): copy or download it again"
            ) from None
        except BaseException:
            file.close()
            raise

    def _read(self, chrom, start, end):
        """Yield all runs of the blocks that touch the intervals, a batch at a time."""
        file, layout = self._open()
        try:
            blocks = layout.blocks(file, chrom)
        except DamageError:
            raise self._damaged(chrom, start[0], end[0]) from None
        blocks = blocks.take(_touched(blocks.start, blocks.end, start, end))
        try:
            yield from read_runs(file, blocks, layout.chroms[chrom].number, layout.inflated_size)
        except BlockDamageError as damage:
            raise self._damaged(chrom, *damage.args) from None
        file.check_unchanged()

    def _damaged(self, chrom, start, end):
        """Return the error for a place that cannot be read."""
        self._open()[0].check_unchanged()
        return ValueError(
            f"{self}: cannot be read at {chrom}:{start}-{end}: the file is damaged, "
            "copy or download it again"
        )

    def _without_bad_values(self, runs, chrom, start, end):
        """Refuse values without a logarithm in the intervals; put 0 for them elsewhere."""
        if not len(runs.value) or (runs.value.min() >= 0 and runs.value.max() < np.inf):
            return runs
        bad = ~(runs.value >= 0) | np.isinf(runs.value)
        if self.nan == "gap":
            bad &= ~np.isnan(runs.value)
        wanted = np.flatnonzero(bad)[_touched(runs.start[bad], runs.end[bad], start, end)]
        if not len(wanted):
            return runs._replace(value=np.where(bad, np.float32(0), runs.value))
        first, last, value = (column[wanted[0]] for column in runs)
        if np.isnan(value):
            raise ValueError(
                f"{self}: NaN stored at {chrom}:{first}-{last}: set nan='gap' to take such bases "
                "as not covered, or make the file again without it"
            )
        kind = "negative" if value < 0 else "infinite"
        position = max(int(first), int(start[np.searchsorted(end, first, "right")]))
        raise ValueError(
            f"{self}: {kind} signal ({value:g}) at {chrom}:{position}: signal must be finite and "
            "non-negative, because its logarithm is taken; for a log-ratio track use the fold "
            "change or the read depth instead, or exponentiate it"
        )


@functools.lru_cache(maxsize=256)
def _read_layout_once(file):
    """Return a file on a server, as it was opened first, and its layout; equal files share them."""
    return file, Layout(file)


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

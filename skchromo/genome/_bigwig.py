"""One bigWig file: judged before it is opened, opened once per process, read base by base."""

import os
import struct

import numpy as np
import pyBigWig

_BIGWIG = 0x888FFC26
_BIGBED = 0x8789F2EB
_CHROM_TREE = 0x78CA8C91
_INDEX = 0x2468ACE0
_HEADER = struct.Struct("<IHHQQQHHQQIQ")
_ZOOM = struct.Struct("<IIQQ")
_SUMMARY = struct.Struct("<Q4d")
_WORD = struct.Struct("<I")
_URL = ("http://", "https://", "ftp://")


class BigWigFile:
    """A bigWig file that can be pickled, and read after a fork.

    It holds a path. The file is judged and opened when it is first read in a process: a handle is
    never pickled, nor used in a process other than the one that opened it.

    Parameters
    ----------
    path : str or os.PathLike
        The file. A URL works only where pyBigWig was built with remote access.
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
    """

    def __init__(self, path, track=None):
        self.path = os.fspath(path)
        self.track = track
        self._handles = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __getstate__(self):
        return {"path": self.path, "track": self.track, "_handles": {}}

    def __str__(self):
        return f"track {self.track} ({self.path})" if self.track else self.path

    @property
    def chromsizes(self):
        """Length of each chromosome in bp, dict of str to int."""
        return dict(self._open()[0].chroms())

    def close(self):
        """Close the file if this process has opened it; reading opens it again."""
        opened = self._handles.pop(os.getpid(), None)
        if opened:
            opened[0].close()

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
            If the file is damaged, or holds NaN, an infinite or a negative value there.
        """
        handle, may_hold_nan = self._open()
        try:
            values = handle.values(chrom, start, end, numpy=True)
            intervals = handle.intervals(chrom, start, end) if may_hold_nan else None
        except RuntimeError as error:
            raise ValueError(
                f"{self}: cannot be read at {chrom}:{start}-{end}: the file is damaged, "
                "copy or download it again"
            ) from error
        if len(values) == 0:
            return np.full(end - start, np.nan, dtype=np.float32)
        for first, last, value in intervals or ():
            if value != value:
                raise ValueError(
                    f"{self}: NaN stored at {chrom}:{first}-{last}: make the file again without it "
                    "(leave such bases out, or write 0)"
                )
        self._check(values, chrom, start)
        return values

    def _check(self, values, chrom, start):
        """Refuse values that have no logarithm, naming the first one's position."""
        with np.errstate(invalid="ignore"):
            negative, infinite = values < 0, np.isinf(values)
        for bad, what in ((negative, "negative"), (infinite, "infinite")):
            if bad.any():
                first = int(bad.argmax())
                raise ValueError(
                    f"{self}: {what} signal ({values[first]:g}) at {chrom}:{start + first}: signal "
                    "must be finite and non-negative, as its logarithm is taken; for a log-ratio "
                    "track use the fold change or the read depth instead, or exponentiate it"
                )

    def _open(self):
        """Judge and open the file, once in each process."""
        pid = os.getpid()
        if pid not in self._handles:
            may_hold_nan = self._judge()
            try:
                handle = pyBigWig.open(self.path)
            except RuntimeError as error:
                raise ValueError(
                    f"{self}: cannot be opened as a bigWig: copy or download it again"
                ) from error
            self._handles[pid] = (handle, may_hold_nan)
        return self._handles[pid]

    def _judge(self):
        """Refuse what would crash the reader; say whether NaN may be stored in the file.

        A reader cannot tell a stored NaN from a gap without listing every interval, which takes
        three times as long; but the file's own sum of all values shows it.
        """
        if self.path.startswith(_URL):
            if not pyBigWig.remote:
                raise ValueError(
                    f"{self}: this pyBigWig was built without remote access: download the file and "
                    "give its path"
                )
            return True
        if not os.path.exists(self.path):
            raise FileNotFoundError(f"{self}: no such file")
        if os.path.isdir(self.path):
            raise ValueError(f"{self}: is a folder, not a bigWig file")
        with open(self.path, "rb") as file:
            return self._judge_content(file, os.path.getsize(self.path))

    def _judge_content(self, file, size):
        """Follow the header's offsets, as the C reader trusts them and may crash."""
        start = file.read(_HEADER.size)
        magic = _WORD.unpack(start[:4])[0] if len(start) >= 4 else None
        if magic != _BIGWIG:
            kind = "a bigBed file" if magic == _BIGBED else "an empty file" if not start else ""
            raise ValueError(f"{self}: not a bigWig file{kind and f' but {kind}'}: give a bigWig")
        if len(start) < _HEADER.size:
            raise self._incomplete(size)
        _, _, n_zooms, tree, data, index, _, _, _, summary, _, _ = _HEADER.unpack(start)
        zooms = file.read(n_zooms * _ZOOM.size)
        if len(zooms) < n_zooms * _ZOOM.size:
            raise self._incomplete(size)
        offsets = [place for zoom in _ZOOM.iter_unpack(zooms) for place in zoom[2:]]
        if max(tree, data, index, summary, *offsets) >= size:
            raise self._incomplete(size)
        marks = [(size - 4, _BIGWIG), (tree, _CHROM_TREE), *([(index, _INDEX)] if index else [])]
        for place, expected in marks:
            file.seek(place)
            if file.read(4) != _WORD.pack(expected):
                raise self._incomplete(size)
        file.seek(summary)
        stored = file.read(_SUMMARY.size) if summary else b""
        if len(stored) < _SUMMARY.size:
            return True
        return bool(np.isnan(_SUMMARY.unpack(stored)[3]))

    def _incomplete(self, size):
        """Word the error for a file that ends too early or is overwritten in places."""
        return ValueError(
            f"{self}: the file is incomplete or damaged ({size} bytes, and what its header "
            "promises is not there): copy or download it again"
        )


def read_chromsizes(path, track=None):
    """Read the chromosomes that a bigWig lists.

    Parameters
    ----------
    path : str or os.PathLike
        The bigWig file.
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
        If it is not a bigWig, is incomplete or damaged.

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

"""The `tracks` parameter: which bigWig files hold which track of which sample."""

import os
from collections.abc import Mapping

import pandas as pd

from ._genes import name_some

_COLUMNS = ("sample", "track", "path")


def track_files(tracks):
    """Bring tracks in any accepted form to one: files by sample and track.

    Parameters
    ----------
    tracks : mapping or pandas.DataFrame
        A mapping of track name to path, or to a list of paths (replicates); or a table with the
        columns ``sample``, ``track`` and ``path``, one row a file, where several rows of one sample
        and track are replicates.

    Returns
    -------
    names : tuple of str
        Track names in the order of the mapping, or of first appearance in the table.
    files : dict of (str or None) to tuple of tuple of str
        For each sample (None where the tracks are a mapping) and each track in the order of
        `names`, the paths of its replicates.

    Raises
    ------
    TypeError
        If `tracks` is neither a mapping nor a table, or a path or name is no text.
    ValueError
        If there is no track, a track has no file or one file twice, the table lacks a column or a
        value, or a sample lacks a track.

    Examples
    --------
    >>> names, files = track_files({"H3K4me3": ["rep1.bw", "rep2.bw"], "H3K27ac": "pooled.bw"})
    >>> names
    ('H3K4me3', 'H3K27ac')
    >>> files
    {None: (('rep1.bw', 'rep2.bw'), ('pooled.bw',))}
    """
    if isinstance(tracks, pd.DataFrame):
        return _from_table(tracks)
    if not isinstance(tracks, Mapping):
        raise TypeError(
            "tracks must be a mapping of track name to path (or list of paths), or a DataFrame "
            f"with the columns sample, track and path, got {type(tracks).__name__}"
        )
    if not tracks:
        raise ValueError("tracks is empty: give at least one track and its bigWig file")
    files = []
    for name, paths in tracks.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"tracks: a track's name must be text, got {name!r}")
        several = isinstance(paths, (list, tuple))
        files.append(_check_paths(f"track {name}", paths if several else [paths]))
    return tuple(tracks), {None: tuple(files)}


def _from_table(table):
    """Read the tidy form: one row a file."""
    missing = [column for column in _COLUMNS if column not in table.columns]
    if missing:
        raise ValueError(
            f"the table of tracks has no column {', '.join(missing)}: it needs sample, track and "
            f"path, and has {name_some(table.columns, 12)}"
        )
    if table.empty:
        raise ValueError("the table of tracks is empty: give at least one sample, track and path")
    for column in _COLUMNS:
        n_missing = int(table[column].isna().sum())
        if n_missing:
            raise ValueError(
                f"the table of tracks lacks a value of {column} in {n_missing} of {len(table)} rows"
            )
    paths = {}
    rows = zip(table["sample"].astype(str), table["track"].astype(str), table["path"], strict=True)
    for sample, track, path in rows:
        paths.setdefault((sample, track), []).append(path)
    samples = tuple(dict.fromkeys(sample for sample, _ in paths))
    names = tuple(dict.fromkeys(track for _, track in paths))
    lacking = [
        (sample, name) for sample in samples for name in names if (sample, name) not in paths
    ]
    if lacking:
        pairs = name_some(f"{sample} has no {name}" for sample, name in lacking)
        raise ValueError(
            f"every sample must have every track: {pairs}; add its file, or leave the track or the "
            "sample out of the table"
        )
    return names, {
        sample: tuple(
            _check_paths(f"sample {sample}, track {name}", paths[sample, name]) for name in names
        )
        for sample in samples
    }


def _check_paths(owner, paths):
    """Judge the replicates of one track and return them as str."""
    if not paths:
        raise ValueError(f"{owner}: no file, the list of paths is empty")
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"{owner}: a path must be text or a Path, got {path!r}")
    paths = tuple(os.fspath(path) for path in paths)
    if len(set(paths)) < len(paths):
        raise ValueError(f"{owner}: a file is given twice: {name_some(paths)}")
    return paths

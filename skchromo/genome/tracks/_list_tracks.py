"""The `tracks` parameter: the bigWig files of each sample and track."""

import os
from collections.abc import Mapping

import pandas as pd

from ..._addresses import hide_logins, is_url, shown
from ..._words import check_names, name_some, printable
from ._folder import match_pattern, search_folder
from ._sheet import read_sheet, with_track_and_path


def list_tracks(source):
    """List the bigWig files that a pattern, a folder or a sample sheet names.

    `BigWigTransformer` takes the same sources; the table lets you choose samples and tracks first.

    Parameters
    ----------
    source : str or os.PathLike
        One of

        * a pattern: a path with ``{track}`` (or ``{mark}``) and perhaps ``{sample}`` in place of
          the names, such as ``"data/{sample}-{track}.bigwig"``; ``*`` stands for the
          part that differs between replicates, as in ``"data/{track}_rep*.bw"``;
        * a folder whose bigWigs bear Roadmap's names (``E003-H3K4me3.pval.signal.bigwig``), the
          names of their tracks alone (``H3K4me3.bw``), or ENCODE's accessions, with the
          ``metadata.tsv`` of the download beside them;
        * a sample sheet: TSV or CSV with a header, columns ``track`` (or ``mark``), ``path`` and,
          for several samples, ``sample``; relative paths begin at the sheet's folder;
        * a ``metadata.tsv`` of ENCODE: its bigWigs, beside it or, where they are not, by their
          address. Targets are the tracks (assays where there is none, such as ATAC-seq), biosample
          terms the samples.

    Returns
    -------
    pandas.DataFrame
        One row per file: ``sample`` (if the source names it), ``track`` and ``path``. The rows are
        sorted, but a sample sheet keeps its order. Rows of one sample and track are replicates.

    Raises
    ------
    TypeError
        If `source` is not a path.
    FileNotFoundError
        If there is no such folder or file, or no file matches.
    ValueError
        If the sample and the track are not clear from a name, a table lacks a column or a value, or
        files of one track hold signal of several kinds.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("H1-H3K4me3.bw", "H1-H3K27ac.bw", "K562-H3K4me3.bw"):
    ...     _ = (folder / name).write_bytes(b"stands for a bigWig")
    >>> table = list_tracks(f"{folder}/{{sample}}-{{track}}.bw")
    >>> table[["sample", "track"]]
      sample    track
    0     H1  H3K27ac
    1     H1  H3K4me3
    2   K562  H3K4me3
    >>> h1 = table[table["sample"] == "H1"]  # a table for BigWigTransformer
    """
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            f"the source of tracks must be a path or pattern, got {type(source).__name__}"
        )
    path = os.fspath(source)
    if is_url(path):
        raise ValueError(
            f"tracks: {shown(path)} is an address: a server's files cannot be listed, so "
            "give a mapping such as {'H3K4me3': 'https://...'}, or a sample sheet on disk with "
            "addresses as paths"
        )
    if "{" in path and not os.path.exists(path):
        found = match_pattern(path)
    elif os.path.isdir(path):
        found = search_folder(path)
    elif os.path.exists(path):
        found = read_sheet(path)
    else:
        hint = "check the path"
        if "*" in path:
            hint = "write {track} where the track's name stands"
        elif path.lower().endswith((".bw", ".bigwig")):
            hint = (
                f"a single file is given with the name of its track, as in {{'H3K4me3': {path!r}}}"
            )
        raise FileNotFoundError(f"tracks: no such file or folder '{printable(path)}': {hint}")
    return found.reset_index(drop=True)


def track_files(tracks, missing_tracks="error"):
    """Return the names of tracks, and for each sample the paths of each track's replicates.

    `tracks` is a mapping of name to path (or a list of paths, replicates), a table ``track``,
    ``path`` and perhaps ``sample`` with a row per file, or any source of `list_tracks`. Names are
    in the order of the mapping, or of first appearance. The sample is None where there is none.
    With ``missing_tracks="zero"`` a sample may lack tracks: it has no paths of them.
    """
    if isinstance(tracks, (str, os.PathLike)):
        tracks = list_tracks(tracks)
    if isinstance(tracks, pd.DataFrame):
        return _from_table(tracks, missing_tracks)
    if not isinstance(tracks, Mapping):
        raise TypeError(
            "tracks must be a mapping of track name to path (or list of paths), a DataFrame with "
            "the columns sample, track and path, or the path of a sample sheet, folder or pattern, "
            f"got {type(tracks).__name__}"
        )
    if not tracks:
        raise ValueError("tracks is empty: give at least one track and its bigWig file")
    files = []
    for name, paths in tracks.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"tracks: a track's name must be text, got {name!r}")
        several = isinstance(paths, (list, tuple))
        files.append(_check_paths(f"track {name}", paths if several else [paths]))
    check_names("tracks", tracks)
    return tuple(tracks), {None: tuple(files)}


def _from_table(table, missing_tracks):
    """Return names and files of a table with one row per file."""
    table = with_track_and_path(table, "the table of tracks")
    for column in table.columns.intersection(["sample", "track"]):
        check_names(f"tracks: column {column}", table[column])
    if table.empty:
        raise ValueError("the table of tracks is empty: give at least one sample, track and path")
    by_sample = "sample" in table.columns
    for column in ("sample", "track", "path")[not by_sample :]:
        n_missing = int(table[column].isna().sum())
        if n_missing:
            raise ValueError(
                f"the table of tracks lacks a value of {column} in {n_missing} of {len(table)} "
                "rows: fill it in, or drop these rows"
            )
    paths = {}
    owners = table["sample"].astype(str) if by_sample else [None] * len(table)
    rows = zip(owners, table["track"].astype(str), table["path"], strict=True)
    for sample, track, path in rows:
        paths.setdefault((sample, track), []).append(path)
    samples = tuple(dict.fromkeys(sample for sample, _ in paths))
    names = tuple(dict.fromkeys(track for _, track in paths))
    lacking = [
        (sample, name) for sample in samples for name in names if (sample, name) not in paths
    ]
    if lacking and missing_tracks == "error":
        pairs = name_some(f"{sample} has no {name}" for sample, name in lacking)
        raise ValueError(
            f"every sample must have every track: {pairs}; add its file, leave the track or the "
            "sample out of the table (skchromo.genome.list_tracks makes a table of a folder), or "
            "set missing_tracks='zero'"
        )
    if lacking:
        _refuse_alike(names)
    for (sample, name), of_track in paths.items():
        owner = f"sample {sample}, track {name}" if by_sample else f"track {name}"
        paths[sample, name] = _check_paths(owner, of_track)
    return names, {
        sample: tuple(paths.get((sample, name), ()) for name in names) for sample in samples
    }


def _refuse_alike(names):
    """Refuse two spellings of one track: each would count as missing where the other is used."""
    known = {}
    for name in names:
        bare = "".join(filter(str.isalnum, name)).lower()
        if known.setdefault(bare, name) != name:
            raise ValueError(
                f"missing_tracks='zero': the tracks {known[bare]} and {name} differ in spelling "
                "alone, so that each is missing in some samples: give both one name"
            )


def _check_paths(owner, paths):
    """Check the replicates of one track and return them as str."""
    if not paths:
        raise ValueError(f"{owner}: no file, the list of paths is empty")
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"{owner}: a path must be text or a Path, got {path!r}")
        if not isinstance(path, str) and str(path).startswith(("http:/", "https:/")):
            raise TypeError(
                f"{owner}: give an address as text; as a Path, {shown(str(path))} has lost a slash"
            )
    paths = tuple(hide_logins(os.fspath(path)) for path in paths)
    if len(set(paths)) < len(paths):
        raise ValueError(f"{owner}: a file is given twice: {name_some(paths)}")
    return paths

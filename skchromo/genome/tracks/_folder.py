"""Tracks found by the names of files: by a pattern, or in a folder whose names are known."""

import glob
import os
import re
from pathlib import Path

import pandas as pd

from ..._words import name_some, printable
from ._sheet import ENCODE_TABLE, read_sheet

_SPECIAL = re.compile(r"(\{[^{}]*\}|\*)")
_GROUPS = {"{sample}": "sample", "{track}": "track", "{mark}": "track"}
_REPLICATES = ("*", "{replicate}", "{rep}")
_BIGWIG = re.compile(r"\.(bw|bigwig)$", re.IGNORECASE)
_ACCESSION = re.compile(r"ENCFF[0-9A-Z]{6}")
# Roadmap Epigenomics, consolidated: E003-H3K4me3.pval.signal.bigwig, E003-DNase.imputed.pval...
_ROADMAP = re.compile(
    r"(E\d{3})-(.+?)((?:\.imputed)?\.(?:pval|fc)\.signal)?\.(?:bigwig|bw)", re.IGNORECASE
)
# Names of tracks with a character that otherwise separates sample and track.
_WHOLE_NAMES = frozenset({"atac-seq", "dnase-seq", "h2a.z"})


def match_pattern(pattern):
    """Return a sorted table of the files that a pattern names, see `list_tracks`.

    ``{track}`` (or ``{mark}``), ``{sample}`` and ``*`` (or ``{replicate}``) do not reach over a
    ``/``. A file's name that can be read in several ways is refused.
    """
    pieces = _SPECIAL.split(pattern)
    unknown = [piece for piece in pieces[1::2] if piece not in (*_GROUPS, *_REPLICATES)]
    if unknown:
        raise ValueError(
            f"tracks: {unknown[0]} in the pattern {pattern!r} is not known: use {{track}} (or "
            "{mark}), {sample} and, for replicates, {replicate} or *"
        )
    groups = [_GROUPS[piece] for piece in pieces[1::2] if piece in _GROUPS]
    if "track" not in groups:
        raise ValueError(
            f"tracks: the pattern {pattern!r} does not show where the track's name stands: write "
            "{track} there, as in 'data/{sample}-{track}.bigwig'"
        )
    names = [name for name in ("sample", "track") if name in groups]
    longest, shortest = (_expression(pieces, lazy) for lazy in ("", "?"))
    rows = []
    for path in sorted(glob.glob(_for_glob(pieces))):
        found = longest.fullmatch(path)
        if not found or not os.path.isfile(path):
            continue
        first, other = (
            [match[name] for name in names] for match in (found, shortest.fullmatch(path))
        )
        if first != other:
            raise ValueError(
                f"tracks: the pattern {pattern!r} can be read in two ways for {printable(path)}: "
                f"{_said(names, other)} or {_said(names, first)}; rename the file, or give a "
                "sample sheet (TSV with the columns sample, track and path)"
            )
        rows.append((*first, path))
    if not rows:
        raise FileNotFoundError(f"tracks: no file matches {pattern!r}; {_what_is_there(pieces[0])}")
    return pd.DataFrame(rows, columns=[*names, "path"]).sort_values([*names, "path"])


def search_folder(folder):
    """Return a sorted table of the bigWigs of a folder whose names follow a known rule."""
    shown = printable(folder)
    names = [name for name in sorted(os.listdir(folder)) if _BIGWIG.search(name)]
    if not names:
        raise FileNotFoundError(
            f"tracks: no bigWig (*.bw, *.bigWig) in the folder; {_what_is_there(folder + '/')}"
        )
    stems = [_BIGWIG.sub("", name) for name in names]
    if all(map(_ACCESSION.fullmatch, stems)):
        table = os.path.join(folder, ENCODE_TABLE)
        if not os.path.exists(table):
            raise FileNotFoundError(
                f"tracks: the files in {shown} bear ENCODE's accessions ({stems[0]}), which do "
                f"not name the track: put the {ENCODE_TABLE} of the same download beside them, or "
                "give a sample sheet (TSV with the columns sample, track and path)"
            )
        return read_sheet(table)
    found = [_ROADMAP.fullmatch(name) for name in names]
    if all(found):
        return _roadmap(folder, found)
    if all(stem.lower() in _WHOLE_NAMES or not re.search(r"[-_.\s]", stem) for stem in stems):
        if len(set(stems)) < len(stems):
            raise ValueError(f"tracks: {shown} holds a track twice: {name_some(names, 12)}")
        paths = [os.path.join(folder, name) for name in names]
        return pd.DataFrame({"track": stems, "path": paths})
    raise ValueError(
        f"tracks: the names of the files in {shown} (such as {name_some(names, 2)}) do not name "
        f"sample and track: give a pattern such as '{shown}/{{sample}}-{{track}}.bw' or "
        f"'{shown}/{{track}}_*.bw', or a sample sheet (TSV with the columns sample, track, path)"
    )


def _roadmap(folder, found):
    """Return a table of files with Roadmap's names; refuse signals that do not compare."""
    shown = printable(folder)
    table = pd.DataFrame(
        [(*match.group(1, 2), (match[3] or "").lower(), match.string) for match in found],
        columns=["sample", "track", "kind", "path"],
    )
    kinds = table.groupby("track")["kind"].unique()
    for track, several in kinds[kinds.str.len() > 1].items():
        listed = ", ".join(f"'{{sample}}-{{track}}{kind}.bigwig'" for kind in sorted(several))
        raise ValueError(
            f"tracks: {shown} holds several kinds of signal of {printable(track)}: give a "
            f"pattern for one of them, {shown}/ and {listed}"
        )
    table["path"] = [os.path.join(folder, name) for name in table["path"]]
    return table.drop(columns="kind").sort_values(["sample", "track", "path"])


def _for_glob(pieces):
    """Return a pattern for glob."""
    return "".join("*" if i % 2 else glob.escape(piece) for i, piece in enumerate(pieces))


def _expression(pieces, lazy):
    """Return a pattern as a regular expression that prefers long or short names."""
    parts, seen = [], set()
    for i, piece in enumerate(pieces):
        if not i % 2:
            parts.append(re.escape(piece))
        elif piece in _REPLICATES:
            parts.append(f"[^/]*{lazy}")
        elif _GROUPS[piece] in seen:
            parts.append(f"(?P={_GROUPS[piece]})")
        else:
            seen.add(_GROUPS[piece])
            parts.append(f"(?P<{_GROUPS[piece]}>[^/]+{lazy})")
    return re.compile("".join(parts))


def _said(names, values):
    """Return the names that one way to read a file's name gives."""
    return " and ".join(f"{name} {value!r}" for name, value in zip(names, values, strict=True))


def _what_is_there(beginning):
    """Return the content of the folder in which a path begins, for a message."""
    folder = Path(os.path.dirname(beginning) or ".")
    if not folder.is_dir():
        return f"there is no folder {printable(folder)}"
    held = sorted(path.name for path in folder.iterdir())
    shown = printable(folder.resolve())
    return f"{shown} holds {name_some(held, 8)}" if held else f"{shown} is empty"

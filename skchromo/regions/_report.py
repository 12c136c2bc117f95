"""The report of a RegionArray in a notebook: genes, contacts, tracks and their mean profiles."""

from html import escape

import numpy as np

from .._arrays import collected
from .._words import name_some, printable
from ._mistakes import promoter_profiles

_N_GENES = 500  # evenly spaced, whose signal is read: an array may be larger than memory
_N_NAMED = 5  # samples that lack tracks
_WIDTH, _HEIGHT = 160, 28  # of a profile, in pixels
_CELL = "text-align: right"


def report_html(X):
    """Return a RegionArray as HTML: its axes, genes, contacts, and a row for each track."""
    facts = [
        ("shape", " x ".join(f"{n:,} {name}" for n, name in zip(X.shape, axes_of(X)))),
        ("promoter", f"{X.window:,} bp in bins of {X.bin_size:,} bp"),
        ("contacts", _contacts(X)),
        ("chromosomes", _chroms(X)),
    ]
    if X.missing.any():
        facts.append(("missing tracks", name_missing(X)))
    if X.stored_at is not None:
        facts.append(("stored at", X.stored_at))
    if not len(X):
        return f"<div><b>RegionArray</b>{_table(facts)}</div>"
    rows = np.unique(np.linspace(0, len(X) - 1, min(_N_GENES, len(X))).astype(int))
    head = ("track", "mean", "highest", "zeros", "mean profile of promoters, 5' to 3'")
    tracks = _table(_tracks(X, rows), head)
    note = ""
    if len(rows) < len(X):
        note = f"<small>Signal of {len(rows)} evenly spaced genes.</small>"
    return f"<div><b>RegionArray</b>{_table(facts)}{tracks}{note}</div>"


def axes_of(X):
    """Return the names of the axes of a RegionArray."""
    return ["genes", *(["conditions"] if X.ndim == 5 else []), "regions", "bins", "tracks"]


def name_missing(X, known=()):
    """Return the tracks that genes lack, in words: 'H3K9ac in B; ATAC, H3K9ac in C'.

    Tracks among the `known` are left out.
    """
    missing = X.missing.reshape(-1, len(X.tracks)) & ~np.isin(X.tracks, known)
    names = ["sample"] if X.ndim == 4 else ["sample_a", "sample_b"]
    if set(names) <= set(X.genes):
        owners = np.stack([X.genes[name].astype(str) for name in names], axis=1).ravel()
    else:
        n = missing.any(axis=1).sum()
        owners = np.full(len(missing), f"{n:,} of {len(missing):,} genes")
    texts = []
    for owner in dict.fromkeys(owners[missing.any(axis=1)]):
        lacking = missing[owners == owner].any(axis=0)
        texts.append(f"{name_some(np.array(X.tracks)[lacking], 10)} in {printable(owner)}")
    n_left = len(texts) - _N_NAMED
    return "; ".join(texts[:_N_NAMED]) + (f" and in {n_left} more" if n_left > 0 else "")


def _contacts(X):
    """Return the number of pCREs of a gene in words."""
    counts = (X.index[..., 1:] >= 0).sum(axis=-1)
    if not counts.any():
        return "none: promoters alone"
    text = f"{counts.mean():.1f} pCREs a gene, at most {counts.max()}"
    return f"{text}; {(counts == 0).mean():.0%} of genes have none"


def _chroms(X):
    """Return the chromosomes of genes, with the number of genes on each."""
    names, counts = np.unique(X.chrom[X.index[..., 0].ravel()].astype(str), return_counts=True)
    if not any(names):
        return "not known"
    order = np.argsort(-counts, kind="stable")
    counts = counts[order] // (X.ndim - 3)
    return name_some([f"{name} ({n:,})" for name, n in zip(names[order], counts)], 25)


def _tracks(X, rows):
    """Return the cells of each track: name, mean, highest value, share of zeros and profile."""
    used = np.unique(X.index[rows])
    signal = collected(X.signal, X.offsets, used[used >= 0])
    promoters = promoter_profiles(X[rows]).values
    profiles = promoters.mean(axis=0) if len(promoters) else np.full(promoters.shape[1:], np.nan)
    for number, name in enumerate(X.tracks):
        values = signal[:, number]
        texts = (f"{values.mean(dtype=float):.3g}", f"{values.max():.3g}")
        zeros = f"{(values == 0).mean():.0%}"
        yield name, *texts, zeros, _Svg(_sparkline(profiles[:, number]))


class _Svg(str):
    """Drawing that is written into HTML as it is."""


def _sparkline(values):
    """Return a line of values from 0 to their largest as inline SVG, its middle marked."""
    if not np.isfinite(values).all():
        return ""
    x = (np.arange(len(values)) + 0.5) * _WIDTH / len(values)
    y = _HEIGHT - 1 - values / (values.max() or 1) * (_HEIGHT - 2)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))
    middle = f'x1="{_WIDTH / 2}" x2="{_WIDTH / 2}" y1="0" y2="{_HEIGHT}"'
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img">'
        f'<line {middle} stroke="#bbb" stroke-dasharray="2"/>'
        f'<polyline points="{points}" fill="none" stroke="#0072B2"/></svg>'
    )


def _table(rows, head=None):
    """Return rows of cells as an HTML table; the first cell of each is its name."""
    lines = []
    if head is not None:
        lines.append("".join(f"<th>{escape(name)}</th>" for name in head))
    for name, *cells in rows:
        style = f' style="{_CELL}"' if head is not None else ' style="text-align: left"'
        parts = (cell if isinstance(cell, _Svg) else escape(str(cell)) for cell in cells)
        cells = "".join(f"<td{style}>{part}</td>" for part in parts)
        lines.append(f'<th style="text-align: left">{escape(str(name))}</th>{cells}')
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"

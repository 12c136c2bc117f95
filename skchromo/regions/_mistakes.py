"""Signs of the commonest mistakes in X and y: coordinates, strands, and expression not logged.

A mistake is only reported where all evidence agrees, so that right data of any kind stay silent.
The docstring of `skchromo.evaluation.check_data` gives the thresholds and the figures measured.
"""

from typing import NamedTuple

import numpy as np

from .._arrays import gathered
from .._words import name_some
from ._checks import check_used

# Genes whose promoters are looked at, evenly spaced over the rows: enough for a mean profile; the
# fewest that a sign may rest on, and the fewest expressed ones of a strand.
N_GENES = 2_000
_LEAST_GENES, _LEAST_ON_ONE = 50, 30
# A promoter window is read in at least so many steps, of so many bp at most; its least length.
_N_STEPS, _LONGEST_STEP, _LEAST_WINDOW = 40, 1_000, 16_000
# Distances from the TSS in bp: its middle; how far strands differ; from where a peak is off it.
_MIDDLE, _NEAR, _OFF = 2_000, 3_000, 3_000

# Middle over flanks: a profile below the first is flat, also below the second if on the other
# strand it is above the third and so many times higher. Above the last, genes are expressed.
FLAT, FLAT_ON_ONE, PEAKED, CLEARLY_PEAKED = 1.25, 1.5, 2.0, 3.0
# Share of expressed genes with more signal downstream: up to the first the profile is mirrored,
# from the second on it is as in genes, and so close to one half it has no direction.
UPSTREAM, DOWNSTREAM, UNCLEAR = 0.35, 0.65, 0.08
# Standard errors from one half that a share must have.
_SURE = 4.0
# Spearman's r with y from which a track bears on expression; how alike real bins in a row are.
BEARS, ALIKE = 0.2, 0.1
# Least skewness, and least maximum, of expression that is not logged.
SKEWED, BEYOND_LOG = 1.5, 30.0

# Marks and assays that peak at the TSS of expressed genes, and those that lie downstream of it.
_AT_TSS = ("h3k4me3", "h3k4me2", "h3k27ac", "h3k9ac", "h2afz", "atac", "dnase", "polr2a", "cage")
_ELSEWHERE = ("h3k4me1", "h3k36me3", "h3k79me", "h3k27me3", "h3k9me", "h4k20me1")
_DOWNSTREAM = ("h3k4me3", "h3k27ac", "h3k9ac", "h3k36me3", "h3k79me2")


class Finding(NamedTuple):
    """A sign of a mistake: the check that found it, and its message."""

    check: str
    message: str


class Profiles(NamedTuple):
    """Promoter signal of some genes in even steps, read 5'->3'.

    `n_conditions` is 1 or 2, `rows` are the genes' rows in X, `position` is the middle of each
    step in bp from the TSS and `values` the mean signal, (n_genes, n_steps, n_tracks); of two
    conditions it is their mean. `level` is the log of the window's mean signal, (n_genes,
    n_tracks), or its difference b - a.
    """

    n_conditions: int
    rows: np.ndarray
    position: np.ndarray
    values: np.ndarray
    level: np.ndarray

    @property
    def logs(self):
        """Log signal, with each track's mean as its unit, so that no gene outweighs others."""
        return _log(self.values)


def promoter_profiles(X):
    """Return the Profiles of at most N_GENES genes, evenly spaced over the rows of X."""
    n_bins = X.window // X.bin_size
    whole = np.flatnonzero(_whole(X))
    chosen = np.linspace(0, len(whole) - 1, min(N_GENES, len(whole)))
    rows = whole[chosen.astype(int)]
    promoters = X.index[rows][..., 0]
    n_steps = min(max(_N_STEPS, X.window // _LONGEST_STEP), n_bins)
    edges = np.linspace(0, n_bins, n_steps + 1).astype(int)
    steps = [
        np.add.reduceat(check_used(X, bins).reshape(-1, n_bins, bins.shape[1]), edges[:-1], axis=1)
        for bins in gathered(X.signal, X.offsets, promoters.ravel())
    ] or [np.empty((0, len(edges) - 1, len(X.tracks)))]
    values = np.concatenate(steps) / np.diff(edges)[:, None]
    values = values.reshape(*promoters.shape, *values.shape[1:])
    level = _log(values.mean(axis=-2))
    if promoters.ndim == 2:
        values, level = values.mean(axis=1), level[:, 1] - level[:, 0]
    position = (edges[:-1] + edges[1:]) * X.bin_size / 2 - X.window / 2
    return Profiles(promoters.ndim, rows, position, values, level)


def find_mistakes(X, y, profiles=None):
    """Return at most one Finding of coordinates or strands; y is None, or numbers or classes."""
    if not has_profiles(X):
        return []
    signs = promoter_signs(X, y, promoter_profiles(X) if profiles is None else profiles)
    found = _off_tss(signs) or _strands(X.genes, signs)
    return [] if found is None else [found]


def has_profiles(X):
    """Return whether X has enough genes, long and fine enough windows, and strands."""
    fits = X.window >= _LEAST_WINDOW and X.bin_size <= _LONGEST_STEP and "strand" in X.genes
    return bool(fits and _whole(X).sum() >= _LEAST_GENES)


def _whole(X):
    """Return for each gene whether its promoter is as long as the window."""
    n_bins = X.window // X.bin_size
    whole = X.lengths[X.index[..., 0]] == n_bins * X.bin_size
    return whole.reshape(len(X), -1).all(axis=1)


class Signs(NamedTuple):
    """Figures of each track, on which the checks of coordinates and strands rest.

    `r` is Spearman's with y, NaN without y; `alike` the correlation of consecutive steps within
    genes; `contrast` the middle of the profile over its flanks, for all expressed genes and those
    of "+" and "-", (3, n_tracks); `peak` the place of the greatest step in bp along the
    chromosome, and `rise` its height over the middle; `downstream` the share of expressed genes
    with more signal downstream, and `n_downstream` their number, (3, n_tracks) both.
    """

    tracks: tuple
    strand: np.ndarray
    r: np.ndarray
    alike: np.ndarray
    contrast: np.ndarray
    peak: np.ndarray
    rise: np.ndarray
    downstream: np.ndarray
    n_downstream: np.ndarray


def promoter_signs(X, y, profiles):
    """Return the Signs of promoter profiles."""
    logs, position = profiles.logs, profiles.position
    at_tss = named(X.tracks, _AT_TSS + _DOWNSTREAM)
    r = _rank_r(profiles.level, None if y is None else np.asarray(y)[profiles.rows])
    expressed = _expressed(profiles, y, r, at_tss)
    logs, strand = logs[expressed], np.asarray(X.genes["strand"])[profiles.rows][expressed]
    groups = [np.ones(len(strand), bool), strand == "+", strand == "-"]
    middle, flank = abs(position) < _MIDDLE, abs(position) > X.window / 4
    means = np.stack([_mean(logs[group]) for group in groups])
    with np.errstate(invalid="ignore", divide="ignore"):
        contrast = means[:, middle].mean(axis=1) / means[:, flank].mean(axis=1)
    along = _mean(np.concatenate([logs[groups[1]], logs[groups[2]][:, ::-1]]))
    near = (abs(position) < _NEAR)[:, None]
    values = profiles.values[expressed]
    after = np.where(near & (position > 0)[:, None], values, 0).sum(axis=1)
    before = np.where(near & (position < 0)[:, None], values, 0).sum(axis=1)
    n_after = np.stack([(after > before)[group].sum(axis=0) for group in groups])
    n_either = np.stack([(after != before)[group].sum(axis=0) for group in groups])
    with np.errstate(invalid="ignore", divide="ignore"):
        rise = along.max(axis=0) / along[abs(position) < _MIDDLE / 2].mean(axis=0)
        downstream = n_after / n_either
    return Signs(
        tracks=X.tracks,
        strand=strand,
        r=r,
        alike=_alike(logs),
        contrast=contrast,
        peak=position[along.argmax(axis=0)],
        rise=rise,
        downstream=downstream,
        n_downstream=n_either,
    )


def _expressed(profiles, y, r, at_tss):
    """Return which genes are expressed: the upper third by y or, if it says little, by signal."""
    marks = at_tss if at_tss.any() else np.ones_like(at_tss)
    up = float(np.median(r[marks]))
    if abs(up) >= BEARS and profiles.n_conditions == 1:
        level = np.sign(up) * np.asarray(y)[profiles.rows]
    else:
        level = profiles.logs.mean(axis=1)[:, marks].sum(axis=1)
    return level >= np.quantile(level, 2 / 3)


def named(tracks, names):
    """Return which tracks are named after one of some marks and assays, such as "H3K4me3_rep1"."""
    bare = ["".join(char for char in track.lower() if char.isalnum()) for track in tracks]
    return np.array([any(name in track for name in names) for track in bare], dtype=bool)


def _off_tss(signs):
    """Return the Finding of marks that do not peak at the TSS, or None."""
    real = signs.alike >= ALIKE
    marks = real & named(signs.tracks, _AT_TSS)
    if not marks.any():
        # Unknown names: the tracks that go up with y, if none of them knows where a TSS is.
        marks = real & (signs.r >= BEARS) & ~named(signs.tracks, _ELSEWHERE)
        if not (abs(signs.downstream[0][marks] - 0.5) <= 0.1).all():
            return None
    if not marks.any():
        return None
    names = name_some(np.array(signs.tracks)[marks])
    contrast, peak, rise = signs.contrast[:, marks], signs.peak[marks], signs.rise[marks]
    if (abs(peak) >= _OFF).all() and np.ptp(peak) <= _OFF and (rise >= 1.5).all():
        return Finding(
            "tss",
            f"{names} {_does(marks, 'peak')} {abs(np.median(peak)) / 1_000:.1f} kb "
            f"{'after' if peak[0] > 0 else 'before'} the TSS along the chromosome, on both "
            "strands. This usually means that every tss is off by that much: take it from the "
            "annotation anew (read_genes)",
        )
    if (contrast[0] < FLAT).all():
        return Finding(
            "tss",
            f"{names} {_does(marks, 'do')} not peak at the TSS of expressed genes: signal within "
            f"2 kb of it is {_range(contrast[0])} times that of the window's outer half (right "
            "genes: 2 to 8). This usually means that genes and tracks are of two assemblies, or "
            "that tss is not the start of the transcripts: read the genes from an annotation of "
            "the tracks' assembly (read_genes), or lift them over",
        )
    for flat, other in ((1, 2), (2, 1)):
        apart = contrast[other] >= np.maximum(PEAKED, PEAKED * contrast[flat])
        n_least = min((signs.strand == strand).sum() for strand in "+-")
        if (contrast[flat] < FLAT_ON_ONE).all() and apart.all() and n_least >= _LEAST_ON_ONE:
            strand = "+-"[flat - 1]
            return Finding(
                "tss",
                f"{names} {_does(marks, 'peak')} at the TSS of genes on the {'+-'[other - 1]} "
                f"strand, but not of those on the {strand} strand, where signal within 2 kb is "
                f"{_range(contrast[flat])} times that of the window's outer half. This usually "
                "means that start was taken as the TSS on both strands: on the - strand it is "
                "the end of the gene (read_genes takes care of it)",
            )
    return None


def _strands(genes, signs):
    """Return the Finding of profiles that run against the strands, or None."""
    marks = (signs.alike >= ALIKE) & named(signs.tracks, _DOWNSTREAM)
    if not marks.any():
        return None
    names = name_some(np.array(signs.tracks)[marks])
    share, n = signs.downstream[:, marks], signs.n_downstream[:, marks]
    sure = abs(share - 0.5) * 2 * np.sqrt(n) >= _SURE
    against, along = (share <= UPSTREAM) & sure, (share >= DOWNSTREAM) & sure
    seen = f"of expressed genes {{}} have more {names} downstream of the TSS than upstream"
    if against[0].all():
        return Finding(
            "strand",
            f"{seen.format(_percent(share[0]))} (right genes: 70 to 85 %). This usually means that "
            "the strands are exchanged: look at one gene in a genome browser, and take the strands "
            "from the annotation anew",
        )
    if (against[1] & along[2]).all() or (along[1] & against[2]).all():
        wrong = "+" if against[1].all() else "-"
        return Finding(
            "strand",
            f"{seen.format(_percent(share[1]))} on the + strand and {_percent(share[2])} on the - "
            f"strand (right genes: 70 to 85 % on both). This usually means that the strands of "
            f"some genes are wrong, or that promoters of the {wrong} strand were not turned into "
            "reading direction (BigWigTransformer turns them)",
        )
    is_single = len(set(np.asarray(genes["strand"]).tolist())) == 1
    from_half = abs(share[0] - 0.5)
    unclear = np.median(from_half) <= UNCLEAR and (from_half <= 1.5 * UNCLEAR).all()
    is_peaked = signs.contrast[0][marks].max() >= CLEARLY_PEAKED
    if is_single and unclear and is_peaked and (n[0] >= 100).all():
        return Finding(
            "strand",
            f"all {len(genes['strand']):,} genes are on one strand, and {_percent(share[0])} of "
            f"expressed genes have more {names} downstream of the TSS than upstream (right genes: "
            "70 to 85 %). This usually means that the strands were lost: take them from the "
            "annotation anew",
        )
    return None


def find_not_logged(y):
    """Return the Finding of expression that is far from symmetric and never negative, or None."""
    y = np.asarray(y, dtype=np.float64)
    if len(y) < _LEAST_GENES or y.min() < 0 or y.max() <= BEYOND_LOG:
        return None
    raw, logged = skewness(y), skewness(np.log2(y + 1))
    if raw < SKEWED or abs(logged) > raw / 2:
        return None
    return Finding(
        "y",
        f"y is never negative, reaches {y.max():,.5g} and is far from symmetric: its skewness is "
        f"{raw:.1f}, that of log2(y + 1) {logged:.1f}. This usually means counts, TPM or FPKM that "
        "were not logged, so that a few genes make up the loss: fit on log2(y + 1), for instance "
        "by TransformedTargetRegressor",
    )


def skewness(values):
    """Return the skewness of some numbers; 0 where they are constant."""
    centred = values - values.mean()
    spread = np.sqrt(np.mean(centred**2))
    return float(np.mean((centred / spread) ** 3)) if spread > 0 else 0.0


def _log(values):
    """Return log(1 + signal), each track in units of its mean."""
    mean = values.reshape(-1, values.shape[-1]).mean(axis=0) if values.size else 1.0
    return np.log1p(values / np.where(mean > 0, mean, 1))


def _mean(logs):
    """Return the mean profile of some genes, NaN of none."""
    return logs.mean(axis=0) if len(logs) else np.full(logs.shape[1:], np.nan)


def _rank_r(columns, y):
    """Return Spearman's r of each column with y, ties sharing a dense rank; NaN without y."""
    if y is None:
        return np.full(columns.shape[1], np.nan)
    ranks = np.unique(y, return_inverse=True)[1].astype(float)
    found = np.stack([np.unique(column, return_inverse=True)[1] for column in columns.T], axis=1)
    return _pearson_r(found.astype(float), ranks[:, None])


def _alike(logs):
    """Return the correlation of consecutive steps of each track within genes."""
    within = logs - logs.mean(axis=1, keepdims=True)
    n_tracks = logs.shape[2]
    return _pearson_r(within[:, :-1].reshape(-1, n_tracks), within[:, 1:].reshape(-1, n_tracks))


def _pearson_r(a, b):
    """Return Pearson's r of the columns of two tables; 0 where one is constant."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return (a * b).sum(axis=0) / np.where(scale > 0, scale, np.inf)


def _does(marks, verb):
    """Return a verb in the number of some marks."""
    return verb if marks.sum() > 1 else {"do": "does"}.get(verb, f"{verb}s")


def _range(values):
    low, high = f"{values.min():.1f}", f"{values.max():.1f}"
    return low if low == high else f"{low} to {high}"


def _percent(shares):
    low, high = f"{100 * shares.min():.0f}", f"{100 * shares.max():.0f}"
    return f"{low} %" if low == high else f"{low} to {high} %"

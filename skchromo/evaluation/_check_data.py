"""check_data: the commonest mistakes in genes, X and y, before a model is fitted."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._words import name_some
from ..genome import bare_name, check_genes
from ..regions import (
    RegionArray,
    find_mistakes,
    find_not_logged,
    has_profiles,
    mean_signal,
    promoter_profiles,
    promoter_signs,
    skewness,
)
from ._data_report import DataReport

# Chromosomes that some right samples lack: without signal in the cells of a female.
_MAY_BE_SILENT = ("Y", "W")
# A mean beyond this factor from the median track's; the correlation of one track given twice.
_ODD_DEPTH, _ALIKE = 50, 0.999
# Share of genes with a pCRE below which contacts hardly match; genes of a chromosome to look at.
_FEW_MATCHED, _LEAST_OF_CHROM = 0.05, 10


def check_data(genes, X, y=None, *, bin_size=100):
    """Check genes, signal and expression for the commonest mistakes before a model is fitted.

    A wrong assembly, exchanged strands or expression that is not logged raise no error: the model
    only predicts worse. They show in the data, though. This looks for them and draws them. The
    three checks ``tss``, ``strand`` and ``y`` are also part of every ``fit``, where they warn.

    Parameters
    ----------
    genes : pandas.DataFrame or None
        Gene table of the rows of X: ``chrom``, ``tss``, ``strand``, ``gene_id``. None takes these
        from X; a plain array is then checked without them.
    X : RegionArray or array-like of shape (n_genes, ...)
        Signal, as for the estimators, with or without a conditions axis.
    y : array-like of shape (n_genes,), default=None
        Expression or classes. None leaves out the checks that need it.
    bin_size : int, default=100
        Width of the bins of a plain array, in bp.

    Returns
    -------
    report : DataReport
        Its text lists the checks and findings; ``findings`` is a list of messages, empty for right
        data; ``to_frame()`` is a table; ``plot()`` draws the evidence.

    Raises
    ------
    ValueError
        If `genes`, `X` and `y` have different numbers of rows, the gene table is not valid, or y
        is missing for some gene.

    Notes
    -----
    The checks, and when they find something:

    ``genes``
        `genes` or the index of y has the gene ids of X in another order.
    ``chromosomes``
        All of 10 or more promoters of a chromosome other than Y or W hold no signal in any track.
    ``contacts``
        Fewer than 5 % of the genes have a pCRE.
    ``tss``
        All active marks (H3K4me3, H3K4me2, H3K27ac, H3K9ac, H2A.Z, Pol II, ATAC, DNase and CAGE, by
        the track's name; without such a name, tracks with Spearman's r of at least 0.2 with y) are
        flat around the TSS of the expressed genes: the log signal within 2 kb is less than 1.25
        times that of the window's outer half. Or all peak 3 kb or more off, on both strands at one
        place of the chromosome, 1.5 times above the TSS. Or the ratio is less than 1.5 on one
        strand, and above 2 and twice as large on the other. With right data the ratio was 4.9 to
        8.1 (K562, GM12878), with genes 50 kb off or of another assembly 1.0 to 1.1.
    ``strand``
        At most 35 % of the expressed genes have more H3K4me3, H3K27ac, H3K9ac, H3K36me3 and
        H3K79me2 within 3 kb downstream of the TSS than upstream, in each of these tracks and
        four standard errors from one half; or so on one strand, and at least 65 % on the other; or
        42 to 58 % (single tracks 38 to 62 %) of 100 or more genes that all are on one strand. With
        right data the share was 0.76 to 0.90 (K562, GM12878), with exchanged strands 0.10 to 0.24.
    ``y``
        y is never negative, has a maximum above 30 and a skewness of at least 1.5, and log2(y + 1)
        has at most half of it. Skewness of read counts was 17 to 21, of log2(counts + 1) -0.3.
    ``depth``
        The mean signal of a track is more than 50 times above or below that of the median track.
    ``constant``
        A track has the same mean at every promoter.
    ``duplicate``
        Two tracks correlate above 0.999 over promoters.

    The expressed genes are the upper third by y, or by signal where y is not given or says little.
    ``tss`` and ``strand`` need 50 genes with strands, windows of at least 16 kb, bins of at most
    1 kb, and signal that is alike in neighbouring steps (correlation within genes at least 0.1,
    which noise does not reach). They look at 2,000 genes evenly spaced over the rows. With
    a few hundred genes they miss some of the mistakes. Silent genes have no active marks: a set of
    them alone may be found to be flat, and genes of low expression that are chosen from one strand
    to have lost their strands. ``python benchmarks/mistakes.py --data FOLDER`` prints the figures.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo.evaluation import check_data
    >>> rng = np.random.default_rng(0)
    >>> X = rng.poisson(3.0, size=(200, 40)).astype(float)
    >>> counts = np.exp(rng.normal(3.0, 2.0, size=200)).round()
    >>> report = check_data(None, X, counts)
    >>> len(report.findings), report.findings[0][:24]
    (1, 'y is never negative, rea')
    >>> check_data(None, X, np.log2(counts + 1)).findings
    []
    """
    X, order = _with_genes(genes, X, bin_size)
    values = None if y is None else _target(X, y)
    is_number = values is not None and np.asarray(y).dtype.kind in "iuf"
    messages = {"genes": order or _order_of_target(X, y)}
    promoter = X.index[..., 0]
    means = mean_signal(X, promoter).reshape(-1, len(X.tracks))
    profiles = promoter_profiles(X) if has_profiles(X) else None
    tracks = _track_table(X, values, means, profiles)
    chroms, messages["chromosomes"] = _chroms(X, means)
    n_pcres, messages["contacts"] = _contacts(X)
    for finding in find_mistakes(X, values, profiles):
        messages[finding.check] = finding.message
    if is_number and (finding := find_not_logged(values)):
        messages["y"] = finding.message
    messages |= _odd_tracks(tracks, means)
    seen = _seen(X, values if is_number else None, tracks, chroms, n_pcres, profiles)
    checks = pd.DataFrame(
        {"seen": seen, "message": {name: messages.get(name, "") for name in seen}}
    )
    checks.insert(1, "ok", checks["message"] == "")
    return DataReport(checks, tracks, chroms, n_pcres, values, _profile_table(X, values, profiles))


def _with_genes(genes, X, bin_size):
    """Return X as a RegionArray with the gene table's columns, and a message of other genes."""
    columns = {}
    if genes is not None:
        table = check_genes(genes).drop(columns="pcres", errors="ignore")
        columns = {name: table[name].to_numpy() for name in table}
        check_consistent_length(table, X)
    if not isinstance(X, RegionArray):
        X = RegionArray.from_dense(X, bin_size=bin_size)
    message = ""
    if columns and "gene_id" in X.genes:
        message = _other_order(columns["gene_id"], X.genes["gene_id"], "the gene table")
    X = X[:]  # an array of its own, on the same signal
    X.genes = {**columns, **X.genes}
    return X, message


def _other_order(ids, own, source):
    """Return a message if gene ids differ from those in X, row by row."""
    ids, own = np.asarray(ids).astype(str), np.asarray(own).astype(str)
    other = np.flatnonzero(ids != own)
    if not len(other):
        return ""
    first = other[0]
    return (
        f"{len(other):,} of {len(own):,} rows of {source} hold other genes than X, the "
        f"first at row {first} ({ids[first]}, in X {own[first]}): bring both into one order"
    )


def _target(X, y):
    """Return y as numbers, of classes their codes."""
    values = column_or_1d(y)
    check_consistent_length(X, values)
    if pd.isna(values).any():
        raise ValueError(f"y is missing for {pd.isna(values).sum()} of {len(y)} genes: drop them")
    if values.dtype.kind not in "iufb":
        values = np.unique(values, return_inverse=True)[1]
    return values.astype(np.float64)


def _order_of_target(X, y):
    """Return a message if y has an index of the genes of X in another order."""
    ids, index = X.genes.get("gene_id"), getattr(y, "index", None)
    if ids is None or not isinstance(index, pd.Index) or set(index) != set(ids):
        return ""
    return _other_order(index, ids, "y")


def _track_table(X, y, means, profiles):
    """Return the figures of each track; see `DataReport`."""
    mean = means.mean(axis=0)
    middle = np.median(mean)
    table = pd.DataFrame({"mean": mean}, index=pd.Index(X.tracks, name="track"))
    table["depth"] = mean / middle if middle > 0 else np.nan
    names = ["r", "at_tss", "peak", "downstream"]
    if profiles is None:
        return table.assign(**dict.fromkeys(names, np.nan))
    signs = promoter_signs(X, y, profiles)
    figures = [signs.r, signs.contrast[0], signs.peak, signs.downstream[0]]
    return table.assign(**dict(zip(names, figures)))


def _chroms(X, means):
    """Return the genes on each chromosome, and a message of those without any signal."""
    if "chrom" not in X.genes:
        return pd.Series(dtype=int), ""
    chrom = pd.Series(X.genes["chrom"].astype(str))
    silent = pd.Series((means.reshape(len(X), -1) == 0).all(axis=1))
    counts = chrom.value_counts(sort=False)
    all_silent = silent.groupby(chrom).all()
    some = [
        name
        for name, n in counts.items()
        if all_silent[name] and n >= _LEAST_OF_CHROM and bare_name(name) not in _MAY_BE_SILENT
    ]
    if not some or len(some) == len(counts):
        return counts, ""
    return counts, (
        f"no promoter of {name_some(some)} has signal in any track: tracks lack the chromosome, or "
        "name it otherwise"
    )


def _contacts(X):
    """Return the number of pCREs of each gene, and a message if hardly any gene has one."""
    n_pcres = (X.index[..., 1:] >= 0).sum(axis=-1)
    n_pcres = n_pcres.mean(axis=1) if n_pcres.ndim == 2 else n_pcres
    share = (n_pcres > 0).mean()
    if X.index.shape[-1] == 1 or share >= _FEW_MATCHED:
        return n_pcres, ""
    return n_pcres, (
        f"{100 * share:.1f} % of the genes have a pCRE. This usually means contacts of another "
        "assembly, other chromosome names or too high a weight_threshold: see n_contacts_ and "
        "n_unmatched_ of InteractionTransformer"
    )


def _odd_tracks(tracks, means):
    """Return messages of tracks of odd depth, constant ones and those that are given twice."""
    names, messages = tracks.index.to_numpy(), {}
    constant = np.ptp(means, axis=0) == 0 if len(means) > 1 else np.zeros(len(names), bool)
    depth = tracks["depth"].to_numpy()
    odd = ~constant & ((depth > _ODD_DEPTH) | (depth < 1 / _ODD_DEPTH))
    if odd.any():
        shown = [f"{name} ({value:.3g} times)" for name, value in zip(names[odd], depth[odd])]
        messages["depth"] = (
            f"the mean signal of {name_some(shown)} is far from that of the median track. This "
            "usually means files of different units, such as read depth and fold change: take "
            "one unit for all"
        )
    if constant.any():
        messages["constant"] = (
            f"{name_some(names[constant])} has the same mean at every promoter: is the file empty, "
            "or of other chromosome names?"
        )
    varied = np.flatnonzero(~constant)
    if len(varied) > 1 and len(means) > 2:
        r = np.triu(np.corrcoef(means[:, varied], rowvar=False), 1)
        pairs = [f"{names[varied[i]]} and {names[varied[j]]}" for i, j in np.argwhere(r > _ALIKE)]
        if pairs:
            messages["duplicate"] = (
                f"{name_some(pairs)} are the same at every promoter: is one file given twice?"
            )
    return messages


def _seen(X, y, tracks, chroms, n_pcres, profiles):
    """Return the figures of each check as text."""
    strand = X.genes.get("strand", np.empty(0))
    plus = f", {(strand == '+').sum():,} on +, {(strand == '-').sum():,} on -" * (len(strand) > 0)
    depth = tracks["depth"]
    unknown = "not checked"
    best = tracks.loc[tracks["at_tss"].idxmax()] if tracks["at_tss"].notna().any() else None
    return {
        "genes": f"{len(X):,} genes{plus}",
        "chromosomes": f"{len(chroms)} chromosome{'s' * (len(chroms) != 1)}"
        if len(chroms)
        else unknown,
        "contacts": f"{100 * (n_pcres > 0).mean():.0f} % of genes have pCREs, median "
        f"{np.median(n_pcres):g}"
        if X.index.shape[-1] > 1
        else "promoters alone",
        "tss": unknown
        if best is None
        else f"signal at the TSS over the flanks: at most {best['at_tss']:.1f} ({best.name})",
        "strand": unknown if profiles is None else _span(tracks["downstream"], "downstream"),
        "y": unknown
        if y is None
        else f"skewness {skewness(y):.2f}, {y.min():.4g} to {y.max():.4g}",
        "depth": _span(depth, "times the median track") if depth.notna().all() else unknown,
        "constant": f"{len(tracks)} track{'s' * (len(tracks) != 1)}",
        "duplicate": f"{len(tracks)} track{'s' * (len(tracks) != 1)}",
    }


def _span(values, what):
    return f"{values.min():.2f} to {values.max():.2f} {what}"


def _profile_table(X, y, profiles):
    """Return the mean profiles by track, strand and expression; see `DataReport`."""
    columns = ["track", "strand", "expression", "position", "signal"]
    if profiles is None:
        return pd.DataFrame(columns=columns)
    strand = np.asarray(X.genes["strand"])[profiles.rows]
    parts = []
    for expression, group in _thirds(y, profiles.rows).items():
        for sign in ("+", "-"):
            chosen = profiles.values[group & (strand == sign)]
            if not len(chosen):
                continue
            for track, signal in zip(X.tracks, chosen.mean(axis=0).T):
                values = (track, sign, expression, profiles.position, signal)
                parts.append(pd.DataFrame(dict(zip(columns, values))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _thirds(y, rows):
    """Return which of some rows have a high and a low y, or all where y does not vary."""
    values = np.zeros(len(rows)) if y is None else y[rows]
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    if values.min() == values.max():
        return {"all": np.ones(len(rows), dtype=bool)}
    is_high = values >= high if high > values.min() else values > high
    return {"high": is_high, "low": (values <= low) & ~is_high}

"""Mean signal of windows of the promoter, and signal of pCREs by contact."""

from itertools import pairwise

import numpy as np

from .._arrays import ranges

# Bins held as float64 at a time: 2 MB with eight tracks.
_BINS_AT_A_TIME = 1 << 15


def promoter_means(X):
    """Mean signal per bp of each gene's whole promoter.

    Parameters
    ----------
    X : RegionArray
        Of one condition.

    Returns
    -------
    means : dict of {"window"} to ndarray of shape (n_genes, n_tracks), float64
    """
    promoters, row = np.unique(X.index[:, 0], return_inverse=True)
    return {"window": _region_means(X, promoters)[row]}


def promoter_window_means(X, core):
    """Mean signal per bp in windows of each gene's promoter.

    Parameters
    ----------
    X : RegionArray
        Of one condition.
    core : int
        Length of the core promoter in bp, even. Its middle is the TSS, the promoter's middle.

    Returns
    -------
    means : dict of str to ndarray of shape (n_genes, n_tracks), float64
        Of "core", "upstream", "downstream" and "window".

    Raises
    ------
    ValueError
        If the core leaves nothing of a gene's promoter on either side.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> X = RegionArray.from_dense(np.array([[2.0, 0.0, 5.0, 1.0]]))
    >>> {window: mean.item() for window, mean in promoter_window_means(X, 200).items()}
    {'core': 2.5, 'upstream': 2.0, 'downstream': 1.0, 'window': 2.0}
    """
    promoters, row = np.unique(X.index[:, 0], return_inverse=True)
    length = X.lengths[promoters]
    tss, half = length // 2, core // 2
    short = np.flatnonzero((tss <= half)[row])
    if len(short):
        raise ValueError(
            f"core={core} bp leaves nothing around it in the promoter of the gene at row "
            f"{_name_row(X, short[0])}, which has {length[row[short[0]]]} bp: make core shorter "
            "than every promoter"
        )
    cuts = np.stack([np.zeros_like(length), tss - half, tss + half, length])
    sums = [_sums(X, promoters, start, end) for start, end in pairwise(cuts)]
    widths = np.diff(cuts, axis=0)[:, :, None]
    upstream, core_mean, downstream = (part / width for part, width in zip(sums, widths))
    window = sum(sums) / length[:, None]
    means = {"core": core_mean, "upstream": upstream, "downstream": downstream, "window": window}
    return {name: mean[row] for name, mean in means.items()}


def pcre_activity(X):
    """Contact weight x mean signal per bp, summed over each gene's pCREs.

    Parameters
    ----------
    X : RegionArray
        Of one condition.

    Returns
    -------
    activity : ndarray of shape (n_genes, n_tracks), float64
        0 for a gene without pCREs.

    Raises
    ------
    ValueError
        If negative weights make a gene's sum negative.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> values = np.array([[1.0], [2.0], [4.0]]).reshape(1, 3, 1, 1)
    >>> pcre_activity(RegionArray.from_dense(values, weights=[[3.0, 0.5]]))
    array([[8.]])
    """
    pcres = X.index[:, 1:]
    used = np.unique(pcres[pcres >= 0])
    means = np.append(_region_means(X, used), np.zeros((1, len(X.tracks))), axis=0)
    place = np.where(pcres < 0, len(used), np.searchsorted(used, pcres))
    activity = np.zeros((len(X), len(X.tracks)))
    # One pCRE of every gene at a time: a gene's sum is the same whichever genes stand beside it.
    for weight, mean in zip(X.weights.T, place.T):
        activity += weight[:, None] * means[mean]
    negative = np.argwhere(activity < 0)
    if len(negative):
        row, track = negative[0]
        raise ValueError(
            f"the pCREs of the gene at row {_name_row(X, row)} sum to {activity[row, track]:.3g} "
            f"for track {X.tracks[track]}, as contact weights are negative: leave such contacts "
            "out (weight_threshold=0 of InteractionTransformer), or use scores or a "
            "weight_transform that are not negative, such as weight_transform='log1p'"
        )
    return activity


def _region_means(X, regions):
    """Mean signal per bp of whole regions, ndarray of shape (n, n_tracks)."""
    length = X.lengths[regions]
    return _sums(X, regions, np.zeros_like(length), length) / length[:, None]


def _sums(X, regions, start, end):
    """Signal summed over the bp [start, end) of each region, ndarray of shape (n, n_tracks).

    Bins that are partly inside count by their overlap. A region's sum does not depend on others.
    """
    first, stop = start // X.bin_size, -(-end // X.bin_size)
    counts = stop - first
    sums = np.zeros((len(regions), len(X.tracks)))
    piece_of = np.cumsum(counts) // _BINS_AT_A_TIME
    for piece in np.split(np.arange(len(regions)), np.flatnonzero(np.diff(piece_of)) + 1):
        n_bins = counts[piece]
        at = np.cumsum(n_bins) - n_bins
        overlap = np.full(n_bins.sum(), float(X.bin_size))
        overlap[at] -= start[piece] - first[piece] * X.bin_size
        overlap[at + n_bins - 1] -= stop[piece] * X.bin_size - end[piece]
        rows = ranges(X.offsets[regions[piece]] + first[piece], n_bins)
        sums[piece] = np.add.reduceat(X.signal[rows] * overlap[:, None], at, axis=0)
    return sums


def _name_row(X, row):
    """Row number and, where known, gene, for a message."""
    ids = X.genes.get("gene_id")
    return str(row) if ids is None else f"{row} ({ids[row]})"

"""Contact scores put on a scale that suits the network."""

from functools import partial

import numpy as np

from ._pcres import Pcres
from ._values import show

# Frequencies of promoter-capture Hi-C that the published models were trained with (3DIV, normalised
# for bias and distance, above 1.5), as quantiles. Ends and median: the 580 pCREs of the 100 H1
# genes of Chromoformer's public demo; the quantiles between: 346 pCREs of 64 of these genes.
PAPER_FREQUENCIES = {
    0.0: 1.504,
    0.05: 1.54,
    0.25: 1.68,
    0.5: 1.86,
    0.75: 2.09,
    0.9: 2.47,
    0.95: 2.61,
    0.99: 3.56,
    0.995: 3.94,
    1.0: 12.33,
}


def check_weight_transform(weight_transform):
    """Raise unless this is a transform of weights.

    Parameters
    ----------
    weight_transform : {"log1p", "rank"}, callable or None
        The setting to judge.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> check_weight_transform("rank")
    """
    named = isinstance(weight_transform, str) and weight_transform in ("log1p", "rank")
    if not (weight_transform is None or named or callable(weight_transform)):
        raise ValueError(
            "weight_transform must be None, 'log1p', 'rank' or a function of an array of weights, "
            f"got {weight_transform!r}"
        )


def list_weights(cells):
    """Gather the weights of all pCREs, those of cells that rows share once.

    Parameters
    ----------
    cells : list of Pcres
        What `choose_pcres` returns.

    Returns
    -------
    ndarray of shape (n_weights,), float64
        The weights, rising.

    Examples
    --------
    >>> cell = Pcres(["chr1", "chr1"], [5, 50], [9, 90], [3.0, 2.0], 8, 40_000)
    >>> list_weights([cell, cell])
    array([2., 3.])
    """
    distinct = {id(cell): cell.weight for cell in cells}
    return np.sort(np.concatenate([np.empty(0), *distinct.values()]))


def weight_function(weight_transform, known=None):
    """Give the function that a setting stands for.

    Parameters
    ----------
    weight_transform : {"log1p", "rank"}, callable or None
        The setting.
    known : ndarray of shape (n_known,), float64, default=None
        For ``"rank"``: the weights that ranks are counted among, rising.

    Returns
    -------
    callable or None
        A function of an array of weights; None where they are to stay as they are.

    Examples
    --------
    >>> weight_function("log1p")
    <ufunc 'log1p'>
    """
    if weight_transform == "rank":
        return partial(weights_by_rank, known=known)
    return np.log1p if weight_transform == "log1p" else weight_transform


def weights_by_rank(weights, known):
    """Give weights the values that the paper's frequencies have at the same ranks.

    Parameters
    ----------
    weights : ndarray of shape (n_weights,)
        The weights.
    known : ndarray of shape (n_known,), float64
        The weights that ranks are counted among, rising, at least one. Of n, the k-th has the
        quantile (k - 1/2) / n, equal ones that of their middle; between them it is interpolated,
        beyond them it is that of the first or the last.

    Returns
    -------
    ndarray of shape (n_weights,), float64
        Values from 1.5 to 12.3, rising with the weights.

    Raises
    ------
    ValueError
        If there is none to count among.

    Examples
    --------
    >>> import numpy as np
    >>> weights_by_rank(np.array([0.0, 20.0, 30.0]), np.array([10.0, 20.0, 40.0]))
    array([1.62..., 1.86 , 2.01...])
    """
    if not len(known):
        raise ValueError(
            "weight_transform='rank' has learned from no pCRE, as no gene that it was fitted on "
            "has any: fit on genes with contacts, or set weight_transform=None"
        )
    values, first, counts = np.unique(known, return_index=True, return_counts=True)
    quantiles = np.interp(weights, values, (first + counts / 2) / len(known))
    return np.interp(quantiles, list(PAPER_FREQUENCIES), list(PAPER_FREQUENCIES.values()))


def transform_weights(cells, transform):
    """Give the pCREs of all cells new weights, in the same order.

    Parameters
    ----------
    cells : list of Pcres
        What `choose_pcres` returns.
    transform : callable
        Takes the weights, an ndarray of shape (n_weights,), float64, and returns as many finite
        numbers, none lower than that of a lower weight. It is not called where there is no pCRE.

    Returns
    -------
    list of Pcres
        The cells; those that were shared still are.

    Raises
    ------
    ValueError
        If the function returns anything else.

    Examples
    --------
    >>> cell = Pcres(["chr1", "chr1"], [5, 50], [9, 90], [3.0, 2.0], 8, 40_000)
    >>> transform_weights([cell], lambda weights: 10 * weights)[0].weight
    array([30., 20.], dtype=float32)
    """
    distinct = {id(cell): cell for cell in cells if len(cell)}
    if not distinct:
        return cells
    weights = np.concatenate([cell.weight for cell in distinct.values()]).astype(np.float64)
    bounds = np.cumsum([len(cell) for cell in distinct.values()])[:-1]
    parts = np.split(apply_transform(transform, weights), bounds)
    changed = {
        key: Pcres(cell.chrom, cell.start, cell.end, part, cell.max_pcres, cell.max_pcre_length)
        for (key, cell), part in zip(distinct.items(), parts, strict=True)
    }
    return [changed.get(id(cell), cell) for cell in cells]


def check_single(transform, weights):
    """Raise if a transform gives a weight another value in other company.

    Such a transform (ranks, a division by the highest) would make the pCREs of a gene depend on
    which other genes are in the table.

    Parameters
    ----------
    transform : callable
        As for `transform_weights`.
    weights : ndarray of shape (n_weights,), float64
        Weights to try it with.

    Raises
    ------
    ValueError
        If it does, or returns no array of as many finite numbers that rise with the weights.

    Examples
    --------
    >>> import numpy as np
    >>> check_single(np.sqrt, np.array([1.0, 4.0, 9.0]))
    """
    if not len(weights):
        return
    whole = apply_transform(transform, weights)
    half = len(weights) // 2
    for part in (slice(0, half), slice(half, None)):
        if len(weights[part]) and not np.allclose(
            apply_transform(transform, weights[part]), whole[part], rtol=1e-6
        ):
            raise ValueError(
                "weight_transform must treat each weight on its own, but gives other values for "
                "part of an array than for all of it: learn from the training rows beforehand, or "
                "use weight_transform='rank'"
            )


def apply_transform(transform, weights):
    """Call a transform and judge what it returns.

    Parameters
    ----------
    transform : callable
        As for `transform_weights`.
    weights : ndarray of shape (n_weights,), float64
        The weights.

    Returns
    -------
    ndarray of shape (n_weights,), float64
        Their new values.

    Raises
    ------
    ValueError
        If they are not as many, not finite, or fall where the weights rise.

    Examples
    --------
    >>> import numpy as np
    >>> apply_transform(np.log1p, np.array([0.0, 1.0]))
    array([0.    , 0.693...])
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        returned = transform(weights.copy())
    try:
        values = np.asarray(returned, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != weights.shape:
        raise ValueError(
            f"weight_transform must return an array of {len(weights)} numbers for {len(weights)} "
            f"weights, got {_in_short(returned)}"
        )
    bad = ~(np.abs(values) <= np.finfo(np.float32).max)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(
            f"weight_transform makes {values[at]} of the weight {weights[at]}: weights must be "
            "finite; set weight_threshold to leave such contacts out, or use another transform"
        )
    order = np.argsort(weights, kind="stable")
    falls = np.diff(values[order]) < 0
    if falls.any():
        low, high = weights[order][[np.argmax(falls), np.argmax(falls) + 1]]
        raise ValueError(
            f"weight_transform gives the weight {high} a lower value than {low}: it must not fall, "
            "as pCREs are chosen by falling weight; turn scores of which the lowest are the "
            "strongest round in the list of contacts itself"
        )
    return values


def _in_short(returned):
    """Describe what a function returned."""
    shape = getattr(returned, "shape", None)
    if shape is not None:
        return f"{type(returned).__name__} of shape {shape}"
    return f"{type(returned).__name__} {show(returned)}"[:80]

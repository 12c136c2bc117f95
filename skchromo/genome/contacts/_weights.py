"""Contact scores turned into weights on a scale that suits the network."""

from functools import partial

import numpy as np

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
    """Check that this is a transform of weights: ``"log1p"``, ``"rank"``, a callable or None."""
    named = isinstance(weight_transform, str) and weight_transform in ("log1p", "rank")
    if not (weight_transform is None or named or callable(weight_transform)):
        raise ValueError(
            "weight_transform must be None, 'log1p', 'rank' or a function of an array of weights, "
            f"got {weight_transform!r}"
        )


def list_weights(cells):
    """Return the weights of all pCREs, rising (float64); a cell that rows share counts once."""
    distinct = {id(cell): cell.weight for cell in cells}
    return np.sort(np.concatenate([np.empty(0), *distinct.values()]))


def weight_function(weight_transform, known=None):
    """Return the function of an array of weights that a setting stands for; None where they stay.

    `known` are the weights, rising, that ``"rank"`` counts among.
    """
    if weight_transform == "rank":
        return partial(weights_by_rank, known=known)
    return np.log1p if weight_transform == "log1p" else weight_transform


def weights_by_rank(weights, known):
    """Return the values that the paper's frequencies have at the ranks of weights, 1.5 to 12.3.

    Ranks are counted among the `known` weights, rising. The k-th of n has the quantile
    (k - 1/2) / n, equal ones that of their middle. Between them it is interpolated; beyond them it
    is that of the first or the last.
    """
    if not len(known):
        raise ValueError(
            "weight_transform='rank' has learned from no pCRE, because no gene that it was fitted "
            "on has any: fit on genes with contacts, or set weight_transform=None"
        )
    values, first, counts = np.unique(known, return_index=True, return_counts=True)
    quantiles = np.interp(weights, values, (first + counts / 2) / len(known))
    return np.interp(quantiles, list(PAPER_FREQUENCIES), list(PAPER_FREQUENCIES.values()))


def transform_weights(cells, transform):
    """Return cells whose pCREs have new weights, in the same order; shared cells stay shared.

    `transform` takes the weights of all cells (float64) and returns as many finite numbers that
    rise with them. It is not called where there is no pCRE.
    """
    distinct = {id(cell): cell for cell in cells if len(cell)}
    if not distinct:
        return cells
    weights = np.concatenate([cell.weight for cell in distinct.values()]).astype(np.float64)
    bounds = np.cumsum([len(cell) for cell in distinct.values()])[:-1]
    parts = np.split(_apply(transform, weights), bounds)
    changed = {
        key: cell.with_weight(part)
        for (key, cell), part in zip(distinct.items(), parts, strict=True)
    }
    return [changed.get(id(cell), cell) for cell in cells]


def check_single(transform, weights):
    """Refuse a transform that gives a weight another value in other company.

    Such a transform (ranks, a division by the highest) would make the pCREs of a gene depend on
    which other genes are in the table.
    """
    if not len(weights):
        return
    whole = _apply(transform, weights)
    half = len(weights) // 2
    for part in (slice(0, half), slice(half, None)):
        if len(weights[part]) and not np.allclose(
            _apply(transform, weights[part]), whole[part], rtol=1e-6
        ):
            raise ValueError(
                "weight_transform must treat each weight on its own, but gives other values for "
                "part of an array than for all of it: learn from the training rows beforehand, or "
                "use weight_transform='rank'"
            )


def _apply(transform, weights):
    """Call a transform, and check that it returns as many finite values that do not fall."""
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
            "because pCREs are chosen by falling weight; where the lowest scores are the "
            "strongest, turn them round in the list of contacts itself"
        )
    return values


def _in_short(returned):
    """Describe the value that a function returned."""
    shape = getattr(returned, "shape", None)
    if shape is not None:
        return f"{type(returned).__name__} of shape {shape}"
    return f"{type(returned).__name__} {show(returned)}"[:80]

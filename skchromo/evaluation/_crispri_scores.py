"""crispri_scores: how well scores rank the element-gene pairs that a CRISPRi screen found."""

import numbers
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_consistent_length

from .._words import check_whole
from ._crispri_pairs import check_pairs, pair_distances

_METRICS = ("auprc", "auroc", "precision")
_DRAWS_AT_A_TIME = 100


def crispri_scores(
    pairs,
    scores,
    *,
    genes=None,
    distances=(0, 20_000, 100_000, 2_500_000),
    recall=0.7,
    reference=None,
    cluster="gene_id",
    n_bootstrap=1_000,
    confidence=0.95,
    random_state=None,
):
    """Score rankings of element-gene pairs against the outcome of a CRISPRi screen.

    The pairs whose element regulates its gene are the positives. Each score is measured on all
    pairs and in classes of distance, with bootstrap intervals. With `reference` the difference of
    each score from this one is measured too, on the same pairs in each bootstrap sample.

    Parameters
    ----------
    pairs : pandas.DataFrame of shape (n_pairs, n_columns)
        Tested pairs: ``gene_id``, ``chrom``, ``start``, ``end`` (bp, 0-based, half-open) and
        ``Regulated`` (bool, or 0 and 1), as :func:`skchromo.datasets.fetch_crispri` returns them.
        An optional column ``distance`` is the distance of element and TSS in bp.
    scores : str, sequence of str, pandas.DataFrame, mapping, or array-like of shape (n_pairs,)
        Scores, higher where an element is more likely to regulate its gene: names of columns of
        `pairs`; or a column for each score, with a row for each pair. A single Series or array may
        be given as it is. A missing score (NaN) counts as 0 where no score is negative, and as
        lower than all others where some are.
    genes : pandas.DataFrame, default=None
        Gene table ``gene_id chrom tss strand``. Distances are computed from it: from the middle of
        the element to the TSS. None takes the column ``distance`` of `pairs`; without one there
        are no classes of distance.
    distances : sequence of int, default=(0, 20_000, 100_000, 2_500_000)
        Limits of the classes of distance in bp: a class is ``[low, high)``. Pairs of unknown
        distance belong to no class.
    recall : float, default=0.7
        Share of the positives that must be found, for ``precision``.
    reference : str, default=None
        Name of the score that the others are compared with. None compares none.
    cluster : str or None, default="gene_id"
        Column of `pairs` whose values are drawn by the bootstrap, each with all of its pairs.
        Pairs of one gene share its promoter and its power, so that single pairs (None) give
        intervals that are too narrow. ``"chrom"`` draws whole chromosomes.
    n_bootstrap : int, default=1_000
        Number of bootstrap samples; 0 leaves the intervals out.
    confidence : float, default=0.95
        Share of the bootstrap samples within an interval (percentile method).
    random_state : int, RandomState instance or None, default=None
        Seed of the bootstrap; an int gives the same intervals again.

    Returns
    -------
    table : pandas.DataFrame
        A row for each ``score``, ``distance`` ("all", "0-20 kb", ...) and ``metric``, with
        ``n_pairs``, ``n_positive``, the ``value``, and the interval ``low`` to ``high``. With a
        `reference`, ``difference`` is the value minus that of the reference, with its interval
        ``difference_low`` to ``difference_high``. The metrics are ``auprc``, the average
        precision; ``auroc``; and ``precision`` at the highest threshold that reaches `recall`.
        NaN where a class has no positive, or no negative, pair.

    Raises
    ------
    TypeError
        If `pairs` is not a DataFrame.
    ValueError
        If a column is missing or holds a missing value, ``Regulated`` is not yes or no, a score
        has another length than `pairs`, or `reference` is not the name of a score.

    See Also
    --------
    match_elements : Scores of predicted elements that overlap the tested ones.
    skchromo.inspection.element_effects : Effects of the pairs on the predictions of a model.
    skchromo.inspection.CRISPRiDisplay : Precision-recall curves of the same scores.

    Notes
    -----
    Classes of distance, metrics and the rule of missing scores are those of the benchmark of
    Gschwind et al. (https://github.com/EngreitzLab/CRISPR_comparison), except that it joins the
    points of the precision-recall curve by lines: average precision does not, and is a little
    lower. Among tied scores no order is assumed.

    Examples
    --------
    >>> import pandas as pd
    >>> from skchromo.evaluation import crispri_scores
    >>> pairs = pd.DataFrame({
    ...     "gene_id": list("AABBCC"), "chrom": "chr1", "start": range(0, 6_000, 1_000),
    ...     "end": range(500, 6_500, 1_000), "distance": [2e3, 5e4, 3e3, 4e4, 9e4, 1e3],
    ...     "Regulated": [True, False, True, False, True, False]})
    >>> scores = {"distance": -pairs["distance"], "model": [0.9, 0.2, 0.7, 0.1, 0.8, None]}
    >>> table = crispri_scores(pairs, scores, reference="distance", random_state=0)
    >>> best = table[(table["metric"] == "auprc") & (table["distance"] == "all")]
    >>> best[["score", "n_pairs", "n_positive", "value", "difference"]].round(3)
          score  n_pairs  n_positive  value  difference
    0  distance        6           3  0.556       0.000
    ...  model        6           3  1.000       0.444
    """
    _check_parameters(recall, n_bootstrap, confidence)
    table, y, columns, distance = check_ranking(
        pairs, scores, genes, [] if cluster is None else [cluster]
    )
    if reference is not None and reference not in columns:
        raise ValueError(
            f"reference must name one of the scores {', '.join(columns)}, got {reference!r}"
        )
    classes = _classes(distance, distances, len(table))
    draws = _draws(
        None if cluster is None else table[cluster], len(table), n_bootstrap, random_state
    )
    values = {
        (name, label): _measured(y[rows], column[rows], draws, rows, recall)
        for name, column in columns.items()
        for label, rows in classes.items()
    }
    records = []
    for (name, label), (value, drawn) in values.items():
        rows = classes[label]
        record = {"score": name, "distance": label, "n_pairs": rows.sum()}
        record["n_positive"] = int(y[rows].sum())
        for k, metric in enumerate(_METRICS):
            low, high = _interval(drawn[:, k], confidence)
            row = record | {"metric": metric, "value": value[k], "low": low, "high": high}
            if reference is not None:
                other, others = values[reference, label]
                low, high = _interval(drawn[:, k] - others[:, k], confidence)
                row |= {"difference": value[k] - other[k]}
                row |= {"difference_low": low, "difference_high": high}
            records.append(row)
    return pd.DataFrame(records)


def check_ranking(pairs, scores, genes, others=()):
    """Return the checked pairs, their outcome (0.0 or 1.0), scores by name, and distances.

    Missing scores are filled in. Distances are in bp, or None where nothing says them.
    """
    table = check_pairs(pairs, others=["Regulated", *others])
    distance = None
    if genes is not None:
        distance = pair_distances(table, genes)
    elif "distance" in pairs.columns:
        distance = np.abs(pd.to_numeric(pairs["distance"]).to_numpy(float))
    return table, _outcome(table["Regulated"]), _score_columns(pairs, scores), distance


def _score_columns(pairs, scores):
    """Return a dict from the name of each score to its values, NaN replaced by the lowest."""
    if isinstance(scores, str):
        scores = [scores]
    if isinstance(scores, (list, tuple)) and scores and all(isinstance(s, str) for s in scores):
        unknown = [name for name in scores if name not in pairs.columns]
        if unknown:
            raise ValueError(f"pairs has no column {', '.join(unknown)} to take as a score")
        scores = pairs[list(scores)]
    if isinstance(scores, (pd.DataFrame, pd.Series)):
        _check_order(pairs.index, scores.index)
    if isinstance(scores, pd.Series):
        scores = {"score" if scores.name is None else scores.name: scores}
    elif not isinstance(scores, (pd.DataFrame, Mapping)):
        scores = {"score": scores}
    columns = {}
    for name, column in scores.items():
        check_consistent_length(pairs, column)
        if isinstance(column, pd.Series):
            _check_order(pairs.index, column.index)
        values = np.asarray(pd.to_numeric(pd.Series(np.asarray(column))), float)
        if values.ndim != 1 or np.isnan(values).all():
            raise ValueError(f"score {name} must hold one number for each pair, and has none")
        lowest = np.nanmin(values)
        fill = 0.0 if lowest >= 0 else np.nextafter(lowest, -np.inf)
        columns[str(name)] = np.where(np.isnan(values), fill, values)
    return columns


def _check_parameters(recall, n_bootstrap, confidence):
    """Refuse a parameter that is out of range."""
    check_scalar(recall, "recall", numbers.Real, min_val=0, max_val=1, include_boundaries="right")
    limits = {"min_val": 0, "max_val": 1, "include_boundaries": "neither"}
    check_scalar(confidence, "confidence", numbers.Real, **limits)
    check_whole("n_bootstrap", n_bootstrap, 0)


def _check_order(index, other):
    """Refuse scores of the same rows in another order."""
    if not other.equals(index) and len(other) == len(index) and set(other) == set(index):
        raise ValueError(
            "scores has the index of pairs in another order: bring it into the order of pairs, "
            "scores.reindex(pairs.index)"
        )


def _outcome(column):
    """Return whether each pair is regulated, as 0.0 and 1.0."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(float)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(
            "pairs: column Regulated must hold True and False, or 1 and 0, got "
            f"{column[~np.isin(values, (0, 1))].iloc[0]!r}"
        )
    return values


def _classes(distance, limits, n_pairs):
    """Return whether each pair is in each class of distance; only "all" where it is None."""
    classes = {"all": np.ones(n_pairs, bool)}
    if distance is None:
        return classes
    limits = list(limits)
    if limits != sorted(set(limits)):
        raise ValueError(f"distances must be limits in bp in rising order, got {limits}")
    for low, high in pairwise(limits):
        classes[f"{low / 1_000:g}-{high / 1_000:g} kb"] = (low <= distance) & (distance < high)
    return classes


def _draws(cluster, n_pairs, n_bootstrap, random_state):
    """Return how often each pair is in each bootstrap sample, (n_bootstrap, n_pairs), float32."""
    codes = np.arange(n_pairs) if cluster is None else pd.factorize(cluster)[0]
    n = codes.max(initial=0) + 1
    counts = check_random_state(random_state).multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    return counts.astype(np.float32)[:, codes]


def _measured(y, score, draws, rows, recall):
    """Return the metrics of some pairs, and those of each bootstrap sample as rows."""
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)[: len(order)])
    sorted_y = y[order]
    value = _metrics(sorted_y, last, np.ones((1, len(y))), recall)[0]
    drawn = np.full((len(draws), len(_METRICS)), np.nan)
    for start in range(0, len(draws), _DRAWS_AT_A_TIME):
        part = slice(start, start + _DRAWS_AT_A_TIME)
        weights = draws[part][:, rows][:, order].astype(float)
        drawn[part] = _metrics(sorted_y, last, weights, recall)
    return value, drawn


def _metrics(y, last, weights, recall):
    """Return the metrics of samples in which pairs have weights, shape (n_samples, n_metrics).

    Pairs come by falling score, and `last` are the last ones of each distinct score.
    """
    found = np.cumsum(weights * y, axis=1)[:, last]
    taken = np.cumsum(weights, axis=1)[:, last]
    if not len(last):
        return np.full((len(weights), len(_METRICS)), np.nan)
    false = taken - found
    n_positive, n_negative = found[:, -1], false[:, -1]
    precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
    gained, wrong = (np.diff(part, axis=1, prepend=0) for part in (found, false))
    reached = found >= (recall * n_positive * (1 - 1e-12))[:, None]
    measured = np.stack(
        [
            _over((gained * precision).sum(axis=1), n_positive),
            _over(((found - gained / 2) * wrong).sum(axis=1), n_positive * n_negative),
            precision[np.arange(len(weights)), reached.argmax(axis=1)],
        ],
        axis=1,
    )
    measured[(n_positive == 0) | (n_negative == 0)] = np.nan
    return measured


def _over(sums, counts):
    """Divide, where there is something to divide by."""
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


def _interval(drawn, confidence):
    """Return the percentile interval of bootstrap values; NaN where there are none."""
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return np.nan, np.nan
    return tuple(np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2]))

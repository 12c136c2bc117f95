"""element_effects: the effect of silencing elements on the predictions of their genes."""

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from ..._words import check_choice, check_whole, name_some
from ...evaluation import bare_ids, check_pairs
from ...regions import RegionArray
from .._model import open_model
from ._fold_models import members_of
from ._silencing import Silencer, bare_names

_REPLACE = ("zero", "mean", "unmarked")
_HELD_BY = np.array(["", "promoter", "pCRE", "promoter and pCRE"], object)
# A pair is compared with one in five background loci, those nearest in distance; a pCRE for the
# background is one of fifty. Distances are compared as log(distance + 1 kb).
_ONE_IN, _N_ALIKE, _NEAR = 5, 50, 1_000


def element_effects(
    estimator,
    X,
    pairs,
    *,
    replace="zero",
    tracks=None,
    response_method="auto",
    class_of_interest=None,
    n_background=1_000,
    random_state=None,
):
    """Silence elements as CRISPRi does, each for one gene, and predict the gene again.

    The element of a pair is silenced wherever X of its gene holds it: in the promoter window, in a
    pCRE or in several of them, whole or in part. Each bin that overlaps the element is replaced.

    Parameters
    ----------
    estimator : estimator, sequence of estimators, or result of cross_validate
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one. Of several, such as models of other seeds, the
        effects are averaged. The result of scikit-learn's ``cross_validate`` with
        ``return_estimator=True`` and ``return_indices=True`` (or a sequence of such results) holds
        the models of folds: each gene is then explained only by the models that were not trained
        on its chromosome.
    X : pandas.DataFrame or RegionArray of n_genes rows
        Input of the estimator's `predict`, with a ``gene_id`` for each row; for fold models the
        same rows as in ``cross_validate``. Only the genes of `pairs` are transformed.
    pairs : pandas.DataFrame of shape (n_pairs, n_columns)
        Pairs to silence: ``gene_id``, ``chrom``, ``start`` and ``end`` of the element (bp,
        0-based, half-open), and ``sample`` where X has a gene in several samples. Versions of ids
        and ``chr`` before the names of chromosomes may differ from X.
    replace : {"zero", "mean", "unmarked"}, default="zero"
        What the signal of a silenced bin becomes: 0; the mean signal of all pCREs of X (of the
        model of a fold, those of the genes that it may explain); or the mean signal of the tenth
        of them with the least signal (relative to the mean of each track). If X has no pCREs,
        promoter windows take their place.
    tracks : str or sequence of str, default=None
        Names of the tracks that are silenced; None is all. Repressive marks are then taken away
        too, which may raise a prediction.
    response_method : {"auto", "predict", "log_odds", "predict_proba"}, default="auto"
        Which response is compared: "auto" is `predict` for a regressor, in the scale of its y, and
        "log_odds" for a classifier.
    class_of_interest : label, default=None
        Class whose logit or probability is compared; None is the second of two classes.
    n_background : int, default=1_000
        Number of other loci to silence, for the percentiles; 0 leaves them out.
    random_state : int, RandomState instance or None, default=None
        Seed of the choice of the background; an int gives the same percentiles again.

    Returns
    -------
    effects : pandas.DataFrame
        A row for each pair, in the order and with the index of `pairs`: ``gene_id``, ``chrom``,
        ``start`` and ``end``;

        - ``distance``, from the middle of the element to the TSS in bp;
        - ``prediction`` of the gene before;
        - ``effect``, the prediction with the silenced element minus the one before: below 0 where
          the element raises the prediction, like the effect size of a screen. NaN where nothing
          could be silenced;
        - ``percentile``, the share (0 to 100) of background loci at about the same distance whose
          effect is smaller in size;
        - ``held_by``, "promoter", "pCRE" or "promoter and pCRE";
        - ``reason`` for a missing effect, and "" where there is one: the gene is not in X, every
          model was trained on its chromosome, or no region of the gene holds the locus.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`, or X or `pairs` are of another type.
    ValueError
        If X has no such track, no gene ids or no coordinates, a gene stands in several rows, or
        the models of folds do not belong to X or have left out no whole chromosome.

    See Also
    --------
    pcre_importance : Take away whole pCREs, one by one.
    skchromo.evaluation.crispri_scores : Score ``-effect`` against the outcome of a screen.
    skchromo.inspection.CRISPRiDisplay : Precision-recall curves.

    Notes
    -----
    The background is drawn from the same genes. For a random pair within the promoter window it
    takes another gene's locus at the same distance, for one beyond it a pCRE at about the same
    distance. A pair is compared with the fifth of the background that is nearest in distance,
    without loci that overlap it.

    The work is that of `predict` on as many genes as there are pairs and background loci.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import element_effects
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray(
    ...     signal=rng.poisson(3.0, (60, 1)), offsets=[0, 20, 40, 60], chrom=["chr1"] * 3,
    ...     start=[1_000, 7_000, 11_000], end=[3_000, 9_000, 13_000], index=[[0, 2], [1, 2]],
    ...     weights=[[2.5], [1.5]], genes={"gene_id": ["A", "B"]}, tracks=["ATAC"], bin_size=100,
    ...     n_bins=20, window=2_000)
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, [0.0, 1.0])
    >>> pairs = pd.DataFrame({"gene_id": ["A", "A", "B", "C"], "chrom": "chr1",
    ...                       "start": [1_200, 11_500, 5_000, 0], "end": [1_700, 12_000, 5_500, 9]})
    >>> effects = element_effects(model, X, pairs, random_state=0)
    >>> effects[["gene_id", "distance", "held_by", "reason"]]
      gene_id  distance   held_by                          reason
    0       A     550.0  promoter
    1       A    9750.0      pCRE
    2       B    2750.0            locus in no region of the gene
    3       C       NaN                             gene not in X
    >>> effects["effect"].notna().tolist()
    [True, True, False, False]
    """
    check_choice("replace", replace, _REPLACE)
    check_whole("n_background", n_background, 0)
    loci = _loci(pairs, X)
    members = members_of(estimator, _column(X, "chrom"))
    wanted = np.zeros(len(X), bool)
    wanted[loci["row"][loci["row"] >= 0]] = True
    silencers = []
    for fitted, unseen in members:
        # The level of silenced bins is that of all elements, whichever pairs are given.
        rows = np.flatnonzero(unseen if replace != "zero" else unseen & wanted)
        if (unseen & wanted).any():
            model = open_model(fitted, _select(X, rows))
            options = (tracks, replace, response_method, class_of_interest)
            silencers.append(Silencer.of(model, len(X), rows, *options))
    found = _silence(silencers, loci)
    background = _background(silencers, loci, found, n_background, random_state)
    effect = _silence(silencers, background)["effect"].to_numpy()
    found["percentile"] = _percentiles(loci, found, background, effect)
    found["reason"] = np.select(
        [found["effect"].notna(), loci["row"] < 0, found["n_models"] == 0],
        ["", "gene not in X", "every model was trained on the gene's chromosome"],
        "locus in no region of the gene",
    )
    columns = ["distance", "prediction", "effect", "percentile", "held_by", "reason"]
    return loci[["gene_id", "chrom", "start", "end"]].join(found[columns]).set_axis(pairs.index)


def _column(X, name):
    """Return a column of the genes of X as an array of str; None where there is none."""
    if isinstance(X, RegionArray):
        if name == "chrom":
            return X.chrom[X.index.reshape(len(X), -1)[:, 0]]
        column = X.genes.get(name)
    elif isinstance(X, pd.DataFrame):
        column = X.get(name, X.index if name == "gene_id" else None)
    else:
        raise TypeError(
            f"X must be a gene table or a RegionArray, whose genes have ids, got {type(X).__name__}"
        )
    if column is None and name != "sample":
        raise ValueError(f"the genes of X have no {name}, by which pairs find them")
    return None if column is None else np.asarray(column, object).astype(str).astype(object)


def _select(X, rows):
    """Return some rows of X, of its kind."""
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def _loci(pairs, X):
    """Return the checked pairs, counted from 0, with the row of their gene in X, -1 for none."""
    ids, sample = bare_ids(_column(X, "gene_id")), _column(X, "sample")
    by_sample = sample is not None and "sample" in getattr(pairs, "columns", ())
    loci = check_pairs(pairs, others=["sample"] if by_sample else []).reset_index(drop=True)
    own = bare_ids(loci["gene_id"])
    keys, wanted = pd.Index(ids), pd.Index(own)
    if by_sample:
        keys = pd.MultiIndex.from_arrays([ids, sample])
        wanted = pd.MultiIndex.from_arrays([own, loci["sample"].astype(str)])
    rows = np.flatnonzero(keys.isin(wanted))
    if keys[rows].has_duplicates:
        twice = ids[rows][keys[rows].duplicated()]
        raise ValueError(
            f"genes of the pairs stand in several rows of X ({name_some(twice)}): give pairs a "
            "column sample, or the rows of one sample"
        )
    loci["row"] = np.append(rows, -1)[keys[rows].get_indexer(wanted)]
    loci["bare"] = bare_names(loci["chrom"].to_numpy())
    return loci


def _silence(silencers, loci):
    """Return the means over the models that explain the gene of each locus, as a table."""
    n = len(loci)
    row, start, end = (loci[name].to_numpy() for name in ("row", "start", "end"))
    sums, counts, n_models = np.zeros((2, n)), np.zeros(n), np.zeros(n, int)
    distance, held_by = np.full(n, np.nan), np.zeros(n, int)
    for silencer in silencers:
        at = np.flatnonzero((row >= 0) & (silencer.local[row] >= 0))
        n_models[at] += 1
        gene, bare = silencer.local[row[at]], loci["bare"].to_numpy()[at]
        middle = (start[at] + end[at]) / 2
        away = np.abs(middle - silencer.places.tss[gene])
        distance[at] = np.where(silencer.bare[gene, 0] == bare, away, np.nan)
        held = silencer.held(row[at], bare, start[at], end[at])
        some = held.any(axis=1)
        at, held = at[some], held[some]
        if not len(at):
            continue
        held_by[at] |= held[:, 0] + 2 * held[:, 1:].any(axis=1)
        genes, which = np.unique(row[at], return_inverse=True)
        before = silencer.predict(silencer.X[silencer.local[genes]])[which]
        after = silencer.predictions(row[at], start[at], end[at], held)
        sums[:, at] += before, after - before
        counts[at] += 1
    means = np.divide(sums, counts, out=np.full((2, n), np.nan), where=counts > 0)
    return pd.DataFrame(
        {
            "distance": distance,
            "prediction": means[0],
            "effect": means[1],
            "held_by": _HELD_BY[held_by],
            "n_models": n_models,
        }
    )


def _background(silencers, loci, found, n_loci, random_state):
    """Draw loci of the same genes at the distances of the pairs, as a table like that of pairs."""
    random = check_random_state(random_state)
    usable = np.flatnonzero(found["effect"].notna() & found["distance"].notna())
    if not len(usable) or not n_loci:
        return loci[:0].assign(distance=0.0)
    genes, pcres, half = _regions(silencers, np.unique(loci["row"].to_numpy()[usable]))
    drawn = usable[random.randint(len(usable), size=n_loci)]
    distance = found["distance"].to_numpy()[drawn]
    length = (loci["end"] - loci["start"]).to_numpy()[drawn]
    # On either side of a TSS, in the promoter window; beyond it in pCREs, if there are any.
    row, bare, tss = (genes[name].to_numpy() for name in ("row", "bare", "tss"))
    gene, side = random.randint(len(genes), size=n_loci), random.choice([-1, 1], size=n_loci)
    place, step = random.uniform(size=n_loci), random.randint(-_N_ALIKE // 2, _N_ALIKE // 2, n_loci)
    middle = tss[gene] + side * np.minimum(distance, half - 1)
    far = np.flatnonzero(distance >= half)
    if len(pcres) and len(far):
        order = np.searchsorted(pcres["distance"], distance[far]) + step[far]
        chosen = pcres.iloc[np.clip(order, 0, len(pcres) - 1)]
        gene[far] = chosen["gene"]
        inner = np.maximum(chosen["end"] - chosen["start"] - length[far], 0)
        middle[far] = chosen["start"] + length[far] / 2 + place[far] * inner
    start = (middle - length / 2).astype(np.int64)
    table = pd.DataFrame(
        {"row": row[gene], "bare": bare[gene], "start": start, "end": start + length}
    )
    table["distance"] = np.abs((table["start"] + table["end"]) / 2 - tss[gene])
    return table


def _regions(silencers, rows):
    """Return the genes of rows and their pCREs by rising distance, and half of the window, bp.

    A pCRE has the number of its gene among the genes.
    """
    genes, pcres, left, n_before = [], [], rows, 0
    for silencer in silencers:
        own = left[silencer.local[left] >= 0]
        left = np.setdiff1d(left, own)
        local, places = silencer.local[own], silencer.places
        bare, tss = silencer.bare[local], places.tss[local]
        genes.append(pd.DataFrame({"row": own, "bare": bare[:, 0], "tss": tss}))
        at, place = np.nonzero(bare[:, 1:] == bare[:, :1])
        start, end = (part[local[at], place + 1] for part in (places.start, places.end))
        away = np.abs((start + end) / 2 - tss[at])
        parts = {"gene": n_before + at, "start": start, "end": end, "distance": away}
        pcres.append(pd.DataFrame(parts))
        n_before += len(own)
    pcres = pd.concat(pcres).sort_values("distance", kind="stable", ignore_index=True)
    return pd.concat(genes, ignore_index=True), pcres, silencers[0].X.window / 2


def _percentiles(loci, found, background, effect):
    """Return how many of a hundred background effects are smaller in size, NaN without any.

    A pair is compared with the nearest in distance that do not overlap it.
    """
    background, size = background[~np.isnan(effect)], np.abs(effect[~np.isnan(effect)])
    row, start, end, away = (background[c].to_numpy() for c in ("row", "start", "end", "distance"))
    near = np.log(away + _NEAR)
    percentiles = np.full(len(found), np.nan)
    usable = np.flatnonzero(found["effect"].notna() & found["distance"].notna())
    own_near = np.log(found["distance"].to_numpy() + _NEAR)
    own_size = found["effect"].abs().to_numpy()
    own = loci[["row", "start", "end"]].to_numpy()
    for i in usable if len(size) else []:
        other = np.flatnonzero((row != own[i, 0]) | (start >= own[i, 2]) | (end <= own[i, 1]))
        n = -(-len(other) // _ONE_IN)
        if n:
            others = size[other[np.argpartition(np.abs(near[other] - own_near[i]), n - 1)[:n]]]
            smaller, same = (others < own_size[i]).mean(), (others == own_size[i]).mean()
            percentiles[i] = 100 * (smaller + same / 2)
    return percentiles

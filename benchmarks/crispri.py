"""Explanations of real genes against a CRISPRi screen: which explanation finds real enhancers.

The folder is that of ``real_genome.py``, with ``crispri_k562.tsv`` (chrom, start, end, gene_id,
Regulated). Each gene is explained only by the models that were not trained on its chromosome.
Models are kept in ``--work``: a run that is stopped continues there. Run from the top of the
repository::

    python benchmarks/crispri.py --data FOLDER
    python benchmarks/crispri.py --data FOLDER --variants default "8 elements" --seeds 2
"""

import argparse
import json
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from real_genome import MARKS, Data
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import (
    LeaveOneGroupOut,
    PredefinedSplit,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import (
    BigWigTransformer,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    InteractionTransformer,
    RegionArray,
)
from skchromo.evaluation import crispri_scores, match_elements
from skchromo.inspection import attention, attributions, element_effects, pcre_importance

CELL, OTHER = "K562", "GM12878"
TRACKS = (*MARKS, "DNase")
ACTIVE = ("H3K4me1", "H3K4me3", "H3K9ac", "H3K27ac", "DNase")
# Settings that differ from the default: pCREs of a gene, transform of their weight, tracks,
# estimator, and the rows that it is trained on.
VARIANTS = {
    "default": {},
    "8 elements": {"max_pcres": 8},
    "32 elements": {"max_pcres": 32},
    "weight log1p": {"weight_transform": "log1p"},
    "H3K27ac and DNase alone": {"tracks": ("H3K27ac", "DNase")},
    "small_data": {"settings": "small_data"},
    "half of the genes without signal at the promoter": {"rows": "silent promoters"},
    "both cells": {"rows": "both cells"},
    "change between the cells": {"rows": "change"},
}


def regions(data, cell=CELL, max_pcres=16, weight_transform="rank", tracks=TRACKS, **_):
    path = data.work / f"crispri_{cell}_{max_pcres}_{weight_transform}_{len(tracks)}.npz"
    if not path.exists():
        contacts = InteractionTransformer(
            data.elements(cell), max_pcres=max_pcres, weight_transform=weight_transform
        )
        signal = BigWigTransformer(data.tracks(cell, tracks))
        signal.fit_transform(contacts.fit_transform(data.table)).save(path)
    return RegionArray.load(path, mmap_mode=None)


def replaced(X, **parts):
    """A RegionArray with some parts exchanged."""
    names = ("signal", "offsets", "chrom", "start", "end", "index", "tracks", "bin_size", "n_bins")
    names += ("window", "weights", "genes", "chromsizes", "row_labels")
    return RegionArray(**{name: getattr(X, name) for name in names} | parts)


def with_silent_twins(X):
    """X and the number of its regions, each of which has a twin without signal behind them."""
    n = len(X.chrom)
    twins = replaced(
        X,
        signal=np.concatenate([X.signal, np.zeros_like(X.signal)]),
        offsets=np.concatenate([X.offsets, X.offsets[1:] + len(X.signal)]),
        **{name: np.tile(getattr(X, name), 2) for name in ("chrom", "start", "end")},
    )
    return twins, n


def training_rows(data, X, rows, train, **settings):
    """What a variant is trained on."""
    y = data.level(CELL)[train]
    if rows is None:
        return X[train], y
    if rows == "silent promoters":
        twins, n = with_silent_twins(X[train].compact())
        index = twins.index.copy()
        index[:, 0] += n
        return RegionArray.concatenate([X[train], replaced(twins, index=index)]), np.tile(y, 2)
    theirs = regions(data, OTHER, **settings)[train]
    if rows == "change":
        return RegionArray.stack(theirs, X[train]), y - data.level(OTHER)[train]
    target = data.level(OTHER)[train]
    target = (target - target.mean()) / target.std() * y.std() + y.mean()
    return RegionArray.concatenate([X[train], theirs]), np.concatenate([y, target])


def fold_models(data, X, name, seed, settings="whole_genome", rows=None, **others):
    """The models of all folds of one seed, in the form of the result of `cross_validate`."""
    path = data.work / f"crispri_{name.replace(' ', '_')}_{seed}.joblib"
    if not path.exists():
        estimator = ChromoformerDiffRegressor if rows == "change" else ChromoformerRegressor
        build = getattr(estimator, settings)
        # as many steps as with the rows of one cell
        epochs = 5 if rows == "silent promoters" else 10
        splits = list(PredefinedSplit(data.fold).split())
        models = [
            build(max_epochs=epochs, n_threads=1, device="cpu", random_state=seed).fit(
                *training_rows(data, X, rows, train, **others)
            )
            for train, _ in splits
        ]
        indices = {"train": [train for train, _ in splits], "test": [test for _, test in splits]}
        joblib.dump({"estimator": models, "indices": indices}, path)
    return joblib.load(path)


def table_of_pcres(X, **columns):
    """A row for each pCRE of each gene; `columns` are of shape (n_genes, n_pcres)."""
    gene, pcre = np.nonzero(X.index[:, 1:] >= 0)
    region = X.index[gene, 1 + pcre]
    table = {"gene_id": X.genes["gene_id"][gene]}
    table |= {name: getattr(X, name)[region] for name in ("chrom", "start", "end")}
    return pd.DataFrame(table | {name: value[gene, pcre] for name, value in columns.items()})


class Coalitions:
    """Predictions of genes of which only some pCREs have signal."""

    def __init__(self, model, X, theirs):
        self.model, self.X, self.theirs = model, X, theirs
        self.there = X.index[:, 1:] >= 0
        self.twins, self.n = with_silent_twins(X.compact())

    def predict(self, kept):
        index = self.twins.index.copy()
        index[:, 1:] += self.n * (self.there & ~kept)
        X = replaced(self.twins, index=index)
        return self.model.predict(X if self.theirs is None else RegionArray.stack(self.theirs, X))

    def one_by_one(self):
        """What silencing one pCRE takes away, and what one alone adds, of each pCRE."""
        n_pcres = self.there.shape[1]
        none = np.zeros_like(self.there)
        full, empty = self.predict(~none), self.predict(none)
        without, alone = np.zeros(self.there.shape), np.zeros(self.there.shape)
        for pcre in range(n_pcres):
            one = none.copy()
            one[:, pcre] = True
            without[:, pcre] = full - self.predict(~one)
            alone[:, pcre] = self.predict(one) - empty
        return {
            "without": without,
            "alone": alone,
            "all": np.tile((full - empty)[:, None], n_pcres),
        }

    def shapley(self, n_orders=4, random_state=0):
        """Shapley values by pairs of an order and its reverse (Castro et al. 2009)."""
        rng = np.random.default_rng(random_state)
        n_genes, n_pcres = self.there.shape
        values = np.zeros((n_genes, n_pcres))
        for _ in range(n_orders):
            order = rng.permutation(n_pcres)
            for each in (order, order[::-1]):
                kept = np.zeros_like(self.there)
                before = self.predict(kept)
                for pcre in each:
                    kept[:, pcre] = True
                    after = self.predict(kept)
                    values[:, pcre] += after - before
                    before = after
        return values / (2 * n_orders)


def of_pcres(model, X, theirs):
    """What each explanation says of each pCRE of the genes of one fold."""
    coalitions = Coalitions(model, X, theirs)
    columns = coalitions.one_by_one()
    columns["Shapley"] = coalitions.shapley()
    columns["share of the gene's"] = columns["without"] / np.abs(columns["without"]).sum(
        axis=1, keepdims=True
    ).clip(1e-6)
    table = table_of_pcres(X, **columns)
    keys = ["gene_id", "chrom", "start", "end"]
    if theirs is None:
        by_track = attributions(model, X, method="gradient_x_input").to_frame("region")
        by_region = by_track[by_track["region"] > 0].groupby(keys)["attribution"].sum()
        table = table.join(by_region.rename("gradient x signal"), on=keys)
        maps = attention(model, X).to_frame("regulation")
        maps = maps[maps["region"] > 0].groupby(keys)["attention"].mean()
        table = table.join(maps.rename("attention"), on=keys)
        for method in ("remove", "weight"):
            removed = pcre_importance(model, X, method=method).to_frame().set_index(keys)
            table = table.join(removed["importance"].rename(method), on=keys)
    return table


def on_pairs(data, X, models, pairs, **settings):
    """What each explanation of pCREs says of each pair: by the pCREs that overlap the element."""
    theirs = None
    if isinstance(models["estimator"][0], ChromoformerDiffRegressor):
        theirs = regions(data, OTHER, **settings)
    tables = []
    for model, test in zip(models["estimator"], models["indices"]["test"]):
        rows = test[np.isin(data.genes["gene_id"].to_numpy()[test], pairs["gene_id"].unique())]
        tables.append(of_pcres(model, X[rows], None if theirs is None else theirs[rows]))
    table = pd.concat(tables, ignore_index=True)
    values = {
        f"pCRE: {name}": match_elements(pairs, table, score=name, fill_value=np.nan).to_numpy()
        for name in table.columns[4:]
    }
    return pd.DataFrame(values, index=pairs.index)


def explanations(data, X, models, pairs, **settings):
    """What each explanation says of each pair, positive where the element raises expression."""
    silenced = {
        "silenced": {},
        "silenced in active tracks": {"tracks": [name for name in ACTIVE if name in X.tracks]},
        "silenced in H3K27ac and DNase": {"tracks": ("H3K27ac", "DNase")},
        "replaced by the mean element": {"replace": "mean"},
        "replaced by an unmarked one": {"replace": "unmarked"},
    }
    values, seconds = {}, {}
    if not isinstance(models["estimator"][0], ChromoformerDiffRegressor):
        for name, options in silenced.items():
            started = time.perf_counter()
            effects = element_effects(models, X, pairs, n_background=0, **options)
            seconds[name] = time.perf_counter() - started
            values[name] = -effects["effect"]
    started = time.perf_counter()
    of_elements = on_pairs(data, X, models, pairs, **settings)
    seconds[of_elements.columns[-1]] = time.perf_counter() - started
    return pd.DataFrame(values, index=pairs.index).join(of_elements), seconds


def load_pairs(data):
    """Pairs whose gene is in the table, with its distance and fold."""
    pairs = pd.read_csv(data.folder / "crispri_k562.tsv", sep="\t")
    pairs = pairs[pairs["gene_id"].isin(data.genes["gene_id"])].reset_index(drop=True)
    gene = data.genes.set_index("gene_id").loc[pairs["gene_id"]]
    middle = (pairs["start"] + pairs["end"]) / 2
    pairs["Regulated"] = pairs["Regulated"].astype(bool)
    pairs["distance"] = (middle - gene["tss"].to_numpy()).abs()
    return pairs


def baselines(data, pairs):
    """Scores that need no model: distance, activity over distance, and ABC."""
    elements = data.elements(CELL).set_params(max_contacts=None)
    table = elements.contacts_of(data.table[data.table["gene_id"].isin(pairs["gene_id"])])
    return pd.DataFrame(
        {"-distance": -pairs["distance"], "ABC": match_elements(pairs, table).to_numpy()},
        index=pairs.index,
    )


def scores_of(pairs, values, abc):
    """The rankings that are made of an explanation: by value, by size, and by size and distance."""
    contact = 1 / np.maximum(pairs["distance"], 5_000)
    scores = {}
    for name, value in values.items():
        size = value.abs().fillna(0)
        scores[name] = value
        scores[f"{name}: size"] = size
        scores[f"{name}: size / distance"] = size * contact
        scores[f"{name}: size x ABC"] = size * abc
    return pd.DataFrame(scores, index=pairs.index)


def auprc_table(pairs, scores, chosen):
    """AUPRC of all pairs, by distance, and among pairs whose element is a pCRE of the gene."""
    table = crispri_scores(pairs, scores, reference="-distance", random_state=0)
    table = table[table["metric"] == "auprc"]
    wide = table.pivot(index="score", columns="distance", values="value")
    every = table[table["distance"] == "all"].set_index("score")
    wide[["low", "high"]] = every[["low", "high"]]
    y, filled = pairs["Regulated"].to_numpy(), scores.fillna(scores.min() - 1)
    for label, rows in (("> 20 kb", (pairs["distance"] >= 20_000).to_numpy()), ("pCREs", chosen)):
        wide[label] = [average_precision_score(y[rows], filled[name][rows]) for name in wide.index]
    return wide.loc[scores.columns]


def with_and_without(pairs, abc, value):
    """Probabilities of logistic regressions without and with an effect, chromosomes held out."""
    columns = pd.DataFrame(
        {
            "distance": -np.log10(pairs["distance"] + 1_000),
            "activity": np.log10(abc + 1e-4),
            "held": value.notna().astype(float),
            "effect": (np.sign(value) * np.sqrt(value.abs())).fillna(0),
            "size": np.sqrt(value.abs()).fillna(0),
        }
    )
    model = make_pipeline(StandardScaler(), LogisticRegression())
    names = ["distance", "activity", "held"]
    return {
        label: cross_val_predict(
            model,
            columns[each],
            pairs["Regulated"],
            groups=pairs["chrom"],
            cv=LeaveOneGroupOut(),
            method="predict_proba",
        )[:, 1]
        for label, each in (
            ("logistic regression", names),
            ("logistic regression, with the effect", [*names, "effect", "size"]),
        )
    }


def compare(data, pairs, without_model, variant, n_seeds):
    """Print what the models of one variant explain; return the table of AUPRC."""
    X = regions(data, **VARIANTS[variant])
    by_seed = []
    for seed in range(n_seeds):
        models = fold_models(data, X, variant, seed, **VARIANTS[variant])
        found, seconds = explanations(data, X, models, pairs, **VARIANTS[variant])
        by_seed.append(found)
    mean = sum(by_seed) / n_seeds
    scores = without_model.join(scores_of(pairs, mean, without_model["ABC"]))
    logistic = with_and_without(pairs, without_model["ABC"], mean.iloc[:, 0])
    scores = scores.assign(**logistic)
    chosen = mean["pCRE: without"].notna().to_numpy()
    table = auprc_table(pairs, scores, chosen)
    positive = pairs["Regulated"].to_numpy()
    print(f"\n{variant}: {len(pairs)} pairs, {positive.sum()} regulated, with an element that is a")
    print(f"pCRE of the gene {chosen.sum()}, {(positive & chosen).sum()} regulated. AUPRC:")
    print(table.to_string(float_format="{:.3f}".format))
    without, with_effect = logistic
    change = crispri_scores(pairs, scores[[*logistic]], reference=without, random_state=0)
    change = change[(change["score"] == with_effect) & (change["metric"] == "auprc")]
    print("what the effect adds to the logistic regression, with its interval")
    columns = ["distance", "difference", "difference_low", "difference_high"]
    print(change[columns].to_string(index=False, float_format="{:.3f}".format))
    if n_seeds > 1:
        print("rank correlation of seeds 0 and 1, and seconds for all pairs")
        for name in mean:
            both = by_seed[0][name].notna() & by_seed[1][name].notna()
            rho = spearmanr(by_seed[0].loc[both, name], by_seed[1].loc[both, name])[0]
            print(f"  {name:35s} {rho:.3f} {seconds.get(name, np.nan):8.1f}", flush=True)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("bench/real_genome"))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=["default"])
    parser.add_argument("--json", type=Path, help="where to write every score")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    data = Data(options.data, options.work)
    pairs = load_pairs(data)
    without_model = baselines(data, pairs)
    report = {}
    for variant in options.variants:
        table = compare(data, pairs, without_model, variant, options.seeds)
        report[variant] = table.reset_index().to_dict("records")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()

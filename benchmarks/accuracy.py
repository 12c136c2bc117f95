"""Accuracy on small real data: Chromoformers against baselines on the same summary features.

Two samples: DeepDiff's two cell types (400 genes, five marks within 10 kb of the TSS, no contacts),
and 64 genes of H1 cells (seven marks, promoter-capture contacts). Each model predicts each gene of
held-out folds; printed are the mean score of the folds and seeds with its standard error, and the
score of all genes pooled (AUROC of high or low expression, r of its log2 and of log2 fold change).
The settings of ``small_data`` that are searched are chosen within the training genes alone. Run
from the top of the repository::

    python benchmarks/accuracy.py --deepdiff FOLDER --sample-a E123_K562 --sample-b E003_H1
    python benchmarks/accuracy.py --h1 FOLDER --seeds 3 --jobs 2
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from deepdiff import fetch_deepdiff, read_deepdiff
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skchromo import (
    BigWigTransformer,
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    InteractionTransformer,
    WindowSummary,
)
from skchromo.evaluation import high_low, pearson_r, pearson_scorer

SEARCHED = {"linear_skip": [False, True], "dropout": [0.0, 0.3]}
# with one seed only
SLOW = ("the paper's settings", "small_data, searched")
SKIP_ALONE = {"linear_skip": True, "max_epochs": 1, "lr": 1e-9}


def summaries(X, core=2_000):
    """Summary features of one condition, or of what b has over a beside both."""
    if X.ndim == 4:
        return WindowSummary(core=core).fit_transform(X)
    a, b = (WindowSummary(core=core).fit_transform(X.condition(name)) for name in "ab")
    return np.concatenate([b - a, a, b], axis=1)


def baselines(kind, seed, n_rounds=100):
    """The models that are not networks, by name; boosting has so many rounds."""
    if kind == "class":
        linear = LogisticRegression(C=0.1, max_iter=2000)
        forest, boosting = RandomForestClassifier, HistGradientBoostingClassifier
    else:
        linear = RidgeCV(np.logspace(-1, 4, 11))
        forest, boosting = RandomForestRegressor, HistGradientBoostingRegressor
    leaf = {"min_samples_leaf": 3, "max_features": 0.5 if kind != "class" else "sqrt"}
    models = {
        "logistic regression" if kind == "class" else "ridge": [StandardScaler(), linear],
        "random forest": [forest(500, random_state=seed, **leaf)],
        "gradient boosting": [boosting(max_iter=n_rounds, learning_rate=0.05, random_state=seed)],
    }
    summary = FunctionTransformer(summaries)
    return {name: make_pipeline(summary, *steps) for name, steps in models.items()}


def networks(kind, seed):
    """The Chromoformers, by name."""
    estimator = {
        "class": ChromoformerClassifier,
        "level": ChromoformerRegressor,
        "change": ChromoformerDiffRegressor,
    }[kind]
    common = {"random_state": seed, "n_threads": 1, "device": "cpu"}
    inner = StratifiedKFold(3) if kind == "class" else KFold(3)
    scoring = "roc_auc" if kind == "class" else pearson_scorer
    models = {
        "the paper's settings": estimator(**common),
        "skip alone": estimator.small_data(**common, **SKIP_ALONE),
        "small_data": estimator.small_data(**common),
        "small_data, three seeds": _of_three_seeds(kind, estimator, common),
        "small_data, searched": GridSearchCV(
            estimator.small_data(**common), SEARCHED, cv=inner, scoring=scoring
        ),
    }
    if kind == "change":
        models["two regressors"] = TwoRegressors(ChromoformerRegressor.small_data(**common))
    return models


def _of_three_seeds(kind, estimator, common):
    """Vote of three networks that differ in their seed alone."""
    seeds = (common["random_state"] + 100 * i for i in range(3))
    members = [
        (f"seed {seed}", estimator.small_data(**{**common, "random_state": seed})) for seed in seeds
    ]
    return VotingClassifier(members, voting="soft") if kind == "class" else VotingRegressor(members)


class TwoRegressors:
    """The difference of two regressors, each trained on one condition's expression."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, levels):
        self.models = [
            clone(self.model).fit(X.condition(name), level) for name, level in zip("ab", levels.T)
        ]
        return self

    def predict(self, X):
        a, b = (model.predict(X.condition(name)) for name, model in zip("ab", self.models))
        return b - a


def score(kind, y, predicted):
    return roc_auc_score(y, predicted) if kind == "class" else pearson_r(y, predicted)


def predict(kind, model, X):
    if kind != "class":
        return model.predict(X)
    return model.predict_proba(X)[:, 1]


def folds_of(task, seed):
    """Rows to train on and to test on, in turn."""
    kind, y, groups, held_out = (task[key] for key in ("kind", "y", "groups", "held_out"))
    if held_out is not None:
        return [(np.flatnonzero(~held_out), np.flatnonzero(held_out))]
    if groups is not None:
        return GroupKFold(min(4, len(set(groups)))).split(y, y, groups)
    splitter = StratifiedKFold if kind == "class" else KFold
    return splitter(5, shuffle=True, random_state=seed).split(y, y)


def evaluate(task, name, seed):
    """Score of one model on every fold, and of all genes that are held out once pooled."""
    kind, X, y, levels = (task[key] for key in ("kind", "X", "y", "levels"))
    started = time.perf_counter()
    predicted, scores = np.full(len(y), np.nan), []
    for train, test in folds_of(task, seed):
        model = {**baselines(kind, seed), **networks(kind, seed)}[name]
        model.fit(X[train], levels[train] if name == "two regressors" else y[train])
        predicted[test] = predict(kind, model, X[test])
        if kind != "class" or len(set(y[test])) == 2:
            scores.append(score(kind, y[test], predicted[test]))
    there = np.isfinite(predicted)
    return {
        "task": task["name"],
        "model": name,
        "seed": seed,
        "folds": scores,
        "pooled": score(kind, y[there], predicted[there]),
        "seconds": time.perf_counter() - started,
    }


def task(name, kind, X, y, levels=None, groups=None, held_out=None):
    return {
        "name": name,
        "kind": kind,
        "X": X,
        "y": y,
        "levels": levels,
        "groups": groups,
        "held_out": held_out,
    }


def deepdiff_tasks(folder, sample_a, sample_b):
    """High or low, and level, in each cell type; change between them."""
    read = read_deepdiff if folder.is_dir() else fetch_deepdiff
    data = read(folder, sample_a, sample_b)
    levels = np.log2(data.counts.to_numpy() + 1)
    tasks = []
    for name, sample, y in zip("ab", (sample_a, sample_b), levels.T):
        X = data.X.condition(name)
        tasks.append(task(f"{sample}: high or low", "class", X, (y >= np.median(y)).astype(int)))
        tasks.append(task(f"{sample}: level", "level", X, y))
    change = f"{sample_b} over {sample_a}", "change", data.X, data.y.to_numpy(), levels
    tasks.append(task(*change))
    held_out = (data.split != "train").to_numpy()
    tasks.append(
        task(f"{change[0]}, trained on DeepDiff's train split", *change[1:], None, held_out)
    )
    return tasks


def h1_tasks(folder):
    """High or low, and level, with contacts and on promoters only, by chromosome."""
    genes = pd.read_csv(folder / "genes.tsv", sep="\t")
    tracks = {path.stem: path for path in sorted(folder.glob("*.bw"))}
    level = np.log2(genes["expression"].to_numpy() + 1)
    high, tasks = high_low(genes["expression"]), []
    for words, max_pcres in (("with contacts", 8), ("promoters only", 0)):
        contacts = InteractionTransformer(folder / "interactions.tsv", max_pcres=max_pcres)
        X = make_pipeline(contacts, BigWigTransformer(tracks)).fit_transform(genes)
        groups = genes["chrom"].to_numpy()
        tasks.append(task(f"H1, {words}: high or low", "class", X, high.astype(int), None, groups))
        tasks.append(task(f"H1, {words}: level", "level", X, level, None, groups))
    return tasks


def table(rows):
    """Mean and standard error over folds and seeds, and pooled score, by task and model."""
    lines = []
    for (name, model), part in pd.DataFrame(rows).groupby(["task", "model"], sort=False):
        folds = np.concatenate(part["folds"].to_list())
        lines.append(
            {
                "task": name,
                "model": model,
                "mean": folds.mean(),
                "standard error": folds.std(ddof=1) / np.sqrt(len(folds)),
                "pooled": part["pooled"].mean(),
                "seconds a fold": part["seconds"].sum() / len(folds),
            }
        )
    return pd.DataFrame(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deepdiff", type=Path, help="folder of DeepDiff's files; made if absent")
    parser.add_argument("--sample-a", default="Cell1")
    parser.add_argument("--sample-b", default="Cell2")
    parser.add_argument("--h1", type=Path, help="folder with *.bw, interactions.tsv, genes.tsv")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--models", nargs="+", help="only these")
    parser.add_argument("--json", type=Path, help="where to write every score")
    options = parser.parse_args()
    if not options.deepdiff and not options.h1:
        parser.error("give the data: --deepdiff FOLDER, --h1 FOLDER or both")
    tasks = []
    if options.deepdiff:
        tasks += deepdiff_tasks(options.deepdiff, options.sample_a, options.sample_b)
    if options.h1:
        tasks += h1_tasks(options.h1)
    rows = []
    for each in tasks:
        names = [*baselines(each["kind"], 0), *networks(each["kind"], 0)]
        names = [name for name in names if not options.models or name in options.models]
        rows += Parallel(options.jobs)(
            delayed(evaluate)(each, name, seed)
            for name in names
            for seed in range(1 if name in SLOW else options.seeds)
        )
        part = table(rows[-len(rows) :])
        part = part[part["task"] == each["name"]].drop(columns="task")
        print(
            f"\n{each['name']}\n{part.to_string(index=False, float_format='{:.3f}'.format)}",
            flush=True,
        )
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()

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
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import (
    BigWigTransformer,
    ChromoformerRegressor,
    InteractionTransformer,
    RegionArray,
)
from skchromo.evaluation import crispri_scores, match_elements
from skchromo.inspection import element_effects, pcre_importance

CELL = "K562"
TRACKS = (*MARKS, "DNase")
ACTIVE = ("H3K4me1", "H3K4me3", "H3K9ac", "H3K27ac", "DNase")
# Settings that differ from the default: pCREs of a gene, transform of their weight, estimator.
VARIANTS = {
    "default": {},
    "8 elements": {"max_pcres": 8},
    "32 elements": {"max_pcres": 32},
    "weight log1p": {"weight_transform": "log1p"},
    "small_data": {"settings": "small_data"},
}


def regions(data, max_pcres=16, weight_transform="rank", **_):
    path = data.work / f"crispri_{max_pcres}_{weight_transform}.npz"
    if not path.exists():
        contacts = InteractionTransformer(
            data.elements(CELL), max_pcres=max_pcres, weight_transform=weight_transform
        )
        signal = BigWigTransformer(data.tracks(CELL, TRACKS))
        signal.fit_transform(contacts.fit_transform(data.table)).save(path)
    return RegionArray.load(path, mmap_mode=None)


def fold_models(data, X, name, seed, settings="whole_genome", **_):
    """The models of all folds of one seed, as `cross_validate` returns them."""
    path = data.work / f"crispri_{name.replace(' ', '_')}_{seed}.joblib"
    if not path.exists():
        build = getattr(ChromoformerRegressor, settings)
        result = cross_validate(
            build(max_epochs=10, n_threads=1, device="cpu", random_state=seed),
            X,
            data.level(CELL),
            cv=PredefinedSplit(data.fold),
            return_estimator=True,
            return_indices=True,
        )
        joblib.dump(result, path)
    return joblib.load(path)


def importance(data, X, models, pairs, method):
    """Importance of the gene's pCREs that overlap the element, by the model of its fold."""
    tables = []
    for model, test in zip(models["estimator"], models["indices"]["test"]):
        rows = test[np.isin(data.genes["gene_id"].to_numpy()[test], pairs["gene_id"].unique())]
        tables.append(pcre_importance(model, X[rows], method=method).to_frame())
    table = pd.concat(tables, ignore_index=True)
    return match_elements(pairs, table, score="importance", fill_value=np.nan)


def explanations(data, X, models, pairs):
    """What each explanation says of each pair, positive where the element raises expression."""
    silenced = {
        "silenced": {},
        "silenced in active tracks": {"tracks": ACTIVE},
        "silenced in H3K27ac and DNase": {"tracks": ("H3K27ac", "DNase")},
        "replaced by the mean element": {"replace": "mean"},
        "replaced by an unmarked one": {"replace": "unmarked"},
    }
    values, seconds = {}, {}
    for name, settings in silenced.items():
        started = time.perf_counter()
        effects = element_effects(models, X, pairs, n_background=0, **settings)
        seconds[name] = time.perf_counter() - started
        values[name] = -effects["effect"]
    for method in ("remove", "knock_out", "weight"):
        values[f"pcre_importance, {method}"] = importance(data, X, models, pairs, method)
    return pd.DataFrame(values, index=pairs.index), seconds


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
        found, seconds = explanations(data, X, models, pairs)
        by_seed.append(found)
    mean = sum(by_seed) / n_seeds
    scores = without_model.join(scores_of(pairs, mean, without_model["ABC"]))
    logistic = with_and_without(pairs, without_model["ABC"], mean["silenced"])
    scores = scores.assign(**logistic)
    chosen = mean["pcre_importance, knock_out"].notna().to_numpy()
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

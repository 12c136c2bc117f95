"""A cell that lacks some marks: a model that was trained for it, or not, beside one without them.

The folder is that of ``real_genome.py``. Models of seven marks at the promoters of its first cell
are trained with several rates of ``track_dropout``, and predict held-out genes while marks are
missing. Beside them are models that were trained without these marks. Every prediction is kept in
``--work`` as soon as it is made: a run that is stopped continues there. Run from the top of the
repository::

    python benchmarks/missing_tracks.py --data FOLDER
    python benchmarks/missing_tracks.py --data FOLDER --folds 1 --rates 0 0.2
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from real_genome import MARKS, Data
from sklearn.metrics import r2_score
from tqdm import tqdm

from skchromo import BigWigTransformer, ChromoformerRegressor
from skchromo.evaluation import pearson_r

# What is missing; the last leaves the five marks that Roadmap has of every cell type.
LACKING = {
    "none": (),
    **{mark: (mark,) for mark in MARKS},
    "both acetylations": ("H3K9ac", "H3K27ac"),
}
WITHOUT = "trained without"


def regions(data):
    """The promoters of all genes, by what is missing."""
    tracks = data.tracks(data.cells[0], MARKS)
    reader = BigWigTransformer(tracks, missing_tracks="zero", memory=data.work / "signal")
    X = {"none": reader.fit_transform(data.table)}
    for name, marks in LACKING.items():
        if marks:
            left = {mark: path for mark, path in tracks.items() if mark not in marks}
            X[name] = reader.set_params(tracks=left).transform(data.table)
    return X


def jobs_of(data, options):
    """Fold, seed, rate of dropout (or that marks are left out), and what training lacks."""
    for fold in options.folds or np.unique(data.fold).tolist():
        for seed in range(options.seeds):
            yield from ((fold, seed, rate, "none") for rate in options.rates)
            yield from ((fold, seed, WITHOUT, name) for name, marks in LACKING.items() if marks)


def path_of(data, job):
    words = "_".join(map(str, job)).replace(" ", "-")
    return data.work / f"missing_{words}_{data.key}.npz"


def train(data, X, job):
    """Predict the genes of one fold, with what is missing, by a model of the others."""
    fold, seed, rate, lacking = job
    train, test = np.flatnonzero(data.fold != fold), np.flatnonzero(data.fold == fold)
    model = ChromoformerRegressor.whole_genome(
        track_dropout=0.0 if rate == WITHOUT else rate,
        random_state=seed,
        n_threads=1,
        device="cpu",
    )
    model.fit(X[lacking][train], data.level(data.cells[0])[train])
    names = [lacking] if rate == WITHOUT else list(LACKING)
    predicted = {name: model.predict(X[name][test]) for name in names}
    path = path_of(data, job)
    np.savez(path.with_name(f"unfinished_{path.name}"), **predicted)
    path.with_name(f"unfinished_{path.name}").rename(path)


def collect(data, jobs):
    """Pearson's r and R2 of every prediction that is there: a row each."""
    rows = []
    for job in jobs:
        fold, seed, rate, _ = job
        y = data.level(data.cells[0])[data.fold == fold]
        if path_of(data, job).exists():
            with np.load(path_of(data, job)) as predicted:
                for name, values in predicted.items():
                    row = {"missing": name, "track_dropout": str(rate), "fold": fold, "seed": seed}
                    rows.append({**row, "r": pearson_r(y, values), "R2": r2_score(y, values)})
    return pd.DataFrame(rows)


def tables_of(scores, measure):
    """Mean score by what is missing and rate, and its difference from training without these marks.

    With nothing missing, the difference is from training without dropout.
    """
    wide = scores.pivot_table(measure, ["fold", "seed"], ["missing", "track_dropout"], sort=False)
    lines = []
    for name, rate in wide.columns:
        reference = name, "0.0" if name == "none" else WITHOUT
        if reference in wide.columns and rate != reference[1]:
            difference = (wide[name, rate] - wide[reference]).dropna()
            line = {"missing": name, "track_dropout": rate, "difference": difference.mean()}
            lines.append({**line, "standard error": difference.sem(), "n": len(difference)})
    return wide.mean().unstack(sort=False), pd.DataFrame(lines)


def show(data, scores):
    """Print the tables."""
    print(f"\n{data.cells[0]}, level from {len(MARKS)} marks at promoters, mean of")
    print(f"{scores['fold'].nunique()} folds and {scores['seed'].nunique()} seeds")
    for measure in ("r", "R2"):
        for table in tables_of(scores, measure):
            print(f"\n{measure}\n" + table.to_string(float_format="{:.4f}".format))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder described above")
    parser.add_argument("--work", type=Path, default=Path("bench/real_genome"))
    parser.add_argument("--genes", type=int, help="only so many, drawn at random")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folds", type=int, nargs="+", help="only these")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.3])
    parser.add_argument("--json", type=Path, help="where to write every score")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore", message="X lacks tracks")
    data = Data(options.data, options.work, options.genes)
    X, jobs = regions(data), list(jobs_of(data, options))
    for job in tqdm([job for job in jobs if not path_of(data, job).exists()], desc="models"):
        train(data, X, job)
    scores = collect(data, jobs)
    show(data, scores)
    if options.json:
        options.json.write_text(json.dumps(scores.to_dict("records"), indent=1))


if __name__ == "__main__":
    main()

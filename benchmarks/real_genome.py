"""A real genome: expression from marks and distal elements, beside baselines on the same input.

The folder holds ``genes.tsv`` (gene_id, chrom, tss, strand, fold, and read counts in a column
named after each of two cells) and, for each cell, a folder of bigWigs, ``DNase.narrowPeak.gz``
(chrom, start, end, signal) and ``HiCCUPS_looplist.txt.gz``. Each fold of chromosomes is predicted
by models that were trained on the others. Every prediction is kept in ``--work`` as soon as it is
made: a run that is stopped continues there. Run from the top of the repository::

    python benchmarks/real_genome.py --data FOLDER --jobs 2
    python benchmarks/real_genome.py --data FOLDER --quick
    python benchmarks/real_genome.py --data FOLDER --inputs "100 genes" "300 genes" "1,000 genes"
    python benchmarks/real_genome.py --data FOLDER --tasks "K562: level" --models "small_data"
"""

import argparse
import json
import time
import warnings
import zlib
from pathlib import Path

import accuracy
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyBigWig
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tqdm import tqdm

from skchromo import (
    BigWigTransformer,
    CandidateElements,
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    InteractionTransformer,
    RegionArray,
)
from skchromo.evaluation import high_low, pearson_r, shuffle_pcres

MARKS = ("H3K4me1", "H3K4me3", "H3K9ac", "H3K9me3", "H3K27ac", "H3K27me3", "H3K36me3")
ESTIMATORS = {
    "level": ChromoformerRegressor,
    "class": ChromoformerClassifier,
    "change": ChromoformerDiffRegressor,
}
BOOSTING = "gradient boosting"
NESTED_BOOSTING = "gradient boosting, nested windows"
# Nested windows around the TSS, in bp.
NESTED = (1_000, 5_000, 20_000)
N_ROUNDS = 300
BEST = "whole_genome"
VOTE = f"{BEST}, seeds voting"
VOTE_OF_BOTH = f"{BEST} and {NESTED_BOOSTING}, voting"
WIDE = "all tracks"
BOTH = "all tracks, both cells"
# What each input reads. `n_train` genes are drawn from those of the other folds.
INPUTS = {
    "promoters": {},
    "loops": {"contacts": "loops"},
    "elements": {"contacts": "elements"},
    "shuffled elements": {"contacts": "shuffled elements"},
    # with DNase, the other cell's tracks, and the starts of all genes as a track
    WIDE: {"window": 100_000, "every_track": True},
    # the same, trained on the genes of both cells
    BOTH: {"window": 100_000, "every_track": True},
    "promoters of 4 kb": {"window": 4_000},
    "bins of 500 bp": {"bin_size": 500},
    **{f"{n:,} genes": {"n_train": n} for n in (100, 300, 1_000, 3_000)},
}
MAIN = list(INPUTS)[:6]
# The paper's network takes minutes a fold: one seed, the first task, and these inputs.
PAPER = "the paper's settings"
OF_PAPER = ("promoters", "elements")
ONE_SEED = (
    "ridge",
    "logistic regression",
    "random forest",
    BOOSTING,
    NESTED_BOOSTING,
    "small_data",
    PAPER,
)
ONE_SEED += (NESTED_BOOSTING, "loops", "shuffled elements")


class Data:
    """The files of the folder, and the RegionArrays that are read from them, kept in `work`."""

    def __init__(self, folder, work, n_genes=None):
        self.folder, self.work = folder, work
        self.genes = pd.read_csv(folder / "genes.tsv", sep="\t")
        self.cells = [name for name in self.genes.columns if (folder / name).is_dir()]
        self.every_tss = self.genes[["chrom", "tss"]]
        if n_genes:
            self.genes = self.genes.sample(n_genes, random_state=0).sort_index(ignore_index=True)
        self.key = f"{zlib.crc32(pd.util.hash_pandas_object(self.genes).to_numpy().tobytes()):08x}"
        self.table = self.genes[["gene_id", "chrom", "tss", "strand"]]
        self.fold = self.genes["fold"].to_numpy()

    def other(self, cell):
        return next(each for each in self.cells if each != cell)

    def level(self, cell):
        return np.log2(self.genes[cell].to_numpy() + 1)

    def tracks(self, cell, names):
        return {name: self.folder / cell / f"{name}.bw" for name in names}

    def elements(self, cell, max_distance=500_000):
        """DNase peaks, active by DNase and H3K27ac, as pCREs."""
        peaks = pd.read_csv(
            self.folder / cell / "DNase.narrowPeak.gz",
            sep="\t",
            names=["chrom", "start", "end", "activity"],
        )
        peaks = peaks[peaks["chrom"].isin(self.table["chrom"].unique())]
        activity = list(self.tracks(cell, ("DNase", "H3K27ac")).values())
        return CandidateElements(peaks, activity=activity, width=500, max_distance=max_distance)

    def pcres(self, cell, contacts):
        """The gene table with pCREs from some source."""
        if contacts is None:
            return self.table
        if contacts == "loops":
            source = self.folder / cell / "HiCCUPS_looplist.txt.gz"
            settings = {"score_column": "o", "chrom_names": "match"}
            warnings.filterwarnings("ignore", message=".*belong to no gene")  # most loops do
        else:
            source, settings = self.elements(cell), {}
        transformer = InteractionTransformer(source, weight_transform="rank", **settings)
        table = transformer.fit_transform(self.table)
        return shuffle_pcres(table, random_state=0) if contacts.startswith("shuffled") else table

    def tss_track(self):
        """A bigWig of all genes' starts: 10 within 1 kb of each, 0 elsewhere."""
        path = self.work / "tss.bw"
        if path.exists():
            return path
        with pyBigWig.open(str(next((self.folder / self.cells[0]).glob("*.bw")))) as file:
            lengths = file.chroms()
        tss = {chrom: part.to_numpy() for chrom, part in self.every_tss.groupby("chrom")["tss"]}
        with pyBigWig.open(str(path), "w") as file:
            file.addHeader([(chrom, lengths[chrom]) for chrom in sorted(tss)])
            for chrom in sorted(tss):
                at = np.sort(tss[chrom])
                edges = np.unique(np.clip(np.concatenate([at - 1_000, at + 1_000]), 0, None))
                n = np.searchsorted(at, edges + 1_000, "right") - np.searchsorted(
                    at, edges - 1_000, "right"
                )
                held = np.flatnonzero(n[:-1])
                file.addEntries(
                    [chrom] * len(held),
                    edges[held].tolist(),
                    ends=edges[held + 1].tolist(),
                    values=(10.0 * n[held]).tolist(),
                )
        return path

    def regions(self, cell, name):
        """The RegionArray of one input; that of two cells for the change between them."""
        settings = {key: value for key, value in INPUTS[name].items() if key != "n_train"}
        words = "_".join(f"{key}-{value}" for key, value in settings.items()).replace(" ", "-")
        path = self.work / f"{cell}_{words}_{self.key}.npz"
        if not path.exists():
            if cell == "both":
                X = RegionArray.stack(*(self.regions(each, name) for each in self.cells))
            else:
                X = self._read(cell, **settings)
            X.save(path)
        return RegionArray.load(path, mmap_mode=None)

    def _read(self, cell, contacts=None, every_track=False, **settings):
        tracks = self.tracks(cell, MARKS)
        if every_track:
            theirs = self.tracks(self.other(cell), (*MARKS, "DNase"))
            tracks |= self.tracks(cell, ["DNase"])
            tracks |= {f"{track}, other cell": path for track, path in theirs.items()}
            tracks["TSS"] = self.tss_track()
        return BigWigTransformer(tracks, **settings).fit_transform(self.pcres(cell, contacts))


def baselines(kind, seed):
    """The models that are not networks, by name."""
    models = accuracy.baselines(kind, seed, N_ROUNDS)
    nested = FunctionTransformer(accuracy.summaries, kw_args={"core": NESTED})
    return {**models, NESTED_BOOSTING: make_pipeline(nested, models[BOOSTING][-1])}


def networks(kind, seed, bin_size=100):
    """The Chromoformers, by name."""
    estimator = ESTIMATORS[kind]
    common = {"random_state": seed, "n_threads": 1, "device": "cpu"}
    common["bin_sizes"] = tuple(size for size in (2_000, 500, 100) if size >= bin_size)
    return {
        PAPER: estimator(**common),
        "small_data": estimator.small_data(max_epochs=10, **common),
        BEST: estimator.whole_genome(**common),
    }


def tasks_of(data):
    """Kind and target of each task, by name: levels, high or low, and the change."""
    a, b = data.cells
    levels = {cell: data.level(cell) for cell in data.cells}
    tasks = {}
    for cell in data.cells:
        tasks[f"{cell}: level"] = "level", cell, levels[cell]
        high = high_low(data.genes[cell]).astype(int)
        tasks[f"{cell}: high or low"] = "class", cell, high
    tasks[f"{b} over {a}"] = "change", "both", levels[b] - levels[a]
    return tasks


def jobs_of(data, options):
    """What is to be trained: task, input, model, fold and seed."""
    tasks = tasks_of(data)
    first = next(iter(tasks))
    for task, (kind, *_) in tasks.items():
        for seed in range(options.seeds):
            for name in options.inputs:
                few = "n_train" in INPUTS[name]
                for model in [*baselines(kind, 0), *networks(kind, 0)]:
                    once = model in ONE_SEED or name in ONE_SEED or kind == "class"
                    if (
                        chosen(task, options.tasks)
                        and chosen(model, options.models)
                        and (seed == 0 or few or not once)
                        and (model != PAPER or few or (task == first and name in OF_PAPER))
                        and not (name == BOTH and kind != "level")
                    ):
                        for fold in np.unique(data.fold):
                            yield task, name, model, int(fold), seed


def chosen(name, wanted):
    return not wanted or name in wanted


def path_of(data, job):
    words = "_".join(map(str, job)).replace(" ", "-").replace(":", "").replace("'", "")
    return data.work / f"{words}_{data.key}.npz"


def train(data, job):
    """Predict the genes of one fold by a model trained on the others; keep it in a file."""
    task, name, model, fold, seed = job
    kind, cell, y = tasks_of(data)[task]
    X = data.regions(cell, name)
    train, test = np.flatnonzero(data.fold != fold), np.flatnonzero(data.fold == fold)
    n_train = min(INPUTS[name].get("n_train", len(train)), len(train))
    train = np.sort(np.random.default_rng(seed).permutation(train)[:n_train])
    inputs = {"": X[test]}
    if kind == "level":  # the same model on the other cell's tracks
        other = data.other(cell)
        inputs["other"] = data.regions(other, name)[test]
    read, target = X[train], y[train]
    if name == BOTH:
        theirs = data.level(other)[train]
        theirs = (theirs - theirs.mean()) / theirs.std() * target.std() + target.mean()
        read = RegionArray.concatenate([read, data.regions(other, name)[train]])
        target = np.concatenate([target, theirs])
    fitted = networks(kind, seed, X.bin_size).get(model)
    if fitted is None:
        fitted = baselines(kind, seed)[model]
    started = time.perf_counter()
    fitted.fit(read, target)
    trained = time.perf_counter()
    predicted = {
        f"predicted{key}": (
            fitted.predict_proba(value)[:, 1] if kind == "class" else fitted.predict(value)
        )
        for key, value in inputs.items()
    }
    seconds = trained - started, (time.perf_counter() - trained) / len(inputs)
    path = path_of(data, job)
    np.savez(path.with_name(f"unfinished_{path.name}"), seconds=seconds, **predicted)
    path.with_name(f"unfinished_{path.name}").rename(path)


def scores_of(kind, y, predicted, median):
    """Pearson's r, and the area under the ROC curve of the genes above the median."""
    if kind == "class":
        return {"AUROC": roc_auc_score(y, predicted)}
    scores = {"r": pearson_r(y, predicted)}
    if kind == "level":
        scores["AUROC"] = roc_auc_score(y > median, predicted)
    return scores


def collect(data, jobs):
    """The scores of every prediction that is there, and of the votes of seeds: a row each."""
    rows, votes = [], {}
    tasks = tasks_of(data)
    for job in jobs:
        path = path_of(data, job)
        if not path.exists():
            continue
        task, name, model, fold, seed = job
        with np.load(path) as saved:
            kept = {key: saved[key] for key in saved.files}
        # with few genes, models of other seeds were trained on other genes and do not vote
        draw = seed if "n_train" in INPUTS[name] else 0
        votes.setdefault((task, name, model, fold, draw), []).append(kept)
        rows += rows_of(data, tasks, job, kept)
    for (task, name, model, fold, draw), several in votes.items():
        if model != BEST:
            continue
        if len(several) > 1:
            rows += rows_of(data, tasks, (task, name, VOTE, fold, draw), vote(several))
        nested = votes.get((task, name, NESTED_BOOSTING, fold, draw))
        if nested:
            of_both = vote([vote(several), *nested])
            rows += rows_of(data, tasks, (task, name, VOTE_OF_BOTH, fold, draw), of_both)
    return pd.DataFrame(rows + known_levels(data, {row["task"] for row in rows}))


def known_levels(data, tasks):
    """The scores of the level in one cell as prediction of that in the other."""
    rows = []
    for cell in data.cells:
        other = data.other(cell)
        title = known_in(cell, other)
        if title in tasks:
            known, y = data.level(cell), data.level(other)
            for fold in np.unique(data.fold):
                test = data.fold == fold
                scores = scores_of("level", y[test], known[test], np.median(y))
                what = {"input": "none", "model": "the known level", "fold": fold, "seed": 0}
                rows.append({"task": title, **what, **scores})
    return rows


def known_in(cell, other):
    return f"{cell} -> {other}, level known in {cell}"


def vote(several):
    """The mean of predictions, and the seconds of all."""
    mean = {key: np.mean([kept[key] for kept in several], axis=0) for key in several[0]}
    return mean | {"seconds": np.sum([kept["seconds"] for kept in several], axis=0)}


def rows_of(data, tasks, job, kept):
    """The scores of one prediction: its task's, and for a level those in the other cell."""
    task, name, model, fold, seed = job
    kind, cell, y = tasks[task]
    test = data.fold == fold
    common = {"input": name, "model": model, "fold": fold, "seed": seed}
    common |= dict(zip(("fit s", "predict s"), kept["seconds"]))
    rows = [{"task": task, **common, **scores_of(kind, y[test], kept["predicted"], np.median(y))}]
    if kind == "level" and name != BOTH:  # that model has seen both cells
        other = data.other(cell)
        theirs, change = data.level(other), kept["predictedother"] - kept["predicted"]
        transferred = {
            f"{cell} -> {other}": kept["predictedother"],
            known_in(cell, other): y[test] + change,
        }
        rows += [
            {
                "task": title,
                **common,
                **scores_of(kind, theirs[test], predicted, np.median(theirs)),
            }
            for title, predicted in transferred.items()
        ]
    return rows


def paired(values, reference):
    """Mean and standard error of differences, paired by fold, and by seed where both have it."""
    of_fold = reference.groupby("fold").mean().reindex(values.index.get_level_values("fold"))
    of_seed = reference.reindex(values.index)
    differences = values - of_seed.fillna(pd.Series(of_fold.to_numpy(), values.index))
    return differences.mean(), differences.std(ddof=1) / np.sqrt(len(differences))


def table_of(scores, task, measure):
    """A row for each model and input: mean score, and differences from boosting on that input."""
    scores = scores[scores["task"] == task].set_index(["fold", "seed"])
    lines = []
    for (model, name), part in scores.groupby(["model", "input"], sort=False):
        values = part[measure]
        line = {"model": model, "input": name, measure: values.mean()}
        for label, reference in (
            ("ridge", "ridge"),
            ("boosting", BOOSTING),
            ("nested", NESTED_BOOSTING),
        ):
            of_reference = (scores["model"] == reference) & (scores["input"] == name)
            if of_reference.any():
                difference = paired(values, scores.loc[of_reference, measure])
                line[f"over {label}"], line[f"+- {label}"] = difference
        lines.append(line | {"n": len(values), **part[["fit s", "predict s"]].mean().to_dict()})
    return pd.DataFrame(lines)


def effects_of_inputs(scores, measure="r"):
    """What each input adds to a model: differences paired by fold and seed."""
    lines = []
    for (task, model), part in scores.groupby(["task", "model"], sort=False):
        values = part.set_index(["fold", "seed", "input"])[measure].unstack("input")
        for name, other in (
            ("elements", "promoters"),
            ("elements", "shuffled elements"),
            ("loops", "promoters"),
            ("promoters", "promoters of 4 kb"),
            ("promoters", "bins of 500 bp"),
            (WIDE, "promoters"),
        ):
            if {name, other} <= set(values.columns):
                difference = (values[name] - values[other]).dropna()
                lines.append(
                    {
                        "task": task,
                        "model": model,
                        "input": f"{name} - {other}",
                        measure: difference.mean(),
                        "standard error": difference.std(ddof=1) / np.sqrt(len(difference)),
                    }
                )
    return pd.DataFrame(lines)


def show(scores):
    """Print all tables."""
    for task in scores["task"].unique():
        part = scores[scores["task"] == task]
        for measure in ("r", "AUROC"):
            if measure in part and part[measure].notna().any():
                table = table_of(scores, task, measure)
                print(f"\n{task}: {measure}")
                print(table.to_string(index=False, float_format="{:.4f}".format))
    print("\nWhat inputs add")
    for measure in ("r", "AUROC"):
        there = scores[scores[measure].notna()] if measure in scores else scores[:0]
        if len(there):
            effects = effects_of_inputs(there, measure)
            print(effects.to_string(index=False, float_format="{:.4f}".format))


def draw_curve(scores, n_genes, path):
    """Draw the scores of the first task against the number of genes in training."""
    sizes = {name: settings.get("n_train") for name, settings in INPUTS.items()}
    sizes = {name: size for name, size in sizes.items() if size} | {"promoters": n_genes}
    scores = scores[(scores["task"] == scores["task"].iloc[0]) & scores["input"].isin(list(sizes))]
    figure, axes = plt.subplots(figsize=(7, 4.8), layout="constrained")
    for name, color, line in (
        ("ridge", "C7", ":"),
        (BOOSTING, "C1", ":"),
        (NESTED_BOOSTING, "C1", "-"),
        (PAPER, "C0", ":"),
        ("small_data", "C0", "--"),
        (BEST, "C0", "-"),
        (VOTE_OF_BOTH, "C3", "-"),
    ):
        part = scores[scores["model"] == name]
        r = part.groupby(part["input"].map(sizes))["r"].mean()
        axes.plot(r.index, r, color=color, linestyle=line, marker="o", markersize=3, label=name)
    axes.set(xscale="log", xlabel="genes in training", ylabel="Pearson's r, genes of another fold")
    axes.set_xticks(sorted(sizes.values()), [f"{size:,}" for size in sorted(sizes.values())])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    figure.savefig(path)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder described above")
    parser.add_argument("--work", type=Path, default=Path("bench/real_genome"))
    parser.add_argument("--quick", action="store_true", help="2,000 genes, one seed: five minutes")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--tasks", nargs="+", help="only these")
    parser.add_argument("--models", nargs="+", help="only these")
    parser.add_argument("--inputs", nargs="+", choices=list(INPUTS), default=MAIN)
    parser.add_argument("--json", type=Path, help="where to write every score")
    parser.add_argument("--curve", type=Path, help="where to draw scores by number of genes")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.quick:
        options.seeds = 1
    data = Data(options.data, options.work, 2_000 if options.quick else None)
    jobs = list(jobs_of(data, options))
    for task, (_, cell, _) in tasks_of(data).items():
        if chosen(task, options.tasks):
            for name in tqdm(options.inputs, desc=f"signal for {task}"):
                for each in data.cells if cell != "both" else [cell]:
                    data.regions(each, name)
    left = [job for job in jobs if not path_of(data, job).exists()]
    done = Parallel(options.jobs, return_as="generator_unordered")(
        delayed(train)(data, job) for job in left
    )
    for _ in tqdm(done, total=len(left), desc="models"):
        pass
    scores = collect(data, jobs)
    show(scores)
    if options.json:
        options.json.write_text(json.dumps(scores.to_dict("records"), indent=1))
    if options.curve:
        n_genes = len(data.fold) - round(len(data.fold) / len(np.unique(data.fold)))
        draw_curve(scores, n_genes, options.curve)


if __name__ == "__main__":
    main()

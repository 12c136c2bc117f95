"""A whole analysis from the command line: ``python -m skchromo.demo --help``."""

import argparse
import shutil
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tqdm import tqdm

from .datasets import make_epigenome
from .estimators import ChromoformerClassifier
from .evaluation import high_low, shuffle_pcres
from .features import BigWigTransformer, InteractionTransformer, WindowSummary
from .genome import check_genes, join_expression, read_expression
from .inspection import GeneDisplay, pcre_importance
from .inspection._plot import COLOURS, DOUBLE, Display

_ABOUT = """\
Score Chromoformer on held-out chromosomes, beside controls and a baseline: a simulated genome, or
your own files.

The folder of your files holds
  *.bw, *.bigWig   a file for each track, named after the track
  genes.tsv        gene_id, chrom, tss (0-based) and strand, separated by tabs
  expression       a column "expression" of genes.tsv, or a file expression.tsv: gene_id, then
                   one column of values
  contacts.*       or interactions.*, in any form that InteractionTransformer reads (.bedpe, .ibed,
                   .mcool, ...). Without such a file, promoters alone are used.
"""
_LEAVES = """\
The results are scores.csv (area under the ROC curve of each fold), roc.png and model.joblib;
with --gene also gene.png and pcres.csv.
"""
_MAIN = ("contacts", "promoters only")  # the network's name with and without contacts


def main(arguments=None):
    """Run the analysis that the command line describes."""
    parser = argparse.ArgumentParser(
        prog="python -m skchromo.demo",
        description=_ABOUT,
        epilog=_LEAVES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="your own files")
    parser.add_argument("--output", type=Path, metavar="FOLDER", default=Path("demo"))
    parser.add_argument("--paper", action="store_true", help="the network of the paper")
    parser.add_argument("--gene", metavar="ID", help="explain the prediction for this gene")
    options = parser.parse_args(arguments)
    try:
        import matplotlib
    except ImportError:
        parser.error("the picture needs matplotlib: pip install matplotlib")
    matplotlib.use("agg")
    try:
        folder = options.data or write_files(options.output / "files")
        genes, tracks, contacts = read_folder(folder)
        if options.gene is not None and options.gene not in set(genes["gene_id"]):
            raise ValueError(f"--gene: {folder / 'genes.tsv'} has no gene {options.gene}")
        options.output.mkdir(parents=True, exist_ok=True)
        signal = BigWigTransformer(tracks, memory=options.output / "cache", verbose=1)
        pipes = _make_pipes(signal, contacts, options.paper)
        pipe = pipes[_MAIN[contacts is None]]
        print("Reading the signal of each region once:", flush=True)
        print(f"X: {pipe[:-1].fit_transform(genes)}")
    except (OSError, ValueError) as error:
        parser.error(str(error))
    signal.set_params(verbose=0)
    y = high_low(genes["expression"]).to_numpy()
    _write_scores(options.output, y, *_cross_validate(pipes, genes, y))
    if options.gene is not None:
        _explain(options.output, pipe, genes, y, options.gene)
    joblib.dump(pipe.fit(genes, y), options.output / "model.joblib")
    print(f"Results are in {options.output}: scores.csv, roc.png, model.joblib")


def read_folder(folder):
    """Return the gene table with expression, the tracks, and the path of the contacts or None."""
    if not folder.is_dir():
        raise FileNotFoundError(f"the folder {folder} does not exist")
    files = [path for path in sorted(folder.iterdir()) if path.name[0] != "."]
    tracks = {}
    for path in files:
        if path.suffix.lower() in (".bw", ".bigwig"):
            if path.stem in tracks:
                raise ValueError(
                    f"{tracks[path.stem]} and {path.name} are one track by their names: "
                    "rename or remove one"
                )
            tracks[path.stem] = path
    if not tracks:
        raise FileNotFoundError(
            f"{folder} has no track: put a bigWig (*.bw or *.bigWig) there for each track"
        )
    contacts = [path for path in files if path.name.split(".")[0] in ("contacts", "interactions")]
    if len(contacts) > 1:
        names = " and ".join(path.name for path in contacts)
        raise ValueError(f"{folder} has several files of contacts, {names}: keep one")
    genes = _read_genes(folder)
    print(f"{len(genes)} genes; tracks: {', '.join(tracks)}")
    print(f"contacts: {contacts[0].name if contacts else 'no file contacts.*, promoters only'}")
    return genes, tracks, contacts[0] if contacts else None


def _read_genes(folder):
    """Return the gene table with a column of expression."""
    path, other = folder / "genes.tsv", folder / "expression.tsv"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist: write a table with the columns gene_id, chrom, tss and strand "
            "(skchromo.genome.read_genes makes one of a GTF file)"
        )
    genes = pd.read_csv(path, sep="\t")
    check_genes(genes)
    if "expression" not in genes:
        if not other.exists():
            raise ValueError(
                f"{folder} has no expression: add a column expression to {path.name}, or a file "
                f"{other.name} (gene_id, then one column of values)"
            )
        genes = join_expression(genes, read_expression(other), missing="drop")
    if genes["chrom"].nunique() < 2:
        raise ValueError(
            f"{path} has genes of one chromosome only: whole chromosomes are held out, so that "
            "two are needed"
        )
    return genes


def write_files(folder):
    """Write a simulated genome, unless it is there, and return its folder."""
    if not folder.exists():
        print(f"Writing a simulated genome to {folder}", flush=True)
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        made = make_epigenome(unfinished, n_genes=300, n_chroms=6, distal_share=0.4, random_state=0)
        genes = made.genes.assign(expression=made.expression)
        genes.to_csv(made.paths["genes"], sep="\t", index=False)
        made.paths["expression"].unlink()
        unfinished.rename(folder)
    return folder


def _make_pipes(signal, contacts, paper):
    """Return the Pipelines to compare, by name; without contacts those that need none."""
    small = ChromoformerClassifier.small_data(max_epochs=10, n_threads=1, random_state=0)
    network = ChromoformerClassifier(random_state=0) if paper else small
    baseline = (WindowSummary(), StandardScaler(), LogisticRegression(max_iter=1_000))
    alone = {"promoters only": make_pipeline(signal, network)}
    if contacts is None:
        return alone | {"baseline": make_pipeline(signal, *baseline)}
    pcres = InteractionTransformer(contacts, max_pcres=8, weight_threshold=1.5)
    shuffle = FunctionTransformer(shuffle_pcres, kw_args={"random_state": 0})
    return {
        "contacts": Pipeline([("contacts", pcres), ("signal", signal), ("model", network)]),
        **alone,
        "shuffled contacts": make_pipeline(pcres, shuffle, signal, network),
        "baseline": make_pipeline(pcres, signal, *baseline),
    }


def _cross_validate(pipes, genes, y):
    """Return the probabilities of held-out genes, and scores of each Pipeline in each fold."""
    groups = genes["chrom"]
    folds = list(GroupKFold(min(3, groups.nunique())).split(genes, y, groups))
    probabilities = {name: np.zeros(len(genes)) for name in pipes}
    names = [f"fold {number}" for number in range(1, len(folds) + 1)]
    scores = pd.DataFrame(index=list(pipes), columns=names, dtype=float)
    with tqdm(total=len(pipes) * len(folds), desc="Training", unit="model") as bar:
        for name, pipe in pipes.items():
            bar.set_postfix_str(name)
            for fold, (train, test) in zip(names, folds):
                fitted = clone(pipe).fit(genes.iloc[train], y[train])
                p = fitted.predict_proba(genes.iloc[test])[:, 1]
                probabilities[name][test] = p
                scores.loc[name, fold] = roc_auc_score(y[test], p)
                bar.update()
    return probabilities, scores


def _write_scores(output, y, probabilities, scores):
    """Print and write the table of scores, and draw it beside the ROC curves.

    The gain over promoters is taken fold by fold, because some folds are harder than others.
    """
    gain = scores - scores.loc["promoters only"]
    table = scores.assign(
        **{"mean": scores.mean(axis=1), "standard error": scores.sem(axis=1)},
        **{"gain": gain.mean(axis=1), "its standard error": gain.sem(axis=1)},
    )
    print("Area under the ROC curve on held-out chromosomes:")
    print(table.round(3).to_string())
    table.round(3).to_csv(output / "scores.csv", index_label="model")
    _Scores(y, probabilities, scores).plot().figure_.savefig(output / "roc.png")


def _explain(output, pipe, genes, y, gene):
    """Draw a gene and its prediction, by a model that was trained on other chromosomes."""
    is_gene = genes["gene_id"] == gene
    others = ~genes["chrom"].isin(genes.loc[is_gene, "chrom"]).to_numpy()
    print(f"Explaining {gene}", flush=True)
    fitted = clone(pipe).fit(genes[others], y[others])
    GeneDisplay.from_estimator(fitted, genes[~others], gene).figure_.savefig(output / "gene.png")
    if "contacts" in pipe.named_steps:
        importance = pcre_importance(fitted, genes[is_gene])
        importance.to_frame().to_csv(output / "pcres.csv", index=False)


class _Scores(Display):
    """ROC curves over all folds, beside the score of each fold."""

    def __init__(self, y, probabilities, scores):
        self.y, self.probabilities, self.scores = y, probabilities, scores

    def plot(self):
        """Draw both panels."""
        with self._canvas(None, DOUBLE, 2.7) as ax:
            figure = ax.figure
            ax.remove()
            curves, folds = figure.subplots(1, 2, width_ratios=(1, 1.2))
            self._draw_curves(curves)
            self._draw_folds(folds)
            for panel in (curves, folds):
                panel.spines[["top", "right"]].set_visible(False)
        self.figure_ = figure
        return self

    def _draw_curves(self, ax):
        ax.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=0.8, label="chance")
        for name, p in self.probabilities.items():
            false, true, _ = roc_curve(self.y, p)
            ax.plot(false, true, label=name)
        ax.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        ax.set_title("Genes of held-out chromosomes", loc="left")
        ax.legend(loc="lower right")

    def _draw_folds(self, ax):
        rows = np.arange(len(self.scores))
        for row, values, colour in zip(rows, self.scores.to_numpy(), COLOURS):
            ax.plot(values, np.full(len(values), row), "o", color=colour, markersize=4, alpha=0.6)
            ax.plot([values.mean()] * 2, [row - 0.3, row + 0.3], color=colour, linewidth=2)
            ax.annotate(
                f"{values.mean():.2f}",
                (values.mean(), row - 0.34),
                ha="center",
                va="bottom",
                fontsize=6,
                color=colour,
            )
        ax.axvline(0.5, color="0.6", linestyle="--", linewidth=0.8)
        ax.set_yticks(rows, self.scores.index)
        ax.set(ylim=(len(rows) - 0.5, -0.7), xlabel="area under the ROC curve")
        ax.set_title("Each fold (dots) and their mean (lines)", loc="left")


if __name__ == "__main__":
    main()

"""The model card: what a person needs to know of a saved model, as Markdown beside its file."""

import inspect
import os
from pathlib import Path

import numpy as np

from .._words import printable

# Front matter that the Hugging Face Hub reads; a file that begins so is a card of ours.
_START = "---\nlibrary_name: skchromo\n"
_TAGS = "tags: [chromoformer, epigenomics, gene-expression]\n---\n"


def card_path(path):
    """Return the path of the card of a saved model: h1.md beside h1.safetensors."""
    return f"{os.fspath(path).removesuffix('.safetensors')}.md"


def is_card(path):
    """Return whether a file begins as a card."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_START)) == _START.encode()
    except OSError:
        return False


def trained_on(X, init_from=None, before=None):
    """Return numbers of genes of a fit, by chromosome where X has them, and names of its samples.

    `before` is the same of a fit that is continued, whose chromosomes are kept. A model that the
    fit starts from adds what it was trained on itself.
    """
    chroms, counts = np.unique(np.asarray(X.genes.get("chrom", []), dtype=str), return_counts=True)
    counts = dict(sorted(zip(chroms.tolist(), counts.tolist()), key=lambda one: len(one[0])))
    found = {"n_genes": len(X), "genes_per_chrom": counts}
    samples = {
        str(one) for name in ("sample", "sample_a", "sample_b") for one in X.genes.get(name, ())
    }
    if samples:
        found["samples"] = sorted(samples)
    if before is not None:
        found["genes_per_chrom"] = {**before.get("genes_per_chrom", {}), **counts}
        return {**before, **found}
    if init_from is not None:
        start = getattr(init_from, "estimator", init_from)  # of a FrozenEstimator
        name = printable(start)[:200] if isinstance(start, (str, os.PathLike)) else ""
        found["started_from"] = name or {"class": type(start).__name__, **start.metadata_}
    return found


def model_card(estimator, path, metadata):
    """Return the card of a fitted estimator as text; `metadata` is what its file keeps."""
    name, kind = Path(path).name, type(estimator).__name__
    parts = [
        f"{_START}{_TAGS}",
        f"# {_text(name.removesuffix('.safetensors'))}\n",
        f"A {kind} of skchromo: predicts gene expression from signal of marks and 3D contacts. "
        f"This card describes {_text(name)}; the next `save` to that file writes it anew.\n",
        f'```python\nfrom skchromo import load_model\n\nmodel = load_model("{_text(name)}")\n```\n',
        "## What it takes\n",
        _table(_input_of(estimator)),
        "## What it was trained on\n",
        _table(_training_of(metadata)),
    ]
    about = dict(metadata.get("about", {}))
    if "scores" in about:
        scores = about.pop("scores")
        parts += ["## Scores\n", _table(scores if isinstance(scores, dict) else {"": scores})]
    if about:
        parts += ["## About\n", _table(about)]
    parts += ["## Settings\n", _table(_settings_of(estimator), "Parameter", "Value")]
    parts += ["## Versions\n", _table(estimator.versions_, "Package", "Version")]
    return "\n".join(parts)


def _input_of(estimator):
    """Return what X must be, by its name."""
    found = {
        "Tracks, in this order": ", ".join(estimator.tracks_),
        "Promoter window": f"{estimator.window_:,} bp",
        "Longest region": f"{estimator.n_bins_ * estimator.bin_size_:,} bp",
        "Bins of X": f"{estimator.bin_size_:,} bp",
        "Bin sizes of the network": ", ".join(f"{size:,} bp" for size in estimator.bin_sizes),
    }
    sizes = estimator.chromsizes_
    if sizes:
        longest = max(sizes, key=sizes.get)
        found["Assembly"] = (
            f"of {len(sizes)} chromosomes; the longest, {longest}, has {sizes[longest]:,} bp"
        )
    if hasattr(estimator, "classes_"):
        found["Classes"] = ", ".join(map(str, estimator.classes_))
    return found


def _training_of(metadata):
    """Return what a model was trained on, by its name."""
    if "n_genes" not in metadata:
        return {"Genes": "not known"}
    found = {"Genes": f"{metadata['n_genes']:,}"}
    if metadata["genes_per_chrom"]:
        counts = metadata["genes_per_chrom"].items()
        found["Genes by chromosome"] = ", ".join(f"{chrom} {n:,}" for chrom, n in counts)
    if "samples" in metadata:
        found["Samples"] = metadata["samples"]
    if "started_from" in metadata:
        found["Started from"] = metadata["started_from"]
    return found


def _settings_of(estimator):
    """Return the parameters that are not the default ones."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(type(estimator)).parameters.items()
    }
    params = estimator.get_params(deep=False)
    return {name: value for name, value in params.items() if repr(value) != repr(defaults[name])}


def _table(rows, *heading):
    """Return a table of two columns."""
    head = "| | |" if not heading else f"| {' | '.join(heading)} |"
    lines = [f"| {_text(name)} | {_text(_value(value))} |" for name, value in rows.items()]
    return "\n".join([head, "|---|---|", *lines]) + "\n"


def _value(value):
    """Return a value of metadata as words."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _text(words):
    """Return words as Markdown shows them: no control characters, tables and tags of their own."""
    text = printable(words)
    for sign, written in {"&": "&amp;", "<": "&lt;", "|": "&#124;", "`": "&#96;"}.items():
        text = text.replace(sign, written)
    return text

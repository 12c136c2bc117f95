"""Model cards: what stands beside a saved model, and comes back with it."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save_file
from sklearn.frozen import FrozenEstimator
from small_models import TINY, changed, make_regions

from skchromo import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    load_model,
)


def rows_of(text):
    """The rows of all tables of a card, by their first cell."""
    rows = [line.strip("| ").split(" | ", 1) for line in text.splitlines() if line[:2] == "| "]
    return dict(row for row in rows if len(row) == 2)


def test_card_says_what_the_model_takes_and_was_trained_on(X, model, path):
    text = path.with_name("h1.md").read_text()
    assert text.startswith("---\nlibrary_name: skchromo\n")
    assert "# h1\n" in text
    assert 'load_model("h1.safetensors")' in text
    rows = rows_of(text)
    assert rows["Tracks, in this order"] == "H3K4me3, ATAC"
    assert rows["Promoter window"] == "1,600 bp"
    assert rows["Bin sizes of the network"] == "400 bp, 100 bp"
    assert rows["Classes"] == "high, low"
    assert rows["Assembly"] == "of 3 chromosomes; the longest, chr1, has 5,000,000 bp"
    assert rows["Genes"] == "40"
    assert rows["Genes by chromosome"] == "chr1 14, chr2 13, chr3 13"
    assert rows["d_model"] == "8"
    assert rows["class_weight"] == "balanced"
    assert "lr_decay" not in rows  # the default
    assert rows["torch"] == torch.__version__
    assert "## About" not in text
    assert "## Scores" not in text


def test_what_is_known_of_a_model_comes_back_with_it(X, model, tmp_path):
    scores = pd.Series([0.5, 0.75], index=["fold 0", "fold 1"])
    about = {
        "scores": {"roc_auc": np.array([0.9, 0.8]), "by fold": scores, "n": np.int64(2)},
        "y": "RPKM at or above the median",
        "licence": "CC0-1.0",
    }
    model.save(tmp_path / "a.safetensors", about=about)
    rows = rows_of((tmp_path / "a.md").read_text())
    assert rows["roc_auc"] == "0.9, 0.8"
    assert rows["licence"] == "CC0-1.0"
    again = load_model(tmp_path / "a.safetensors")
    counts = {"chr1": 14, "chr2": 13, "chr3": 13}
    kept = {"roc_auc": [0.9, 0.8], "by fold": [0.5, 0.75], "n": 2}
    expected = {"n_genes": 40, "genes_per_chrom": counts}
    assert model.metadata_ == expected
    assert again.metadata_ == {**expected, "about": {**about, "scores": kept}}
    (tmp_path / "a.md").unlink()
    assert load_model(tmp_path / "a.safetensors").metadata_ == again.metadata_
    again.save(tmp_path / "b.safetensors", about={"licence": "MIT"})
    assert load_model(tmp_path / "b.safetensors").metadata_["about"] == {
        **again.metadata_["about"],
        "licence": "MIT",
    }
    assert rows_of((tmp_path / "b.md").read_text())["licence"] == "MIT"


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ("text", "about must be a dict"),
        ({"model": object()}, r"about\['model'\]: a object cannot be saved"),
        ({"scores": {"r": [1, {2}]}}, r"about\['scores'\]\['r'\]: a set cannot be saved"),
    ],
)
def test_what_is_not_plain_data_is_refused_and_nothing_is_written(about, said, model, tmp_path):
    with pytest.raises(TypeError, match=said):
        model.save(tmp_path / "a.safetensors", about=about)
    assert list(tmp_path.iterdir()) == []


def test_names_of_cards(model, tmp_path):
    for name in ("model", "v1.2", "odd.md", "h1.safetensors"):
        model.save(tmp_path / name)
    assert {path.name for path in tmp_path.glob("*.md")} == {
        *("model.md", "v1.2.md", "odd.md", "odd.md.md", "h1.md")
    }


def test_card_replaces_cards_only(model, path):
    card = path.with_name("h1.md")
    model.save(path, about={"version": 2})
    assert rows_of(card.read_text())["version"] == "2"
    before = path.read_bytes()
    card.write_text("my notes")
    with pytest.raises(FileExistsError, match=r"h1\.md is there and is not a model card"):
        model.save(path, about={"version": 3})
    assert (path.read_bytes(), card.read_text()) == (before, "my notes")
    model.save(path, about={"version": 3}, overwrite=True)
    assert rows_of(card.read_text())["version"] == "3"


def test_failed_save_leaves_model_and_card(model, path, monkeypatch):
    card = path.with_name("h1.md")
    before = path.read_bytes(), card.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("skchromo.estimators._model_file.save", fail)
    with pytest.raises(OSError, match="No space left"):
        model.save(path, about={"version": 2})
    assert (path.read_bytes(), card.read_bytes()) == before
    assert len(list(path.parent.iterdir())) == 2


def test_names_cannot_change_the_page(X, tmp_path):
    tracks = ("a|b", "<script>`")
    y = np.arange(len(X)) / 10
    model = ChromoformerRegressor(**TINY).fit(changed(X, tracks=tracks), y)
    model.save(tmp_path / "m.safetensors", about={"no\x1b[2Jte": "two\nlines"})
    text = (tmp_path / "m.md").read_text()
    assert "a&#124;b, &lt;script>&#96;" in text
    assert "| no\\x1b[2Jte | two\\nlines |" in text
    assert load_model(tmp_path / "m.safetensors").tracks_ == tracks


def test_plain_arrays_have_genes_without_chromosomes(tmp_path):
    X = np.random.default_rng(0).poisson(3.0, (20, 40)).astype(float)
    model = ChromoformerRegressor(**TINY).fit(X, X.mean(axis=1))
    assert model.metadata_ == {"n_genes": 20, "genes_per_chrom": {}}
    model.save(tmp_path / "m")
    assert "Genes by chromosome" not in rows_of((tmp_path / "m.md").read_text())


def test_what_a_fit_started_from_or_continued_is_kept(X, tmp_path):
    y = np.arange(len(X)) / 10
    on = {chrom: X[X.genes["chrom"] == chrom] for chrom in ("chr1", "chr2")}
    first = ChromoformerRegressor(**TINY, warm_start=True).fit(on["chr1"], y[:14])
    second = ChromoformerRegressor(**TINY, init_from=FrozenEstimator(first))
    second.fit(on["chr2"], y[:13])
    start = {"class": "ChromoformerRegressor", "n_genes": 14, "genes_per_chrom": {"chr1": 14}}
    expected = {"n_genes": 13, "genes_per_chrom": {"chr2": 13}, "started_from": start}
    assert second.metadata_ == expected
    with pytest.warns(UserWarning, match="without init_from"):
        second.save(tmp_path / "m")
    assert load_model(tmp_path / "m").metadata_ == expected
    assert "genes_per_chrom: chr1: 14" in rows_of((tmp_path / "m.md").read_text())["Started from"]
    first.set_params(max_epochs=3).fit(on["chr2"], y[:13])
    assert first.metadata_["genes_per_chrom"] == {"chr1": 14, "chr2": 13}


def test_models_of_checkpoints_and_of_conditions_have_cards(X, tmp_path):
    model = ChromoformerRegressor(**TINY).fit(X, np.arange(len(X)) / 10)
    model.save_checkpoint(tmp_path / "m.pt")
    again = ChromoformerRegressor.from_checkpoint(
        tmp_path / "m.pt", tracks=X.tracks, window=X.window
    )
    again.save(tmp_path / "m")
    assert rows_of((tmp_path / "m.md").read_text())["Genes"] == "not known"
    pairs = make_regions(n_conditions=2)
    genes = {**pairs.genes, "sample_a": ["H1"] * 40, "sample_b": ["K562"] * 40}
    pairs = changed(pairs, genes=genes)
    difference = ChromoformerDiffRegressor(**TINY).fit(pairs, np.linspace(-1, 1, 40))
    difference.save(tmp_path / "d")
    assert rows_of((tmp_path / "d.md").read_text())["Samples"] == "H1, K562"
    assert difference.as_regressor().metadata_ == difference.metadata_


def forge(path, metadata):
    """Give a saved model other metadata, with a checksum that agrees; None: as older files."""
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    document, weights = json.loads(header["model"]), load(path.read_bytes())
    del document["metadata"]
    if metadata is not None:
        document["metadata"] = metadata
    text = json.dumps(document)
    digest = hashlib.sha256(text.encode())
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].numpy().tobytes())
    save_file(weights, path, {**header, "model": text, "sha256": digest.hexdigest()})


def test_files_without_metadata_are_read(X, model, path, tmp_path):
    forge(path, None)
    again = load_model(path)
    assert again.metadata_ == {}
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    again.save(tmp_path / "again")
    assert isinstance(again, ChromoformerClassifier)


@pytest.mark.parametrize(
    "metadata",
    [
        ["a"],
        {"dict": [["n_genes", -1]]},
        {"dict": [["n_genes", "many"]]},
        {"dict": [["genes_per_chrom", ["chr1"]]]},
        {"dict": [["about", "text"]]},
    ],
    ids=range(5),
)
def test_forged_metadata_are_refused(path, metadata):
    forge(path, metadata)
    with pytest.raises(ValueError, match=r"h1\.safetensors is damaged, or was not written by"):
        load_model(path)

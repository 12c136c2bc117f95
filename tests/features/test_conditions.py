"""Gene tables whose rows compare two samples."""

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from small_models import TINY

from skchromo import BigWigTransformer, ChromoformerDiffRegressor, InteractionTransformer

SAMPLES = ("K562", "H1", "HepG2")


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """A sheet of two tracks of three samples, with signal of each sample's own level."""
    folder, rows = tmp_path_factory.mktemp("tracks"), []
    rng = np.random.default_rng(0)
    for sample in SAMPLES:
        for track in ("H3K4me3", "H3K27ac"):
            path = str(folder / f"{sample}-{track}.bw")
            with pyBigWig.open(path, "w") as handle:
                handle.addHeader([(f"chr{number}", 60_000) for number in (1, 2, 3)])
                for number in (1, 2, 3):
                    values = rng.gamma(1.0, 3.0, 600).round(2)
                    handle.addEntries(f"chr{number}", 0, values=values, span=100, step=100)
            rows.append({"sample": sample, "track": track, "path": path})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def contacts():
    rng = np.random.default_rng(1)
    tables = {}
    for sample in SAMPLES:
        start = rng.integers(0, 590, 60) * 100
        tables[sample] = pd.DataFrame(
            {
                "gene_id": [f"G{i}" for i in rng.integers(0, 24, 60)],
                "chrom": "",
                "start": start,
                "end": start + 900,
                "score": rng.uniform(2, 6, 60),
            }
        )
        number = tables[sample]["gene_id"].str[1:].astype(int) % 3 + 1
        tables[sample]["chrom"] = "chr" + number.astype(str)
    return tables


@pytest.fixture(scope="module")
def genes():
    rng = np.random.default_rng(2)
    single = pd.DataFrame(
        {
            "gene_id": [f"G{i}" for i in range(24)],
            "chrom": [f"chr{i % 3 + 1}" for i in range(24)],
            "tss": rng.integers(2_000, 58_000, 24),
            "strand": rng.choice(["+", "-"], 24),
            "sample_a": "K562",
        }
    )
    return pd.concat([single.assign(sample_b=sample) for sample in ("H1", "HepG2")])


def signal(tracks):
    return BigWigTransformer(tracks, window=1600)


def pipeline(tracks, contacts, *model):
    interactions = InteractionTransformer(contacts, max_pcres=3, max_pcre_length=1600)
    return make_pipeline(interactions, signal(tracks), *model)


def test_each_condition_has_its_own_signal_and_contacts(tracks, contacts, genes):
    steps = pipeline(tracks, contacts)
    pair = steps.fit_transform(genes)
    assert pair.shape == (48, 2, 4, 16, 2)
    assert steps.transform(genes).equals(pair)
    for letter in "ab":
        alone = genes.drop(columns=["sample_a", "sample_b"]).assign(
            sample=genes[f"sample_{letter}"]
        )
        assert pair.condition(letter).equals(pipeline(tracks, contacts).fit_transform(alone))
        assert pair.genes[f"sample_{letter}"].tolist() == genes[f"sample_{letter}"].tolist()
    assert "sample" not in pair.genes
    assert pair.genes["gene_id"].tolist() == genes["gene_id"].tolist()


def test_rows_do_not_depend_on_each_other(tracks, contacts, genes):
    kept = genes.copy()
    steps = pipeline(tracks, contacts).fit(genes)
    rows = [5, 5, 0, 40]
    assert steps.transform(genes.iloc[rows]).equals(steps.transform(genes)[rows])
    pd.testing.assert_frame_equal(genes, kept)


def test_pcres_of_each_condition_stand_in_the_table(contacts, genes):
    transformer = InteractionTransformer(contacts, max_pcres=3, max_pcre_length=1600)
    table = transformer.fit_transform(genes)
    pd.testing.assert_frame_equal(table, transformer.transform(genes))
    assert list(table.columns) == [*genes.columns, "pcres_a", "pcres_b"]
    assert (table["pcres_a"] != table["pcres_b"]).any()
    rows = [*range(23, -1, -1), *range(30, 48), *range(24, 30)]
    part = transformer.transform(genes.iloc[rows])
    assert part["pcres_b"].tolist() == table["pcres_b"].iloc[rows].tolist()


def test_without_contacts_there_are_the_promoters_alone(tracks, genes):
    assert signal(tracks).fit_transform(genes).shape == (48, 2, 1, 16, 2)
    assert signal(tracks).fit(genes).transform(genes[:3]).shape == (3, 2, 1, 16, 2)


def test_pipeline_predicts_fold_changes_that_turn_their_sign(tracks, contacts, genes):
    y = np.random.default_rng(3).normal(size=48)
    y -= y.mean()
    pipe = pipeline(tracks, contacts, ChromoformerDiffRegressor(**TINY))
    predicted = cross_val_predict(pipe, genes, y, groups=genes["chrom"], cv=GroupKFold(3))
    assert np.isfinite(predicted).all()
    predicted = pipe.fit(genes, y).predict(genes)
    assert predicted.std() > 0
    turned = genes.rename(columns={"sample_a": "sample_b", "sample_b": "sample_a"})
    np.testing.assert_array_equal(pipe.predict(turned), -predicted)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="sample_b"), "column sample_a, but not the other"),
        (lambda table: table.assign(sample="H1"), "keep sample for one condition"),
        (lambda table: table.assign(sample_b="HeLa"), "HeLa"),
    ],
)
def test_faulty_comparisons_are_refused_by_both_transformers(
    tracks, contacts, genes, change, message
):
    for transformer in (*pipeline(tracks, contacts), signal(tracks)):
        with pytest.raises(ValueError, match=message):
            transformer.fit(change(genes))


def test_the_same_tracks_for_both_conditions_are_refused(tracks, genes):
    one = dict(zip(tracks["track"][:2], tracks["path"][:2]))
    fitted = signal(tracks).fit(genes).set_params(tracks=one)
    for method in (fitted.transform, fitted.fit):
        with pytest.raises(ValueError, match=r"compares sample_a and sample_b, but .* one sample"):
            method(genes)

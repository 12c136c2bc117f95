"""Gene tables whose rows compare two samples."""

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline
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


def steps(tracks, contacts):
    return [
        ("contacts", InteractionTransformer(contacts, max_pcres=3, max_pcre_length=1600)),
        ("signal", BigWigTransformer(tracks, window=1600)),
    ]


def test_each_condition_has_its_own_signal_and_contacts(tracks, contacts, genes):
    pair = Pipeline(steps(tracks, contacts)).fit_transform(genes)
    assert pair.shape == (48, 2, 4, 16, 2)
    for number, letter in enumerate("ab"):
        alone = genes.drop(columns=["sample_a", "sample_b"]).assign(
            sample=genes[f"sample_{letter}"]
        )
        expected = Pipeline(steps(tracks, contacts)).fit_transform(alone).to_dense()
        for got, part in zip(pair.to_dense(), expected):
            np.testing.assert_array_equal(got[:, number], part)
    assert pair.genes["sample_b"].tolist() == genes["sample_b"].tolist()
    assert "sample" not in pair.genes
    assert pair.genes["gene_id"].tolist() == genes["gene_id"].tolist()


def test_pcres_of_each_condition_stand_in_the_table(contacts, genes):
    transformer = InteractionTransformer(contacts, max_pcres=3, max_pcre_length=1600)
    table = transformer.fit_transform(genes)
    pd.testing.assert_frame_equal(table, transformer.transform(genes))
    assert list(table.columns) == [*genes.columns, "pcres_a", "pcres_b"]
    assert (table["pcres_a"] != table["pcres_b"]).any()
    rows = [*range(23, -1, -1), *range(30, 48), *range(24, 30)]
    part = transformer.transform(genes.iloc[rows])
    assert part["pcres_b"].tolist() == table["pcres_b"].iloc[rows].tolist()


def test_pipeline_of_a_gene_table_to_fold_changes(tracks, contacts, genes):
    y = np.random.default_rng(3).normal(size=48)
    y -= y.mean()
    pipe = Pipeline([*steps(tracks, contacts), ("model", ChromoformerDiffRegressor(**TINY))])
    predicted = cross_val_predict(pipe, genes, y, groups=genes["chrom"], cv=GroupKFold(3))
    assert np.isfinite(predicted).all()
    pipe.fit(genes, y)
    turned = genes.rename(columns={"sample_a": "sample_b", "sample_b": "sample_a"})
    np.testing.assert_array_equal(pipe.predict(turned), -pipe.predict(genes))


def test_half_a_comparison_is_refused(tracks, genes):
    with pytest.raises(ValueError, match="sample_a, but not the other"):
        BigWigTransformer(tracks, window=1600).fit(genes.drop(columns="sample_b"))
    with pytest.raises(ValueError, match="keep sample for one"):
        BigWigTransformer(tracks, window=1600).fit(genes.assign(sample="H1"))
    one = dict(zip(tracks["track"][:2], tracks["path"][:2]))
    with pytest.raises(ValueError, match="tracks are those of one sample"):
        BigWigTransformer(one, window=1600).fit(genes)
    with pytest.raises(ValueError, match="GM12878"):
        BigWigTransformer(tracks, window=1600).fit(genes.assign(sample_b="GM12878"))

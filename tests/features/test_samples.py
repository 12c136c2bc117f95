"""Several cell types in one table: rows of their own files, splits, and the gene-mean baseline."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, WindowSummary
from skchromo.datasets import make_epigenome
from skchromo.evaluation import gene_mean_baseline
from skchromo.genome import read_contacts

DEEPER = 3


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three cell types of 100 genes, the third with tracks of another depth."""
    made = make_epigenome(
        tmp_path_factory.mktemp("cells"),
        n_genes=100,
        n_chroms=4,
        n_samples=3,
        tracks=("H3K4me3", "H3K27ac"),
        planted_r=0.95,
        changing=0.4,
        random_state=0,
    )
    made.y = np.log2(made.expression.to_numpy() + 1)
    made.even = made.tracks
    made.tracks = made.tracks.copy()
    last = made.tracks["sample"] == "sample3"
    made.tracks.loc[last, "path"] = [deepen(path) for path in made.tracks.loc[last, "path"]]
    return made


def deepen(path):
    """Write a bigWig again with more reads everywhere."""
    deeper = path.with_name(f"deep-{path.name}")
    with pyBigWig.open(str(path)) as file, pyBigWig.open(str(deeper), "w") as out:
        out.addHeader(list(file.chroms().items()))
        for chrom in file.chroms():
            starts, ends, values = zip(*file.intervals(chrom), strict=True)
            values = [DEEPER * value for value in values]
            out.addEntries([chrom] * len(starts), list(starts), ends=list(ends), values=values)
    return deeper


def pipeline(data, *model, scale=None, tracks=None):
    signal = BigWigTransformer(
        data.tracks if tracks is None else tracks,
        bin_size=500,
        scale=scale,
        memory=Path(data.tracks["path"][0]).parent / "cache",
    )
    return make_pipeline(InteractionTransformer(data.contacts), signal, *model)


def ridge():
    return WindowSummary(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))


def splits_of(genes):
    """Cell types held out, chromosomes held out, and both."""
    by_sample = list(LeaveOneGroupOut().split(genes, groups=genes["sample"]))
    by_chrom = list(GroupKFold(2).split(genes, groups=genes["chrom"]))
    both = [
        (np.intersect1d(train, other_train), np.intersect1d(test, other_test))
        for train, test in by_sample
        for other_train, other_test in by_chrom
    ]
    return {"sample": by_sample, "chrom": by_chrom, "both": both}


def baseline(data, splits):
    predicted = np.full(len(data.y), np.nan)
    for train, test in splits:
        predicted[test] = gene_mean_baseline(data.genes, data.y, train, test)
    return predicted


def test_rows_of_a_sample_are_those_of_its_files_alone(data):
    order = np.random.default_rng(0).permutation(len(data.genes))
    genes = data.genes.iloc[order]
    X = pipeline(data).fit_transform(genes)
    for sample, rows in genes.groupby("sample").indices.items():
        own = data.tracks[data.tracks["sample"] == sample]
        alone = make_pipeline(
            InteractionTransformer(data.contacts[sample]),
            BigWigTransformer(dict(zip(own["track"], own["path"], strict=True)), bin_size=500),
        ).fit_transform(genes.iloc[rows].drop(columns="sample"))
        assert (X.genes["sample"][rows] == sample).all()
        assert X.genes["gene_id"][rows].tolist() == alone.genes["gene_id"].tolist()
        for together, apart in zip(X[rows].to_dense(), alone.to_dense(), strict=True):
            np.testing.assert_array_equal(together, apart)


def test_a_gene_has_other_pcres_and_signal_in_each_sample(data):
    X = pipeline(data).fit_transform(data.genes)
    for sample, path in data.contacts.items():
        listed = set(read_contacts(path)["weight"].round(3).astype(np.float32))
        rows = X.genes["sample"] == sample
        assert set(X.weights[rows][X.weights[rows] > 0]) <= listed
    values, weights, _ = X.to_dense()
    first, second = values[:100, 0], values[100:200, 0]
    assert (first != second).any(axis=(1, 2)).mean() > 0.9
    assert (weights[:100] != weights[100:200]).any(axis=1).mean() > 0.3


def test_a_sample_without_contacts_or_tracks_is_named(data):
    with pytest.raises(ValueError, match="no contacts for sample sample9"):
        pipeline(data).fit(data.genes.assign(sample="sample9"))
    two = data.tracks[data.tracks["sample"] != "sample2"]
    with pytest.raises(ValueError, match="no tracks for sample sample2 of 100 gene rows"):
        pipeline(data, tracks=two).fit(data.genes)


def test_both_held_out_shares_neither_and_leaves_no_row_untested(data):
    splits = splits_of(data.genes)["both"]
    assert np.sort(np.concatenate([test for _, test in splits])).tolist() == list(range(300))
    for train, test in splits:
        for name in ("sample", "chrom", "gene_id"):
            known, new = (set(data.genes[name].iloc[rows]) for rows in (train, test))
            assert not known & new


@pytest.mark.parametrize("held_out", ["sample", "chrom", "both"])
def test_a_model_of_the_tracks_beats_knowing_the_gene(data, held_out):
    splits = splits_of(data.genes)[held_out]
    predicted = cross_val_predict(
        pipeline(data, *ridge(), scale="depth"), data.genes, data.y, cv=splits
    )
    known = r2_score(data.y, baseline(data, splits))
    assert r2_score(data.y, predicted) > max(known, 0.3) + 0.05
    if held_out == "sample":
        assert known > 0.1, "genes are alike in all samples: remembering them scores"
    else:
        assert abs(known) < 0.05, "no gene of the test was met in training"


@pytest.mark.parametrize("scale", ["depth", "quantile"])
def test_a_sample_of_another_depth_needs_a_scale(data, scale):
    ((train, test),) = (
        split
        for split in splits_of(data.genes)["sample"]
        if data.genes["sample"].iloc[split[1][0]] == "sample3"
    )

    def r2(scale, tracks):
        model = pipeline(data, *ridge(), scale=scale, tracks=tracks)
        return r2_score(
            data.y[test],
            model.fit(data.genes.iloc[train], data.y[train]).predict(data.genes.iloc[test]),
        )

    even = r2(None, data.even)
    assert r2(None, data.tracks) < even - 0.3
    assert r2(scale, data.tracks) > even - 0.05


def test_groups_of_samples_go_through_cross_validation_with_the_network(data):
    model = ChromoformerRegressor.small_data(
        bin_sizes=(2_000,), max_epochs=8, random_state=0, n_threads=1
    )
    pipe = pipeline(data, model, scale="depth")
    scores = cross_val_score(
        pipe, data.genes, data.y, groups=data.genes["sample"], cv=LeaveOneGroupOut()
    )
    known = baseline(data, splits_of(data.genes)["sample"])
    assert len(scores) == 3
    assert scores.mean() > r2_score(data.y, known)


def test_the_baseline_is_the_mean_of_each_genes_training_rows(data):
    rng = np.random.default_rng(0)
    genes, y = data.genes, pd.Series(data.y, index=rng.permutation(300))
    train = np.flatnonzero(rng.random(300) < 0.4)
    test = np.setdiff1d(np.arange(300), train)
    predicted = gene_mean_baseline(genes, y, train, test)
    for row, value in zip(test, predicted, strict=True):
        same = [r for r in train if genes["gene_id"][r] == genes["gene_id"][row]]
        assert value == pytest.approx(np.mean(data.y[same or train]))
    masks = (np.isin(np.arange(300), rows) for rows in (train, test))
    np.testing.assert_array_equal(gene_mean_baseline(genes, y, *masks), predicted)
    by_index = genes.set_index("gene_id")
    np.testing.assert_array_equal(gene_mean_baseline(by_index, y, train, test), predicted)
    labels = gene_mean_baseline(genes, data.y > np.median(data.y), train, test)
    assert ((labels >= 0) & (labels <= 1)).all()


def test_the_baseline_sees_no_test_row(data):
    train, test = splits_of(data.genes)["sample"][0]
    changed = data.y.copy()
    changed[test] += 100
    np.testing.assert_array_equal(
        gene_mean_baseline(data.genes, changed, train, test),
        gene_mean_baseline(data.genes, data.y, train, test),
    )


def test_the_baseline_refuses_rows_without_a_mean(data):
    with pytest.raises(ValueError, match="train is empty"):
        gene_mean_baseline(data.genes, data.y, [], [0])
    with pytest.raises(ValueError, match="train is empty"):
        gene_mean_baseline(data.genes, data.y, np.zeros(300, dtype=bool), [0])
    with pytest.raises(ValueError, match="y is missing for 1 of 300 rows"):
        gene_mean_baseline(data.genes, np.r_[np.nan, data.y[1:]], [1], [0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        gene_mean_baseline(data.genes, data.y[1:], [1], [0])
    assert gene_mean_baseline(data.genes, data.y, [0], []).shape == (0,)

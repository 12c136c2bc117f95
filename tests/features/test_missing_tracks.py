"""Samples that lack some of the tracks: refused, or read as 0 and marked."""

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from small_models import make_gene_table

from skchromo import BigWigTransformer

MARKS = ("H3K4me3", "H3K9ac", "H3K27ac")


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """Three marks of the samples A, B and C; B has no H3K9ac, and twice the signal."""
    folder, rng = tmp_path_factory.mktemp("tracks"), np.random.default_rng(0)
    rows = []
    for sample, factor in (("A", 1), ("B", 2), ("C", 1)):
        for mark in MARKS:
            if (sample, mark) == ("B", "H3K9ac"):
                continue
            path = folder / f"{sample}-{mark}.bw"
            with pyBigWig.open(str(path), "w") as handle:
                handle.addHeader([(f"chr{number}", 100_000) for number in (1, 2, 3)])
                for number in (1, 2, 3):
                    values = factor * rng.gamma(1.0, 3.0, 1_000)
                    handle.addEntries(f"chr{number}", 0, values=values, span=100, step=100)
            rows.append({"sample": sample, "track": mark, "path": str(path)})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def genes():
    return pd.concat([make_gene_table().assign(sample=name) for name in "ABC"], ignore_index=True)


def reader(tracks, **settings):
    return BigWigTransformer(tracks, window=1_600, missing_tracks="zero", **settings)


def mapping(tracks, sample):
    own = tracks[tracks["sample"] == sample]
    return dict(zip(own["track"], own["path"], strict=True))


def test_missing_track_is_an_error_by_default(tracks, genes):
    with pytest.raises(ValueError, match=r"B has no H3K9ac; .*missing_tracks='zero'"):
        BigWigTransformer(tracks).fit(genes)
    with pytest.raises(ValueError, match="missing_tracks must be 'error' or 'zero'"):
        BigWigTransformer(tracks, missing_tracks="nan").fit(genes)


def test_missing_track_is_zero_and_marked(tracks, genes):
    X = reader(tracks).fit_transform(genes)
    lacks = np.outer(genes["sample"] == "B", np.array(MARKS) == "H3K9ac")
    np.testing.assert_array_equal(X.missing, lacks)
    values = X.to_dense().values[:, 0]
    assert (values.swapaxes(1, 2)[lacks] == 0).all()
    assert (values.swapaxes(1, 2)[~lacks].max(axis=1) > 0).all()
    assert repr(X).endswith("missing: H3K9ac in B)")


def test_other_samples_and_tracks_are_read_as_ever(tracks, genes):
    X = reader(tracks).fit_transform(genes)
    rows = (genes["sample"] != "B").to_numpy()
    full = BigWigTransformer(tracks[tracks["sample"] != "B"], window=1_600)
    assert X[rows].equals(full.fit_transform(genes[rows]))
    others = tracks[tracks["track"] != "H3K9ac"]
    signal = BigWigTransformer(others, window=1_600).fit_transform(genes).signal
    np.testing.assert_array_equal(X.signal[:, [0, 2]], signal)


def test_rows_that_compare_two_samples_are_marked_by_condition(tracks):
    pairs = make_gene_table().assign(sample_a="A", sample_b="B")
    X = reader(tracks).fit_transform(pairs)
    assert not X.condition("a").missing.any()
    assert X.condition("b").missing.tolist() == [[False, True, False]] * 12


def test_fitted_transformer_reads_a_mapping_that_lacks_tracks(tracks):
    genes = make_gene_table()
    fitted = reader(mapping(tracks, "A")).fit(genes)
    X = fitted.set_params(tracks=mapping(tracks, "B")).transform(genes)
    assert X.tracks == MARKS
    assert X.missing.tolist() == [[False, True, False]] * 12
    with pytest.raises(ValueError, match=r"was fitted on .* set missing_tracks='zero'"):
        fitted.set_params(missing_tracks="error").transform(genes)
    misspelt = {name.lower(): path for name, path in mapping(tracks, "A").items()}
    fitted.set_params(tracks=misspelt, missing_tracks="zero")
    with pytest.raises(ValueError, match=r"give the same tracks, or fit again$"):
        fitted.transform(genes)


def test_two_spellings_of_a_track_are_refused(tracks, genes):
    track = tracks["track"].where(tracks["sample"] != "C", tracks["track"].str.lower())
    with pytest.raises(ValueError, match="H3K4me3 and h3k4me3 differ in spelling alone"):
        reader(tracks.assign(track=track)).fit(genes)


def test_track_that_all_training_samples_lack_is_named(tracks, genes):
    of_b = genes[genes["sample"] == "B"]
    with pytest.warns(UserWarning, match="no sample of the genes to fit has track H3K9ac"):
        reader(tracks).fit(of_b)
    with (
        pytest.warns(UserWarning, match="no sample of the genes to fit has track H3K9ac"),
        pytest.raises(ValueError, match="scale: no sample of the genes to fit has track H3K9ac"),
    ):
        reader(tracks, scale="depth").fit(of_b)


@pytest.mark.parametrize("scale", ["depth", "quantile"])
def test_scale_is_that_of_the_samples_that_have_the_track(tracks, genes, scale):
    fitted = reader(tracks, scale=scale).fit(genes)
    alone = [reader(mapping(tracks, name), scale=scale).fit(make_gene_table()) for name in "ABC"]
    measured = [of_sample.scale_reference_ for of_sample in alone]
    np.testing.assert_allclose(
        fitted.scale_reference_[1], np.mean([measured[0][1], measured[2][1]], axis=0)
    )
    np.testing.assert_allclose(
        fitted.scale_reference_[2],
        np.mean([measured[0][2], measured[1][1], measured[2][2]], axis=0),
    )

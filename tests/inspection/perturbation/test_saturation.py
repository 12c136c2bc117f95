"""Saturation curves: against predictions without the pCREs, or with other weights."""

import numpy as np
import pytest
from small_models import changed, promoters_alone

from skchromo.inspection import count_saturation, weight_saturation


def test_count_saturation_keeps_the_first_pcres(X, fitted):
    saturation = count_saturation(fitted, X)
    assert saturation.steps.tolist() == [0, 1, 2, 3]
    n_pcres = (X.index[:, 1:] >= 0).sum(axis=1)
    np.testing.assert_array_equal((~np.isnan(saturation.prediction)).sum(axis=1), n_pcres + 1)
    index, weights = X.index.copy(), X.weights.copy()
    index[:, 2:], weights[:, 1:] = -1, 0
    one = fitted.predict(changed(X, index=index, weights=weights))
    has_one = n_pcres >= 1
    np.testing.assert_allclose(saturation.prediction[has_one, 1], one[has_one], atol=1e-6)
    last = saturation.prediction[np.arange(len(X)), n_pcres]
    np.testing.assert_array_equal(last, fitted.predict(X))
    curve = saturation.curve()
    assert curve["n_genes"].tolist() == [(n_pcres >= k).sum() for k in range(4)]
    change = saturation.prediction - saturation.prediction[:, :1]
    np.testing.assert_allclose(curve["prediction"], np.nanmean(saturation.prediction, axis=0))
    np.testing.assert_allclose(curve["change"], np.nanmean(change, axis=0))
    error = np.nanstd(change, axis=0, ddof=1) / np.sqrt(curve["n_genes"])
    np.testing.assert_allclose(curve["standard_error"], error)
    table = saturation.to_frame()
    assert table.columns.tolist() == ["gene_id", "n_pcres", "prediction"]
    assert len(table) == (n_pcres + 1).sum()


def test_saturation_by_a_track_counts_pcres_rich_in_it(X, fitted):
    dense = X.to_dense()
    width = np.clip(dense.lengths[..., None] - np.arange(16) * 100, 0, 100)
    level = np.nansum(dense.values[..., 1] * width, axis=2) / np.maximum(dense.lengths, 1)
    rich = (level > 2.0) & (X.index >= 0)
    rich[:, 0] = False
    assert 0 < rich.sum() < (X.index[:, 1:] >= 0).sum()
    saturation = count_saturation(fitted, X, track="ATAC", threshold=2.0)
    n_rich = rich.sum(axis=1)
    np.testing.assert_array_equal((~np.isnan(saturation.prediction)).sum(axis=1), n_rich + 1)
    index, weights = np.where(rich, -1, X.index), np.where(rich[:, 1:], 0, X.weights)
    none = fitted.predict(changed(X, index=index, weights=weights))
    np.testing.assert_allclose(saturation.prediction[:, 0], none, atol=1e-6)
    by_weight = weight_saturation(fitted, X, factors=(0, 1), track="ATAC", threshold=2.0)
    weights = np.where(rich[:, 1:], 0, X.weights)
    expected = np.where(n_rich > 0, fitted.predict(changed(X, weights=weights)), np.nan)
    np.testing.assert_allclose(by_weight.prediction[:, 0], expected, atol=1e-6)
    np.testing.assert_array_equal(
        by_weight.prediction[:, 1], np.where(n_rich > 0, fitted.predict(X), np.nan)
    )
    assert by_weight.curve()["weight_factor"].tolist() == [0, 1]


def test_saturation_refuses_unknown_tracks_and_promoters_alone(X, fitted):
    with pytest.raises(ValueError, match="X has no track 'H3K9me3'"):
        count_saturation(fitted, X, track="H3K9me3")
    with pytest.raises(ValueError, match="name the track too"):
        weight_saturation(fitted, X, threshold=1.0)
    alone = promoters_alone(X)
    with pytest.raises(ValueError, match="X holds promoters alone"):
        count_saturation(fitted, alone)

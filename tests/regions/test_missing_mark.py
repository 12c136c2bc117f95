"""The mark of tracks that were not measured: it stays with its genes, and is shown."""

import pickle

import numpy as np
import pytest
from small_models import changed, make_regions

from skchromo import RegionArray


@pytest.fixture
def X():
    """Ten genes of H1 with both tracks, then ten of K562 without ATAC."""
    X = make_regions(20)
    sample = np.array(["H1"] * 10 + ["K562"] * 10, dtype=object)
    missing = np.stack([np.zeros(20, bool), sample == "K562"], axis=1)
    return changed(X, genes={**X.genes, "sample": sample}, missing=missing)


def test_no_track_is_missing_by_default():
    assert not make_regions().missing.any()
    assert make_regions(n_conditions=2).missing.shape == (40, 2, 2)


def test_mark_follows_its_genes(X):
    rows = np.array([15, 3, 3, 19])
    assert X[rows].missing.tolist() == X.missing[rows].tolist()
    joined = RegionArray.concatenate([X[12:], pickle.loads(pickle.dumps(X[:2]))])
    assert joined.missing[:, 1].tolist() == [True] * 8 + [False] * 2
    compact = pickle.loads(pickle.dumps(X[8:12])).compact()
    assert compact.missing.tolist() == X.missing[8:12].tolist()


def test_mark_is_of_each_condition(X):
    a, b = X[:10], changed(X[10:], genes={**X[:10].genes, "sample": X.genes["sample"][10:]})
    pair = RegionArray.stack(a, b)
    assert pair.missing.shape == (10, 2, 2)
    assert not pair.condition("a").missing.any()
    assert pair[2:4].condition("b").missing.tolist() == [[False, True]] * 2
    assert "missing: ATAC in K562)" in repr(pair)


def test_mark_is_saved(X, tmp_path):
    X.save(tmp_path / "X.npz")
    for mmap_mode in ("r", None):
        assert RegionArray.load(tmp_path / "X.npz", mmap_mode=mmap_mode).equals(X)
    opened = pickle.loads(pickle.dumps(RegionArray.load(tmp_path / "X.npz")[9:11]))
    assert opened.missing.tolist() == [[False, False], [False, True]]


def test_mark_is_shown(X):
    assert repr(X).endswith("tracks: H3K4me3, ATAC,\n    missing: ATAC in K562)")
    assert "ATAC in K562" in X._repr_html_()
    assert "missing" not in repr(X[:10]) + X[:10]._repr_html_()
    without = changed(X, genes={}, missing=X.missing[:, ::-1] | X.missing)
    assert "missing: H3K4me3, ATAC in 10 of 20 genes)" in repr(without)
    many = changed(
        X, genes={"sample": np.arange(20).astype(str).astype(object)}, missing=~X.missing
    )
    assert "H3K4me3, ATAC in 0; H3K4me3, ATAC in 1; " in repr(many)
    assert repr(many).endswith(" and in 15 more)")

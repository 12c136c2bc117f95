"""Attention of a fitted estimator: against the reference's softmax, and as tables."""

import numpy as np
import pytest
import reference
import torch
from small_models import TINY, changed

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer, RegionArray
from skchromo.inspection import attention


@pytest.fixture(scope="module")
def fitted(X, y):
    return ChromoformerRegressor(**{**TINY, "pairwise_n_layers": 2, "dropout": 0.5}).fit(X, y)


@pytest.fixture(scope="module")
def oracle(h1_e003, tmp_path_factory):
    """Real regions, an estimator with the reference's weights, and the reference's softmaxes."""
    folder, rows = tmp_path_factory.mktemp("npy"), list(range(0, 64, 5))
    batch = reference.collate(reference.write_inputs(h1_e003, folder), rows)
    theirs = reference.make("regressor", sharpness=3)
    softmaxes, softmax = [], torch.nn.functional.softmax
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(torch.Tensor, "cuda", lambda self, *args, **kwargs: self)
        patch.setattr(
            torch.nn.functional,
            "softmax",
            lambda x, dim: softmaxes.append(softmax(x, dim=dim)) or softmaxes[-1],
        )
        reference.run(theirs, batch)
    torch.save({"net": theirs.state_dict()}, folder / "reference.pt")
    model = ChromoformerRegressor.from_checkpoint(folder / "reference.pt", tracks=reference.MARKS)
    genes, _ = reference.read_tables(h1_e003)
    tracks = {mark: h1_e003 / f"{mark}.bw" for mark in reference.MARKS}
    genes = InteractionTransformer(h1_e003 / "interactions.tsv").fit_transform(genes)
    X = BigWigTransformer(tracks).fit_transform(genes.iloc[rows])
    n_embedding, n_pairwise = 3, 6
    softmaxes = [p.numpy() for p in softmaxes]
    return (
        X,
        model,
        softmaxes[:n_embedding],
        softmaxes[n_embedding : n_embedding + n_pairwise],
        softmaxes[n_embedding + n_pairwise :],
    )


def test_attention_equals_the_softmax_of_the_reference(oracle):
    X, model, embedding, pairwise, regulation = oracle
    maps = attention(model, X)
    present = X.index >= 0
    differences, n_compared = [], 0
    for scale, size in enumerate(reference.BIN_SIZES):
        centre = 20_000 // size
        expected = embedding[scale][:, :, centre]
        differences.append(np.abs(maps.embedding[size][:, 0] - expected).max())
        for layer, p in enumerate(pairwise[2 * scale : 2 * scale + 2]):
            p = p.reshape(len(X), 8, *p.shape[1:])[:, :, :, centre]
            for gene, place in np.argwhere(present[:, 1:]):
                n = -(-X.lengths[X.index[gene, place + 1]] // size)
                left = (p.shape[-1] - n + 1) // 2
                mine = maps.pairwise[size][gene, place, layer]
                assert np.isnan(mine[:, n:]).all()
                expected = p[gene, place, :, left : left + n]
                differences.append(np.abs(mine[:, :n] - expected).max())
                n_compared += 1
        for layer, p in enumerate(regulation[6 * scale : 6 * scale + 6]):
            mine = maps.regulation[size][:, layer]
            there = np.broadcast_to(present[:, None], mine.shape)
            assert (np.isnan(mine) == ~there).all()
            differences.append(np.abs(mine - p[:, :, 0])[there].max())
    print(f"largest difference {max(differences):.1e} over {n_compared} pCREs and {len(X)} genes")
    assert n_compared > 6 * 30
    assert max(differences) < 1e-5
    assert maps.embedding[100].max() > 0.01  # far from the uniform 1 / 400


def test_full_maps_equal_the_softmax_of_the_reference(oracle):
    X, model, embedding, _, regulation = oracle
    maps = attention(model, X[:4], full=True)
    present = X.index[:4] >= 0
    there = present[:, None, :, None] & present[:, None, None, :]
    for scale, size in enumerate(reference.BIN_SIZES):
        assert np.abs(maps.embedding[size][:, 0] - embedding[scale][:4]).max() < 1e-5
        for layer, p in enumerate(regulation[6 * scale : 6 * scale + 6]):
            mine = maps.regulation[size][:, layer]
            assert np.isnan(mine[~np.broadcast_to(there, mine.shape)]).all()
            assert np.nanmax(np.abs(mine - p[:4])) < 1e-5


def rows_sum_to_one(values):
    there = ~np.isnan(values).all(axis=-1)
    return there.any() and np.allclose(np.nansum(values, axis=-1)[there], 1, atol=1e-5)


@pytest.mark.parametrize("full", [False, True])
def test_rows_of_attention_sum_to_one(X, fitted, full):
    maps = attention(fitted, X, full=full)
    for size in (400, 100):
        assert rows_sum_to_one(maps.embedding[size])
        assert rows_sum_to_one(maps.pairwise[size])
        assert rows_sum_to_one(maps.regulation[size])
        n_pcres = (X.index[:, 1:] >= 0).sum()
        assert (~np.isnan(maps.pairwise[size][..., 0])).sum() == n_pcres * 2 * 2


def test_full_maps_hold_the_rows_of_short_maps(X, fitted):
    maps, full = attention(fitted, X), attention(fitted, X, full=True)
    for size in (400, 100):
        centre = 1600 // size // 2
        np.testing.assert_allclose(
            full.embedding[size][..., centre, :], maps.embedding[size], atol=1e-6
        )
        np.testing.assert_allclose(
            full.regulation[size][..., 0, :], maps.regulation[size], atol=1e-6
        )


def test_maps_of_a_gene_do_not_depend_on_other_genes(X, fitted):
    maps, alone = attention(fitted, X), attention(fitted, X[[17]])
    for level in ("embedding", "pairwise", "regulation"):
        for size in (400, 100):
            got, expected = getattr(alone, level)[size], getattr(maps, level)[size][[17]]
            np.testing.assert_allclose(got, expected, atol=1e-6)


@pytest.mark.parametrize("n_layers", [1, 3])
def test_full_embedding_has_every_layer(X, n_layers):
    model = ChromoformerRegressor(**{**TINY, "embedding_n_layers": n_layers, "max_epochs": 1})
    model.fit(X, np.arange(40.0))
    assert attention(model, X[:3]).embedding[100].shape == (3, 1, 2, 16)
    maps = attention(model, X[:3], full=True)
    assert maps.embedding[100].shape == (3, n_layers, 2, 16, 16)
    last = attention(model, X[:3]).embedding[100][:, 0]
    np.testing.assert_allclose(maps.embedding[100][:, -1, :, 8], last, atol=1e-6)


def test_attention_leaves_the_model_unchanged(X, fitted):
    module = fitted.net_.module_
    module.train()
    before = fitted.predict(X)
    module.train()
    twice = attention(fitted, X[:5]), attention(fitted, X[:5])
    assert all(part.training for part in module.modules())
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert not any(part._forward_pre_hooks for part in module.modules())
    np.testing.assert_array_equal(twice[0].regulation[100], twice[1].regulation[100])
    np.testing.assert_array_equal(fitted.predict(X), before)


def test_maps_of_genes_without_pcres_are_nan(X, fitted):
    bare = X[np.flatnonzero((X.index[:, 1:] < 0).all(axis=1))]
    maps = attention(fitted, bare)
    assert maps.pairwise[100].shape == (len(bare), 3, 2, 2, 16)
    assert np.isnan(maps.pairwise[100]).all()
    np.testing.assert_array_equal(maps.regulation[100][..., 0], 1)
    assert maps.to_frame("pairwise").empty


def stranded(strand):
    """A gene whose window and pCRE have coordinates; the last bin of the pCRE is short."""
    values = np.random.default_rng(0).poisson(2.0, (1, 2, 8, 1))
    genes = {"gene_id": ["A"], "strand": [strand]}
    X = RegionArray.from_dense(values, [[2.0]], [[800, 750]], genes=genes)
    return changed(X, chrom=["chr1", "chr1"], start=[1000, 5000], end=[1800, 5750])


def test_frames_locate_bins_on_either_strand():
    X = stranded("+")
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 1}).fit(X[[0] * 4], np.arange(4.0))
    plus, minus = (
        attention(model, stranded(strand)).to_frame("embedding").query("head == 2")
        for strand in "+-"
    )
    assert plus["start"].tolist() == [1000, 1400, *range(1000, 1800, 100)]
    assert plus["bin_size"].tolist() == [400] * 2 + [100] * 8
    assert minus["start"].tolist() == [1400, 1000, *range(1700, 900, -100)]
    assert ((minus["end"] - minus["start"]) == minus["bin_size"]).all()
    pairs = [
        attention(model, stranded(strand)).to_frame("pairwise").query("head == 1 & bin_size == 100")
        for strand in "+-"
    ]
    for table in pairs:
        assert table["start"].tolist() == list(range(5000, 5750, 100))
        assert table["end"].tolist() == [*range(5100, 5800, 100), 5750]
        assert set(table["region"]) == {1}
    table = attention(model, X).to_frame("regulation")
    assert table.columns.tolist() == [
        *("gene_id", "region", "chrom", "start", "end"),
        *("bin_size", "layer", "head", "attention"),
    ]
    assert table.query("region == 1")["end"].unique().tolist() == [5750]
    assert table["gene_id"].unique().tolist() == ["A"]


def test_frames_of_full_maps_name_the_query(X, fitted):
    maps = attention(fitted, X[:4], full=True)
    table = maps.to_frame("embedding").query("bin_size == 400 & head == 1 & gene_id == 'GENE1'")
    assert table["query"].tolist() == np.repeat(range(4), 4).tolist()
    np.testing.assert_array_equal(table["attention"], maps.embedding[400][1, 0, 0].ravel())
    totals = maps.to_frame("regulation").groupby(["gene_id", "bin_size", "layer", "head", "query"])
    np.testing.assert_allclose(totals["attention"].sum(), 1, atol=1e-5)


def test_unknown_level_is_refused(X, fitted):
    with pytest.raises(ValueError, match="level must be 'embedding'"):
        attention(fitted, X[:2]).to_frame("head")

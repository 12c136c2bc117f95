"""The network against the reference package on real regions: outputs, gradients, tensors.

The real sample has 64 genes on both strands with 0 to 8 pCREs.
"""

import dataclasses

import numpy as np
import pytest
import reference
import torch
from sklearn.pipeline import make_pipeline
from small_models import changed

from skchromo import BigWigTransformer, InteractionTransformer
from skchromo.nn import ChromoformerNetwork, DeviceRegions, load_reference_state, reference_state

# Rounding at a ReLU's kink flips its derivative. Genes with an input nearer to 0 than this are
# left out of the loss in float32, and kept in float64.
KINK = 2e-6


@pytest.fixture(scope="module", autouse=True)
def _on_the_cpu():
    """The reference moves its positions to a GPU; keep them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "cuda", lambda self, *args, **kwargs: self)
        yield


@pytest.fixture(scope="module")
def dataset(h1_e003, tmp_path_factory):
    """The reference's own dataset of the real regions."""
    return reference.write_inputs(h1_e003, tmp_path_factory.mktemp("npy"))


@pytest.fixture(scope="module")
def batch(dataset):
    """All genes as one batch of the reference's own dataset."""
    return reference.collate(dataset)


def our_regions(folder, genes=None, **options):
    """Regions of the real files, by our transformers."""
    if genes is None:
        genes, _ = reference.read_tables(folder)
    tracks = {mark: folder / f"{mark}.bw" for mark in reference.MARKS}
    features = make_pipeline(
        InteractionTransformer(folder / "interactions.tsv"), BigWigTransformer(tracks, **options)
    )
    return features.fit_transform(genes)


@pytest.fixture(scope="module")
def X(h1_e003):
    """All genes, with the paper's settings."""
    return our_regions(h1_e003)


def centred(X):
    """Logged bins of every region at each bin size, centred in the longest: {bin size: array}."""
    tensors = {}
    for bin_size in reference.BIN_SIZES:
        values, offsets = X.pool(bin_size)
        n_bins = X.n_bins * X.bin_size // bin_size
        tensor = np.zeros((*X.index.shape, n_bins, len(X.tracks)), dtype=np.float32)
        for gene, place in np.argwhere(X.index >= 0):
            region = X.index[gene, place]
            bins = np.log1p(values[offsets[region] : offsets[region + 1]])
            left = -(-(n_bins - len(bins)) // 2)
            tensor[gene, place, left : left + len(bins)] = bins
        tensors[bin_size] = tensor
    return tensors


def largest_difference(X, batch):
    """Between our pooled regions and the reference's tensors."""
    ours = centred(X)
    return max(
        np.abs(ours[b][:, part] - batch[key][b].numpy()).max()
        for b in reference.BIN_SIZES
        for key, part in (("promoter_feats", slice(1)), ("pcre_feats", slice(1, None)))
    )


def ours_of(theirs, n_outputs, dtype=torch.float32):
    network = ChromoformerNetwork(n_tracks=7, n_positions=(20, 80, 400), n_outputs=n_outputs)
    load_reference_state(network, theirs.state_dict())
    return network.to(dtype)


def batch_of(X, dtype=torch.float32, change=None, **kwargs):
    """One batch of all genes; `change` is applied to features and absence of its bins."""
    batch = DeviceRegions(X, reference.BIN_SIZES).batch(np.arange(len(X)), **kwargs)

    def moved(group):
        group = [bins._replace(features=bins.features.to(dtype)) for bins in group]
        return [type(bins)(*change(*bins)) for bins in group] if change else group

    return dataclasses.replace(
        batch,
        promoters=moved(batch.promoters),
        pairs=[moved(group) for group in batch.pairs],
    )


def gradient_differences(ours, theirs):
    """Of each tensor with a gradient, the largest, as a share of the reference's largest."""
    with torch.no_grad():  # so that gradients get the reference's names
        for parameter in ours.parameters():
            parameter.copy_(parameter.grad)
    ours = reference_state(ours)
    return [
        ((ours[name] - p.grad).abs().max() / p.grad.abs().max()).item()
        for name, p in theirs.named_parameters()
        if p.grad is not None
    ]


def compare(X, batch, kind, sharpness, dtype):
    """Largest difference of outputs, and of gradients; genes on a kink are counted."""
    theirs = reference.make(kind, sharpness, dtype=dtype)
    n_outputs = {"classifier": 2, "regressor": 1}[kind]
    ours = ours_of(theirs, n_outputs, dtype)
    with reference.nearest_kinks(theirs, batch) as nearest:
        expected = reference.run(theirs, batch, dtype)
    got = ours(batch_of(X, dtype))
    loss_weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    on_kink = torch.zeros(len(X), dtype=torch.bool)
    if dtype == torch.float32:
        on_kink = nearest < KINK
        loss_weights[on_kink] = 0
    (expected * loss_weights).sum().backward()
    (got * loss_weights).sum().backward()
    output = (got - expected).abs().max().item()
    return output, max(gradient_differences(ours, theirs)), int(on_kink.sum())


def test_the_sample_has_every_case(X):
    n_pcres = (X.index[:, 1:] >= 0).sum(axis=1)
    assert len(X) == 64
    assert set(n_pcres) == set(range(9))
    assert set(X.genes["strand"]) == {"+", "-"}


def test_pooled_regions_equal_the_reference_tensors(X, batch):
    difference = largest_difference(X, batch)
    print(f"pooled regions {difference:.1e}")
    assert difference < 1e-6
    np.testing.assert_array_equal(X.weights, batch["interaction_freq"][:, 0, 1:].numpy())


@pytest.mark.parametrize("sharpness", [1, 4])
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_outputs_and_gradients_equal_the_reference(X, batch, kind, sharpness):
    output, gradient, on_kink = compare(X, batch, kind, sharpness, torch.float32)
    print(f"outputs {output:.1e}, gradients {gradient:.1e}, genes on a kink {on_kink}")
    assert output < 1e-5
    assert gradient < 1e-4
    assert on_kink <= 24


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_in_float64_genes_agree_to_the_rounding_of_their_signal(X, dataset, kind):
    rows = range(0, 64, 5)
    output, gradient, _ = compare(
        X[list(rows)], reference.collate(dataset, rows), kind, 4, torch.float64
    )
    print(f"outputs {output:.1e}, gradients {gradient:.1e}")
    assert output < 1e-7
    assert gradient < 1e-5


@pytest.fixture(scope="module")
def oracle(batch):
    """A reference classifier and its outputs."""
    theirs = reference.make("classifier")
    with torch.no_grad():
        return theirs, reference.run(theirs, batch)


def unlike(X, oracle, **options):
    """Largest difference of our outputs from the oracle's."""
    theirs, expected = oracle
    with torch.no_grad():
        return (ours_of(theirs, 2)(batch_of(X, **options)) - expected).abs().max().item()


def test_blocks_of_fixed_shapes_equal_the_reference(X, oracle):
    assert unlike(X, oracle, fixed=True) < 1e-5


@pytest.mark.parametrize("n_layers", [1, 2])
def test_a_window_shorter_than_the_longest_pcre_is_centred(h1_e003, tmp_path, n_layers):
    rows = range(0, 64, 5)
    dataset = reference.write_inputs(h1_e003, tmp_path, w_prom=20_000)
    embed = {"n_layers": n_layers, "n_heads": 2, "d_ff": 128}
    theirs = reference.NETS["classifier"](embed_kws=embed)
    ours = ChromoformerNetwork(7, (20, 80, 400), n_outputs=2, embedding_n_layers=n_layers)
    load_reference_state(ours, theirs.state_dict())
    X = our_regions(h1_e003, window=20_000)[list(rows)]
    with torch.no_grad():
        expected = reference.run(theirs, reference.collate(dataset, rows))
        assert (ours(batch_of(X)) - expected).abs().max() < 1e-5


def test_comparison_finds_a_strand_that_is_not_flipped(h1_e003, oracle, batch):
    genes, _ = reference.read_tables(h1_e003)
    X = our_regions(h1_e003, genes.assign(strand="+"))
    assert largest_difference(X, batch) > 1e-6
    assert unlike(X, oracle) > 1e-5


MISTAKES = {
    "none": lambda features, absent: (features, absent),
    "bins off by one": lambda features, absent: (features.roll(1, 1), absent.roll(1, 1)),
    "log2 for log": lambda features, absent: (features / np.log(2), absent),
    "padding is read": lambda features, absent: (features, torch.zeros_like(absent)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_comparison_finds_planted_mistakes(X, oracle, mistake):
    assert (unlike(X, oracle, change=MISTAKES[mistake]) > 1e-5) == (mistake != "none")


def test_comparison_finds_contact_weights_that_are_lost(X, oracle):
    assert unlike(changed(X, weights=np.zeros_like(X.weights)), oracle) > 1e-5

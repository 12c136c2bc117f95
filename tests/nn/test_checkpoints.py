"""Checkpoints of the reference implementation, in and out."""

import os
import pickle
import zipfile
from collections import Counter

import numpy as np
import pytest
import reference
import torch
from sklearn.metrics import get_scorer
from small_models import TINY, changed, make_regions

from skchromo import ChromoformerClassifier, ChromoformerRegressor, RegionArray
from skchromo.nn import load_checkpoint, read_checkpoint

DEVICE = torch.device("cpu")
SIZES = {
    "d_emb": 16,
    "d_head": 12,
    "embed_kws": {"n_layers": 2, "n_heads": 4, "d_ff": 20},
    "pairwise_interaction_kws": {"n_layers": 1, "n_heads": 2, "d_model": 16, "d_ff": 24},
    "regulation_kws": {"n_layers": 3, "n_heads": 4, "d_model": 32, "d_ff": 28},
}


@pytest.fixture(scope="module")
def theirs():
    return reference.NETS["classifier"](n_feats=2, **SIZES)


def as_saved_by_the_reference(network):
    """With everything that its training script puts beside the weights."""
    return {
        "net": network.state_dict(),
        "optimizer": torch.optim.AdamW(network.parameters()).state_dict(),
        "epoch": 9,
        "last_val_loss": 0.5,
        "last_val_auc": np.float64(0.9),
        "val_score": np.linspace(0, 1, 5, dtype=np.float32),
        "val_label": np.array([0, 1, 1, 0, 1]),
        "chromosomes": {"chr1", "chr2"},
        "scheduler": {"milestones": Counter([3, 5]), "betas": (0.9, 0.999), "device": DEVICE},
    }


def test_sizes_are_read_from_the_weights(theirs, tmp_path):
    torch.save(as_saved_by_the_reference(theirs), tmp_path / "clf.pt")
    model = ChromoformerClassifier.from_checkpoint(
        tmp_path / "clf.pt", tracks=["H3K4me3", "ATAC"], classes=("low", "high")
    )
    assert model.bin_sizes == (2000, 500, 100)
    assert (model.d_model, model.d_output, model.regulation_d_attention) == (16, 12, 32)
    assert (model.embedding_n_layers, model.embedding_n_heads, model.embedding_d_ff) == (2, 4, 20)
    assert (model.pairwise_n_layers, model.pairwise_n_heads, model.pairwise_d_ff) == (1, 2, 24)
    regulation = model.regulation_n_layers, model.regulation_n_heads, model.regulation_d_ff
    assert regulation == (3, 4, 28)
    X = make_regions(6, 3, 400)
    assert set(model.predict(X)) <= {"low", "high"}
    with pytest.raises(ValueError, match="in another order"):
        model.predict(changed(X, tracks=("ATAC", "H3K4me3")))


def test_classes_are_sorted_and_outputs_follow(theirs, tmp_path):
    torch.save({"net": theirs.state_dict()}, tmp_path / "clf.pt")
    X = make_regions(30, 3, 400)
    before = torch.random.get_rng_state()
    numbers = ChromoformerClassifier.from_checkpoint(tmp_path / "clf.pt", tracks=X.tracks)
    assert torch.equal(torch.random.get_rng_state(), before)
    words = ChromoformerClassifier.from_checkpoint(
        tmp_path / "clf.pt", tracks=X.tracks, classes=("low", "high")
    )
    assert words.classes_.tolist() == ["high", "low"]
    p = numbers.predict_proba(X)
    np.testing.assert_array_equal(words.predict_proba(X), p[:, ::-1])
    y = (p[:, 1] > np.median(p[:, 1])).astype(int)
    score = get_scorer("roc_auc")
    assert score(numbers, X, y) == score(words, X, np.where(y, "high", "low")) == 1
    with pytest.raises(ValueError, match="distinct"):
        ChromoformerClassifier.from_checkpoint(
            tmp_path / "clf.pt", tracks=X.tracks, classes=("low", "low")
        )


@pytest.mark.parametrize("is_archive", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
def test_files_of_both_formats_of_torch_are_read(theirs, tmp_path, protocol, is_archive):
    options = {"pickle_protocol": protocol, "_use_new_zipfile_serialization": is_archive}
    content = as_saved_by_the_reference(theirs)
    if protocol == 4:
        del content["chromosomes"]  # torch itself does not read it back
    torch.save(content, tmp_path / "a.pt", **options)
    state = read_checkpoint(tmp_path / "a.pt")
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(state[name], tensor)


def test_files_written_under_numpy_1_are_read(theirs, tmp_path):
    torch.save(as_saved_by_the_reference(theirs), tmp_path / "new.pt")
    with (
        zipfile.ZipFile(tmp_path / "new.pt") as new,
        zipfile.ZipFile(tmp_path / "old.pt", "w") as old,
    ):
        for name in new.namelist():
            content = new.read(name)
            if name.endswith("data.pkl"):
                assert b"numpy._core" in content
                content = content.replace(b"numpy._core", b"numpy.core")
            old.writestr(name, content)
    state = read_checkpoint(tmp_path / "old.pt")
    assert torch.equal(state["fc_head.2.bias"], theirs.fc_head[2].bias)


def test_written_checkpoints_load_strictly_in_the_reference(theirs, tmp_path):
    torch.save(as_saved_by_the_reference(theirs), tmp_path / "clf.pt")
    model = ChromoformerClassifier.from_checkpoint(tmp_path / "clf.pt", tracks="ab")
    model.save_checkpoint(tmp_path / "again.pt")
    twin = reference.NETS["classifier"](n_feats=2, seed=1, **SIZES)
    twin.load_state_dict(torch.load(tmp_path / "again.pt", weights_only=True)["net"])
    unused = ("w_bias", "pairwise_interaction")
    for name, tensor in theirs.state_dict().items():
        if unused[0] not in name and not (name.startswith(unused[1]) and ".ln." in name):
            assert torch.equal(twin.state_dict()[name], tensor), name


def test_trained_estimators_round_trip(tmp_path):
    X = changed(make_regions(), n_bins=400)
    y = np.arange(len(X)) / 10
    model = ChromoformerRegressor(**TINY).fit(X, y)
    model.save_checkpoint(tmp_path / "reg.pt")
    again = ChromoformerRegressor.from_checkpoint(tmp_path / "reg.pt", tracks=X.tracks, window=1600)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.get_params()["d_model"] == TINY["d_model"]


def test_names_of_the_first_release_are_understood(theirs, tmp_path):
    from chromoformer.net import Chromoformer

    old = Chromoformer(
        n_feats=2, embed_d_model=16, embed_n_heads=4, pw_int_d_model=16, reg_d_model=32
    )
    torch.save(old.state_dict(), tmp_path / "old.pt")
    network = load_checkpoint(tmp_path / "old.pt")
    got = network.embed.lin_proj.weight[1]
    assert torch.equal(got, old.embed500.lin_proj.weight)
    assert torch.equal(
        network.pairwise_interaction.layers[1].value.weight[2],
        old.pw_int100.transformer.layers[1].self_att.c_att.weight[16:],
    )


def in_oldest_names(state):
    """The state dict in the names of the first published weights."""
    names = {}
    for name in state:
        stage, bin_size, rest = [*name.split(".", 2), "", ""][:3]
        rest = rest.replace("lin_proj_pcre.", "lin_proj_c.")
        names[name] = {
            "embed": f"embed{bin_size}_a.{rest}",
            "pairwise_interaction": f"embed{bin_size}_b.{rest}",
            "regulation": f"transformer{bin_size}.{rest.removeprefix('transformer.')}",
        }.get(stage, name)
    return {names[name]: tensor for name, tensor in state.items()}


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("kind", reference.NETS)
def test_names_of_the_first_published_weights_are_understood(kind, prefix, tmp_path):
    state = reference.NETS[kind](n_feats=2, **SIZES).state_dict()
    old = {prefix + name: tensor for name, tensor in in_oldest_names(state).items()}
    assert {prefix + "embed2000_b.lin_proj_c.weight", prefix + "fc_head.0.bias"} <= set(old)
    assert prefix + "transformer100.layers.2.self_att.att.weight" in old
    torch.save({"net": state}, tmp_path / "new.pt")
    torch.save({"net": old, "epoch": 9}, tmp_path / "old.pt")
    cls = {"classifier": ChromoformerClassifier, "regressor": ChromoformerRegressor}[kind]
    X = make_regions(6, 3, 400)
    new, old = (
        cls.from_checkpoint(tmp_path / f"{name}.pt", tracks=X.tracks) for name in ("new", "old")
    )
    np.testing.assert_array_equal(old.net_.forward(X), new.net_.forward(X))


def test_checkpoint_with_one_tensor_under_two_names_is_refused(theirs, tmp_path):
    state = theirs.state_dict()
    torch.save({**state, **in_oldest_names(state)}, tmp_path / "both.pt")
    with pytest.raises(ValueError, match=r"both\.pt holds some tensors twice"):
        read_checkpoint(tmp_path / "both.pt")


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trap",)


def test_code_in_a_checkpoint_is_never_run(theirs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"net": theirs.state_dict(), "val_score": Trap()}, "evil.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"net": Trap()}))
    for path in ("evil.pt", "plain.pt"):
        with pytest.raises(ValueError, match=f"{path} cannot be read"):
            read_checkpoint(path)
    assert not (tmp_path / "trap").exists()


def without(state, name):
    return {key: tensor for key, tensor in state.items() if key != name}


BAD = {
    "a list": (lambda state: [1, 2], "does not hold a state dict"),
    "another network": (
        lambda state: {"a.weight": torch.ones(1)},
        r"not a Chromoformer checkpoint.*a\.weight",
    ),
    "a tensor is missing": (
        lambda state: without(state, "embed.500.transformer.layers.1.ff.l1.bias"),
        r"no tensor embed\.500\.transformer\.layers\.1",
    ),
    "another shape": (
        lambda state: {**state, "embed.500.lin_proj.weight": torch.ones(16, 3)},
        r"lin_proj.weight has shape \(16, 3\)",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_checkpoints_are_refused(theirs, tmp_path, kind):
    make, message = BAD[kind]
    torch.save(make(theirs.state_dict()), tmp_path / "x.pt")
    with pytest.raises(ValueError, match=rf"x\.pt.*{message}"):
        load_checkpoint(tmp_path / "x.pt")


def test_files_that_are_not_of_torch_are_refused(tmp_path):
    path = tmp_path / "x.pt"
    with pytest.raises(FileNotFoundError, match=r"x\.pt does not exist"):
        read_checkpoint(path)
    for content in (b"PK\x03\x04", b""):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.pt cannot be read"):
            read_checkpoint(path)


def test_tracks_outputs_and_window_must_fit_the_checkpoint(theirs, tmp_path):
    path = tmp_path / "clf.pt"
    torch.save({"net": theirs.state_dict()}, path)
    with pytest.raises(ValueError, match="2 tracks, but tracks names 3"):
        ChromoformerClassifier.from_checkpoint(path, tracks="abc")
    with pytest.raises(ValueError, match="2 outputs, ChromoformerRegressor needs 1"):
        ChromoformerRegressor.from_checkpoint(path, tracks="ab")
    with pytest.raises(ValueError, match="2 outputs, ChromoformerClassifier needs 3"):
        ChromoformerClassifier.from_checkpoint(path, tracks="ab", classes=(0, 1, 2))
    with pytest.raises(ValueError, match="window=3000"):
        ChromoformerClassifier.from_checkpoint(path, tracks="ab", window=3000)


def test_predictions_of_a_checkpoint_equal_the_reference(theirs, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "cuda", lambda self, *args, **kwargs: self)
    torch.save(as_saved_by_the_reference(theirs), tmp_path / "clf.pt")
    model = ChromoformerClassifier.from_checkpoint(tmp_path / "clf.pt", tracks="ab")
    values = np.random.default_rng(0).poisson(3.0, (4, 2, 400, 2)).astype(np.float32)
    X = RegionArray.from_dense(values, weights=np.full((4, 1), 2.0), tracks="ab")
    features, masks = {}, {}
    for bin_size, n_bins in ((2000, 20), (500, 80), (100, 400)):
        pooled = values.reshape(4, 2, n_bins, -1, 2).mean(axis=3)
        features[bin_size] = torch.from_numpy(np.log1p(pooled))
        masks[bin_size] = torch.zeros((4, 1, 1, n_bins, n_bins), dtype=torch.bool)
    freq = torch.zeros(4, 2, 2)
    freq[:, 0, 1] = 2.0
    with torch.no_grad():
        expected = theirs(
            {b: f[:, :1] for b, f in features.items()},
            masks,
            {b: f[:, 1:].contiguous() for b, f in features.items()},
            masks,
            dict.fromkeys(features, torch.zeros((4, 1, 2, 2), dtype=torch.bool)),
            freq,
        )
    got = model.net_.forward(X)
    assert (got - expected).abs().max() < 1e-5

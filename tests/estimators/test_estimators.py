"""Classifier and regressor on RegionArrays and plain arrays."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback
from small_models import TINY, changed, make_regions, promoters_alone

from skchromo import ChromoformerClassifier, ChromoformerRegressor, RegionArray
from skchromo.nn import ChromoformerNetwork, DeviceRegions


def test_a_loss_between_column_and_row_is_impossible(X, y, fitted):
    with pytest.raises(ValueError, match="broadcast"):
        fitted.net_.get_loss(torch.zeros(4, 1), torch.zeros(4))


def test_same_seed_same_bits_and_torch_is_left_alone(X, y, fitted):
    torch.manual_seed(5)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    again = ChromoformerRegressor(**TINY, n_threads=threads + 1).fit(X, y)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    np.testing.assert_allclose(again.predict(X), fitted.predict(X), rtol=1e-4)
    same = clone(fitted).fit(X, y)
    np.testing.assert_array_equal(same.predict(X), fitted.predict(X))
    other = clone(fitted).set_params(random_state=1).fit(X, y)
    assert not np.allclose(other.predict(X), fitted.predict(X))


def test_dropout_is_seeded_and_off_in_prediction(X, y, fitted):
    models = [ChromoformerRegressor(**TINY, dropout=0.5).fit(X, y) for _ in range(2)]
    predictions = [model.predict(X) for model in (*models, models[0])]
    np.testing.assert_array_equal(predictions[0], predictions[1])
    np.testing.assert_array_equal(predictions[0], predictions[2])
    assert not np.allclose(predictions[0], fitted.predict(X))


@pytest.mark.parametrize(("max_pcres", "n_tracks"), [(8, 7), (5, 3), (0, 1)])
def test_a_gene_s_output_is_the_same_to_the_bit_wherever_it_stands(max_pcres, n_tracks):
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 40_001, (60, 1 + max_pcres))
    lengths[:, 0] = 40_000
    lengths[np.arange(1 + max_pcres) > rng.integers(0, 1 + max_pcres, 60)[:, None]] = 0
    values = rng.poisson(2.0, (60, 1 + max_pcres, 400, n_tracks))
    weights = rng.gamma(2.0, 1.0, (60, max_pcres)) * (lengths[:, 1:] > 0)
    bin_sizes = (2000, 500, 100)
    regions = DeviceRegions(RegionArray.from_dense(values, weights, lengths), bin_sizes)
    network = ChromoformerNetwork(n_tracks, (20, 80, 400), bin_sizes).eval()
    with torch.no_grad():
        together = network(regions.batch(np.arange(60), fixed=True))
        for rows in (rng.permutation(60), [17], np.arange(40, 60), np.arange(0, 60, 2)):
            np.testing.assert_array_equal(network(regions.batch(rows, fixed=True)), together[rows])


def test_pcres_and_their_weights_matter(X, fitted):
    alone = promoters_alone(X)
    unweighted = changed(X, weights=np.zeros_like(X.weights))
    has_pcre = X.index[:, 1] >= 0
    has_two = X.index[:, 2] >= 0
    assert (np.abs(fitted.predict(alone) - fitted.predict(X))[has_pcre] > 1e-6).all()
    np.testing.assert_allclose(
        fitted.predict(alone)[~has_pcre], fitted.predict(X)[~has_pcre], atol=1e-6
    )
    assert (np.abs(fitted.predict(unweighted) - fitted.predict(X))[has_two] > 1e-8).all()


def test_plain_arrays_mean_what_they_say():
    rng = np.random.default_rng(0)
    values, y = rng.poisson(2.0, (20, 3, 8, 2)).astype(float), rng.normal(size=20)
    values[::2, 2] = np.nan
    regions = RegionArray.from_dense(values)
    for plain, X in [
        (values, regions),
        (values[:, 0], promoters_alone(regions)),
    ]:
        model = ChromoformerRegressor(**TINY).fit(plain, y)
        expected = ChromoformerRegressor(**TINY).fit(X, y).predict(X)
        np.testing.assert_array_equal(model.predict(plain), expected)
        np.testing.assert_array_equal(model.predict(X), expected)
    one = ChromoformerRegressor(**TINY).fit(values[:, 0, :, 0], y)
    np.testing.assert_array_equal(
        one.predict(values[:, 0, :, 0]),
        ChromoformerRegressor(**TINY).fit(values[:, 0, :, :1], y).predict(values[:, 0, :, :1]),
    )


def test_history_and_callbacks(X, y, capsys):
    seen = []

    class Count(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(net.history[-1, "train_loss"])

    count = Count()
    model = ChromoformerRegressor(**TINY, callbacks=[("count", count)]).fit(X, y)
    assert model.n_iter_ == len(model.history_) == len(seen) == 2
    assert model.history_[:, "train_loss"] == seen
    assert model.history_[:, "lr"] == pytest.approx([1e-3, 0.87e-3])
    assert model.callbacks == [("count", count)]
    assert capsys.readouterr().out == ""
    ChromoformerRegressor(**TINY, verbose=1).fit(X, y)
    assert "train_loss" in capsys.readouterr().out


def test_optimizer_settings_are_used(X, y):
    model = ChromoformerRegressor(**TINY, weight_decay=0.5).fit(X, y)
    group = model.net_.optimizer_.param_groups[0]
    assert group["weight_decay"] == 0.5
    assert isinstance(model.net_.optimizer_, torch.optim.AdamW)


OWN_PARAMETERS = {
    "lr": "lr",
    "optimizer__lr": "lr",
    "optimizer__weight_decay": "weight_decay",
    "max_epochs": "max_epochs",
    "batch_size": "batch_size",
    "device": "device",
    "verbose": "verbose",
    "callbacks": "callbacks",
    "warm_start": "warm_start",
    "module__d_model": "d_model",
    "module__bin_sizes": "bin_sizes",
    "module__dropout": "dropout",
    "module__linear_skip": "linear_skip",
}


@pytest.mark.parametrize("name", OWN_PARAMETERS)
def test_net_params_refuses_parameters_of_the_estimator(X, y, name):
    model = ChromoformerRegressor(**TINY, net_params={name: 3})
    with pytest.raises(ValueError, match=f"sets '{name}', .* set {OWN_PARAMETERS[name]}=3 of Chro"):
        model.fit(X, y)


def test_net_params_refuses_to_compile(X, y):
    with pytest.raises(
        ValueError, match=r"net_params sets 'compile', but torch\.compile takes lon"
    ):
        ChromoformerRegressor(**TINY, net_params={"compile": True}).fit(X, y)
    ChromoformerRegressor(**{**TINY, "max_epochs": 1}, net_params={"compile": False}).fit(X, y)


def test_net_params_refuses_what_follows_from_elsewhere(X, y):
    for name in ("module", "module__n_outputs", "module__n_positions"):
        model = ChromoformerRegressor(**TINY, net_params={name: 3})
        with pytest.raises(ValueError, match=f"cannot replace the module .* got '{name}'"):
            model.fit(X, y)
    model = ChromoformerClassifier(**TINY, net_params={"criterion__weight": torch.ones(2)})
    with pytest.raises(ValueError, match="set class_weight="):
        model.fit(X, y > 3)
    model = ChromoformerRegressor(**TINY, early_stopping=True, net_params={"train_split": None})
    with pytest.raises(ValueError, match="early_stopping=True holds genes back"):
        model.fit(X, y)


def test_net_params_reach_skorch(X, y):
    params = {"criterion": torch.nn.HuberLoss, "optimizer": torch.optim.SGD}
    model = ChromoformerRegressor(**TINY, net_params=params).fit(X, y)
    assert isinstance(model.net_.criterion_, torch.nn.HuberLoss)
    assert isinstance(model.net_.optimizer_, torch.optim.SGD)


@pytest.fixture
def batches(monkeypatch):
    """(rows, fixed) of every batch that is gathered."""
    seen, gather = [], DeviceRegions.batches

    def looking(self, parts, fixed=False):
        parts = list(parts)
        seen.extend((list(rows), fixed) for rows in parts)
        return gather(self, parts, fixed)

    monkeypatch.setattr(DeviceRegions, "batches", looking)
    return seen


def test_every_epoch_sees_every_gene_once_in_a_new_order(X, y, batches):
    ChromoformerRegressor(**TINY).fit(X, y)
    assert [len(rows) for rows, _ in batches] == [16, 16, 8] * 2
    epochs = [[row for rows, _ in part for row in rows] for part in (batches[:3], batches[3:])]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(40))
    assert epochs[0] != epochs[1]
    assert list(range(40)) not in epochs


def test_training_starts_from_the_mean_of_y(X, y):
    model = ChromoformerRegressor(**{**TINY, "lr": 1e-12}).fit(X, y + 100)
    assert np.abs(model.predict(X) - 100 - y.mean()).max() < 3


def test_threads_are_set_in_fit_and_predict(X, y, monkeypatch):
    seen, forward = [], ChromoformerNetwork.forward

    def looking(self, batch):
        seen.append(torch.get_num_threads())
        return forward(self, batch)

    monkeypatch.setattr(ChromoformerNetwork, "forward", looking)
    n_threads = torch.get_num_threads() + 1
    ChromoformerRegressor(**TINY, n_threads=n_threads).fit(X, y).predict(X)
    assert set(seen) == {n_threads}


def test_validation_split_of_skorch(X, y, batches):
    from skorch.dataset import ValidSplit

    model = ChromoformerRegressor(**TINY, net_params={"train_split": ValidSplit(4)}).fit(X, y)
    assert len(model.history_[:, "valid_loss"]) == 2
    assert model.history_[0, "batches", -1, "valid_batch_size"] == 10
    train = {row for rows, fixed in batches if not fixed for row in rows}
    valid = {row for rows, fixed in batches if fixed for row in rows}
    assert (len(train), len(valid), len(train | valid)) == (30, 10, 40)


def test_pickle_holds_weights_and_no_data(X, y, tmp_path):
    model = ChromoformerRegressor(bin_sizes=(400, 100), max_epochs=1, random_state=0).fit(X, y)
    expected = model.predict(X)
    joblib.dump(model, tmp_path / "model.joblib")
    n_bytes = sum(p.nbytes for p in model.net_.module_.parameters())
    assert (tmp_path / "model.joblib").stat().st_size < 1.1 * n_bytes
    # a stretch of signal that no weight could be
    marked = X.signal.copy()
    marked[:50] = 1234.5
    small = ChromoformerRegressor(**TINY).fit(changed(X, signal=marked), y)
    assert marked[:4].tobytes() not in pickle.dumps(small)
    for loaded in (joblib.load(tmp_path / "model.joblib"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(loaded.predict(X), expected)
        assert loaded.history_[:, "train_loss"] == model.history_[:, "train_loss"]
    assert model.net_.optimizer_.state, "pickling must not take the optimizer's state away"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracks": ("ATAC", "H3K4me3")}, "in another order .* ATAC, H3K4me3, fitted on H3K4me3"),
        ({"tracks": ("H3K4me3", "H3K27ac")}, "other tracks .* H3K27ac, fitted on H3K4me3, ATAC"),
        ({"window": 2000, "n_bins": 20}, "window of 2000 bp, but .* promoter window of 1600 bp"),
        ({"n_bins": 20}, "up to 20 bins, but .* up to 16 bins"),
    ],
)
def test_other_x_at_predict_is_refused(X, fitted, change, message):
    with pytest.raises(ValueError, match=message):
        fitted.predict(changed(X, **change))


def test_other_plain_arrays_at_predict_are_refused():
    X, y = np.ones((6, 8, 2)), np.arange(6.0)
    model = ChromoformerRegressor(**TINY).fit(X, y)
    with pytest.raises(ValueError, match="expecting 8 features"):
        model.predict(X[:, :7])
    with pytest.raises(ValueError, match="track0, fitted on track0, track1"):
        model.predict(X[:, :, :1])


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones((4, 1, 1, 2, 2)), ValueError, "2 to 4 axes"),
        (-np.ones((4, 8)), ValueError, "Negative values"),
        (np.full((4, 8), np.nan), ValueError, "NaN"),
        (np.full((4, 1, 8, 2), np.nan), ValueError, "promoter"),
        (pd.DataFrame({"chrom": ["chr1"] * 4, "tss": 5}), TypeError, "BigWigTransformer"),
        (make_regions(n_genes=5)[[]], ValueError, "no genes"),
    ],
)
def test_bad_x_is_refused(X, error, message):
    with pytest.raises(error, match=message):
        ChromoformerRegressor(**TINY).fit(X, np.arange(4.0))


def test_bin_sizes_must_fit_the_regions(X, y):
    for bin_sizes, message in [
        ((400, 150), "150 is not a multiple of the 100 bp bins"),
        ((500, 100), "window of X, 1600 bp, is not a multiple of bin size 500"),
        ((), "at least one"),
        ((400, 400), "distinct"),
    ]:
        with pytest.raises(ValueError, match=message):
            ChromoformerRegressor(**{**TINY, "bin_sizes": bin_sizes}).fit(X, y)
    with pytest.raises(ValueError, match="250 is not a multiple of the smallest, 100"):
        ChromoformerRegressor(**{**TINY, "bin_sizes": (250, 100)}).fit(np.ones((4, 8)), y[:4])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("d_model", 0),
        ("d_model", 9),
        ("regulation_n_heads", 3),
        ("lr", 0),
        ("max_epochs", 0),
        ("batch_size", 1.5),
        ("dropout", 1.0),
        ("track_dropout", 1.0),
        ("track_dropout", -0.1),
        ("n_threads", 0),
        ("weight_decay", -1),
        ("lr_decay", "fast"),
        ("lr_schedule", "triangle"),
        ("gradient_clip", 0),
        ("validation_fraction", 1.0),
        ("n_iter_no_change", 0),
        ("frozen", ("head",)),
    ],
)
def test_bad_parameters_are_named(X, y, name, value):
    with pytest.raises((ValueError, TypeError), match=name):
        ChromoformerRegressor(**{**TINY, name: value}).fit(X, y)


@pytest.mark.parametrize("n_layers", [1, 2, 3])
@pytest.mark.parametrize("bin_sizes", [(100,), (800, 400, 200, 100)])
def test_any_number_of_bin_sizes_and_layers(X, y, n_layers, bin_sizes):
    params = {**TINY, "bin_sizes": bin_sizes, "embedding_n_layers": n_layers}
    model = ChromoformerRegressor(**params).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("name", ["small_data", "whole_genome"])
def test_settings_by_size_show_their_values(name):
    model = getattr(ChromoformerClassifier, name)(lr=0.5)
    assert isinstance(model, ChromoformerClassifier)
    assert model.get_params()["lr"] == 0.5
    assert model.get_params()["d_model"] < ChromoformerClassifier().d_model
    assert getattr(ChromoformerRegressor, name)().scale_target


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no cuda device here")
def test_cuda_agrees_with_cpu(X, y, fitted):
    model = clone(fitted).set_params(device="cuda").fit(X, y)
    assert model.device_ == "cuda"
    np.testing.assert_allclose(model.predict(X), fitted.predict(X), rtol=1e-2)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", 3.5])
def test_a_device_that_is_not_there_is_named(X, y, device):
    with pytest.raises(ValueError, match=f"device={device!r} cannot be used here"):
        ChromoformerRegressor(**{**TINY, "device": device}).fit(X, y)

"""Classifier and regressor on RegionArrays and plain arrays."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from skorch.callbacks import Callback
from small_models import TINY, make_regions

from skchromo import ChromoformerClassifier, ChromoformerRegressor, RegionArray
from skchromo.nn import ChromoformerNetwork, DeviceRegions


@pytest.fixture(scope="module")
def X():
    return make_regions()


@pytest.fixture(scope="module")
def y(X):
    return np.random.default_rng(1).normal(3.0, 1.0, len(X))


@pytest.fixture(scope="module")
def fitted(X, y):
    return ChromoformerRegressor(**TINY).fit(X, y)


def test_labels_of_any_kind(X, y):
    for labels in (np.array(["low", "high"]), np.array([3, 7]), np.array([False, True])):
        model = ChromoformerClassifier(**TINY).fit(X, labels[(y > 3).astype(int)])
        assert model.classes_.tolist() == sorted(labels.tolist())
        assert set(model.predict(X)) <= set(labels)
        p = model.predict_proba(X)
        assert p.shape == (40, 2)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), p)
        np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])
        assert 0 <= model.score(X, labels[(y > 3).astype(int)]) <= 1


def test_three_classes(X, y):
    model = ChromoformerClassifier(**TINY).fit(X, np.digitize(y, [2.5, 3.5]))
    assert model.predict_proba(X).shape == model.predict_log_proba(X).shape == (40, 3)


def test_column_y_trains_the_same_model(X, y, fitted):
    with pytest.warns(DataConversionWarning):
        column = ChromoformerRegressor(**TINY).fit(X, y[:, None])
    np.testing.assert_array_equal(column.predict(X), fitted.predict(X))
    assert fitted.predict(X).shape == (40,)
    assert isinstance(fitted.score(X, y), float)


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


def test_predictions_do_not_depend_on_batch_mates(X, fitted):
    everyone = fitted.predict(X)
    rows = np.random.default_rng(2).permutation(len(X))
    np.testing.assert_allclose(fitted.predict(X[rows]), everyone[rows], rtol=0, atol=1e-7)
    alone = np.flatnonzero(X.index[:, 1] < 0)
    assert len(alone) > 1
    for some in ([7], [3, 1], slice(5, 30), alone, alone[:1]):
        np.testing.assert_allclose(fitted.predict(X[some]), everyone[some], rtol=0, atol=1e-7)


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


def test_order_of_pcres_does_not_matter(X, fitted):
    order = [0, 3, 1, 2]
    shuffled = X._replace(index=X.index[:, order], weights=X.weights[:, [2, 0, 1]])
    np.testing.assert_allclose(fitted.predict(shuffled), fitted.predict(X), rtol=1e-5)


@pytest.mark.parametrize("n_layers", [1, 2])
def test_padding_around_a_short_promoter_changes_nothing(n_layers):
    rng = np.random.default_rng(0)
    values, lengths = rng.poisson(2.0, (9, 2, 16, 2)), np.tile([800, 1600], (9, 1))
    short = RegionArray.from_dense(values, lengths=lengths)
    wide = short._replace(window=1600)
    network = ChromoformerNetwork(2, (4, 16), (400, 100), embedding_n_layers=n_layers).eval()
    outputs = [
        network(DeviceRegions(X, (400, 100)).batch(range(9))).detach() for X in (short, wide)
    ]
    assert short.window == 800
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-6)


def test_pcres_and_their_weights_matter(X, fitted):
    alone = X._replace(index=X.index[:, :1], weights=X.weights[:, :0])
    unweighted = X._replace(weights=np.zeros_like(X.weights))
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
        (
            values[:, 0],
            regions._replace(index=regions.index[:, :1], weights=regions.weights[:, :0]),
        ),
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


class Tally(Callback):
    """Counts epochs on itself."""

    n_epochs = 0

    def on_epoch_end(self, net, **kwargs):
        self.n_epochs += 1


def test_callbacks_are_copied_wherever_they_are_given(X, y):
    given, hidden = Tally(), Tally()
    params = {"callbacks": [("hidden", hidden)]}
    model = ChromoformerRegressor(**TINY, callbacks=[("given", given)], net_params=params)
    used = dict(model.fit(X, y).net_.callbacks_)
    assert (used["given"].n_epochs, used["hidden"].n_epochs) == (2, 2)
    assert (given.n_epochs, hidden.n_epochs) == (0, 0)


def test_optimizer_settings_are_used(X, y):
    model = ChromoformerRegressor(**TINY, weight_decay=0.5).fit(X, y)
    group = model.net_.optimizer_.param_groups[0]
    assert group["weight_decay"] == 0.5
    assert isinstance(model.net_.optimizer_, torch.optim.AdamW)


def test_dates_are_no_expression(X):
    y = np.arange(len(X)).astype("datetime64[D]")
    with pytest.raises(ValueError, match="Input y holds dates or durations"):
        ChromoformerRegressor(**TINY).fit(X, y)


def test_another_module_is_refused(X, y):
    model = ChromoformerRegressor(**TINY, net_params={"module": ChromoformerNetwork})
    with pytest.raises(ValueError, match="net_params cannot replace the module"):
        model.fit(X, y)


def test_net_params_reach_skorch(X, y):
    params = {"criterion": torch.nn.HuberLoss, "optimizer": torch.optim.SGD}
    model = ChromoformerRegressor(**TINY, net_params=params).fit(X, y)
    assert isinstance(model.net_.criterion_, torch.nn.HuberLoss)
    assert isinstance(model.net_.optimizer_, torch.optim.SGD)


@pytest.fixture
def batches(monkeypatch):
    """(rows, fixed) of every batch that is gathered."""
    seen, gather = [], DeviceRegions.batch

    def looking(self, rows, fixed=False):
        seen.append((list(rows), fixed))
        return gather(self, rows, fixed)

    monkeypatch.setattr(DeviceRegions, "batch", looking)
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
    small = ChromoformerRegressor(**TINY).fit(X._replace(signal=marked), y)
    assert marked[:4].tobytes() not in pickle.dumps(small)
    for loaded in (joblib.load(tmp_path / "model.joblib"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(loaded.predict(X), expected)
        assert loaded.history_[:, "train_loss"] == model.history_[:, "train_loss"]
    assert model.net_.optimizer_.state, "pickling must not take the optimizer's state away"


class Interrupt(Callback):
    """Ctrl-C at a chosen moment: in the midst of an epoch, at its end, or when training begins."""

    def __init__(self, epoch, moment):
        self.epoch, self.moment = epoch, moment

    def strike(self, net, moment):
        if moment == self.moment and len(net.history) == self.epoch:
            raise KeyboardInterrupt

    def on_train_begin(self, net, **kwargs):
        self.strike(net, "begin")

    def on_batch_end(self, net, **kwargs):
        if len(net.history[-1, "batches"]) == 2:
            self.strike(net, "batch")

    def on_epoch_end(self, net, **kwargs):
        self.strike(net, "end")


@pytest.mark.parametrize("interrupt", [Interrupt(3, "batch"), Interrupt(2, "end")])
def test_interrupt_keeps_the_last_full_epoch(X, y, fitted, interrupt):
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 9}, callbacks=[interrupt])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert model.n_iter_ == len(model.history_) == 2
    np.testing.assert_array_equal(model.predict(X), fitted.predict(X))


@pytest.mark.parametrize("interrupt", [Interrupt(1, "batch"), Interrupt(0, "begin")])
def test_interrupt_before_a_full_epoch_leaves_it_unfitted(X, y, fitted, interrupt):
    model = clone(fitted).fit(X, y).set_params(callbacks=[interrupt])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_interrupt_while_regions_are_pooled_is_raised_as_it_is(X, y, monkeypatch):
    def interrupted(self, bin_size, regions=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(RegionArray, "pool", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ChromoformerRegressor(**TINY).fit(X, y)


def test_nan_in_y_is_counted_and_named(X, y):
    y = y.copy()
    y[[4, 9]] = np.nan
    for model in (ChromoformerRegressor(**TINY), ChromoformerClassifier(**TINY)):
        with pytest.raises(ValueError, match=r"2 of 40 values, at row 4 \(GENE4\), 9 \(GENE9\)"):
            model.fit(X, y)
    with pytest.raises(ValueError, match=r"1 of 3 values, at row 1\. Drop"):
        ChromoformerClassifier(**TINY).fit(np.ones((3, 4)), np.array(["a", None, "b"], object))


def test_y_must_be_there_and_as_long(X, y):
    with pytest.raises(ValueError, match="requires y"):
        ChromoformerRegressor(**TINY).fit(X, None)
    with pytest.raises(ValueError, match="inconsistent"):
        ChromoformerRegressor(**TINY).fit(X, y[:-1])
    with pytest.raises(ValueError, match="infinity"):
        ChromoformerRegressor(**TINY).fit(X, np.where(y > 3, np.inf, y))
    with pytest.raises(ValueError, match="Unknown label type"):
        ChromoformerClassifier(**TINY).fit(X, y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracks": ("ATAC", "H3K4me3")}, "in another order .* ATAC, H3K4me3, fitted on H3K4me3"),
        ({"tracks": ("H3K4me3", "H3K27ac")}, "other tracks .* H3K27ac, fitted on H3K4me3, ATAC"),
        ({"window": 800}, "window of 800 bp, but .* fitted on a promoter window of 1600 bp"),
        ({"n_bins": 20}, "up to 20 bins, but .* up to 16 bins"),
        ({"bin_size": 50, "end": None}, "finest bins of 50 bp, but .* 100 bp"),
    ],
)
def test_other_x_at_predict_is_refused(X, fitted, change, message):
    if "end" in change:
        change = {**change, "end": X.start + X.lengths // 2}
    with pytest.raises(ValueError, match=message):
        fitted.predict(X._replace(**change))


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
        ("n_threads", 0),
        ("weight_decay", -1),
        ("lr_decay", "fast"),
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


def test_small_data_shows_its_values():
    model = ChromoformerClassifier.small_data(lr=0.5)
    assert isinstance(model, ChromoformerClassifier)
    assert model.get_params()["lr"] == 0.5
    assert model.get_params()["d_model"] < ChromoformerClassifier().d_model


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no cuda device here")
def test_cuda_agrees_with_cpu(X, y, fitted):
    model = clone(fitted).set_params(device="cuda").fit(X, y)
    assert model.device_ == "cuda"
    np.testing.assert_allclose(model.predict(X), fitted.predict(X), rtol=1e-2)


def test_a_loss_that_diverges_is_an_error(X, y):
    with pytest.raises(
        ValueError, match=r"loss became (nan|inf) in epoch \d+.*lower lr \(now 1e\+06"
    ):
        ChromoformerRegressor(**{**TINY, "lr": 1e6, "max_epochs": 20}).fit(X, y * 1e18)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", 3.5])
def test_a_device_that_is_not_there_is_named(X, y, device):
    with pytest.raises(ValueError, match=f"device={device!r} cannot be used here"):
        ChromoformerRegressor(**{**TINY, "device": device}).fit(X, y)

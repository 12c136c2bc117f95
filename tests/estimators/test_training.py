"""Training: schedules, early stopping, interruptions, fine-tuning, class weights, skip."""

import math
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, EarlyStopping
from small_models import TINY, make_regions
from torch.utils._python_dispatch import TorchDispatchMode

from skchromo import ChromoformerClassifier, ChromoformerRegressor, load_model


def weights_of(model):
    return model.net_.module_.state_dict()


def assert_same_weights(a, b):
    for name, value in weights_of(a).items():
        assert torch.equal(value, weights_of(b)[name]), name


class Rates(Callback):
    """The learning rate of every step."""

    seen = []  # noqa: RUF012 - shared, because clones are other instances

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.seen.append(net.optimizer_.param_groups[0]["lr"] / net.lr)


def rates_of(X, y, **params):
    Rates.seen = []
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 4, **params}, callbacks=[Rates()])
    return np.array(Rates.seen or (model.fit(X, y), Rates.seen)[1]), model


def test_learning_rate_of_each_step(X, y):
    steps = np.arange(12)  # 4 epochs of 40 genes in batches of 16
    assert rates_of(X, y, lr_schedule="constant")[0].tolist() == [1.0] * 12
    np.testing.assert_allclose(rates_of(X, y)[0], 0.87 ** (steps // 3))
    np.testing.assert_allclose(
        rates_of(X, y, lr_schedule="cosine")[0], (1 + np.cos(np.pi * steps / 12)) / 2
    )
    cycle, model = rates_of(X, y, lr_schedule="one_cycle")
    assert cycle[0] == pytest.approx(1 / 25)
    assert 0.9 < cycle.max() <= 1
    assert cycle.argmax() in (3, 4)
    assert (np.diff(cycle[4:]) < 0).all()
    assert cycle[-1] < 0.05
    assert model.history_[-1, "lr"] == pytest.approx(cycle[-1] * 1e-3)


def test_plateau_lowers_the_rate_after_epochs_without_gain(X, y):
    rates, model = rates_of(X, y, lr_schedule="plateau", max_epochs=6, lr=0.3, lr_decay=0.5)
    losses = model.history_[:, "train_loss"]
    stalled = [sum(v >= min(losses[:i]) for i, v in enumerate(losses[:n]) if i) for n in range(6)]
    assert stalled[-1] > 0
    np.testing.assert_allclose(rates.reshape(6, 3)[:, 0], 0.5 ** np.array(stalled))


def test_gradients_are_clipped(X, y):
    plain = ChromoformerRegressor(**TINY).fit(X, y)
    loose = ChromoformerRegressor(**TINY, gradient_clip=1e6).fit(X, y)
    assert_same_weights(plain, loose)
    norms = []

    class Norm(Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            grads = [p.grad for _, p in named_parameters if p.grad is not None]
            norms.append(math.sqrt(sum((g**2).sum().item() for g in grads)))

    ChromoformerRegressor(**TINY, gradient_clip=0.01, callbacks=[Norm()]).fit(X, y)
    assert max(norms) <= 0.01 * (1 + 1e-4)


def test_early_stopping_watches_whole_chromosomes_and_keeps_the_best_epoch(X, y):
    seen = []

    class Look(Callback):
        def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            seen.append((dataset_train.indices, dataset_valid.indices))

        def on_epoch_end(self, net, **kwargs):
            states.append({k: v.clone() for k, v in net.module_.state_dict().items()})

    states = []
    params = {**TINY, "lr": 0.03, "max_epochs": 60, "lr_schedule": "constant"}
    model = ChromoformerRegressor(
        **params, early_stopping=True, n_iter_no_change=3, callbacks=[Look()]
    ).fit(X, y)
    train, valid = seen[0]
    chrom = X.genes["chrom"]
    assert not set(chrom[train]) & set(chrom[valid])
    assert len(train) + len(valid) == len(X)
    losses = model.history_[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert model.n_iter_ == len(losses) < 60
    assert len(losses) - 1 - best >= 3 or model.n_iter_ == 60
    for name, value in weights_of(model).items():
        assert torch.equal(value, states[best][name])


@pytest.mark.parametrize("fraction", [0.1, 0.4, 0.9])
def test_share_that_is_held_back(X, y, fraction):
    sizes = []

    class Look(Callback):
        def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
            sizes.append(len(dataset_valid))

    params = {**TINY, "max_epochs": 1, "early_stopping": True, "validation_fraction": fraction}
    ChromoformerRegressor(**params, callbacks=[Look()]).fit(X, y)
    assert fraction * 40 <= sizes[0] < 40 or fraction == 0.9
    labels = np.repeat([0, 1], [30, 10])
    dense = X.to_dense().values[:, 0]
    ChromoformerClassifier(**params, callbacks=[Look()]).fit(dense, labels)
    assert sizes[1] == math.ceil(fraction * 40)


def test_genes_of_one_chromosome_are_watched_with_a_warning(X, y):
    one = X[X.genes["chrom"] == "chr1"]
    with pytest.warns(UserWarning, match="all genes are on chr1"):
        ChromoformerRegressor(**TINY, early_stopping=True).fit(one, y[: len(one)])
    with pytest.raises(ValueError, match="none is left to train on"):
        ChromoformerRegressor(**TINY, early_stopping=True).fit(X[:1], y[:1])


def test_a_callers_early_stopping_ends_training_without_an_error(X, y):
    stop = EarlyStopping(monitor="train_loss", patience=2, sink=lambda text: None)
    params = {**TINY, "lr": 0.5, "max_epochs": 50}
    model = ChromoformerRegressor(**params, callbacks=[stop]).fit(X, y)
    assert model.n_iter_ < 50


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
    def interrupted(means, out):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "log1p", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ChromoformerRegressor(**TINY).fit(X, y)


@pytest.mark.parametrize("pickled", [False, True])
@pytest.mark.parametrize("schedule", ["one_cycle", "decay"])
def test_continued_training_gives_the_same_bits(X, y, schedule, pickled):
    params = {**TINY, "max_epochs": 5, "lr_schedule": schedule, "dropout": 0.2}
    whole = ChromoformerRegressor(**params).fit(X, y)
    model = ChromoformerRegressor(**params, warm_start=True, callbacks=[Interrupt(3, "batch")])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert model.n_iter_ == 2
    model.set_params(callbacks=None)
    if pickled:
        model = pickle.loads(pickle.dumps(model))
    model.fit(X, y)
    assert model.n_iter_ == 5
    assert pickle.loads(pickle.dumps(model)).predict(X).shape == (40,)
    assert_same_weights(model, whole)
    assert model.history_[:, "train_loss"] == whole.history_[:, "train_loss"]


def test_warm_start_counts_the_epochs_that_are_done(X, y):
    model = ChromoformerRegressor(**TINY, warm_start=True).fit(X, y)
    before = model.predict(X)
    with pytest.warns(UserWarning, match="2 epochs are done and max_epochs=2"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)
    whole = ChromoformerRegressor(**{**TINY, "max_epochs": 4}).fit(X, y)
    assert_same_weights(model.set_params(max_epochs=4).fit(X, y), whole)
    with pytest.raises(ValueError, match="warm_start: d_model was 8 in the former fit and is 16"):
        model.set_params(d_model=16).fit(X, y)
    with pytest.raises(ValueError, match="other tracks"):
        model.fit(make_regions(tracks=("H3K27ac", "ATAC")), y)
    labels = (y > 3).astype(int)
    classifier = ChromoformerClassifier(**TINY, warm_start=True).fit(X, labels)
    with pytest.raises(ValueError, match="the former fit had"):
        classifier.fit(X, labels + 1)


STOPPING = {**TINY, "lr": 0.03, "max_epochs": 40, "lr_schedule": "constant", "early_stopping": True}


@pytest.mark.parametrize("is_pickled", [False, True])
def test_patience_and_best_weights_last_over_an_interruption(X, y, is_pickled):
    params = {**STOPPING, "n_iter_no_change": 4, "dropout": 0.1}
    whole = ChromoformerRegressor(**params).fit(X, y)
    best = int(np.argmin(whole.history_[:, "valid_loss"])) + 1
    assert whole.n_iter_ == best + 4 < 40
    for epoch, moment in ((best + 1, "end"), (best + 3, "batch"), (whole.n_iter_, "batch")):
        stop = Interrupt(epoch, moment)
        model = ChromoformerRegressor(**params, warm_start=True, callbacks=[stop])
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        model.set_params(callbacks=None)
        if is_pickled:
            model = pickle.loads(pickle.dumps(model))
        model.fit(X, y)
        assert model.history_[:, "valid_loss"] == whole.history_[:, "valid_loss"]
        assert_same_weights(model, whole)


@pytest.mark.parametrize("max_epochs", [2, 7])
def test_more_epochs_give_the_bits_of_one_long_fit_with_early_stopping(X, y, max_epochs):
    params = {**STOPPING, "n_iter_no_change": 4}
    whole = ChromoformerRegressor(**params).fit(X, y)
    model = ChromoformerRegressor(**{**params, "max_epochs": max_epochs}, warm_start=True).fit(X, y)
    assert model.n_iter_ == max_epochs < whole.n_iter_
    assert_same_weights(model.set_params(max_epochs=40).fit(X, y), whole)
    before = model.predict(X)
    with pytest.warns(UserWarning, match=r"early stopping ended training, n_iter_no_change=4: rai"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)
    assert model.set_params(n_iter_no_change=6).fit(X, y).n_iter_ > whole.n_iter_


def test_genes_of_a_former_fit_are_watched_on_without_a_seed(X, y):
    seen = []

    class Look(Callback):
        def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
            seen.append(dataset_valid.indices)

    dense = X.to_dense().values[:, 0]
    params = {**TINY, "random_state": None, "early_stopping": True, "warm_start": True}
    model = ChromoformerRegressor(**params, callbacks=[Look()]).fit(dense, y)
    model.set_params(max_epochs=4).fit(dense, y)
    assert len({tuple(rows) for rows in seen}) == 1


def test_a_model_without_the_state_of_its_optimizer_is_trained_on_with_a_warning(
    X, y, fitted, tmp_path
):
    fitted.save(tmp_path / "m")
    small = pickle.dumps(fitted)
    for model in (pickle.loads(small), load_model(tmp_path / "m")):
        model.set_params(warm_start=True, max_epochs=4, early_stopping=True)
        assert len(small) < len(pickle.dumps(clone(model).fit(X, y)))
        with pytest.warns(UserWarning, match="the state of the optimizer is not there") as warned:
            model.fit(X, y)
        assert warned[0].filename == __file__
        assert model.n_iter_ == 4
        assert model.history_[:2] == fitted.history_[:2]
        model.set_params(max_epochs=5).fit(X, y)


def test_divergence_keeps_the_last_good_epoch(X, y):
    class Burst(Callback):
        def on_batch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                with torch.no_grad():
                    net.module_.fc_head[-1].bias.fill_(float("nan"))

    model = ChromoformerRegressor(**{**TINY, "max_epochs": 5}, callbacks=[Burst()])
    with pytest.raises(ValueError, match=r"nan in epoch 3 .*0\.000757.* of epoch 2 are kept"):
        model.fit(X, y)
    assert model.n_iter_ == 2
    assert_same_weights(model, ChromoformerRegressor(**TINY, lr_schedule="decay").fit(X, y))
    with pytest.raises(ValueError, match=r"training diverged.*lower lr \(now 1e\+06"):
        ChromoformerRegressor(**{**TINY, "lr": 1e6, "max_epochs": 20}).fit(X, y * 1e18)


def test_balanced_classes_weigh_alike(X):
    labels = np.repeat(["rare", "usual"], [4, 36])
    even = ChromoformerClassifier(**TINY, class_weight="balanced").fit(X, labels)
    given = ChromoformerClassifier(**TINY, class_weight={"rare": 5.0, "usual": 40 / 72})
    plain = ChromoformerClassifier(**TINY).fit(X, labels)
    assert_same_weights(even, given.fit(X, labels))
    assert (even.predict_proba(X)[:, 0] > plain.predict_proba(X)[:, 0]).all()


def test_fine_tuning_starts_from_the_weights(X, y, fitted, tmp_path):
    tuned = ChromoformerRegressor(**{**TINY, "lr": 1e-12}, init_from=fitted).fit(X, y)
    np.testing.assert_allclose(tuned.predict(X), fitted.predict(X), rtol=1e-5)
    fitted.save_checkpoint(tmp_path / "reference.pt")
    again = ChromoformerRegressor(**{**TINY, "lr": 1e-12}, init_from=tmp_path / "reference.pt")
    np.testing.assert_allclose(again.fit(X, y).predict(X), fitted.predict(X), rtol=1e-5)
    other = ChromoformerClassifier(**{**TINY, "lr": 1e-12}, init_from=fitted).fit(X, y > 3)
    head = "fc_head.0.weight"
    np.testing.assert_allclose(weights_of(other)[head], weights_of(fitted)[head], atol=1e-6)


def test_frozen_stages_stay(X, y, fitted):
    model = ChromoformerRegressor(
        **{**TINY, "lr": 0.1}, init_from=fitted, frozen=("embedding", "pairwise")
    ).fit(X, y)
    for name, value in weights_of(model).items():
        moved = not torch.equal(value, weights_of(fitted)[name])
        learned = name.startswith(("regulation", "fc_head")) and not name.endswith(".gamma")
        assert moved == learned or name.endswith("gamma"), name
    with pytest.raises(ValueError, match="would keep random weights"):
        ChromoformerRegressor(**TINY, frozen=("embedding",)).fit(X, y)


def test_wrong_init_from_is_refused(X, y, fitted):
    with pytest.raises(ValueError, match="FrozenEstimator"):
        ChromoformerRegressor(**TINY, init_from=clone(fitted)).fit(X, y)
    with pytest.raises(TypeError, match="init_from must be a fitted Chromoformer"):
        ChromoformerRegressor(**TINY, init_from=RidgeCV()).fit(X, y)
    with pytest.raises(ValueError, match="network of other sizes"):
        ChromoformerRegressor(**{**TINY, "d_model": 16}, init_from=fitted).fit(X, y)
    with pytest.raises(ValueError, match=r"reads bin_sizes=\(400, 100\)"):
        ChromoformerRegressor(**{**TINY, "bin_sizes": (800, 100)}, init_from=fitted).fit(X, y)
    with pytest.raises(ValueError, match="fitted on tracks H3K4me3, ATAC"):
        ChromoformerRegressor(**TINY, init_from=fitted).fit(
            make_regions(tracks=("H3K4me3", "DNase")), y
        )
    skipping = ChromoformerRegressor(**TINY, linear_skip=True).fit(X, y)
    with pytest.raises(ValueError, match="set linear_skip=True"):
        ChromoformerRegressor(**TINY, init_from=skipping).fit(X, y)
    still = {**TINY, "lr": 1e-12, "linear_skip": True, "init_from": skipping}
    again = ChromoformerRegressor(**still).fit(X, y)
    np.testing.assert_allclose(again.predict(X), skipping.predict(X), rtol=1e-5)
    with pytest.raises(FileNotFoundError, match=r"absent\.pt does not exist"):
        ChromoformerRegressor(**TINY, init_from="absent.pt").fit(X, y)


def test_search_over_a_fine_tuned_model(X, y, fitted):
    model = ChromoformerRegressor(**TINY, init_from=FrozenEstimator(fitted))
    search = GridSearchCV(model, {"frozen": [(), ("embedding",)]}, cv=2).fit(X, y)
    assert np.isfinite(search.best_score_)


def test_skip_alone_is_the_linear_model(X, y):
    still = {**TINY, "lr": 1e-12, "max_epochs": 1, "linear_skip": True}
    model = ChromoformerRegressor(**still).fit(X, y)
    skip = model.net_.module_.skip
    columns = columns_by_hand(X, skip)
    ridge = RidgeCV(np.logspace(-1, 4, 11)).fit(columns, y)
    np.testing.assert_allclose(model.predict(X), ridge.predict(columns), rtol=1e-4)
    labels = np.digitize(y, [2.5, 3.5])
    for target in (labels > 0, labels):
        model = ChromoformerClassifier(**still).fit(X, target)
        logistic = LogisticRegression(C=0.1, max_iter=1000).fit(columns, target)
        np.testing.assert_allclose(
            model.predict_proba(X), logistic.predict_proba(columns), atol=1e-4
        )


def columns_by_hand(X, skip):
    """Return the columns that the skip reads, from plain arrays."""
    values, weights, lengths = X.to_dense()
    middle = values.shape[2] // 2
    columns = [values[:, 0, max(0, middle - h) : middle + h].mean(axis=1) for h in (5, 10, 20, 50)]
    columns.append(values[:, 0].mean(axis=1))
    n_bins = np.maximum(-(-lengths[:, 1:, None] // 100), 1)
    of_pcres = np.nansum(values[:, 1:], axis=2) / n_bins
    columns.append((weights[:, :, None] * of_pcres).sum(axis=1))
    columns = np.log1p(np.concatenate(columns, axis=1))
    np.testing.assert_allclose(skip.mean, columns.mean(axis=0), rtol=1e-4)
    scale = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / scale


def test_skip_and_scale_are_not_in_reference_checkpoints(X, y, tmp_path):
    scaled = ChromoformerRegressor(**TINY, scale_target=True).fit(X, 100 * y)
    scaled.save_checkpoint(tmp_path / "scaled.pt")
    again = ChromoformerRegressor.from_checkpoint(
        tmp_path / "scaled.pt", tracks=X.tracks, window=1600
    )
    assert weights_of(again)["output_scale"] == 1
    assert float(weights_of(scaled)["output_scale"]) == pytest.approx(100 * y.std(), rel=1e-5)
    name = "fc_head.2.bias"
    np.testing.assert_allclose(
        weights_of(again)[name], weights_of(scaled)[name] * 100 * y.std(), rtol=1e-5
    )
    skipping = ChromoformerRegressor(**TINY, linear_skip=True).fit(X, y)
    with pytest.raises(ValueError, match="linear_skip=True"):
        skipping.save_checkpoint(tmp_path / "skip.pt")


class Waits(TorchDispatchMode):
    """Names of what would make a GPU be waited for, and of the optimizer's steps, in order."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name().removeprefix("aten::")
        if name in ("_local_scalar_dense", "_fused_adamw_"):
            self.calls.append("read" if name.startswith("_local") else "step")
        assert name not in ("nonzero", "masked_select", "_unique2", "equal"), name
        return func(*args, **(kwargs or {}))


def calls_of_an_epoch(X, y, **params):
    """What `Waits` notes from the first step to behind the last."""
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 1, **params})
    with Waits() as waits:
        model.fit(X, y)
    first, last = waits.calls.index("step"), len(waits.calls) - waits.calls[::-1].index("step")
    return waits.calls[first : last + 1]


@pytest.mark.parametrize(
    "params",
    [{}, {"linear_skip": True, "dropout": 0.1, "gradient_clip": 1.0, "lr_schedule": "one_cycle"}],
    ids=["plain", "all options"],
)
def test_a_loss_is_read_after_the_next_step(X, y, params):
    assert calls_of_an_epoch(X, y, **params) == ["step", *["step", "read"] * 2]


def test_callbacks_of_batches_find_the_loss_of_each(X, y):
    class Look(Callback):
        losses = ()

        def on_batch_end(self, net, loss=None, training=False, **kwargs):
            if training:
                recorded = net.history[-1, "batches", -1, "train_loss"]
                assert type(recorded) is float
                self.losses = [*self.losses, recorded == loss.item()]

    look = Look()
    params = {"callbacks": [look]}
    assert calls_of_an_epoch(X, y, **params)[:3] == ["step", "read", "read"]
    assert look.losses == [True] * 3

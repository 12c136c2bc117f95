"""Callbacks of skorch: used as given, scored as the estimator predicts, and searched."""

import builtins
import pickle
import threading

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import f1_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import (
    BatchScoring,
    Callback,
    EarlyStopping,
    EpochScoring,
    LRScheduler,
    PrintLog,
)
from small_models import TINY, make_regions
from torch.optim.lr_scheduler import StepLR
from tqdm import tqdm

from skchromo import ChromoformerClassifier, ChromoformerDiffRegressor, ChromoformerRegressor

KINDS = {
    "classifier": (ChromoformerClassifier, {}),
    "regressor": (ChromoformerRegressor, {}),
    "difference": (ChromoformerDiffRegressor, {"combine": "both"}),
}


@pytest.fixture(scope="module")
def X():
    return make_regions()


@pytest.fixture(scope="module")
def y(X):
    return np.random.default_rng(1).normal(size=len(X))


class Tracker(Callback):
    """Holds something that cannot be copied, as a writer of TensorBoard or an open file does."""

    def __init__(self, run):
        self.run = run

    def on_epoch_end(self, net, **kwargs):
        self.run.losses.append(net.history[-1, "train_loss"])


class Run:
    def __init__(self):
        self.lock, self.losses = threading.Lock(), []


class Pruned(Exception):  # noqa: N818 - named as Optuna's
    """Ends a trial."""


class Prune(Callback):
    """Reports each loss to a study and ends training, as Optuna's callback does."""

    def __init__(self, study):
        self.study = study

    def on_epoch_end(self, net, **kwargs):
        self.study.append(net.history[-1, "train_loss"])
        if len(self.study) == 2:
            raise Pruned


def test_callback_is_used_as_given(X, y):
    run = Run()
    tracker = Tracker(run)
    model = ChromoformerRegressor(**TINY, callbacks=[tracker]).fit(X, y)
    assert run.losses == model.history_[:, "train_loss"]
    assert dict(model.net_.callbacks_)["Tracker"] is tracker
    model.fit(X, y)
    assert len(run.losses) == 4


def test_callback_that_cannot_be_copied_is_named_by_clone_and_searches(X, y):
    model = ChromoformerRegressor(**TINY, callbacks=[EarlyStopping(), ("run", Tracker(Run()))])
    for copying in (
        clone,
        lambda model: cross_val_score(model, X, y, cv=2),
        lambda model: GridSearchCV(make_pipeline(model), {}, cv=2).fit(X, y),
    ):
        with pytest.raises(TypeError, match=r"callback run cannot be copied .*on_train_begin"):
            copying(model)


def test_exception_of_a_callback_ends_fit_and_reaches_the_caller(X, y):
    study = []
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 5}, callbacks=[Prune(study)])
    with pytest.raises(Pruned):
        model.fit(X, y)
    assert len(study) == 2


def stateful():
    """Callbacks of skorch that remember what they have seen."""
    return [
        EpochScoring("r2", name="score", lower_is_better=False, on_train=True),
        BatchScoring("r2", name="batch", lower_is_better=False, on_train=True),
        LRScheduler(StepLR, step_size=1, gamma=0.5, event_name="rate"),
        EarlyStopping("train_loss", patience=2, load_best=True),
    ]


def fit_history(model, X, y):
    names = ("train_loss", "score", "score_best", "batch_best", "rate")
    history = model.fit(X, y).history_
    return [[epoch[name] for name in names] for epoch in history]


def test_callbacks_forget_one_fit_before_the_next(X, y):
    settings = {**TINY, "max_epochs": 5, "lr": 3e-2, "lr_schedule": "constant"}
    fresh = ChromoformerRegressor(**settings, callbacks=stateful())
    other = np.random.default_rng(5).permutation(y) * 3
    expected = fit_history(fresh, X, y)
    used = stateful()
    model = ChromoformerRegressor(**settings, callbacks=used)
    fit_history(model, X, other)
    assert fit_history(model, X, y) == expected
    assert fit_history(clone(model), X, y) == expected
    shared = ChromoformerRegressor(**{**settings, "random_state": 3}, callbacks=used)
    fit_history(shared, X, other)
    assert fit_history(model, X, y) == expected


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_searches_do_not_share_callbacks(X, y, n_jobs):
    model = ChromoformerRegressor(**TINY, callbacks=stateful())
    search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=2, n_jobs=n_jobs).fit(X, y)
    expected = [
        np.mean(cross_val_score(clone(model).set_params(lr=lr), X, y, cv=2)) for lr in (1e-3, 1e-2)
    ]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected, rtol=1e-6)
    assert search.best_estimator_.callbacks[0] is not model.callbacks[0]


def test_parameters_of_a_net_do_not_stay_on_a_callback(X, y):
    stop = EarlyStopping("train_loss", patience=4)
    model = ChromoformerRegressor(
        **TINY, callbacks=[stop], net_params={"callbacks__EarlyStopping__patience": 2}
    ).fit(X, y)
    assert dict(model.net_.callbacks_)["EarlyStopping"].patience == 2
    assert stop.patience == 4


def labels_for(kind, y):
    high = y > np.median(y)
    return {
        "bool": high,
        "0 and 1": high.astype(int),
        "-1 and 1": np.where(high, 1, -1),
        "1 and 2": np.where(high, 2, 1),
        "text": np.where(high, "high", "low"),
        "three": np.array(["low", "middle", "high"])[np.digitize(y, np.quantile(y, [0.3, 0.6]))],
    }[kind]


SCORES = ("accuracy", "neg_log_loss", "roc_auc", "average_precision", "f1")
OF_TEXT = ("accuracy", "neg_log_loss", "roc_auc", "f1_macro", "balanced_accuracy")
OF_THREE = ("accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro", None)
OF_NUMBERS = ("r2", "neg_mean_squared_error", "neg_median_absolute_error", None)


@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize(
    ("kind", "labels", "scores"),
    [
        ("classifier", "bool", SCORES),
        ("classifier", "0 and 1", SCORES),
        ("classifier", "-1 and 1", SCORES),
        ("classifier", "1 and 2", ("accuracy", "f1", "roc_auc")),
        ("classifier", "text", (*OF_TEXT, make_scorer(f1_score, pos_label="high"))),
        ("classifier", "three", OF_THREE),
        ("regressor", None, OF_NUMBERS),
        ("difference", None, OF_NUMBERS),
    ],
)
def test_score_of_an_epoch_is_that_of_the_estimator(y, kind, labels, scores, use_caching):
    cls, params = KINDS[kind]
    X = make_regions(n_conditions=1 + (kind == "difference"))
    target = y if labels is None else labels_for(labels, y)
    watched = np.isin(X.genes["chrom"], ["chr1"])
    scorers = [
        (str(number), EpochScoring(score, name=f"s{number}", use_caching=use_caching))
        for number, score in enumerate(scores)
    ]
    model = cls(
        **{**TINY, "max_epochs": 1},
        **params,
        callbacks=scorers,
        early_stopping=True,
        validation_fraction=0.3,
    )
    valid = []

    class Look(Callback):
        def on_train_begin(self, net, **kwargs):
            valid.append(net.train_split.watched)

    model.set_params(callbacks=[*scorers, Look()]).fit(X, target)
    watched = valid[0]
    for number, score in enumerate(scores):
        score = (lambda m, X, y: m.score(X, y)) if score is None else score
        score = get_scorer(score) if isinstance(score, str) else score
        expected = score(model, X[watched], target[watched])
        assert model.history_[0, f"s{number}"] == pytest.approx(expected, abs=1e-5), scores[number]


@pytest.mark.parametrize("use_caching", [True, False])
def test_score_of_batches_is_of_classes(X, y, use_caching):
    scoring = BatchScoring(
        "accuracy", name="hits", lower_is_better=False, on_train=True, use_caching=use_caching
    )
    model = ChromoformerClassifier(**TINY, callbacks=[scoring]).fit(X, labels_for("text", y))
    assert all(0 < value <= 1 for value in model.history_[:, "hits"])


def test_score_that_does_not_fit_the_classes_is_an_error_as_in_scikit_learn(X, y):
    model = ChromoformerClassifier(**TINY, callbacks=[EpochScoring("f1", on_train=True)])
    with pytest.raises(ValueError, match="pos_label=1 is not a valid label"):
        model.fit(X, labels_for("text", y))


@pytest.mark.parametrize("has_own_print", [False, True])
def test_quiet_fit_prints_nothing_and_a_loud_one_does(X, y, capsys, monkeypatch, has_own_print):
    if has_own_print:  # as ray and progress bars do
        original = builtins.print
        monkeypatch.setattr(builtins, "print", lambda *args, **kwargs: original(*args, **kwargs))
    settings = {**TINY, "max_epochs": 4, "early_stopping": True, "n_iter_no_change": 1, "lr": 1.0}
    own = [("log", PrintLog()), EarlyStopping("train_loss", patience=1, load_best=True)]
    for callbacks in (None, own):
        model = ChromoformerRegressor(**settings, callbacks=callbacks, verbose=0).fit(X, y)
        assert capsys.readouterr().out == ""
        model.set_params(verbose=1).fit(X, y)
        assert "train_loss" in capsys.readouterr().out
    lines = []
    own[0][1].sink = lines.append  # a log of one's own is kept without verbose
    model.set_params(verbose=0).fit(X, y)
    assert capsys.readouterr().out == ""
    assert len(lines) >= 3


GRIDS = [
    ({"callbacks__EarlyStopping__patience": [1, 3]}, lambda m: m.callbacks[0].patience),
    ({"callbacks__watch__on_train": [True, False]}, lambda m: m.callbacks[1][1].on_train),
    ({"callbacks__watch": [None, EpochScoring("r2")]}, lambda m: len(m.callbacks) == 1),
    ({"callbacks": [None, [EarlyStopping("train_loss")]]}, lambda m: m.callbacks is None),
    ({"net_params__optimizer__eps": [1e-8, 1e-6]}, lambda m: m.net_params["optimizer__eps"]),
    ({"net_params": [None, {"optimizer__eps": 1e-6}]}, lambda m: m.net_params is None),
]


@pytest.mark.parametrize(("grid", "setting_of"), GRIDS, ids=[next(iter(grid)) for grid, _ in GRIDS])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_callbacks_and_net_params_are_searched(X, y, grid, setting_of, in_pipeline):
    stop = EarlyStopping("train_loss", patience=2)
    model = ChromoformerRegressor(**TINY, callbacks=[stop, ("watch", EpochScoring("r2"))])
    seen = set()

    def note(estimator, X, y):
        model = estimator[-1] if in_pipeline else estimator
        seen.add(setting_of(model))
        return 0.0

    searched = make_pipeline(FunctionTransformer(), model) if in_pipeline else model
    if in_pipeline:
        grid = {f"chromoformerregressor__{name}": values for name, values in grid.items()}
    GridSearchCV(searched, grid, cv=2, scoring=note, refit=False).fit(X, y)
    assert len(seen) == 2
    assert stop.patience == 2
    assert model.net_params is None


def test_parameters_of_callbacks_are_listed_and_unknown_ones_named():
    model = ChromoformerRegressor(
        callbacks=[EarlyStopping(), EarlyStopping(patience=7), ("watch", EpochScoring("r2"))],
        net_params={"optimizer__eps": 1e-6},
    )
    params = model.get_params()
    assert params["callbacks__EarlyStopping_2__patience"] == 7
    assert params["callbacks__watch"].scoring == "r2"
    assert params["net_params__optimizer__eps"] == 1e-6
    assert not any("__" in name for name in model.get_params(deep=False))
    model.set_params(callbacks__EarlyStopping_1__patience=3, lr=0.5)
    assert (model.callbacks[0].patience, model.callbacks[1].patience, model.lr) == (3, 7, 0.5)
    for name, message in {
        "callbacks__print_log__sink": "net_params__callbacks__print_log__sink",
        "callbacks__watch__patience": "Invalid parameter 'patience'",
        "callbackz": "Invalid parameter 'callbackz'",
    }.items():
        with pytest.raises(ValueError, match=message):
            model.set_params(**{name: 1})


def test_log_of_epochs_is_plain_text_and_its_bar_counts_the_genes_of_all(X, y, capsys):
    model = ChromoformerRegressor(**{**TINY, "lr": 3e-5}, verbose=1).fit(X, y)
    out, err = capsys.readouterr()
    assert out.count("3.00e-05") == 1
    assert out.splitlines()[0].split() == ["epoch", "lr", "train_loss", "dur"]
    assert "epoch 1/2" in err
    assert f"/{2 * len(X)} [" in err
    assert "\x1b" not in out + err
    model.set_params(warm_start=True, max_epochs=5).fit(X, y)
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["3", "4", "5"]
    assert "epoch 3/5" in err
    assert f"/{3 * len(X)} [" in err


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_bar_of_a_fit_that_ends_early_is_closed_and_never_pickled(X, y, error, capsys):
    class Stop(Callback):
        def on_batch_end(self, net, **kwargs):
            pickle.dumps(dict(net.callbacks_)["print_log"])
            raise error

    with pytest.raises(error):
        ChromoformerRegressor(**TINY, callbacks=[Stop()], verbose=1).fit(X, y)
    assert not tqdm._instances

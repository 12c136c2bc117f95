"""What each process of torchrun does in test_torchrun.py: fits, and a file of results.

Run as ``torchrun ... torchrun_script.py FOLDER [all]``; imported for `CASES`, which one process
fits too.
"""

import os
import pickle
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback, EpochScoring
from small_models import TINY, changed, make_regions, promoters_alone

from skchromo import ChromoformerClassifier, ChromoformerDiffRegressor, ChromoformerRegressor

X = make_regions(34)  # batches of 16, 16 and 2, fewer than the processes
Y = np.random.default_rng(1).normal(3.0, 1.0, len(X))
LABELS = np.where(np.arange(len(X)) % 4, "usual", "rare")
PAIRS = make_regions(34, n_conditions=2)
IS_RICH = np.arange(len(X))[:, None] < 3
FEW = changed(
    X,
    index=np.where(IS_RICH | (np.arange(4) == 0), X.index, -1),
    weights=np.where(IS_RICH, X.weights, 0),
)
EVERYTHING = {
    "early_stopping": True,
    "scale_target": True,
    "linear_skip": True,
    "gradient_clip": 0.1,
    "weight_decay": 0.1,
    "lr_schedule": "plateau",
}
HUBER = {"criterion": torch.nn.HuberLoss, "criterion__delta": 0.5}


def regressor(**params):
    return ChromoformerRegressor(**{**TINY, **params})


def scored(**params):
    scores = [EpochScoring("r2"), ("train", EpochScoring("r2", on_train=True, name="train_r2"))]
    return regressor(**params, callbacks=scores)


CASES = {
    "a regressor": lambda: regressor().fit(X, Y),
    "genes without pCREs": lambda: regressor().fit(promoters_alone(X), Y),
    "few genes with pCREs": lambda: regressor().fit(FEW, Y),
    "everything": lambda: scored(**EVERYTHING).fit(X, Y),
    "another loss": lambda: regressor(net_params=HUBER).fit(X, Y),
    "classes": lambda: ChromoformerClassifier(
        **TINY, class_weight="balanced", linear_skip=True, early_stopping=True
    ).fit(X, LABELS),
    "tracks dropped": lambda: regressor(track_dropout=0.4).fit(X, Y),
    "pairs": lambda: ChromoformerDiffRegressor(**TINY, combine="both").fit(PAIRS, Y),
    "frozen": lambda: regressor(
        init_from=regressor(max_epochs=1).fit(X, Y), frozen=("embedding",)
    ).fit(X, Y),
    "interrupted": lambda: interrupted().fit(X, Y),
}


class Interrupt(Callback):
    """Ctrl-C in the second process, in the midst of the second epoch."""

    def on_batch_end(self, net, training=False, **kwargs):
        if training and len(net.history) == 2 and os.environ.get("RANK") == "1":
            os.kill(os.getpid(), signal.SIGINT)


def interrupted():
    model = regressor(early_stopping=True, warm_start=True, callbacks=[Interrupt()])
    if "RANK" in os.environ:
        try:
            model.fit(X, Y)
        except KeyboardInterrupt:
            assert model.n_iter_ == 1
        assert model.n_iter_ == 1
    return model.set_params(callbacks=None)


def result_of(model):
    """Return what is compared: weights and history."""
    weights = {name: value.numpy() for name, value in model.net_.module_.state_dict().items()}
    names = ("train_loss", "valid_loss", "r2", "train_r2", "train_batch_size")
    rows = [{name: row[name] for name in names if name in row} for row in model.history_]
    return type(model.net_.module_).__name__, weights, rows


def seeds():
    """Fits whose numbers no single process has, each twice where they are repeatable."""
    drop = {"dropout": 0.3}
    return {
        "no seed": regressor(random_state=None).fit(X, Y),
        "dropout": regressor(**drop).fit(X, Y),
        "dropout again": regressor(**drop).fit(X, Y),
    }


def search():
    from sklearn.model_selection import GridSearchCV, KFold

    found = GridSearchCV(regressor(), {"lr": [1e-3, 1e-2]}, cv=KFold(2)).fit(X, Y)
    return found.cv_results_["mean_test_score"]


def alone(rank):
    """Fits of the first process only, which would wait for the others if they joined them."""
    if rank:
        return None
    from joblib.externals.loky import get_reusable_executor

    results = [get_reusable_executor(max_workers=1).submit(alone_fit).result()]
    thread = threading.Thread(target=lambda: results.append(alone_fit()))
    thread.start()
    thread.join()
    return results


def alone_fit():
    return regressor(n_threads=1).fit(X, Y).predict(X)


def other_genes(rank):
    try:
        regressor().fit(X[: 30 + rank], Y[: 30 + rank])
    except ValueError as error:
        return str(error)


class Die(Callback):
    """The third process ends without a word in the second epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2 and os.environ["RANK"] == "2":
            os._exit(3)


def lost():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun ends the others
    model = regressor(callbacks=[Die()])
    try:
        model.fit(X, Y)
    except RuntimeError as error:
        return str(error), model.n_iter_, model.predict(X)


def main(folder, rank, does_all):
    results = {"cases": {name: result_of(fit()) for name, fit in CASES.items()}}
    model = regressor().fit(X, Y)
    model.save(folder / "model")
    results["device"] = model.device_
    results["predicted"] = model.predict(X)
    if does_all:
        results["seeds"] = {name: result_of(fitted) for name, fitted in seeds().items()}
        results["search"] = search()
        results["alone"] = alone(rank)
        results["other genes"] = other_genes(rank)
        results["lost"] = lost()
    (folder / f"{rank}.pickle").write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(os.environ["RANK"]), "all" in sys.argv)

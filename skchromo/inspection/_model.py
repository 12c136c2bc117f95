"""The way into a fitted model: from any estimator and X to the Chromoformer and its regions."""

import copy
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._words import check_choice
from ..estimators import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    to_regions,
)
from ..regions import RegionArray
from ._places import name_of_row, row_of_gene, symbols_of


class Model(NamedTuple):
    """A fitted Chromoformer, and the genes to inspect as it reads them.

    `on_regions` predicts from regions in the scale of the estimator given: it is the Chromoformer
    itself, or with the TransformedTargetRegressor around it.
    """

    estimator: object
    X: RegionArray
    on_regions: object


def open_model(estimator, X):
    """Return the Model in a fitted estimator, with genes brought to the regions that it reads."""
    model = _unwrap(estimator, X)
    check_is_fitted(model.estimator, "net_")
    regions = to_regions(model.estimator, model.X, reset=False)
    if not len(regions):
        raise ValueError("X holds no genes: give at least one row")
    return model._replace(X=regions)


def find_fitted(estimator):
    """Return the fitted Chromoformer in an estimator."""
    estimator = _unwrap(estimator, None).estimator
    check_is_fitted(estimator, "net_")
    return estimator


def _unwrap(estimator, X):
    """Return the Model in nested estimators, X transformed but not checked; X may be None."""
    if isinstance(estimator, (ChromoformerClassifier, ChromoformerRegressor)):
        return Model(estimator, X, estimator)
    if isinstance(estimator, Pipeline):
        if len(estimator) > 1 and X is not None and not isinstance(X, RegionArray):
            X = estimator[:-1].transform(X)
        return _unwrap(estimator[-1], X)
    if isinstance(estimator, TransformedTargetRegressor):
        check_is_fitted(estimator, "regressor_")
        model = _unwrap(estimator.regressor_, X)
        outer = copy.copy(estimator)
        outer.regressor_ = model.on_regions
        return model._replace(on_regions=outer)
    if isinstance(estimator, FrozenEstimator):
        return _unwrap(estimator.estimator, X)
    if hasattr(estimator, "best_estimator_"):
        return _unwrap(estimator.best_estimator_, X)
    if isinstance(estimator, ChromoformerDiffRegressor):
        raise TypeError(
            "inspection looks into one condition at a time: give model.as_regressor() of a "
            'ChromoformerDiffRegressor, with X.condition("a") or X.condition("b")'
        )
    raise TypeError(
        "inspection needs a fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, "
        "TransformedTargetRegressor or fitted search (with refit=True) that ends in one, got "
        f"{type(estimator).__name__}"
    )


def pick_gene(X, gene):
    """Return X of one gene, the gene's name (its symbol, its id, or ``"row 3"``), and its row.

    The gene is given by id, symbol or row number; None is the only one. X is of any kind that an
    estimator predicts from, and stays of its kind.
    """
    if isinstance(X, RegionArray):
        ids, symbols = X.genes.get("gene_id"), symbols_of(X.genes)
    elif isinstance(X, pd.DataFrame):
        ids, symbols = X.get("gene_id", X.index), symbols_of(X)
    else:
        X, ids, symbols = np.asarray(X), None, None
    row = row_of_gene(range(len(X)) if ids is None else ids, gene, symbols)
    name = f"row {row}" if ids is None else name_of_row(ids, row, symbols)
    return X.iloc[[row]] if isinstance(X, pd.DataFrame) else X[[row]], name, row


def class_number(estimator, class_of_interest):
    """Return the number of a classifier's class, by default the second of two.

    Return None for a regressor, which has no classes.
    """
    if not isinstance(estimator, ChromoformerClassifier):
        if class_of_interest is not None:
            raise ValueError("class_of_interest is for classifiers; leave it None for a regressor")
        return None
    labels = list(estimator.classes_)
    if class_of_interest is None:
        if len(labels) > 2:
            raise ValueError(
                f"class_of_interest must name one of the {len(labels)} classes {labels}"
            )
        return len(labels) - 1
    if class_of_interest not in labels:
        raise ValueError(f"class_of_interest={class_of_interest!r} is none of the classes {labels}")
    return labels.index(class_of_interest)


def response(model, response_method, class_of_interest):
    """Return a function from a RegionArray to one number per gene, shape (n_genes,).

    "auto" is `predict` of a regressor, and "log_odds" of a classifier: log(p / (1 - p)).
    """
    estimator = model.estimator
    number = class_number(estimator, class_of_interest)
    allowed = ("predict",) if number is None else ("log_odds", "predict_proba")
    check_choice(
        f"response_method of a {type(estimator).__name__}", response_method, ("auto", *allowed)
    )
    if number is None:
        return model.on_regions.predict
    if response_method == "predict_proba":
        return lambda X: estimator.predict_proba(X)[:, number]

    def log_odds(X):
        log_p = estimator.predict_log_proba(X)
        return log_p[:, number] - logsumexp(np.delete(log_p, number, axis=1), axis=1)

    return log_odds


@contextmanager
def at_rest(estimator):
    """Yield the network in eval mode, its weights without gradients, and restore both after."""
    network = estimator.net_.module_
    modes = [(module, module.training) for module in network.modules()]
    wanted = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    try:
        network.eval().requires_grad_(False)
        with estimator._threads():
            yield network
    finally:
        for module, mode in modes:
            module.training = mode
        for parameter, requires_grad in wanted:
            parameter.requires_grad_(requires_grad)

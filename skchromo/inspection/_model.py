"""The door of inspection: from whatever holds a fitted model, and genes, to network and regions."""

import copy
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..estimators import (
    ChromoformerClassifier,
    ChromoformerDiffRegressor,
    ChromoformerRegressor,
    to_regions,
)
from ..regions import RegionArray


class Model(NamedTuple):
    """A fitted Chromoformer and the genes to look at.

    Attributes
    ----------
    estimator : ChromoformerClassifier or ChromoformerRegressor
        The fitted one inside whatever was passed.
    X : RegionArray
        The genes, after the steps of a Pipeline before it.
    on_regions : estimator
        The same, or with the TransformedTargetRegressor around it: predicts from regions, in the
        scale of what was passed.
    """

    estimator: object
    X: RegionArray
    on_regions: object


def open_model(estimator, X):
    """Find the Chromoformer in an estimator, and bring genes to the regions that it reads.

    Parameters
    ----------
    estimator : estimator
        Chromoformer, or a Pipeline, search or TransformedTargetRegressor that ends in one; fitted.
    X : pandas.DataFrame, RegionArray or array-like
        Gene table for a Pipeline that starts from one; else what the Chromoformer itself takes.

    Returns
    -------
    model : Model
    """
    model = _unwrap(estimator, X)
    check_is_fitted(model.estimator, "net_")
    regions = to_regions(model.estimator, model.X, model.estimator.bin_sizes, reset=False)
    if not len(regions):
        raise ValueError("X holds no genes: give at least one row")
    return model._replace(X=regions)


def find_fitted(estimator):
    """Find the fitted Chromoformer in an estimator, without genes.

    Parameters
    ----------
    estimator : estimator
        As for :func:`open_model`.

    Returns
    -------
    estimator : ChromoformerClassifier or ChromoformerRegressor
    """
    estimator = _unwrap(estimator, None).estimator
    check_is_fitted(estimator, "net_")
    return estimator


def _unwrap(estimator, X):
    """Model of nested estimators, X not yet looked at; None for no genes at all."""
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


def class_number(estimator, class_of_interest):
    """Number of a class among a classifier's; by default the second of two.

    Parameters
    ----------
    estimator : ChromoformerClassifier
    class_of_interest : label or None

    Returns
    -------
    number : int
    """
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
    """Function from a RegionArray to one number per gene, ndarray of shape (n_genes,).

    Parameters
    ----------
    model : Model
    response_method : {"auto", "predict", "log_odds", "predict_proba"}
        "auto" is `predict` of a regressor and "log_odds" of a classifier: log(p / (1 - p)).
    class_of_interest : label or None
        Of a classifier.

    Returns
    -------
    predict : callable
    """
    estimator = model.estimator
    classifies = isinstance(estimator, ChromoformerClassifier)
    allowed = ("log_odds", "predict_proba") if classifies else ("predict",)
    if response_method == "auto":
        response_method = allowed[0]
    if response_method not in allowed:
        raise ValueError(
            f"response_method must be 'auto' or {' or '.join(map(repr, allowed))} for a "
            f"{type(estimator).__name__}, got {response_method!r}"
        )
    if not classifies:
        if class_of_interest is not None:
            raise ValueError("class_of_interest is for classifiers; leave it None for a regressor")
        return model.on_regions.predict
    number = class_number(estimator, class_of_interest)
    if response_method == "predict_proba":
        return lambda X: estimator.predict_proba(X)[:, number]

    def log_odds(X):
        log_p = estimator.predict_log_proba(X)
        return log_p[:, number] - logsumexp(np.delete(log_p, number, axis=1), axis=1)

    return log_odds


@contextmanager
def at_rest(estimator):
    """The network in eval mode, its weights without gradients; put back as they were after.

    Parameters
    ----------
    estimator : ChromoformerClassifier or ChromoformerRegressor

    Yields
    ------
    network : ChromoformerNetwork
    """
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

"""randomisation_check: whether attributions depend on what the network has learned."""

import copy
import warnings

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_consistent_length, check_random_state

from .._progress import progress
from ._attributions import attributions
from ._model import open_model

# Parts of the network from the output to the input, under the heads, and their names.
_PARTS = {"regulation": "regulation", "pairwise": "pairwise_interaction", "embedding": "embed"}

_UNCHANGED = 0.9  # rank correlation of attributions that hardly depend on the weights


def randomisation_check(
    estimator,
    X,
    y=None,
    *,
    method="integrated_gradients",
    baseline=0.0,
    n_steps=16,
    class_of_interest=None,
    random_state=None,
    verbose=0,
):
    """Compare attributions with those of the same network with randomised layers or labels.

    An attribution that explains what a model has learned must change when its weights are
    randomised. One that stays shows the input alone. These are the sanity checks of Adebayo et al.
    (2018): layers are randomised one after another from the output to the input ("cascading"), and
    each alone ("independent"). With `y` a model is trained on permuted labels too ("labels").

    Parameters
    ----------
    estimator : estimator
        A fitted ChromoformerClassifier or ChromoformerRegressor, or a Pipeline, search or
        TransformedTargetRegressor that ends in one. It is not changed.
    X : pandas.DataFrame, RegionArray or array-like of n_genes rows
        Input of the estimator's `predict`. Tens of genes are enough without `y`.
    y : array-like of shape (n_genes,), default=None
        Target. A clone of `estimator` is trained on X and the permuted target: give the genes that
        the estimator was trained on. None leaves this check out.
    method : {"integrated_gradients", "gradient_x_input"}, default="integrated_gradients"
        Passed to :func:`attributions`.
    baseline : float or mapping of str to float, default=0.0
        Passed to :func:`attributions`.
    n_steps : int, default=16
        Passed to :func:`attributions`: ranks need fewer steps than values.
    class_of_interest : label, default=None
        Class whose logit is attributed; None is the second of two classes.
    random_state : int, RandomState instance or None, default=None
        Seeds the shuffling of weights and labels.
    verbose : int, default=0
        If not 0, a bar shows the layers and the time left.

    Returns
    -------
    table : pandas.DataFrame
        A row for each stage. ``mode`` is "cascading", "independent" or "labels", and ``layer`` the
        layer that is randomised, for "cascading" together with all before it. ``correlation`` is
        the mean over genes of Spearman's rank correlation with the attributions of `estimator`,
        and ``correlation_abs`` that of absolute values. ``n_genes`` is the number of genes whose
        attributions vary, so that they have a correlation.

    Raises
    ------
    TypeError
        If there is no Chromoformer in `estimator`.
    ValueError
        If y has another length than X, or a parameter has none of the values above.

    Warns
    -----
    UserWarning
        If attributions hardly change when all layers are randomised: ``correlation`` is 0.9 or
        more.

    See Also
    --------
    attributions : The attributions that are checked.

    Notes
    -----
    The weights of a layer are randomised by shuffling the entries of each of its tensors, where the
    publication draws initial weights: outputs keep their scale, and a linear skip, whose weights
    start at 0, is randomised like all others. Layers that only pCREs pass are left out where X has
    none. Bins without attribution before and after, such as those without signal, do not count.

    Attributions are gradients times signal, so that strong signal ranks high in any network: look
    at ``correlation`` first, because ``correlation_abs`` is seldom near 0.

    References
    ----------
    Adebayo, Gilmer, Muelly, Goodfellow, Hardt and Kim (2018). Sanity checks for saliency maps.
    Advances in Neural Information Processing Systems 31. arXiv 1810.03292.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import randomisation_check
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray.from_dense(rng.poisson(3.0, (20, 3, 40, 2)))
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, rng.normal(size=20))
    >>> table = randomisation_check(model, X[:5], random_state=0)
    >>> table["layer"][table["mode"] == "cascading"].tolist()
    ['head 2', 'head 1', 'regulation 2', 'regulation 1', 'pairwise 1', 'pairwise input',
     'embedding 1', 'embedding input']
    >>> bool(table["correlation"].min() < 0.5)
    True
    """
    model = open_model(estimator, X)
    if y is not None:
        check_consistent_length(model.X, y)
    how = {"method": method, "baseline": baseline, "n_steps": n_steps}
    how["class_of_interest"] = class_of_interest
    rng = check_random_state(random_state)
    original = attributions(model.estimator, model.X, **how).values
    rows = []
    layers = _layers(model.estimator.net_.module_, has_pcres=(model.X.index[:, 1:] >= 0).any())
    shown = {"label": "randomisation_check", "unit": "layers", "verbose": verbose}
    bar = progress(_randomised(model, layers, rng), total=2 * len(layers), **shown)
    for mode, layer, randomised in bar:
        values = attributions(randomised, model.X, **how).values
        rows.append({"mode": mode, "layer": layer, **_compare(original, values)})
    _warn_if_unchanged([row for row in rows if row["mode"] == "cascading"][-1])
    if y is not None:
        permuted = rng.permutation(np.asarray(y))
        values = attributions(clone(_trainable(estimator)).fit(X, permuted), X, **how).values
        rows.append({"mode": "labels", "layer": "all", **_compare(original, values)})
    return pd.DataFrame(rows)


def _randomised(model, layers, rng):
    """Yield mode, layer and estimator of each stage; a layer is shuffled alike in both modes."""
    estimator = copy.deepcopy(model.estimator)
    network = estimator.net_.module_
    trained = {name: value.clone() for name, value in network.state_dict().items()}
    shuffled = {
        layer: {name: _shuffled(trained[name], rng) for name in names}
        for layer, names in layers.items()
    }
    for mode in ("cascading", "independent"):
        network.load_state_dict(trained)
        for layer, values in shuffled.items():
            if mode == "independent":
                network.load_state_dict(trained)
            network.load_state_dict(values, strict=False)
            yield mode, layer, estimator


def _layers(network, has_pcres):
    """Return the names of the weights of each layer, by layers from the output to the input."""
    prefixes = {"linear skip": "skip.", "head 2": "fc_head.2.", "head 1": "fc_head.0."}
    for name, part in _PARTS.items():
        if name == "pairwise" and not has_pcres:
            continue
        for number in range(len(getattr(network, part).layers), 0, -1):
            prefixes[f"{name} {number}"] = f"{part}.layers.{number - 1}."
        prefixes[f"{name} input"] = f"{part}.lin_proj"
    named = [name for name, _ in network.named_parameters()]
    layers = {
        layer: [name for name in named if name.startswith(prefix)]
        for layer, prefix in prefixes.items()
    }
    return {layer: names for layer, names in layers.items() if names}


def _shuffled(values, rng):
    """Return a tensor with its entries in random order."""
    order = torch.from_numpy(rng.permutation(values.numel())).to(values.device)
    return values.flatten()[order].view(values.shape)


def _compare(original, values):
    """Return the mean rank correlations of genes, and the number of genes that have one."""
    found = []
    for before, after in zip(original, values):
        counted = ~np.isnan(before) & ((before != 0) | (after != 0))
        before, after = before[counted], after[counted]
        if len(before) > 1 and np.ptp(before) and np.ptp(after):
            pairs = (before, after), (np.abs(before), np.abs(after))
            found.append([spearmanr(*pair).statistic for pair in pairs])
    means = np.mean(found, axis=0) if found else (np.nan, np.nan)
    return {"correlation": means[0], "correlation_abs": means[1], "n_genes": len(found)}


def _warn_if_unchanged(last):
    """Warn if attributions stay although the weights of all layers are shuffled."""
    if last["correlation"] >= _UNCHANGED:
        warnings.warn(
            "attributions hardly change when all layers of the network are randomised (rank "
            f"correlation {last['correlation']:.2f}): they show X, not what the model has learned",
            stacklevel=3,
        )


def _trainable(estimator):
    """Return the estimator to train again: the best of a search, and none that is frozen."""
    if isinstance(estimator, FrozenEstimator):
        return _trainable(estimator.estimator)
    return getattr(estimator, "best_estimator_", estimator)

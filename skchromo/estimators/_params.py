"""Values that the parameters may have."""

from numbers import Integral, Real

from sklearn.utils import check_scalar

from .training import SCHEDULES, STAGES

NETWORK_SIZES = (
    "d_model",
    "embedding_n_layers",
    "embedding_n_heads",
    "embedding_d_ff",
    "pairwise_n_layers",
    "pairwise_n_heads",
    "pairwise_d_ff",
    "regulation_n_layers",
    "regulation_n_heads",
    "regulation_d_attention",
    "regulation_d_ff",
    "d_output",
)


def check_params(estimator):
    """Judge the parameters of an estimator, each with a message that names it.

    Parameters
    ----------
    estimator : BaseChromoformer

    Raises
    ------
    TypeError, ValueError
        If one is out of range.
    """
    check_bin_sizes(estimator.bin_sizes)
    for name in (*NETWORK_SIZES, "batch_size", "max_epochs", "n_iter_no_change"):
        check_scalar(getattr(estimator, name), name, Integral, min_val=1)
    for name in ("lr", "lr_decay"):
        _check_number(estimator, name, min_val=0, include_boundaries="neither")
    _check_number(estimator, "weight_decay", min_val=0)
    _check_number(estimator, "dropout", min_val=0, max_val=1, include_boundaries="left")
    _check_number(
        estimator, "validation_fraction", min_val=0, max_val=1, include_boundaries="neither"
    )
    if estimator.n_threads is not None:
        check_scalar(estimator.n_threads, "n_threads", Integral, min_val=1)
    if estimator.gradient_clip is not None:
        _check_number(estimator, "gradient_clip", min_val=0, include_boundaries="neither")
    if estimator.lr_schedule not in SCHEDULES:
        raise ValueError(
            f"lr_schedule must be one of {', '.join(SCHEDULES)}, got {estimator.lr_schedule!r}"
        )
    if "module" in (estimator.net_params or {}):
        raise ValueError(
            "net_params cannot replace the module: its sizes are parameters of the estimator; "
            "for a network of your own build a skorch.NeuralNet on X.to_dense()"
        )
    _check_frozen(estimator)


def _check_number(estimator, name, **limits):
    check_scalar(getattr(estimator, name), name, Real, **limits)


def check_bin_sizes(bin_sizes):
    """Raise unless these are distinct lengths of bins in bp."""
    if not isinstance(bin_sizes, (tuple, list)) or not bin_sizes:
        raise ValueError(f"bin_sizes must be a tuple of at least one int, got {bin_sizes!r}")
    for bin_size in bin_sizes:
        check_scalar(bin_size, "bin_sizes", Integral, min_val=1)
    if len(set(bin_sizes)) != len(bin_sizes):
        raise ValueError(f"bin_sizes must be distinct, got {bin_sizes}")


def _check_frozen(estimator):
    frozen = estimator.frozen
    if isinstance(frozen, str) or not set(frozen) <= set(STAGES):
        raise ValueError(f"frozen must be a tuple of some of {', '.join(STAGES)}, got {frozen!r}")
    goes_on = estimator.warm_start and hasattr(estimator, "net_")
    if len(frozen) and estimator.init_from is None and not goes_on:
        raise ValueError(
            f"frozen={tuple(frozen)!r} would keep random weights: give init_from, or a fitted "
            "estimator with warm_start=True"
        )

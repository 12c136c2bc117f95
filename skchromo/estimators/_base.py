"""What classifier and regressor share: parameters, training, prediction, checkpoints."""

import contextlib
import copy
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import LRScheduler

from ..nn import (
    ChromoformerNetwork,
    checkpoint_sizes,
    load_reference_state,
    read_checkpoint,
)
from ..nn import save_checkpoint as write_checkpoint
from ._door import to_regions
from ._net import RegionNet

_NETWORK_SIZES = (
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

# Longest pCRE of the published models, in bp: their positions are counted from it.
_PUBLISHED_MAX_PCRE_LENGTH = 40_000


class BaseChromoformer(BaseEstimator):
    """Base of the Chromoformer estimators: a scikit-learn face on a skorch net."""

    def __init__(
        self,
        *,
        bin_sizes=(2000, 500, 100),
        d_model=128,
        embedding_n_layers=1,
        embedding_n_heads=2,
        embedding_d_ff=128,
        pairwise_n_layers=2,
        pairwise_n_heads=2,
        pairwise_d_ff=256,
        regulation_n_layers=6,
        regulation_n_heads=8,
        regulation_d_attention=256,
        regulation_d_ff=256,
        d_output=128,
        dropout=0.0,
        lr=3e-5,
        lr_decay=0.87,
        weight_decay=0.01,
        batch_size=64,
        max_epochs=10,
        callbacks=None,
        net_params=None,
        device="auto",
        n_threads=None,
        random_state=None,
        verbose=0,
    ):
        self.bin_sizes = bin_sizes
        self.d_model = d_model
        self.embedding_n_layers = embedding_n_layers
        self.embedding_n_heads = embedding_n_heads
        self.embedding_d_ff = embedding_d_ff
        self.pairwise_n_layers = pairwise_n_layers
        self.pairwise_n_heads = pairwise_n_heads
        self.pairwise_d_ff = pairwise_d_ff
        self.regulation_n_layers = regulation_n_layers
        self.regulation_n_heads = regulation_n_heads
        self.regulation_d_attention = regulation_d_attention
        self.regulation_d_ff = regulation_d_ff
        self.d_output = d_output
        self.dropout = dropout
        self.lr = lr
        self.lr_decay = lr_decay
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.callbacks = callbacks
        self.net_params = net_params
        self.device = device
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = True
        return tags

    @classmethod
    def small_data(cls, **overrides):
        """Build an estimator whose values suit hundreds of genes rather than thousands.

        Narrow and shallow, a larger learning rate and more epochs: seconds instead of minutes.

        Parameters
        ----------
        **overrides
            Parameters that differ from these values.

        Returns
        -------
        estimator : object
            Not fitted; ``get_params()`` shows every value.
        """
        values = {
            "d_model": 32,
            "embedding_d_ff": 32,
            "pairwise_n_layers": 1,
            "pairwise_d_ff": 32,
            "regulation_n_layers": 2,
            "regulation_n_heads": 2,
            "regulation_d_attention": 32,
            "regulation_d_ff": 32,
            "d_output": 32,
            "lr": 2e-3,
            "lr_decay": 0.95,
            "batch_size": 32,
            "max_epochs": 20,
        }
        return cls(**{**values, **overrides})

    @property
    def history_(self):
        """Losses and times of each epoch, a skorch History: a list of dict."""
        check_is_fitted(self, "net_")
        return self.net_.history

    def _check_params(self):
        """Judge the parameters, each with a message that names it."""
        bin_sizes = self.bin_sizes
        if not isinstance(bin_sizes, (tuple, list)) or not bin_sizes:
            raise ValueError(f"bin_sizes must be a tuple of at least one int, got {bin_sizes!r}")
        for bin_size in bin_sizes:
            check_scalar(bin_size, "bin_sizes", Integral, min_val=1)
        if len(set(bin_sizes)) != len(bin_sizes):
            raise ValueError(f"bin_sizes must be distinct, got {bin_sizes}")
        for name in (*_NETWORK_SIZES, "batch_size", "max_epochs"):
            check_scalar(getattr(self, name), name, Integral, min_val=1)
        for name in ("lr", "lr_decay"):
            check_scalar(getattr(self, name), name, Real, min_val=0, include_boundaries="neither")
        check_scalar(self.weight_decay, "weight_decay", Real, min_val=0)
        check_scalar(self.dropout, "dropout", Real, min_val=0, max_val=1, include_boundaries="left")
        if self.n_threads is not None:
            check_scalar(self.n_threads, "n_threads", Integral, min_val=1)

    def _fit_net(self, X, y, criterion, n_outputs, output_bias=0.0):
        """Train a new net on a RegionArray and a checked target."""
        vars(self).pop("net_", None)
        device = _resolve_device(self.device)
        with self._torch_state(device):
            net = self._make_net(X.n_bins * X.bin_size, len(X.tracks), n_outputs, criterion, device)
            net.initialize()
            with torch.no_grad():
                net.module_.fc_head[-1].bias.add_(output_bias)
            try:
                net.partial_fit(X, y)
            except KeyboardInterrupt:
                if len(net.history):
                    self._keep(net)
                raise
        self._keep(net)
        return self

    def _keep(self, net):
        """Fitted attributes of a trained net."""
        self.net_ = net
        self.n_iter_ = len(net.history)
        self.device_ = str(net.device)

    def _make_net(self, max_length, n_tracks, n_outputs, criterion, device):
        """Net of this estimator's parameters, not initialised."""
        sizes = {name: getattr(self, name) for name in _NETWORK_SIZES}
        module = {
            **sizes,
            "bin_sizes": tuple(self.bin_sizes),
            "n_tracks": n_tracks,
            "n_positions": tuple(-(-max_length // size) for size in self.bin_sizes),
            "n_outputs": n_outputs,
            "dropout": self.dropout,
        }
        decay = LRScheduler("StepLR", step_size=1, gamma=self.lr_decay)
        params = {
            "criterion": criterion,
            "optimizer": torch.optim.AdamW,
            "optimizer__weight_decay": self.weight_decay,
            "lr": self.lr,
            "batch_size": self.batch_size,
            "max_epochs": self.max_epochs,
            "train_split": None,
            "device": device,
            "verbose": self.verbose,
            **{f"module__{name}": value for name, value in module.items()},
            **(self.net_params or {}),
        }
        if params["optimizer"] in (torch.optim.AdamW, torch.optim.Adam):
            params.setdefault("optimizer__fused", True)
        callbacks = [("lr_decay", decay), *copy.deepcopy(list(self.callbacks or ()))]
        callbacks += copy.deepcopy(list(params.pop("callbacks", None) or ()))
        return RegionNet(ChromoformerNetwork, callbacks=callbacks, **params)

    def _outputs(self, X):
        """Output of the network for each gene, float64 ndarray of shape (n_genes, n_outputs)."""
        check_is_fitted(self, "net_")
        X = to_regions(self, X, self.bin_sizes, reset=False)
        if not len(X):
            raise ValueError("X holds no genes")
        with self._threads():
            return self.net_.forward(X).numpy().astype(np.float64)

    @contextlib.contextmanager
    def _threads(self):
        """Run with `n_threads` of torch, and put the former number back."""
        before = torch.get_num_threads()
        if self.n_threads is not None:
            torch.set_num_threads(self.n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    @contextlib.contextmanager
    def _torch_state(self, device):
        """Seed torch by `random_state` and set its threads; put everything back after."""
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        devices = [torch.device(device)] if torch.device(device).type == "cuda" else []
        with torch.random.fork_rng(devices), self._threads():
            torch.manual_seed(seed)
            yield

    @classmethod
    def _from_checkpoint(cls, path, tracks, window, n_outputs, criterion):
        """Estimator with a checkpoint's weights, its sizes and what they were trained on."""
        state = read_checkpoint(path)
        sizes = checkpoint_sizes(state)
        tracks = tuple(str(track) for track in tracks)
        n_tracks, found = sizes.pop("n_tracks"), sizes.pop("n_outputs")
        if len(tracks) != n_tracks:
            raise ValueError(
                f"{path} was trained on {n_tracks} tracks, but tracks names {len(tracks)}: "
                f"{', '.join(tracks)}"
            )
        if found != n_outputs:
            raise ValueError(
                f"{path} has {found} outputs, {cls.__name__} needs {n_outputs}: a checkpoint of "
                "the reference classifier has 2, of its regressor 1"
            )
        if window < 1 or any(window % size for size in sizes["bin_sizes"]):
            raise ValueError(
                f"window={window} is not a multiple of every bin size {sizes['bin_sizes']}"
            )
        estimator, finest = cls(**sizes), min(sizes["bin_sizes"])
        max_length = max(window, _PUBLISHED_MAX_PCRE_LENGTH)
        estimator.tracks_, estimator.bin_size_ = tracks, finest
        estimator.window_, estimator.n_bins_ = window, -(-max_length // finest)
        device = _resolve_device(estimator.device)
        net = estimator._make_net(max_length, n_tracks, n_outputs, criterion, device)
        with torch.random.fork_rng([]):
            net.initialize()
        load_reference_state(net.module_, state)
        estimator._keep(net)
        return estimator

    def save_checkpoint(self, path):
        """Write the network as a checkpoint that the reference implementation can load.

        Parameters
        ----------
        path : str or Path
            File to write: ``{"net": state_dict}``.
        """
        check_is_fitted(self, "net_")
        write_checkpoint(self.net_.module_, path)


def _resolve_device(device):
    """Name of a device that can be used; for "auto" cuda, then mps, then cpu."""
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        return str(torch.empty(0, device=device).device)
    except (AssertionError, RuntimeError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device={device!r} cannot be used here ({reason}): use 'auto' or 'cpu'"
        ) from error

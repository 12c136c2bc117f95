"""The base of the estimators: training, prediction, checkpoints and saved models."""

import contextlib
import copy
import warnings
from collections.abc import Mapping
from typing import ClassVar

import joblib
import numpy as np
import sklearn
import skorch
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import GradientNormClipping

import skchromo

from ..nn import (
    ChromoformerNetwork,
    checkpoint_sizes,
    full_precision,
    load_reference_state,
    read_checkpoint,
    save_checkpoint,
)
from ._callbacks import callback_params, check_copies, set_callback
from ._checks import LAYOUT, NETWORK_SIZES, check_params, check_start, to_regions, warn_of_mistakes
from ._model_card import trained_on
from ._model_file import read_model, write_model
from ._runtime import memory_of, resolve_device, seeded_torch, torch_threads
from .training import (
    DivergedError,
    LastingPatience,
    LearningRate,
    LostProcessError,
    RegressorNet,
    Validation,
    device_of_process,
    far_offset,
    freeze,
    is_usual_scale,
    join_processes,
    take_weights,
    watched_genes,
)

# Longest pCRE of the published models, in bp: their positions are counted from it.
_PUBLISHED_MAX_PCRE_LENGTH = 40_000

# Parameters that may differ between processes that train together.
_OF_A_PROCESS = ("device", "n_threads", "verbose", "random_state")

_STATE_IS_LOST = (
    "warm_start: the state of the optimizer is not there, because this model was pickled while "
    "warm_start was False, or was saved by save(): training continues from the weights alone, and "
    "gives another model than training that never stopped. Set warm_start=True before you pickle a "
    "model that is to be trained on, or warm_start=False to train from the beginning"
)

_SMALL = {
    "d_model": 32,
    "embedding_d_ff": 32,
    "pairwise_n_layers": 1,
    "pairwise_d_ff": 32,
    "regulation_n_layers": 2,
    "regulation_n_heads": 2,
    "regulation_d_attention": 32,
    "regulation_d_ff": 32,
    "d_output": 32,
    "lr": 1e-3,
    "lr_schedule": "one_cycle",
    "batch_size": 16,
    "max_epochs": 15,
}
_WHOLE_GENOME = {**_SMALL, "lr": 2e-3, "batch_size": 64, "max_epochs": 10, "dropout": 0.1}


def _items(net_params):
    """Return the entries of `net_params`; none where it is not a mapping."""
    return net_params.items() if isinstance(net_params, Mapping) else ()


class BaseChromoformer(BaseEstimator):
    """Base of the Chromoformer estimators: scikit-learn's interface to a skorch net.

    Subclasses add `_criterion`, the loss, and `_start_output` and `_start_skip`, from which output
    layer and linear skip of a new network start.
    """

    # scikit-learn shows the parameters' texts in notebooks only where there is a link to follow
    _doc_link_module = "skchromo"
    _doc_link_template = "#"

    _module = ChromoformerNetwork
    _net = RegressorNet
    _n_conditions = 1
    _small_data: ClassVar = {}
    # Added to the network's outputs; a fit to a target that lies far from 0 sets its own.
    y_offset_ = 0.0
    missing_tracks_ = ()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = True
        return tags

    @classmethod
    def small_data(cls, **overrides):
        """Build an estimator with settings for hundreds of genes rather than thousands.

        Its network is narrow and shallow; it trains in more and smaller steps, with a larger
        learning rate in one cycle: seconds instead of minutes. For few genes without pCREs,
        ``linear_skip=True`` and `dropout` are worth a search.

        Parameters
        ----------
        **overrides
            Parameters that differ from these settings.

        Returns
        -------
        estimator : object
            Not fitted; ``get_params()`` shows every value.

        Examples
        --------
        >>> from skchromo import ChromoformerRegressor
        >>> model = ChromoformerRegressor.small_data(max_epochs=5)
        >>> model.d_model, model.max_epochs
        (32, 5)
        """
        return cls(**{**_SMALL, **cls._small_data, **overrides})

    @classmethod
    def whole_genome(cls, **overrides):
        """Build an estimator with settings for thousands of genes, as a cell type has.

        The network is that of :meth:`small_data`, trained in larger steps and with dropout. The
        mean of several that differ in `random_state` alone, by
        :class:`~sklearn.ensemble.VotingRegressor` or :class:`~sklearn.ensemble.VotingClassifier`,
        predicts better than one.

        Parameters
        ----------
        **overrides
            Parameters that differ from these settings.

        Returns
        -------
        estimator : object
            Not fitted; ``get_params()`` shows every value.

        Examples
        --------
        >>> from sklearn.ensemble import VotingRegressor
        >>> from skchromo import ChromoformerRegressor
        >>> models = [ChromoformerRegressor.whole_genome(random_state=i) for i in range(5)]
        >>> voting = VotingRegressor([(f"seed {i}", model) for i, model in enumerate(models)])
        >>> voting.get_params()["seed 4__batch_size"]
        64
        """
        return cls(**{**_WHOLE_GENOME, **cls._small_data, **overrides})

    def get_params(self, deep=True):
        """Return the parameters of the estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add each callback as ``callbacks__NAME``, its parameters as
            ``callbacks__NAME__PARAMETER``, and the entries of `net_params` as
            ``net_params__NAME``. A callback without a name has that of its class.

        Returns
        -------
        params : dict
            Values by name.

        Examples
        --------
        >>> from skorch.callbacks import EarlyStopping
        >>> from skchromo import ChromoformerRegressor
        >>> model = ChromoformerRegressor(callbacks=[EarlyStopping(patience=3)])
        >>> model.get_params()["callbacks__EarlyStopping__patience"]
        3
        """
        params = super().get_params(deep=deep)
        if deep:
            params |= callback_params(self.callbacks)
            params |= {f"net_params__{name}": value for name, value in _items(self.net_params)}
        return params

    def set_params(self, **params):
        """Set parameters of the estimator, its callbacks and `net_params`, as in a search.

        Parameters
        ----------
        **params
            As `get_params` names them. ``callbacks__NAME=None`` leaves a callback out, and
            ``net_params__NAME`` may be new.

        Returns
        -------
        self : estimator
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter or callback.

        Examples
        --------
        >>> from skorch.callbacks import EarlyStopping
        >>> from skchromo import ChromoformerRegressor
        >>> model = ChromoformerRegressor(callbacks=[("stop", EarlyStopping())])
        >>> model = model.set_params(callbacks__stop__patience=3, net_params__optimizer__eps=1e-6)
        >>> model.net_params
        {'optimizer__eps': 1e-06}
        """
        inner = {
            name: params.pop(name)
            for name in list(params)
            if name.startswith(("callbacks__", "net_params__"))
        }
        super().set_params(**params)
        for name, value in inner.items():
            owner, _, key = name.partition("__")
            if owner == "net_params":
                self.net_params = {**dict(_items(self.net_params)), key: value}
            else:
                self.callbacks = set_callback(self.callbacks, key, value)
        return self

    def __sklearn_clone__(self):
        try:
            return super().__sklearn_clone__()
        except Exception as error:
            check_copies(self.callbacks, error)
            raise

    @property
    def history_(self):
        """Losses and times of each epoch, a skorch History: a list of dict."""
        check_is_fitted(self, "net_")
        return self.net_.history

    def _regions_to_fit(self, X, y):
        """Return the RegionArray to train on; compare it with the former fit if that continues."""
        check_params(self)
        check_start(self)
        continues = self.warm_start and hasattr(self, "net_")
        X = to_regions(self, X, reset=not continues, y=y)
        lacking = X.missing.any(axis=tuple(range(X.missing.ndim - 1)))
        if continues:
            lacking |= np.isin(self.tracks_, self.missing_tracks_)
        else:
            vars(self).pop("net_", None)
        self.missing_tracks_ = tuple(track for track, gone in zip(self.tracks_, lacking) if gone)
        return X

    def _fit_net(self, X, y, n_outputs, labels=None, **net_params):
        """Train a net on a RegionArray and a checked target."""
        device = resolve_device(device_of_process(self.device))
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        processes = join_processes(device)
        if processes is not None:
            processes.check_alike(self._task(X, y))
            seed = processes.of_first(seed)
        before = getattr(self, "net_", None)
        if before is None:
            target = y[:, 0] if labels is None else labels
            warn_of_mistakes(X, target, numeric=labels is None)
        with (
            memory_of(device),
            full_precision(),
            seeded_torch(device, seed, self.n_threads),
        ):
            net = self._make_net(n_outputs, device, **net_params)
            net.seed, net.classes_ = seed, getattr(self, "classes_", None)
            net.processes = processes
            if processes is not None and processes.rank:
                net.verbose = 0
            net.initialize()
            if before is None:
                self._start(net, X, y)
            else:
                net.continue_from(before)
                if not before.can_continue:
                    warnings.warn(_STATE_IS_LOST, stacklevel=3)
            self.metadata_ = trained_on(X, self.init_from, before and self.metadata_)
            freeze(net.network, self.frozen)
            n_done = len(net.history)
            if self.early_stopping:
                watched = watched_genes(X, self.validation_fraction, net.seed, labels)
                net.train_split = Validation(watched)
            if labels is None:
                y = (y - self.y_offset_).astype(np.float32)
            try:
                net.partial_fit(X, y)
            except (KeyboardInterrupt, DivergedError, LostProcessError):
                if len(net.history):
                    self._keep(net)
                raise
        self._keep(net)
        if n_done == len(net.history):
            reason = f"max_epochs={self.max_epochs} counts them"
            if n_done < self.max_epochs:
                reason = f"early stopping ended training, n_iter_no_change={self.n_iter_no_change}"
            warnings.warn(
                f"warm_start: {n_done} epochs are done and {reason}: raise it to train on",
                stacklevel=3,
            )
        return self

    def _task(self, X, y):
        """Return what must be the same in all processes that train together, by its name."""
        params = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in _OF_A_PROCESS and isinstance(value, (bool, int, float, str, tuple))
        }
        n_done = len(self.net_.history) if hasattr(self, "net_") else 0
        genes = (X.index, X.weights, X.lengths)
        return {
            "the parameters": (type(self).__name__, params, n_done),
            "X": (X.shape, X.tracks, *(joblib.hash(np.asarray(part)) for part in genes)),
            "y": joblib.hash(y),
        }

    def _far_offset(self, y):
        """Return what is to be added to the network's outputs for float32 to hold the rest of y."""
        return far_offset(y)

    def _start(self, net, X, y):
        """Give a new net the weights that it starts from."""
        network, y = net.network, np.asarray(y)
        if hasattr(self, "scale_target"):
            self.y_offset_ = self._far_offset(y)
            scale = float(y.std()) or 1.0
            if self.scale_target or not is_usual_scale(scale):
                network.output_scale.fill_(scale)
        has_head = False
        if self.init_from is not None:
            has_head = take_weights(network, self.init_from, self.tracks_)
        if has_head:
            if getattr(self.init_from, "y_offset_", 0.0):
                self.y_offset_ = self.init_from.y_offset_
            return
        y = y - self.y_offset_
        self._start_output(net.module_, y)
        if self.linear_skip and self.init_from is None:
            self._start_skip(net.module_, net.get_dataset(X).regions, y)

    def _keep(self, net):
        """Set the fitted attributes of a trained net."""
        net.train_split = net.processes = None
        net.verbose = self.verbose
        self.net_ = net
        vars(self).setdefault("metadata_", {})
        self.n_iter_ = len(net.history)
        self.device_ = str(net.device)
        self.versions_ = {
            package.__name__: str(package.__version__)
            for package in (skchromo, torch, np, sklearn, skorch)
        }

    def _make_net(self, n_outputs, device, **net_params):
        """Return a net of this estimator's parameters, tracks and bins, not initialised."""
        max_length = self.n_bins_ * self.bin_size_
        module = {
            **{name: getattr(self, name) for name in NETWORK_SIZES},
            "bin_sizes": tuple(self.bin_sizes),
            "n_tracks": len(self.tracks_),
            "n_positions": tuple(-(-max_length // size) for size in self.bin_sizes),
            "n_outputs": n_outputs,
            "dropout": self.dropout,
            "linear_skip": self.linear_skip,
        }
        if hasattr(self, "combine"):
            module["combine"] = self.combine
        params = {
            "criterion": self._criterion,
            "optimizer": torch.optim.AdamW,
            "optimizer__weight_decay": self.weight_decay,
            "lr": self.lr,
            "batch_size": self.batch_size,
            "max_epochs": self.max_epochs,
            "train_split": None,
            "device": device,
            "verbose": self.verbose,
            **{f"module__{name}": value for name, value in module.items()},
            **net_params,
            **(self.net_params or {}),
        }
        if params["optimizer"] in (torch.optim.AdamW, torch.optim.Adam):
            params.setdefault("optimizer__fused", True)
        callbacks = [("learning_rate", LearningRate(self.lr_schedule, self.lr_decay))]
        if self.gradient_clip is not None:
            callbacks.append(("gradient_clip", GradientNormClipping(self.gradient_clip)))
        if self.early_stopping:
            stopping = LastingPatience(patience=self.n_iter_no_change, load_best=True)
            callbacks.append(("early_stopping", stopping))
        callbacks += list(self.callbacks or ())
        net = self._net(self._module, callbacks=callbacks, **params)
        net.track_dropout = self.track_dropout
        return net

    def _outputs(self, X):
        """Return the output of the network for each gene, float64, (n_genes, n_outputs)."""
        check_is_fitted(self, "net_")
        X = to_regions(self, X, reset=False)
        with memory_of(self.device_), self._threads():
            return self.net_.forward(X).numpy().astype(np.float64) + self.y_offset_

    @contextlib.contextmanager
    def _threads(self):
        """Run with `n_threads` of torch, and without autocast."""
        with full_precision(), torch_threads(self.n_threads):
            yield

    def _with_weights(self, layout, n_outputs, device, load):
        """Set the fitted attributes; `load` is called with the new network to set its weights.

        `layout` holds the parts of X in `fit` that later X must agree with.
        """
        vars(self).update({f"{name}_": layout[name] for name in LAYOUT})
        net = self._make_net(n_outputs, device)
        with seeded_torch("cpu", 0):
            net.initialize()
            load(net.network)
        self._keep(net)
        return self

    @classmethod
    def _from_checkpoint(cls, path, tracks, window, n_outputs):
        """Return an estimator with a checkpoint's weights and sizes, and the tracks and window."""
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
                f"{path} has {found} output{'s' * (found != 1)}, {cls.__name__} needs {n_outputs}: "
                "a checkpoint of the reference classifier has 2, of its regressor 1; name as many "
                "classes"
            )
        if window < 1 or any(window % size for size in sizes["bin_sizes"]):
            raise ValueError(
                f"window={window} is not a multiple of every bin size {sizes['bin_sizes']}: give "
                "the window that the checkpoint was trained on (40_000 for the published models)"
            )
        estimator, finest = cls(**sizes), min(sizes["bin_sizes"])
        layout = {
            "tracks": tracks,
            "bin_size": finest,
            "window": int(window),
            "n_bins": -(-max(window, _PUBLISHED_MAX_PCRE_LENGTH) // finest),
            "chromsizes": {},
        }
        device = resolve_device(estimator.device)
        return estimator._with_weights(
            layout, n_outputs, device, lambda network: load_reference_state(network, state)
        )

    def __getstate__(self):
        """Pickle, with the state of the optimizer if training is meant to continue."""
        if hasattr(self, "net_"):
            self.net_.is_resumable = self.warm_start
        return super().__getstate__()

    def __setstate__(self, state):
        """Unpickle, onto the CPU where the device is not there; warn of another version."""
        super().__setstate__(state)
        if not hasattr(self, "net_"):
            return
        self.device_ = str(self.net_.device)
        vars(self).setdefault("metadata_", {})  # of pickles without it
        version, ours = self.versions_["skchromo"], skchromo.__version__
        if version != ours:
            warnings.warn(
                f"this {type(self).__name__} was fitted with skchromo {version} and unpickled with "
                f"{ours}, which may fail or predict otherwise: fit it again, or carry it over with "
                "save() and skchromo.load_model, whose format is versioned by itself",
                stacklevel=2,
            )

    def save(self, path, *, about=None, overwrite=False):
        """Write to a file that :func:`skchromo.load_model` reads, to share or to keep.

        The file is safetensors: weights, and a text with the parameters, classes, tracks, bin
        sizes, window, lengths of chromosomes, history and versions of packages. Unlike a pickle it
        cannot run code when it is loaded. `callbacks`, `net_params`, `init_from`, a
        ``RandomState`` and other parameters that are not plain data are left out with a warning;
        the state of the optimizer is left out too.

        A model card is written beside it, ``h1.md`` beside ``h1.safetensors``: Markdown for people,
        with the tracks, bins and window that the model takes, the numbers of genes that it was
        trained on by chromosome, `about`, settings and versions. ``metadata_`` of the loaded model
        has what the card says of training, and `about`; it comes from the file of the model.

        Parameters
        ----------
        path : str or Path
            File to write, by custom ``*.safetensors``. It appears under its name when it is
            whole; an older model, and its card, are replaced.
        about : dict, default=None
            What else should be known of the model, by its name: text, numbers, lists or dicts of
            these. ``{"scores": {"pearson_r": scores}}`` becomes a table of scores; others could be
            the scale of y, the sources of tracks and contacts, or a licence. Added to
            ``metadata_["about"]`` of a model that was loaded.
        overwrite : bool, default=False
            Whether files that are not a model and its card are replaced too.

        Raises
        ------
        FileExistsError
            If a file that is not a model is there, or one that is not a card in its card's place.
        FileNotFoundError
            If there is no such folder.
        PermissionError
            If the file there is write-protected.
        TypeError
            If classes, or a value of `about`, are of a type that is not plain data.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from skchromo import ChromoformerRegressor
        >>> X = np.random.default_rng(0).poisson(3.0, size=(20, 40)).astype(float)
        >>> model = ChromoformerRegressor.small_data(max_epochs=1, random_state=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "h1.safetensors")
        ...     model.fit(X, X.mean(axis=1)).save(path, about={"y": "mean depth"})
        ...     again = ChromoformerRegressor.load(path)
        ...     print(sorted(os.listdir(folder)))
        ['h1.md', 'h1.safetensors']
        >>> bool((again.predict(X) == model.predict(X)).all())
        True
        >>> again.metadata_["n_genes"], again.metadata_["about"]
        (20, {'y': 'mean depth'})
        """
        check_is_fitted(self, "net_")
        with self._threads():
            write_model(self, path, overwrite, about)

    @classmethod
    def load(cls, path, *, device=None):
        """Load a fitted estimator of this class; :func:`skchromo.load_model` loads any class.

        Parameters
        ----------
        path : str or Path
            File that :meth:`save` wrote, a folder with one such file, or an address of one.
        device : str, default=None
            Where to predict; None keeps the saved parameter, or takes the CPU where that device is
            not there.

        Returns
        -------
        estimator : estimator
            Fitted.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, of another kind or of a newer format, or holds another class; a
            folder holds none or several; or `device` cannot be used.
        ConnectionError, PermissionError
            If an address cannot be read.
        ImportError
            If an address needs a package that is not installed.

        Examples
        --------
        See :meth:`save`, or :func:`skchromo.load_model`.
        """
        return read_model(path, (cls,), device)

    def save_checkpoint(self, path, *, overwrite=False):
        """Write the network as a checkpoint that the reference implementation can load.

        Parameters
        ----------
        path : str or Path
            File to write: ``{"net": state_dict}``. It appears under its name when it is whole; an
            older file of ``torch.save`` is replaced.
        overwrite : bool, default=False
            Whether a file of another kind is replaced too.

        Raises
        ------
        FileExistsError
            If a file of another kind is there.
        FileNotFoundError
            If there is no such folder.
        PermissionError
            If the file there is write-protected.
        ValueError
            If the reference implementation does not have such a network: with
            ``linear_skip=True``, or one head over two conditions.

        Examples
        --------
        See :meth:`ChromoformerRegressor.from_checkpoint`.
        """
        check_is_fitted(self, "net_")
        if getattr(self.net_.module_, "head", None) is not None:
            raise ValueError(
                f'combine="{self.combine}" has a head that the reference implementation does not: '
                "a checkpoint in its format cannot hold this network; save() keeps it for skchromo"
            )
        with self._threads():
            network = self.net_.network
            if self.y_offset_:
                network = copy.deepcopy(network)
                with torch.no_grad():
                    network.fc_head[-1].bias.add_(self.y_offset_ / network.output_scale)
            save_checkpoint(network, path, overwrite=overwrite)

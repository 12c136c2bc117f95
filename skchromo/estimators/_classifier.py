"""ChromoformerClassifier."""

import numpy as np
import torch
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from ._base import BaseChromoformer
from ._checks import check_target
from ._pretrained import PublishedModels
from .training import ClassifierNet, columns_of, standardise, start_as_logistic


class ChromoformerClassifier(ClassifierMixin, PublishedModels, BaseChromoformer):
    """Predict classes of expression, such as high and low, from promoter and pCRE signal.

    Chromoformer: every promoter window is embedded at several bin sizes, attends to the bins
    of its pCREs, and to the pCREs with a learned factor on the contact weight. X is a
    RegionArray, or a plain array whose bins are ``min(bin_sizes)`` bp wide:

    - 2-D ``(n_genes, n_bins)``: one track at the promoter, read 5'->3';
    - 3-D ``(n_genes, n_bins, n_tracks)``: several tracks at the promoter;
    - 4-D ``(n_genes, n_regions, n_bins, n_tracks)``: promoter, then pCREs of full length and
      contact weight 0; a region that is all NaN is absent.

    Parameters
    ----------
    bin_sizes : tuple of int, default=(2000, 500, 100)
        Bin sizes in bp at which regions are read, each a multiple of the finest bins of X.
    d_model : int, default=128
        Width of all embeddings; even, and a multiple of the numbers of heads.
    embedding_n_layers : int, default=1
        Layers of the EmbeddingTransformer, which reads the promoter's bins.
    embedding_n_heads : int, default=2
        Its attention heads, a divisor of `d_model`.
    embedding_d_ff : int, default=128
        Width of its feed-forward layers.
    pairwise_n_layers : int, default=2
        Layers of the PairwiseInteractionTransformer, by which the promoter reads each pCRE's bins.
    pairwise_n_heads : int, default=2
        Its attention heads, a divisor of `d_model`.
    pairwise_d_ff : int, default=256
        Width of its feed-forward layers.
    regulation_n_layers : int, default=6
        Layers of the RegulationTransformer, by which promoter and pCREs read each other.
    regulation_n_heads : int, default=8
        Its attention heads, a divisor of `regulation_d_attention`.
    regulation_d_attention : int, default=256
        Width of its attention over all heads.
    regulation_d_ff : int, default=256
        Width of its feed-forward layers.
    d_output : int, default=128
        Width of the hidden layer before the output.
    dropout : float, default=0.0
        Rate on attention probabilities, residuals and feed-forward layers.
    track_dropout : float, default=0.0
        Share of genes-by-tracks whose signal is set to 0 in each epoch, at the promoter and all
        pCREs, for a model that predicts samples in which tracks were not measured. A gene never
        loses all of its tracks.
    lr : float, default=3e-5
        Learning rate of AdamW: that of the first epoch, or the highest, see `lr_schedule`.
    lr_schedule : {"decay", "plateau", "cosine", "one_cycle", "constant"}, default="decay"
        How the learning rate changes. ``"decay"``: times `lr_decay` after each epoch.
        ``"plateau"``: times `lr_decay` after each epoch that brought no lower loss (on the genes
        that `early_stopping` holds back, if it does). ``"cosine"``: half a cosine, to 0.
        ``"one_cycle"``: up from `lr` / 25 in the first 0.3 of all steps, then down to 0, both as
        cosines (Smith and Topin 2017, arXiv 1708.07120). ``"constant"``: left alone, also for
        schedules among `callbacks`.
    lr_decay : float, default=0.87
        Factor on the learning rate, see `lr_schedule`.
    weight_decay : float, default=0.01
        Weight decay of AdamW.
    batch_size : int, default=64
        Genes in a training step.
    max_epochs : int, default=10
        Times that every gene is seen.
    gradient_clip : float, default=None
        Largest norm of a step's gradients over all weights, to which greater ones are scaled down.
    early_stopping : bool, default=False
        Whether some genes are held back, and training ends when the loss on them has not fallen for
        `n_iter_no_change` epochs; the weights of the best epoch are kept. Whole chromosomes are
        held back where X names them, single genes otherwise.
    validation_fraction : float, default=0.1
        Least share of the genes that `early_stopping` holds back.
    n_iter_no_change : int, default=5
        Epochs that `early_stopping` waits for a lower loss.
    linear_skip : bool, default=False
        Whether a linear map of log mean signals around the TSS, and of the pCREs, is added to the
        output. It starts as a logistic regression on them, and the rest of the network at 0, so
        that the network learns the rest: for hundreds of genes.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss; ``"balanced"`` is inversely proportional to its number
        of genes.
    warm_start : bool, default=False
        Whether `fit` continues where the last one ended or was interrupted, with its schedule, up
        to `max_epochs` epochs in all. This gives the same bits as training that was never
        interrupted, with `early_stopping` too. Pickles of an estimator with ``warm_start=True``
        hold what this needs (the state of the optimizer) and are larger; after another pickle, or
        `save`, `fit` warns that it continues from the weights alone.
    init_from : estimator, FrozenEstimator or path, default=None
        Start from the weights of a fitted Chromoformer of the same tracks and sizes, or of a
        checkpoint of the reference implementation. The output layer is taken too where the number
        of outputs agrees. Searches and cross-validation clone it, which forgets its fit: give
        them ``sklearn.frozen.FrozenEstimator(model)``.
    frozen : tuple of {"embedding", "pairwise", "regulation"}, default=()
        Stages whose weights are kept as they are, for fine-tuning.
    callbacks : list of skorch callbacks, default=None
        Further callbacks, each an instance or a (name, instance) pair. `fit` uses them as given,
        and :func:`~sklearn.base.clone` copies them. ``EpochScoring("accuracy")`` scores each
        epoch.
    net_params : dict, default=None
        Anything else for ``skorch.NeuralNet``, such as ``{"criterion": torch.nn.HuberLoss}``.
        Settings that have a parameter of their own here are refused.
    device : str, default="auto"
        A torch device; "auto" is cuda, then mps, then cpu, whichever is there first. Under
        ``torchrun`` all processes train one model together, and "auto" and "cuda" are a GPU of
        each process's own.
    n_threads : int, default=None
        CPU threads of torch during `fit` and predictions, at most as many as there are CPUs; None
        leaves torch as it is. The same seed, machine and number of threads give the same bits;
        another number of threads changes predictions by rounding (the tests allow a relative 1e-4
        after a short training).
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, order of genes and dropout.
    verbose : int, default=0
        1 prints a line per epoch, and shows a bar of all genes and epochs with the time left.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the torch network.
    history_ : skorch History
        Losses and times of each epoch.
    n_iter_ : int
        Epochs trained.
    tracks_ : tuple of str
        Names of the tracks, in order.
    bin_size_, window_, n_bins_ : int
        Finest bin and promoter window in bp, most bins of a region.
    chromsizes_ : dict of str to int
        Length in bp of each chromosome of X in `fit`. X of another assembly is refused.
    missing_tracks_ : tuple of str
        Tracks that some genes of X in `fit` lacked.
    n_features_in_ : int
        Second axis of X in `fit`: bins (2-D or 3-D X) or regions (4-D X or RegionArray).
    metadata_ : dict
        What it was trained on: ``n_genes`` and ``genes_per_chrom`` of X in `fit`, its ``samples``,
        the model that it ``started_from``; and what `save` was told ``about`` it.
    device_ : str
        Where the net is: where it was trained, or loaded.
    versions_ : dict of str to str
        Versions of skchromo, torch, numpy, sklearn and skorch that it was fitted with.

    See Also
    --------
    ChromoformerRegressor : Level of expression.

    Notes
    -----
    The loss is the cross-entropy over one logit per class, as in the paper.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.poisson(3.0, size=(60, 40, 2)).astype(float)  # genes x 100-bp bins x tracks
    >>> y = np.where(X[:, 15:25, 0].mean(axis=1) > 3, "high", "low")
    >>> model = ChromoformerClassifier.small_data(max_epochs=3, random_state=0).fit(X, y)
    >>> model.classes_
    array(['high', 'low'], dtype='<U4')
    >>> model.predict(X).shape, model.predict_proba(X).shape
    ((60,), (60, 2))
    >>> np.allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    True
    """

    _net = ClassifierNet
    _criterion = torch.nn.CrossEntropyLoss
    _published = "classifier"

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
        track_dropout=0.0,
        lr=3e-5,
        lr_schedule="decay",
        lr_decay=0.87,
        weight_decay=0.01,
        batch_size=64,
        max_epochs=10,
        gradient_clip=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        linear_skip=False,
        class_weight=None,
        warm_start=False,
        init_from=None,
        frozen=(),
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
        self.track_dropout = track_dropout
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.lr_decay = lr_decay
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.gradient_clip = gradient_clip
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.linear_skip = linear_skip
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.init_from = init_from
        self.frozen = frozen
        self.callbacks = callbacks
        self.net_params = net_params
        self.device = device
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y):
        """Train on genes and their classes.

        Parameters
        ----------
        X : RegionArray or array-like of shape (n_genes, n_bins), (n_genes, n_bins, n_tracks) or \
                (n_genes, n_regions, n_bins, n_tracks)
            Mean signal, not logged, non-negative. See the class for plain arrays.
        y : array-like of shape (n_genes,)
            Class of each gene: str, int or bool.

        Returns
        -------
        self : ChromoformerClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of range; X is negative, NaN (or, for plain arrays, of another
            number of axes); bin sizes do not fit X; or y holds NaN (their rows are named) or
            continuous values.
        """
        X = self._regions_to_fit(X, y)
        y = check_target(X, y, numeric=False)
        check_classification_targets(y)
        classes, target = np.unique(y, return_inverse=True)
        if hasattr(self, "net_") and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start: y holds the classes {classes.tolist()}, the former fit had "
                f"{self.classes_.tolist()}: set warm_start=False to start again"
            )
        self.classes_ = classes
        criterion = {}
        if self.class_weight is not None:
            weight = compute_class_weight(self.class_weight, classes=classes, y=y)
            criterion["criterion__weight"] = torch.as_tensor(weight, dtype=torch.float32)
        target = target.astype(np.int64)
        return self._fit_net(X, target, len(classes), labels=target, **criterion)

    def _start_output(self, network, y):
        """Leave the output as it is: all classes start alike, as in the paper."""

    def _start_skip(self, network, regions, y):
        """Let the skip start as logistic regression."""
        columns = standardise(network, columns_of(network, regions))
        weight = self.class_weight
        if isinstance(weight, dict):
            weight = {np.searchsorted(self.classes_, label): w for label, w in weight.items()}
        start_as_logistic(network, columns, y, weight)

    def predict(self, X):
        """Predict the most probable class.

        Parameters
        ----------
        X : RegionArray or array-like
            As in `fit`: the same tracks in the same order, bins and window.

        Returns
        -------
        y : ndarray of shape (n_genes,)
            Of `classes_`.
        """
        best = self._outputs(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : RegionArray or array-like
            As in `fit`: the same tracks in the same order, bins and window.

        Returns
        -------
        p : ndarray of shape (n_genes, n_classes)
            In the order of `classes_`; rows sum to 1.
        """
        return softmax(self._outputs(X), axis=1)

    def predict_log_proba(self, X):
        """Predict the logarithm of each class's probability.

        It is exact also where the probability rounds to 0 or 1. The difference of two columns is
        the logit of one class against the other.

        Parameters
        ----------
        X : RegionArray or array-like
            As in `fit`: the same tracks in the same order, bins and window.

        Returns
        -------
        log_p : ndarray of shape (n_genes, n_classes)
            In the order of `classes_`.
        """
        return log_softmax(self._outputs(X), axis=1)

    @classmethod
    def from_checkpoint(cls, path, *, tracks, window=40_000, classes=(0, 1)):
        """Build a fitted classifier from a checkpoint of the reference implementation.

        Parameters
        ----------
        path : str or Path
            ``{"net": state_dict, ...}`` as the reference saves it. Its tensors are read, and
            nothing in it is run.
        tracks : sequence of str
            Names of the tracks in the order of the checkpoint. The published models: H3K4me1,
            H3K4me3, H3K9me3, H3K27me3, H3K36me3, H3K27ac, H3K9ac.
        window : int, default=40_000
            Promoter window that it was trained on, in bp. The longest pCRE is 40,000 bp.
        classes : sequence of label, default=(0, 1)
            The class of each output, in the order of the checkpoint. The published models: low,
            then high. As everywhere in scikit-learn `classes_` is sorted; probabilities follow it.

        Returns
        -------
        estimator : ChromoformerClassifier
            Fitted; bin sizes and widths are read from the weights.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is not such a checkpoint, has another number of tracks or classes, or a
            class is named twice.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from skchromo import ChromoformerClassifier
        >>> X = np.random.default_rng(0).poisson(3.0, size=(20, 40, 1)).astype(float)
        >>> model = ChromoformerClassifier.small_data(max_epochs=1, random_state=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "reference.pt")
        ...     model.fit(X, np.arange(20) % 2).save_checkpoint(path)
        ...     again = ChromoformerClassifier.from_checkpoint(
        ...         path, tracks=["ATAC"], window=4_000, classes=("low", "high")
        ...     )
        >>> again.classes_  # sorted, and so are the columns of predict_proba
        array(['high', 'low'], dtype='<U4')
        """
        estimator = cls._from_checkpoint(path, tracks, window, len(classes))
        estimator.classes_, order = np.unique(np.asarray(classes), return_index=True)
        if len(order) < len(classes):
            raise ValueError(f"classes must be distinct, got {tuple(classes)}")
        output = estimator.net_.module_.fc_head[-1]
        with torch.no_grad():
            output.weight.copy_(output.weight[order])
            output.bias.copy_(output.bias[order])
        return estimator

"""ChromoformerRegressor."""

import numpy as np
import torch
from sklearn.base import RegressorMixin

from ._base import BaseChromoformer
from ._door import check_target, to_regions


class ChromoformerRegressor(RegressorMixin, BaseChromoformer):
    """Predict the expression level of genes from promoter and pCRE signal.

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
    lr : float, default=3e-5
        Learning rate of AdamW in the first epoch.
    lr_decay : float, default=0.87
        Factor on the learning rate after each epoch.
    weight_decay : float, default=0.01
        Weight decay of AdamW.
    batch_size : int, default=64
        Genes in a training step.
    max_epochs : int, default=10
        Times that every gene is seen.
    callbacks : list of skorch callbacks, default=None
        Further callbacks, each an instance or a (name, instance) pair. They are copied.
    net_params : dict, default=None
        Anything else for ``skorch.NeuralNet``, such as ``{"criterion": torch.nn.HuberLoss}``.
    device : str, default="auto"
        A torch device; "auto" is cuda, then mps, then cpu, whichever is there first.
    n_threads : int, default=None
        CPU threads of torch during `fit` and predictions; None leaves torch as it is. The same
        seed, machine and number of threads give the same bits; another number of threads changes
        predictions by rounding (the tests allow a relative 1e-4 after a short training).
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, order of genes and dropout.
    verbose : int, default=0
        1 prints a line an epoch.

    Attributes
    ----------
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
    n_features_in_ : int
        Second axis of X in `fit`: bins (2-D or 3-D X) or regions (4-D X or RegionArray).
    device_ : str
        Where it was trained.

    See Also
    --------
    ChromoformerClassifier : High or low expression.

    Notes
    -----
    The loss is the mean squared error on y as given: pass log2(expression + 1), as the paper
    does, for instance through ``sklearn.compose.TransformedTargetRegressor``. Unlike the
    paper's, the output's bias starts at the mean of y.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.poisson(3.0, size=(60, 40, 2)).astype(float)  # genes x 100-bp bins x tracks
    >>> y = np.log2(1 + X[:, 15:25, 0].mean(axis=1))
    >>> model = ChromoformerRegressor.small_data(max_epochs=3, random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (60,)
    """

    def fit(self, X, y):
        """Train on genes and their expression.

        Parameters
        ----------
        X : RegionArray or array-like of shape (n_genes, n_bins), (n_genes, n_bins, n_tracks) or \
                (n_genes, n_regions, n_bins, n_tracks)
            Mean signal, not logged, non-negative. See the class for plain arrays.
        y : array-like of shape (n_genes,)
            Expression, in the scale to be predicted (log2 of it, as a rule).

        Returns
        -------
        self : ChromoformerRegressor

        Raises
        ------
        ValueError
            If a parameter is out of range; X is negative, NaN (or, for plain arrays, of another
            number of axes); bin sizes do not fit X; or y holds NaN (their rows are named).
        """
        self._check_params()
        X = to_regions(self, X, self.bin_sizes, reset=True, y=y)
        y = check_target(X, y, numeric=True)
        target = y.astype(np.float32)[:, None]
        return self._fit_net(X, target, torch.nn.MSELoss, 1, float(y.mean()))

    def predict(self, X):
        """Predict expression.

        Parameters
        ----------
        X : RegionArray or array-like
            As in `fit`: the same tracks in the same order, bins and window.

        Returns
        -------
        y : ndarray of shape (n_genes,)
        """
        return self._outputs(X)[:, 0]

    @classmethod
    def from_checkpoint(cls, path, *, tracks, window=40_000):
        """Build a fitted regressor from a checkpoint of the reference implementation.

        Parameters
        ----------
        path : str or Path
            ``{"net": state_dict, ...}`` as the reference saves it. Only tensors and NumPy arrays
            are ever unpickled.
        tracks : sequence of str
            Names of the tracks in the order of the checkpoint. The published models: H3K4me1,
            H3K4me3, H3K9me3, H3K27me3, H3K36me3, H3K27ac, H3K9ac.
        window : int, default=40_000
            Promoter window that it was trained on, in bp. The longest pCRE is 40,000 bp.

        Returns
        -------
        estimator : ChromoformerRegressor
            Fitted; bin sizes and widths are read from the weights.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is no such checkpoint, or has another number of tracks or outputs.
        """
        return cls._from_checkpoint(path, tracks, window, 1, torch.nn.MSELoss)

"""Loading a saved estimator of whatever class."""

from ._classifier import ChromoformerClassifier
from ._diff_regressor import ChromoformerDiffRegressor
from ._loading import read_model
from ._regressor import ChromoformerRegressor

_CLASSES = (ChromoformerClassifier, ChromoformerRegressor, ChromoformerDiffRegressor)


def load_model(path, *, device=None):
    """Load a fitted estimator from a file that its ``save`` wrote.

    The file is safetensors: numbers and text. Nothing in it is run, so that it may come from
    people whom you do not trust, unlike pickles and files of joblib.

    Parameters
    ----------
    path : str or Path
        By custom ``*.safetensors``.
    device : str, default=None
        Where to predict: becomes the parameter `device`. None keeps the saved one; where that
        device is not there, the model is loaded onto the CPU (see ``device_``).

    Returns
    -------
    estimator : ChromoformerClassifier, ChromoformerRegressor or ChromoformerDiffRegressor
        Fitted. On the same machine it predicts what the saved one did, to the bit. ``callbacks``,
        ``net_params`` and ``init_from`` are None.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such file, damaged, or of a newer format; or `device` cannot be used.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, load_model
    >>> X = np.random.default_rng(0).poisson(3.0, size=(30, 40, 2)).astype(float)
    >>> model = ChromoformerRegressor.small_data(max_epochs=1, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "h1.safetensors")
    ...     model.fit(X, X.mean(axis=(1, 2))).save(path)
    ...     again = load_model(path)
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    return read_model(path, {cls.__name__: cls for cls in _CLASSES}, device)

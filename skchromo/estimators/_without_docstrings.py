"""skorch under ``python -OO``, which removes docstrings that skorch builds others from."""

import sys

if sys.flags.optimize > 1:
    try:
        import skorch  # noqa: F401 - only whether it can be imported
    except AttributeError:
        # What it looks for: a line of the parameter that its subclasses describe anew.
        sys.modules["skorch.net"].NeuralNet.__doc__ = "\n" * 6 + "    criterion :\n      a loss\n"

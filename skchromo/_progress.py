"""Progress bars: one way for all long work, on terminals, in notebooks and in logs."""

import sys

# Seconds between two states of a bar: a log is not a terminal, and keeps each of them.
_ON_TERMINAL, _IN_LOG = 0.1, 10


def progress(items=None, *, label, unit, verbose, total=None):
    """Return a tqdm bar with the time left, over `items` or to be updated; silent at verbose=0."""
    from tqdm.auto import tqdm

    return tqdm(
        items,
        desc=label,
        total=total,
        unit=f" {unit}",
        disable=not verbose,
        mininterval=_ON_TERMINAL if is_watched(sys.stderr) else _IN_LOG,
        dynamic_ncols=True,
    )


def is_watched(stream):
    """Return whether a stream is a terminal or a notebook, and not a file."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel")

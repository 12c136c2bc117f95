"""Rows of several RegionArrays in one."""

import numpy as np


def stacked_parts(arrays):
    """Parts of the RegionArray that holds the rows of all; see :meth:`RegionArray.concatenate`."""
    first = arrays[0]
    chromsizes = {}
    for other in arrays:
        _check_alike(first, other)
        for chrom, size in other.chromsizes.items():
            if chromsizes.setdefault(chrom, size) != size:
                raise ValueError(f"cannot concatenate: {chrom} has two different lengths")
    stores = list({id(array.signal): array for array in arrays}.values())
    n_regions = [len(store.offsets) - 1 for store in stores]
    n_before = dict(zip((id(store.signal) for store in stores), np.cumsum([0, *n_regions])))
    index = [
        np.where(array.index < 0, -1, array.index + n_before[id(array.signal)]) for array in arrays
    ]
    parts = {
        "index": np.concatenate(index),
        "weights": np.concatenate([array.weights for array in arrays]),
        "genes": {
            name: np.concatenate([array.genes[name] for array in arrays]) for name in first.genes
        },
        "chromsizes": chromsizes,
    }
    if len(stores) > 1:
        for name in ("signal", "chrom", "start", "end"):
            parts[name] = np.concatenate([getattr(store, name) for store in stores])
        counts = np.concatenate([np.diff(store.offsets) for store in stores])
        parts["offsets"] = np.concatenate([[0], np.cumsum(counts)])
    return parts


def _check_alike(first, other):
    """Refuse arrays whose rows mean different things."""
    for name in ("tracks", "bin_size", "n_bins", "window"):
        if getattr(other, name) != getattr(first, name):
            raise ValueError(
                f"cannot concatenate: {name} is {getattr(first, name)} in one array and "
                f"{getattr(other, name)} in another"
            )
    if other.shape[1:] != first.shape[1:] or other.genes.keys() != first.genes.keys():
        raise ValueError(
            f"cannot concatenate: shapes {first.shape} and {other.shape}, gene columns "
            f"{list(first.genes)} and {list(other.genes)}"
        )

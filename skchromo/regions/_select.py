"""Rows of RegionArrays: the regions that they use, joined, stacked as conditions, compared."""

import numpy as np

from .._arrays import collected, gathered, offsets_of
from ._checks import check_used


def used_regions(X, *others):
    """Return for each distinct region whether any row uses it; all are rows of one array."""
    used = np.zeros(len(X.offsets) - 1, dtype=bool)
    for array in (X, *others):
        used[array.index[array.index >= 0]] = True
    return used


def renumbered(index, used):
    """Return `index` in the numbers that regions have when only the `used` are kept."""
    return np.append(np.cumsum(used) - 1, -1)[index]


def compacted(X, used):
    """Return parts of the array with the rows of X and only the `used` regions, in memory."""
    regions = np.flatnonzero(used)
    return {
        "signal": check_used(X, collected(X.signal, X.offsets, regions)),
        "offsets": offsets_of(np.diff(X.offsets)[used]),
        "chrom": X.chrom[used],
        "start": X.start[used],
        "end": X.end[used],
        "index": renumbered(X.index, used),
    }


def concatenated(arrays):
    """Return parts of the array that holds the rows of all; see `RegionArray.concatenate`.

    Return also the pieces of its signal, an iterator, which is then not among the parts. None
    stands for the signal that all of the arrays share.
    """
    first = arrays[0]
    chromsizes = {}
    for other in arrays:
        _check_alike(first, other)
        for chrom, size in other.chromsizes.items():
            if chromsizes.setdefault(chrom, size) != size:
                raise ValueError(
                    f"cannot concatenate: {chrom} has two different lengths: read both from bigWig "
                    "files of one assembly"
                )
    parts = {
        "index": np.concatenate([array.index for array in arrays]),
        "weights": np.concatenate([array.weights for array in arrays]),
        "missing": np.concatenate([array.missing for array in arrays]),
        "genes": {
            name: np.concatenate([array.genes[name] for array in arrays]) for name in first.genes
        },
        "chromsizes": chromsizes,
        "row_labels": _joined_labels([array.row_labels for array in arrays]),
    }
    groups = {}
    for array in arrays:
        groups.setdefault(id(array.signal), []).append(array)
    if len(groups) == 1:
        return parts, None
    return _with_merged_regions(arrays, groups, parts)


def stacked(both, n):
    """Return parts of the array in which the first `n` rows are condition a of the others."""
    if both.ndim == 5 or len(both) != 2 * n:
        raise ValueError(
            "cannot stack: both conditions must have the same number of genes and no conditions "
            f"axis, got {n} and {len(both) - n} genes of shape {both.shape[1:]}"
        )
    genes = {name: column[:n] for name, column in both.genes.items() if name != "sample"}
    for name, column in genes.items():
        if not _same_column(column, both.genes[name][n:]):
            raise ValueError(
                f"cannot stack: {name} of the genes differs between the conditions: give the same "
                "genes in the same order"
            )
    if "sample" in both.genes:
        genes |= {"sample_a": both.genes["sample"][:n], "sample_b": both.genes["sample"][n:]}
    return {
        "index": np.stack([both.index[:n], both.index[n:]], axis=1),
        "weights": np.stack([both.weights[:n], both.weights[n:]], axis=1),
        "missing": np.stack([both.missing[:n], both.missing[n:]], axis=1),
        "genes": genes,
        "row_labels": select_labels(both.row_labels, slice(n)),
    }


def labels_of(genes):
    """Return the row labels of a gene table: (name, values) for each level of its index.

    None for a mapping, whose rows have no labels.
    """
    index = getattr(genes, "index", None)
    if not hasattr(index, "get_level_values"):
        return None
    return tuple(
        (name, index.get_level_values(level).to_numpy()) for level, name in enumerate(index.names)
    )


def select_labels(labels, rows):
    """Return the labels of some rows."""
    return labels and tuple((name, values[rows]) for name, values in labels)


def _joined_labels(labels):
    """Return the labels of the rows of several arrays; a name that differs becomes None."""
    first, *others = labels
    if all(other is None for other in labels):
        return None
    if any(other is None or first is None or len(other) != len(first) for other in others):
        raise ValueError(
            "cannot concatenate: some arrays have the index of a gene table and others have none, "
            "or one of other levels: make all of them from gene tables with the same kind of index"
        )
    joined = []
    for levels in zip(*labels):
        names, values = zip(*levels)
        if len({part.dtype for part in values}) > 1:
            values = [part.astype(object) for part in values]
        joined.append((names[0] if len(set(names)) == 1 else None, np.concatenate(values)))
    return tuple(joined)


def _with_merged_regions(arrays, groups, parts):
    """Add the regions in use of arrays on different signals, all rows in their numbers.

    Return the parts with them, and an iterator over their signal.
    """
    used = {key: used_regions(*group) for key, group in groups.items()}
    regions = {key: np.flatnonzero(mask) for key, mask in used.items()}
    before = dict(zip(groups, np.cumsum([0, *map(len, regions.values())])))
    index = [
        np.where(array.index < 0, -1, renumbered(array.index, used[key]) + before[key])
        for key, array in ((id(array.signal), array) for array in arrays)
    ]
    stores = {key: group[0] for key, group in groups.items()}
    counts = [np.diff(store.offsets)[used[key]] for key, store in stores.items()]
    signal = (
        check_used(store, piece)
        for key, store in stores.items()
        for piece in gathered(store.signal, store.offsets, regions[key])
    )
    places = {
        name: np.concatenate([getattr(store, name)[used[key]] for key, store in stores.items()])
        for name in ("chrom", "start", "end")
    }
    offsets = offsets_of(np.concatenate(counts))
    return {**parts, **places, "index": np.concatenate(index), "offsets": offsets}, signal


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
            f"{list(first.genes)} and {list(other.genes)}: make both with the same max_pcres, from "
            "gene tables of the same columns"
        )


def same(X, other):
    """Return whether two RegionArrays hold the same; see `RegionArray.equals`."""
    if X.shape != other.shape or X.genes.keys() != other.genes.keys():
        return False
    names = ("tracks", "bin_size", "window", "chromsizes")
    if any(getattr(X, name) != getattr(other, name) for name in names):
        return False
    present = X.index >= 0
    return (
        np.array_equal(present, other.index >= 0)
        and np.array_equal(X.weights, other.weights)
        and np.array_equal(X.missing, other.missing)
        and all(_same_column(X.genes[name], other.genes[name]) for name in X.genes)
        and _same_regions(X, X.index[present], other, other.index[present])
    )


def _same_column(ours, theirs):
    """Return whether two columns agree, a missing value with a missing value of its kind."""
    if ours is theirs:
        return True
    if ours.dtype == object or theirs.dtype == object:
        # One by one: NaN differs from itself, and pandas' NA is neither equal nor different.
        return all(a is b or a == b or (a != a and b != b) for a, b in zip(ours, theirs))
    return bool(((ours == theirs) | ((ours != ours) & (theirs != theirs))).all())


def _same_regions(X, regions, other, others):
    """Return whether regions of one array and of another, pair by pair, are the same."""
    n_others = len(other.lengths)
    pairs = np.unique(regions * n_others + others)
    regions, others = pairs // max(n_others, 1), pairs % max(n_others, 1)
    return all(
        np.array_equal(getattr(X, name)[regions], getattr(other, name)[others])
        for name in ("chrom", "start", "end")
    ) and all(
        np.array_equal(ours, theirs)
        for ours, theirs in zip(
            gathered(X.signal, X.offsets, regions), gathered(other.signal, other.offsets, others)
        )
    )

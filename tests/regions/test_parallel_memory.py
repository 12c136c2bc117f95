"""Bytes that joblib writes to pass a RegionArray to workers, and memory that operations need."""

import tracemalloc
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, GroupKFold
from small_models import changed

from skchromo import RegionArray


class Watcher(ClassifierMixin, BaseEstimator):
    """Learns nothing; its score is how many bytes lie in joblib's folder by then, beyond `old`."""

    def __init__(self, folder, old=(), c=0):
        self.folder = folder
        self.old = old
        self.c = c

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.mean_ = X.signal.mean()
        assert not X.signal.flags.writeable
        return self

    def score(self, X, y):
        new = set(files_in(self.folder)) - set(self.old)
        return sum(Path(file).stat().st_size for file in new)


def files_in(folder):
    return [str(path) for path in Path(folder).rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def X():
    """600 genes, where every two share a pCRE: 17 MB of signal."""
    n, n_bins = 600, 1000
    offsets = n_bins * np.arange(n + n // 2 + 1)
    return RegionArray(
        signal=np.random.default_rng(0).poisson(2.0, (offsets[-1], 5)),
        offsets=offsets,
        chrom=["chr1"] * (n + n // 2),
        start=offsets[:-1],
        end=offsets[1:],
        index=np.stack([np.arange(n), n + np.arange(n) // 2], axis=1),
        weights=np.ones((n, 1)),
        genes={"chrom": np.array([f"chr{i % 3}" for i in range(n)], dtype=object)},
        tracks=["H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3"],
        bin_size=1,
        n_bins=n_bins,
        window=n_bins,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all tests: workers that run already keep to the folder they began with."""
    get_reusable_executor(reuse=True).shutdown(wait=True)
    yield str(tmp_path_factory.mktemp("joblib"))
    get_reusable_executor(reuse=True).shutdown(wait=True)


@pytest.mark.parametrize(
    ("rows", "mapped"),
    [(slice(None), False), (np.arange(600) % 4 > 0, False), (np.arange(600) % 4 > 0, True)],
    ids=["all regions used", "some regions used", "opened file"],
)
def test_a_parallel_search_writes_the_signal_once(X, folder, tmp_path, rows, mapped):
    if mapped:
        X.save(tmp_path / "X.npz")
        X = RegionArray.load(tmp_path / "X.npz")
    X = X[rows]
    watcher = Watcher(folder, old=files_in(folder))
    search = GridSearchCV(
        watcher, {"c": [0, 1]}, cv=GroupKFold(3), refit=False, error_score="raise"
    )
    with joblib.parallel_config("loky", n_jobs=2, temp_folder=folder):
        search.fit(X, np.arange(len(X)) % 2, groups=X.genes["chrom"])
    written = max(search.cv_results_[f"split{fold}_test_score"].max() for fold in range(3))
    needed = X.compact().nbytes
    print(f"{written / needed:.2f} times X was written")
    assert written == 0 if mapped else 0.9 * needed < written < 1.2 * needed


def test_pickled_array_stays_the_same_until_the_rows_change(X):
    part = X[:100]
    signal = part.__getstate__()["signal"]
    assert part.__getstate__()["signal"] is signal
    assert part[:].__getstate__()["signal"] is not signal
    assert len(signal) == 150_000
    part.index[0, 1] = part.index[99, 1]
    np.testing.assert_array_equal(part.__getstate__()["index"][0], [0, 149])
    before = X.signal[0].copy()
    X.signal[0] = 7
    assert (part.__getstate__()["signal"][0] == 7).all()
    X.signal[0] = before


def test_operations_take_no_multiple_of_the_signal(X, tmp_path):
    """Peaks in units of the signal, beyond what stands already."""
    half, other = X[np.arange(600) < 300], changed(X[:], signal=X.signal.copy())
    X.save(tmp_path / "X.npz")
    at_most = {
        "made": (lambda: RegionArray(**vars(X)), 0.1),
        "rows": (lambda: X[np.arange(600)[::-1]], 0.01),
        "compacted": (half.compact, 0.65),
        "concatenated": (lambda: RegionArray.concatenate([half, other[300:]]), 1.2),
        "compared": (lambda: X.equals(other), 0.25),
        "pooled": (lambda: X.pool(10), 0.25),
        "saved": (lambda: half.save(tmp_path / "half.npz"), 0.2),
        "opened": (lambda: RegionArray.load(tmp_path / "X.npz"), 0.05),
        "pooled, opened": (lambda: RegionArray.load(tmp_path / "X.npz").pool(10), 0.3),
        "loaded": (lambda: RegionArray.load(tmp_path / "X.npz", mmap_mode=None), 1.2),
    }
    for name, (operation, limit) in at_most.items():
        tracemalloc.start()
        operation()
        peak = tracemalloc.get_traced_memory()[1] / X.signal.nbytes
        tracemalloc.stop()
        print(f"{name}: {peak:.2f} times the signal")
        assert peak < limit, name

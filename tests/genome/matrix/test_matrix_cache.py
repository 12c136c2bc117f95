"""Rows of a matrix are kept: read once, never stale, bounded, the same as read anew."""

import os
import pickle
import threading

import h5py
import hictkpy
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from skchromo import ContactMatrix, InteractionTransformer
from skchromo.genome.matrix import RowCache, Rows

WIDTH, N_BINS = 10_000, 40
CHROMS = ["chr1", "chr2", "chr3"]


def write_matrix(path, seed=0):
    rng = np.random.default_rng(seed)
    writer = hictkpy.cooler.FileWriter(str(path), dict.fromkeys(CHROMS, N_BINS * WIDTH), WIDTH)
    first, second = np.triu_indices(N_BINS)
    first, second = (
        np.concatenate([bins + N_BINS * number for number in range(len(CHROMS))])
        for bins in (first, second)
    )
    counts = rng.integers(0, 9, len(first))
    kept = counts > 0
    columns = {"bin1_id": first, "bin2_id": second, "count": counts}
    writer.add_pixels_from_dict({name: column[kept].tolist() for name, column in columns.items()})
    writer.finalize().close()
    return path


def draw_genes(n_genes, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "gene_id": [f"G{number}" for number in range(n_genes)],
            "chrom": rng.choice(CHROMS, n_genes),
            "tss": rng.integers(0, N_BINS * WIDTH, n_genes),
            "strand": "+",
        }
    )


@pytest.fixture
def path(tmp_path):
    return write_matrix(tmp_path / "a.cool")


@pytest.fixture
def bands(monkeypatch):
    """List the chromosomes whose band is read, each time it is."""
    read, take = [], h5py.Dataset.__getitem__

    def counted(dataset, key, *others):
        if dataset.name == "/indexes/bin1_offset":
            read.append(CHROMS[key.start // N_BINS])
        return take(dataset, key, *others)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", counted)
    return read


class _NumberOfPcres(RegressorMixin, BaseEstimator):
    """Predict the number of pCREs."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.array([len(cell) for cell in X["pcres"]])


def test_fit_and_transform_read_once(path, bands):
    genes = draw_genes(30)
    transformer = InteractionTransformer(path).fit(genes)
    assert sorted(bands) == CHROMS
    table = transformer.transform(genes)
    InteractionTransformer(str(path), max_pcres=2).fit_transform(genes[::-1])
    assert sorted(bands) == CHROMS
    os.utime(path, ns=(1, 1))
    assert_frame_equal(transformer.transform(genes), table)
    assert sorted(bands) == sorted(CHROMS * 2)


def test_search_reads_each_chromosome_once(path, bands):
    genes = draw_genes(60)
    pipe = make_pipeline(InteractionTransformer(path), _NumberOfPcres())
    grid = {"interactiontransformer__max_pcres": [0, 4, 8]}
    search = GridSearchCV(pipe, grid, cv=GroupKFold(3))
    search.fit(genes, np.full(len(genes), 4.0) + np.arange(len(genes)) % 2, groups=genes["chrom"])
    assert sorted(bands) == CHROMS
    assert search.best_params_ == {"interactiontransformer__max_pcres": 4}


def test_file_that_is_replaced_is_read_again(path, bands):
    genes = draw_genes(30)
    matrix = ContactMatrix(path)
    before = matrix.contacts_of(genes)
    other = ContactMatrix(write_matrix(path.with_name("b.cool"), seed=1)).contacts_of(genes)
    assert not before.equals(other)
    os.replace(path.with_name("b.cool"), path)
    os.utime(path, ns=(1, 1))
    assert_frame_equal(matrix.contacts_of(genes), other)
    assert sorted(bands) == sorted(CHROMS * 3)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.cool': no such file"):
        matrix.contacts_of(genes)


def test_ways_to_read_are_kept_apart(path):
    genes = draw_genes(30)
    ways = [
        {},
        {"value": "observed"},
        {"max_contacts": 2},
        {"weight_threshold": 1.0},
        {"merge_gap": 0},
    ]
    matrix, together = ContactMatrix(path), []
    for way in ways:
        defaults = ContactMatrix(path).get_params()
        together.append(matrix.set_params(**defaults | way).contacts_of(genes))
    for number, (way, found) in enumerate(zip(ways, together, strict=True)):
        os.utime(path, ns=(number, number))
        assert_frame_equal(ContactMatrix(path, **way).contacts_of(genes), found)
    assert len({len(found) for found in together}) > 3


def test_relative_paths_are_those_of_their_folder(path, monkeypatch, tmp_path):
    genes = draw_genes(30)
    folder = tmp_path / "b"
    folder.mkdir()
    write_matrix(folder / "a.cool", seed=1)
    for name in "a.cool", "b/a.cool":
        os.utime(tmp_path / name, ns=(1, 1))
    found = []
    for where in tmp_path, folder:
        monkeypatch.chdir(where)
        found.append(ContactMatrix("a.cool").contacts_of(genes))
    assert not found[0].equals(found[1])


@pytest.fixture(scope="module")
def shared_path(tmp_path_factory):
    return write_matrix(tmp_path_factory.mktemp("shared") / "a.cool")


@settings(max_examples=30)
@given(
    wanted=st.lists(st.lists(st.integers(0, 79), min_size=1, max_size=12), min_size=1, max_size=5),
    value=st.sampled_from(["oe", "observed"]),
    moment=st.integers(0, 10**6),
)
def test_kept_rows_are_those_that_would_be_read(shared_path, wanted, value, moment):
    genes = draw_genes(80)
    matrix = ContactMatrix(shared_path, value=value, max_contacts=6)
    os.utime(shared_path, ns=(moment, 0))
    whole = matrix.contacts_of(genes).set_index("gene_id")
    os.utime(shared_path, ns=(moment, moment + 1))
    for rows in wanted:
        some = genes.iloc[list(dict.fromkeys(rows))]
        assert_frame_equal(
            matrix.contacts_of(some), whole.loc[some["gene_id"]].reset_index(), check_exact=True
        )


def some_rows(bins):
    """As many contacts as the last digit of each bin, in falling score."""
    row = np.repeat(np.arange(len(bins)), bins % 10)
    rank = np.concatenate([np.arange(n) for n in bins % 10] or [np.empty(0, int)])
    return Rows(row, bins[row] + rank, bins[row] + rank, rank + 1, bins[row] - rank / 10)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.lists(st.integers(0, 60), min_size=1, max_size=12)),
        max_size=8,
    ),
    st.sampled_from([0, 40, 300, 10**7]),
)
def test_row_cache_gives_all_rows_and_stays_within_its_bound(calls, most):
    cache = RowCache(most)
    for key, bins in calls:
        read = []

        def reading(new, read=read):
            read.extend(new.tolist())
            return some_rows(new)

        bins = np.array(bins)
        found = cache.get(key, bins, reading)
        for part, expected in zip(found, some_rows(bins), strict=True):
            np.testing.assert_array_equal(part, expected)
        assert read == sorted(set(read))
        assert cache.n_contacts <= most


def test_row_cache_forgets_the_rows_first_that_were_used_the_longest_ago():
    cache, read = RowCache(10), []
    for key in "abacab":
        cache.get(key, np.array([5]), lambda bins, key=key: read.append(key) or some_rows(bins))
    assert read == ["a", "b", "c", "b"]


def test_failed_reading_is_tried_again(path, bands, monkeypatch):
    genes = draw_genes(30)

    def fail(*arguments, **settings):
        raise RuntimeError("no luck")

    matrix = ContactMatrix(path)
    with monkeypatch.context() as patch:
        patch.setattr(h5py.Dataset, "__getitem__", fail)
        for _ in range(2):
            with pytest.raises(ValueError, match="no luck"):
                matrix.contacts_of(genes)
    assert len(matrix.contacts_of(genes)) > 0
    assert sorted(bands) == CHROMS


def test_threads_that_need_the_same_rows_read_them_once(path, bands):
    genes = draw_genes(30)
    matrix, found = ContactMatrix(path), []
    threads = [
        threading.Thread(target=lambda: found.append(matrix.contacts_of(genes))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(bands) == CHROMS
    for contacts in found[1:]:
        assert_frame_equal(contacts, found[0])
    assert len(found) == 4


def test_result_may_be_changed_by_its_receiver(path):
    genes = draw_genes(30)
    matrix = ContactMatrix(path)
    first = matrix.contacts_of(genes)
    truth = first.copy()
    first.loc[:, ["start", "end", "score"]] = 0
    assert_frame_equal(matrix.contacts_of(genes), truth)


def test_fitted_transformer_holds_no_contacts(path):
    genes = draw_genes(30)
    fitted = InteractionTransformer(ContactMatrix(path)).fit(genes)
    table = fitted.transform(genes)
    saved = pickle.dumps(fitted)
    assert len(saved) < 2_000
    os.utime(path, ns=(1, 1))
    assert_frame_equal(pickle.loads(saved).transform(genes), table)

"""Signal that BigWigTransformer keeps between calls, counted by the regions that are read."""

import errno
import os

import joblib
import numpy as np
import pandas as pd
import pyBigWig
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from small_models import make_gene_table

from skchromo import BigWigTransformer, InteractionTransformer
from skchromo.genome import bigwig, read_bins
from skchromo.genome.bigwig import BinCache

SIZE = 100_000


def write(path, seed):
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", SIZE), ("chr2", SIZE), ("chr3", SIZE)])
        rng = np.random.default_rng(seed)
        for chrom in ("chr1", "chr2", "chr3"):
            handle.addEntries(
                chrom, 0, values=rng.poisson(2.0, 1000).astype(float), span=100, step=100
            )
    return str(path)


@pytest.fixture
def tracks(tmp_path):
    files = [write(tmp_path / f"{seed}.bw", seed) for seed in range(3)]
    return {"H3K4me3": files[:2], "ATAC": files[2]}


@pytest.fixture
def genes():
    return make_gene_table(first_tss=1_000)


@pytest.fixture
def contacts(genes):
    """Two pCREs a gene; genes on one chromosome share one."""
    shared = genes.assign(start=90_050, end=91_333, score=2.0)
    own = genes.assign(start=genes["tss"] + 4_000, end=genes["tss"] + 4_777, score=3.0)
    return pd.concat([shared, own])[["gene_id", "chrom", "start", "end", "score"]]


@pytest.fixture
def reads(monkeypatch):
    """(path, chrom, start, end, bin_size) of every region read from a file."""
    seen = []

    def counting(path, chrom, start, end, bin_size, **options):
        seen.extend((path, *place, bin_size) for place in zip(chrom, start.tolist(), end.tolist()))
        return read_bins(path, chrom, start, end, bin_size, **options)

    monkeypatch.setattr(bigwig, "read_bins", counting)
    return seen


def transform(tracks, table, memory, **options):
    return BigWigTransformer(tracks, window=2_000, memory=memory, **options).fit_transform(table)


def test_the_second_call_reads_nothing_and_gives_the_same(tracks, genes, contacts, reads, tmp_path):
    table = InteractionTransformer(contacts).fit_transform(genes)
    expected = transform(tracks, table, None)
    n_reads = len(reads)
    for _ in range(2):
        assert transform(tracks, table, tmp_path / "cache").equals(expected)
    assert len(reads) == 2 * n_reads == 2 * 3 * (12 + 12 + 3)


def test_only_regions_that_are_new_are_read(tracks, genes, contacts, reads, tmp_path):
    table = InteractionTransformer(contacts).fit_transform(genes)
    expected = transform(tracks, table, None)
    reads.clear()
    memory = str(tmp_path / "cache")
    assert transform(tracks, table[3:8], memory).equals(expected[3:8])
    assert transform(tracks, table[::-1], memory).equals(expected[::-1])
    assert transform(tracks, table, memory, n_jobs=2).equals(expected)
    assert len(reads) == len(set(reads)) == 3 * (12 + 12 + 3)


def test_other_settings_are_kept_apart(tracks, genes, reads, tmp_path):
    settings = [{}, {"gaps": "ignore"}, {"bin_size": 50}]
    for setting in settings:
        expected = transform(tracks, genes, None, **setting)
        assert transform(tracks, genes, tmp_path / "cache", **setting).equals(expected)
    assert len(reads) == 2 * 3 * 3 * 12


def test_a_replaced_file_is_read_again(tracks, genes, reads, tmp_path):
    old = transform(tracks, genes, tmp_path / "cache")
    state = os.stat(tracks["ATAC"])
    write(tracks["ATAC"], 7)
    os.utime(tracks["ATAC"], ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    reads.clear()
    new = transform(tracks, genes, tmp_path / "cache")
    assert {read[0] for read in reads} == {tracks["ATAC"]}
    assert new.equals(transform(tracks, genes, None))
    assert not new.equals(old)


def write_level(path, value):
    """Write a bigWig of one value, and return its size."""
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", SIZE), ("chr2", SIZE), ("chr3", SIZE)])
        for chrom in ("chr1", "chr2", "chr3"):
            handle.addEntries(chrom, 0, values=[float(value)] * 1000, span=100, step=100)
    return os.stat(path).st_size


def test_a_file_replaced_by_one_of_the_same_size_is_read_again(genes, tmp_path):
    path = tmp_path / "a.bw"
    size = write_level(path, 5)
    before = os.stat(path)
    assert transform({"ATAC": str(path)}, genes, tmp_path / "cache").signal.max() == 5
    other = next(value for value in range(6, 200) if write_level(path, value) == size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert transform({"ATAC": str(path)}, genes, tmp_path / "cache").signal.max() == other


def test_leftovers_of_a_killed_process_are_not_used(tracks, genes, tmp_path):
    expected = transform(tracks, genes, tmp_path / "cache")
    for part in (tmp_path / "cache").glob("*/*.npz"):
        part.rename(part.with_suffix(".unfinished")).write_bytes(b"half")
    assert transform(tracks, genes, tmp_path / "cache").equals(expected)


class Constant(ClassifierMixin, BaseEstimator):
    def __init__(self, c=0):
        self.c = c

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[self.c])


def test_a_search_reads_each_region_once(tracks, genes, contacts, reads, tmp_path):
    signal = BigWigTransformer(tracks, window=2_000, memory=tmp_path / "cache")
    pipe = Pipeline(
        [("contacts", InteractionTransformer(contacts)), ("signal", signal), ("model", Constant())]
    )
    search = GridSearchCV(
        pipe, {"contacts__max_pcres": [1, 2], "model__c": [0, 1]}, cv=GroupKFold(3)
    )
    search.fit(genes, np.arange(12) // 3 % 2, groups=genes["chrom"])
    assert len(reads) == len(set(reads)) == 3 * (12 + 12 + 3)


def test_a_file_that_is_gone_cannot_be_kept(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"H3K4me3\.bw: no such file"):
        BinCache(tmp_path, str(tmp_path / "H3K4me3.bw"), 100)


def test_a_joblib_memory_is_taken_for_its_folder(tracks, genes, reads, tmp_path):
    expected = transform(tracks, genes, joblib.Memory(tmp_path / "cache", verbose=0))
    n_reads = len(reads)
    assert transform(tracks, genes, tmp_path / "cache").equals(expected)
    assert len(reads) == n_reads
    assert transform(tracks, genes, joblib.Memory(None)).equals(expected)
    assert len(reads) == 2 * n_reads


def test_memory_must_be_a_folder(tracks, genes):
    with pytest.raises(TypeError, match="memory must be the path of a folder"):
        transform(tracks, genes, 5)


WHERE = np.array(["chr1"], dtype=object), np.array([0]), np.array([250])
NEXT = np.array(["chr1"], dtype=object), np.array([1_000]), np.array([1_150])


@pytest.fixture
def kept(tmp_path):
    """A folder with two parts of one track; `opened` opens it, and `part` is the path of one."""
    (tmp_path / "a.bw").write_bytes(b"stands for a bigWig")

    def opened():
        return BinCache(tmp_path / "cache", str(tmp_path / "a.bw"), 100)

    opened().add(*WHERE, np.array([0.5, 2.0, 1.0], dtype=np.float32))
    (part,) = (tmp_path / "cache").rglob("*.npz")
    part = part.rename(part.with_name("0.npz"))  # the first that is loaded
    opened().add(*NEXT, np.array([3.0, 4.0], dtype=np.float32))
    assert opened().take(opened().find(*WHERE)).tolist() == [0.5, 2.0, 1.0]
    return Bunch(opened=opened, part=part)


def spoil(path, how):
    """Put something that cannot be used in the place of a part."""
    with np.load(path) as content:
        arrays = dict(content)
    path.unlink()
    if how == "gone":
        path.symlink_to("/nowhere/0.npz")
    elif how == "endless_link":
        path.symlink_to(path)
    elif how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "values":
        np.savez(path, **{**arrays, "values": arrays["values"][:-1]})
    elif how == "value":
        np.savez(path, **{**arrays, "values": arrays["values"] + np.float32(1)})
    elif how == "places":
        np.savez(path, **{**arrays, "end": arrays["end"] + 100})
    elif how == "unsummed":
        np.savez(path, **{name: arrays[name] for name in ("keys", "start", "end", "values")})
    elif how == "other_types":
        np.savez(path, **{**arrays, "values": arrays["values"].astype(str)})
    elif how == "packed":
        np.savez_compressed(path, **arrays)


SPOILT = "gone endless_link folder pipe values value places unsummed other_types packed"


@pytest.mark.parametrize("how", SPOILT.split())
def test_part_that_cannot_be_used_is_read_again_and_shifts_no_other(kept, how):
    spoil(kept.part, how)
    with pytest.warns(UserWarning, match=r"memory: .*0\.npz (is damaged|cannot be read)") as warned:
        known = kept.opened()
    assert len(warned) == 1
    assert known.find(*WHERE).tolist() == [-1]
    assert known.take(known.find(*NEXT)).tolist() == [3, 4]


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EACCES, errno.ENOENT])
@pytest.mark.parametrize("call", ["open", "scandir"])
def test_errors_of_the_disk_cost_time_and_not_the_run(kept, monkeypatch, number, call):
    def fail(path, *args, **kwargs):
        if str(path).startswith(str(kept.part if call == "open" else kept.part.parent)):
            raise OSError(number, os.strerror(number))
        return plain(path, *args, **kwargs)

    plain = {"open": open, "scandir": os.scandir}[call]
    where = {"open": "builtins.open", "scandir": "os.scandir"}[call]
    monkeypatch.setattr(where, fail)
    if (call, number) == ("scandir", errno.ENOENT):  # nothing has been kept yet
        assert kept.opened().find(*NEXT).tolist() == [-1]
        return
    with pytest.warns(UserWarning, match=rf"memory: .* cannot be read \({os.strerror(number)}"):
        known = kept.opened()
    assert known.find(*WHERE).tolist() == [-1]
    assert (known.find(*NEXT) >= 0).all() == (call == "open")


def test_private_parts_of_a_colleague_give_one_warning(kept):
    for path in kept.part.parent.glob("*.npz"):
        spoil(path, "gone")
    with pytest.warns(UserWarning, match="memory") as warned:
        assert kept.opened().find(*NEXT).tolist() == [-1]
    assert len(warned) == 1

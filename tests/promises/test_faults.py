"""Faults of the machine and of people: full disks, killed processes, Ctrl-C, forks, bombs."""

import gzip
import io
import json
import multiprocessing
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
import zlib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from fuzz_files import (
    write_bigwig,
    write_checkpoint,
    write_cool,
    write_hic,
    write_model,
    write_regions,
)
from fuzz_reading import read
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from small_models import TINY, make_regions

from skchromo import BigWigTransformer, ChromoformerRegressor, RegionArray, load_model
from skchromo._files import whole_file
from skchromo.features import _read_signal
from skchromo.genome import bigwig, read_bins, read_contacts, read_genes
from skchromo.genome.bigwig import BigWigFile, BinCache
from skchromo.genome.text import TextFile
from skchromo.nn import load_checkpoint

ROOT = Path(__file__).resolve().parents[2]
REGIONS = (np.array(["chr1"], dtype=object), np.array([0]), np.array([1_000]))


@pytest.fixture
def track(tmp_path):
    write_bigwig(tmp_path / "a.bw")
    return str(tmp_path / "a.bw")


@pytest.fixture
def genes():
    n = 30
    return pd.DataFrame(
        {"chrom": "chr1", "tss": 1_000 + 1_200 * np.arange(n), "strand": "+"},
        index=pd.Index([f"g{i}" for i in range(n)], name="gene_id"),
    )


@pytest.fixture
def one_by_one(monkeypatch):
    """Few regions a task, so that there are several."""
    monkeypatch.setattr(_read_signal, "_REGIONS_AT_ONCE", 5)


def transform(track, genes, memory=None, **options):
    return BigWigTransformer(
        {"H3K4me3": track}, window=2_000, memory=memory, **options
    ).fit_transform(genes)


def files_in(folder):
    return sorted(path.suffix for path in Path(folder).rglob("*") if path.is_file())


@contextmanager
def full_disk(n_bytes=300):
    """Let no file grow beyond a few bytes, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_costs_the_cache_not_the_result(track, genes, tmp_path, one_by_one):
    expected = transform(track, genes)
    with full_disk(), pytest.warns(UserWarning, match=r"memory: .*kept.*make room"):
        assert transform(track, genes, tmp_path / "cache").equals(expected)
    assert files_in(tmp_path / "cache") == []
    assert transform(track, genes, tmp_path / "cache").equals(expected)
    assert files_in(tmp_path / "cache") == [".npz"] * 6


def test_a_folder_that_cannot_be_written_costs_the_cache_not_the_result(track, genes, tmp_path):
    expected = transform(track, genes)
    memory = tmp_path / "kept" / "here"
    (tmp_path / "kept").symlink_to("/proc/self")
    with pytest.warns(UserWarning, match=r"memory: .*name another folder"):
        assert transform(track, genes, memory).equals(expected)


def test_memory_that_is_a_file_is_told(track, genes, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(NotADirectoryError, match=r"memory: .*cache is a file"):
        transform(track, genes, tmp_path / "cache")


def test_saving_on_a_full_disk_leaves_what_was_there(tmp_path):
    write_regions(tmp_path / "X.npz")
    before = (tmp_path / "X.npz").read_bytes()
    X = RegionArray.load(tmp_path / "X.npz")
    with full_disk(), pytest.raises(OSError, match="File too large"):
        X.save(tmp_path / "X.npz")
    assert (tmp_path / "X.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["X.npz"]


def test_a_model_on_a_full_disk_leaves_what_was_there(tmp_path):
    X = make_regions()
    model = ChromoformerRegressor(**TINY).fit(X, np.arange(float(len(X))))
    for save, name in ((model.save, "m"), (model.save_checkpoint, "m.pt")):
        save(tmp_path / name)
        before = (tmp_path / name).read_bytes()
        with full_disk(), pytest.raises(OSError, match="File too large"):
            save(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "m.pt"]


@pytest.mark.parametrize("spoil", ["cut", "flip", "empty", "other"])
def test_a_damaged_part_of_the_cache_is_told_and_read_again(
    track, genes, tmp_path, one_by_one, spoil
):
    expected = transform(track, genes, tmp_path / "cache")
    parts = sorted((tmp_path / "cache").rglob("*.npz"))
    content = bytearray(parts[2].read_bytes())
    if spoil == "flip":
        content[len(content) // 2] ^= 1
    elif spoil == "other":
        np.savez(parts[2], keys=np.array(["a"]), start=np.arange(3), end=np.arange(3), values=[1.0])
        content = parts[2].read_bytes()
    parts[2].write_bytes(content[: {"cut": len(content) // 2, "empty": 0}.get(spoil)])
    with pytest.warns(UserWarning, match=rf"memory: .*{parts[2].name} is damaged .*delete it"):
        assert transform(track, genes, tmp_path / "cache").equals(expected)


@contextmanager
def python_hears_ctrl_c():
    """Undo what a shell does that runs tests in the background: Python then ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_was_read_before_an_interruption_is_kept(
    track, genes, tmp_path, one_by_one, monkeypatch, n_jobs
):
    expected = transform(track, genes)
    seen = []

    def interrupted(path, chrom, start, end, *rest, **options):
        seen.append(len(start))
        if len(seen) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return read_bins(path, chrom, start, end, *rest, **options)

    monkeypatch.setattr(bigwig, "read_bins", interrupted)
    with python_hears_ctrl_c(), pytest.raises(KeyboardInterrupt):
        transform(track, genes, tmp_path / "cache", n_jobs=n_jobs)
    kept = files_in(tmp_path / "cache")
    assert set(kept) <= {".npz"}
    if n_jobs == 1:
        assert len(kept) == 3
    n_before = len(seen)
    assert transform(track, genes, tmp_path / "cache").equals(expected)
    assert sum(seen[n_before:]) == len(genes) - 5 * len(kept)


class CtrlC(Callback):
    """A real one, in the midst of the second epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_in_fit_is_raised_and_keeps_the_last_full_epoch():
    X = make_regions()
    y = np.arange(float(len(X)))
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 3}, callbacks=[CtrlC()])
    with python_hears_ctrl_c(), pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    shorter = ChromoformerRegressor(**{**TINY, "max_epochs": 1}).fit(X, y)
    assert model.n_iter_ == 1
    np.testing.assert_array_equal(model.predict(X), shorter.predict(X))


def test_ctrl_c_ends_a_search():
    X = make_regions()
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 3}, callbacks=[CtrlC()])
    search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=2)
    with python_hears_ctrl_c(), pytest.raises(KeyboardInterrupt):
        search.fit(X, np.arange(float(len(X))))


KILLED = """
import sys, time
import pandas as pd
from skchromo.features import _read_signal
from skchromo.genome import bigwig
from skchromo import BigWigTransformer
_read_signal._REGIONS_AT_ONCE = 1
read_bins = bigwig.read_bins
def slow(*args, **options):
    time.sleep(0.02)
    return read_bins(*args, **options)
bigwig.read_bins = slow
genes = pd.read_pickle(sys.argv[2])
BigWigTransformer({"H3K4me3": sys.argv[1]}, window=2_000, memory=sys.argv[3]).fit_transform(genes)
"""


def test_what_a_killed_process_has_read_is_kept(track, genes, tmp_path):
    expected = transform(track, genes)
    genes.to_pickle(tmp_path / "genes.pkl")
    memory = tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, track, str(tmp_path / "genes.pkl"), str(memory)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    while process.poll() is None and files_in(memory).count(".npz") < 3:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    n_kept = files_in(memory).count(".npz")
    assert 3 <= n_kept < len(genes)
    assert transform(track, genes, memory).equals(expected)
    assert files_in(memory).count(".npz") == n_kept + 1


def extract_in_a_worker(track, genes, memory, dies_at):
    """Extract in a process that is killed from outside when it has read a few regions."""
    _read_signal._REGIONS_AT_ONCE = 1
    n_read = 0

    def killed(*args, **options):
        nonlocal n_read
        n_read += 1
        if n_read == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return read_bins(*args, **options)

    bigwig.read_bins = killed
    return BigWigTransformer({"H3K4me3": track}, window=2_000, memory=memory).fit_transform(genes)


def test_a_worker_that_is_killed_is_told_and_what_it_read_is_kept(track, genes, tmp_path):
    memory = tmp_path / "cache"
    with pytest.raises(TerminatedWorkerError):
        Parallel(n_jobs=2)(
            delayed(extract_in_a_worker)(track, part, memory, 4)
            for part in (genes[:15], genes[15:])
        )
    n_kept = files_in(memory).count(".npz")
    assert n_kept >= 3
    n_left = len(genes) - n_kept
    expected = transform(track, genes)
    (again,) = Parallel(n_jobs=2)(
        delayed(extract_in_a_worker)(track, part, memory, n_left + 1) for part in [genes]
    )
    assert again.equals(expected)
    # its threads must not be in the midst of something when later tests fork
    get_reusable_executor().shutdown(wait=True)


def test_what_killed_processes_left_behind_is_removed(track, tmp_path):
    cache = BinCache(tmp_path / "cache", track, 100)
    cache.add(*REGIONS, np.ones(10, dtype=np.float32))
    folder = next((tmp_path / "cache").iterdir())
    for name, age in (("old.unfinished", 2 * 24 * 3600), ("new.unfinished", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, times=(time.time() - age,) * 2)
    again = BinCache(tmp_path / "cache", track, 100)
    assert again.find(*REGIONS).tolist() == [0]
    assert files_in(folder) == [".npz", ".unfinished"]
    assert not (folder / "old.unfinished").exists()


def test_what_a_killed_save_left_behind_is_removed(tmp_path):
    for name, age in ((".m.0a0b0c0d.unfinished", 2), (".m.11111111.unfinished", 0.9), (".n.1", 9)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, times=(time.time() - age * 86_400,) * 2)
    with whole_file(tmp_path / "m") as file:
        file.write(b"whole")
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [".m.11111111.unfinished", ".n.1", "m"]


def test_only_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileExistsError, match="pipe: it is a device or a pipe"):
        whole_file(tmp_path / "pipe").__enter__()
    with pytest.raises(IsADirectoryError, match=f"cannot save to {tmp_path}: it is a folder"):
        whole_file(tmp_path).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize(
    "kind",
    ["bigwig", "cool", "hic", "regions", "mapped", "damaged", "checkpoint", "model"],
)
def test_a_thousand_times_opened_and_closed_leaks_no_handle(tmp_path, kind):
    writers = {"cool": write_cool, "hic": write_hic, "regions": write_regions}
    writers |= {"checkpoint": write_checkpoint, "model": write_model}
    path = tmp_path / f"a.{kind if kind in ('cool', 'hic') else 'x'}"
    writers.get(kind, write_regions if kind == "mapped" else write_bigwig)(path)
    if kind == "damaged":
        path.write_bytes(path.read_bytes()[:-100])

    def once():
        if kind == "damaged":
            with pytest.raises(ValueError, match="incomplete or damaged"):
                read("bigwig", path)
        else:
            read(kind, path)

    once()
    n_before = len(os.listdir("/proc/self/fd"))
    for _ in range(300 if kind in ("checkpoint", "model") else 1_000):
        once()
    assert len(os.listdir("/proc/self/fd")) <= n_before


def mean_of(bigwig):
    """What another process reads with a file object of this one."""
    return float(sum((runs.value * (runs.end - runs.start)).sum() for runs in bigwig.runs(*WHOLE)))


WHOLE = ("chr1", np.array([0]), np.array([40_000]))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_open_files_go_to_other_processes(track, method):
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with BigWigFile(track) as bigwig:
            expected = mean_of(bigwig)
            context = multiprocessing.get_context(method)
            with ProcessPoolExecutor(2, mp_context=context) as pool:
                assert list(pool.map(mean_of, [bigwig] * 4)) == [expected] * 4
            assert mean_of(bigwig) == expected
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("backend", ["multiprocessing", "loky", "threading"])
def test_extraction_is_the_same_whatever_joblib_is_told(track, genes, backend):
    expected = transform(track, genes)
    with parallel_config(backend, n_jobs=2):
        assert transform(track, genes, n_jobs=2).equals(expected)


def test_many_threads_extract_at_the_same_time(track, genes, tmp_path):
    expected = transform(track, genes)
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(transform, track, genes, tmp_path / "cache") for _ in range(12)]
        assert all(job.result().equals(expected) for job in jobs)
    assert set(files_in(tmp_path / "cache")) == {".npz"}


@contextmanager
def peak_below(n_bytes):
    """Fail if more memory than this is taken at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < n_bytes
    finally:
        tracemalloc.stop()


def test_a_block_that_inflates_without_end_is_damage(track):
    content = bytearray(Path(track).read_bytes())
    bomb = zlib.compress(bytes(200 << 20), 9)
    first_leaf = struct.unpack_from("<Q", content, 24)[0] + 48 + 4
    struct.pack_into("<QQ", content, first_leaf + 16, len(content) - 4, len(bomb))
    content[-4:] = bomb + content[-4:]
    Path(track).write_bytes(content)
    with (
        peak_below(20 << 20),
        pytest.raises(ValueError, match=r"a\.bw: cannot be read at chr1:.* is damaged"),
    ):
        read_bins(track, ["chr1"], [0], [40_000], 100)


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(TextFile, "longest_line", 1 << 20)
    path = tmp_path / "genes.gtf.gz"
    path.write_bytes(gzip.compress(b"chr1\tx\tgene\t" + b"1" * (100 << 20)))
    with (
        peak_below(20 << 20),
        pytest.raises(
            ValueError, match=r"genes\.gtf\.gz', line 1: this line has more than 1048576 bytes"
        ),
    ):
        read_genes(path)


def test_a_line_of_contacts_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(TextFile, "longest_line", 1 << 20)
    path = tmp_path / "a.bedpe.gz"
    first = b"chr1\t1\t9\tchr1\t20\t30\tx\t2.5\n"
    path.write_bytes(gzip.compress(first + b"chr1\t1\t9\tchr1\t20\t30\t" + b"1" * (100 << 20)))
    # pandas would take the memory, which is not counted as Python's
    monkeypatch.setattr(pd, "read_csv", lambda *args, **options: pytest.fail("read by pandas"))
    with (
        peak_below(30 << 20),
        pytest.raises(
            ValueError, match=r"a\.bedpe\.gz', line 2: this line has more than 1048576 bytes"
        ),
    ):
        read_contacts(path)


def read_right_or_refuse(track, intact):
    """What nothing rests on may claim what it likes."""
    try:
        values, _ = read_bins(track, ["chr1"], [0], [40_000], 100)
    except ValueError as error:
        if "a.bw" not in str(error):
            raise
        return
    Path(track).write_bytes(intact)
    np.testing.assert_array_equal(values, read_bins(track, ["chr1"], [0], [40_000], 100)[0])


@pytest.mark.parametrize("n_claimed", [2**31, 2**60])
def test_a_bigwig_that_claims_to_be_huge_is_damaged(track, n_claimed):
    content = Path(track).read_bytes()
    chroms, data, index = struct.unpack_from("<QQQ", content, 8)
    for at, kind in ((chroms + 16, "<Q"), (index + 8, "<Q"), (data, "<I"), (52, "<I")):
        if kind == "<I" and n_claimed >= 2**32:
            continue
        changed = bytearray(content)
        struct.pack_into(kind, changed, at, n_claimed)
        Path(track).write_bytes(changed)
        with peak_below(30 << 20):
            read_right_or_refuse(track, content)


@pytest.mark.parametrize("n_claimed", [2**31, 2**60])
def test_a_model_file_that_claims_to_be_huge_is_refused(tmp_path, n_claimed):
    write_model(tmp_path / "m")
    content = bytearray((tmp_path / "m").read_bytes())
    struct.pack_into("<Q", content, 0, n_claimed)
    (tmp_path / "m").write_bytes(content)
    with peak_below(5 << 20), pytest.raises(ValueError, match="is no file that save"):
        load_model(tmp_path / "m")
    shape = {"dtype": "F32", "shape": [n_claimed, 1], "data_offsets": [0, 4 * n_claimed]}
    header = json.dumps({"x": shape}).encode()
    (tmp_path / "m").write_bytes(struct.pack("<Q", len(header)) + header + bytes(100))
    with peak_below(5 << 20), pytest.raises(ValueError, match="is no file that save"):
        load_model(tmp_path / "m")


def test_a_checkpoint_that_unpacks_without_end_is_refused_before(tmp_path):
    write_checkpoint(tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/bomb", bytes(100 << 20))
    with (
        peak_below(50 << 20),
        pytest.raises(ValueError, match=r"a\.pt cannot be .*it unpacks into"),
    ):
        load_checkpoint(tmp_path / "a.pt")


def test_devices_are_no_saved_arrays():
    with pytest.raises(ValueError, match="/dev/zero is not a regular file"):
        RegionArray.load("/dev/zero")


@pytest.mark.parametrize("n_claimed", [2**31, 2**40, 2**60])
@pytest.mark.parametrize("name", ["weights", "index", "start", "signal"])
@pytest.mark.parametrize("mmap_mode", ["r", None])
def test_arrays_that_claim_to_be_huge_are_refused(tmp_path, n_claimed, name, mmap_mode):
    write_regions(tmp_path / "X.npz")
    with zipfile.ZipFile(tmp_path / "X.npz") as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    buffer = io.BytesIO()
    claimed = {"descr": "<f4", "fortran_order": False, "shape": (n_claimed, 2)}
    np.lib.format.write_array_header_1_0(buffer, claimed)
    members[f"{name}.npy"] = buffer.getvalue() + b"x" * 100
    with zipfile.ZipFile(tmp_path / "X.npz", "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    with peak_below(1 << 20), pytest.raises(ValueError, match=r"X\.npz is damaged"):
        RegionArray.load(tmp_path / "X.npz", mmap_mode)


def test_members_that_were_packed_are_refused_before_they_are_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "X.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("about.json", b" " * (50 << 20))
    with peak_below(20 << 20), pytest.raises(ValueError, match=r"X\.npz is not .*compressed"):
        RegionArray.load(tmp_path / "X.npz")


def test_a_bigwig_that_lost_its_index_is_no_file_without_signal(track):
    content = bytearray(Path(track).read_bytes())
    content[24:32] = bytes(8)
    Path(track).write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.bw: the file is incomplete or damaged"):
        read_bins(track, ["chr1"], [0], [40_000], 100)


def test_an_index_that_lost_blocks_is_damage(track):
    content = bytearray(Path(track).read_bytes())
    node = struct.unpack_from("<Q", content, 24)[0] + 48
    n_blocks = struct.unpack_from("<H", content, node + 2)[0]
    assert n_blocks > 1
    struct.pack_into("<H", content, node + 2, n_blocks - 1)
    Path(track).write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.bw: cannot be read at .* is damaged"):
        read_bins(track, ["chr1"], [0], [40_000], 100)


def test_a_hic_that_ends_in_zeros_is_no_matrix_without_contacts(tmp_path):
    path = tmp_path / "a.hic"
    write_hic(path)
    content = path.read_bytes()
    directory = struct.unpack_from("<q", content, 8)[0]
    path.write_bytes(content[:directory] + bytes(len(content) - directory))
    with pytest.raises(ValueError, match=r"a\.hic' cannot be read \(its directory is damaged"):
        read("hic", path)


@pytest.mark.parametrize("name", ["bin2_id", "count"])
def test_a_cool_that_lost_a_part_is_no_matrix_without_contacts(tmp_path, name):
    path = tmp_path / "a.cool"
    write_cool(path)
    with h5py.File(path, "r+") as file:
        shape, kind = file[f"pixels/{name}"].shape, file[f"pixels/{name}"].dtype
        del file[f"pixels/{name}"]
        # A part that was never written is read as zeros.
        file["pixels"].create_dataset(name, shape=shape, dtype=kind, chunks=True)
    with pytest.raises(ValueError, match=r"a\.cool'"):
        read("cool", path)


def test_json_of_a_saved_array_must_be_of_an_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "X.npz", "w") as archive:
        archive.writestr("about.json", json.dumps([1, 2]))
    with pytest.raises(ValueError, match=r"X\.npz is not a file of RegionArray\.save"):
        RegionArray.load(tmp_path / "X.npz")

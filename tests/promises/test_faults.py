"""Faults of the machine and of people: full disks, killed processes, Ctrl-C."""

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from fuzz_files import write_bigwig, write_regions
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from small_models import TINY, make_regions
from small_tracks import files_in, make_genes, transform

from skchromo import ChromoformerRegressor, RegionArray
from skchromo.genome.bigwig import BigWigFile, BinCache

HERE = Path(__file__).resolve().parent
N_TRACKS = 6


@pytest.fixture
def tracks(tmp_path):
    """Several tracks: memory keeps each in a file of its own."""
    (tmp_path / "tracks").mkdir()
    paths = {f"t{i}": tmp_path / "tracks" / f"t{i}.bw" for i in range(N_TRACKS)}
    for path in paths.values():
        write_bigwig(path)
    return paths


@pytest.fixture
def genes():
    return make_genes()


@contextmanager
def full_disk(n_bytes=300):
    """Let no file grow beyond a few bytes, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_full_disk_costs_memory_and_not_the_result(tracks, genes, tmp_path):
    expected = transform(tracks, genes)
    with full_disk(), pytest.warns(UserWarning, match=r"memory: .*kept.*make room"):
        assert transform(tracks, genes, tmp_path / "cache").equals(expected)
    assert files_in(tmp_path / "cache") == []
    assert transform(tracks, genes, tmp_path / "cache").equals(expected)
    assert files_in(tmp_path / "cache") == [".npz"] * N_TRACKS


def test_folder_that_cannot_be_written_costs_memory_and_not_the_result(tracks, genes, tmp_path):
    expected = transform(tracks, genes)
    memory = tmp_path / "kept" / "here"
    (tmp_path / "kept").symlink_to("/proc/self")
    with pytest.warns(UserWarning, match=r"memory: .*name another folder"):
        assert transform(tracks, genes, memory).equals(expected)


def test_memory_that_is_a_file_is_refused(tracks, genes, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(NotADirectoryError, match=r"memory: .*cache is a file"):
        transform(tracks, genes, tmp_path / "cache")


@pytest.mark.parametrize("spoil", ["cut", "flip", "empty", "other"])
def test_damaged_file_of_memory_is_named_and_read_again(tracks, genes, tmp_path, spoil):
    expected = transform(tracks, genes, tmp_path / "cache")
    kept = sorted((tmp_path / "cache").rglob("*.npz"))
    content = bytearray(kept[2].read_bytes())
    if spoil == "flip":
        content[len(content) // 2] ^= 1
    elif spoil == "other":
        np.savez(kept[2], keys=np.array(["a"]), start=np.arange(3), end=np.arange(3), values=[1.0])
        content = kept[2].read_bytes()
    kept[2].write_bytes(content[: {"cut": len(content) // 2, "empty": 0}.get(spoil)])
    with pytest.warns(UserWarning, match=rf"memory: .*{kept[2].name} is damaged .*delete it"):
        assert transform(tracks, genes, tmp_path / "cache").equals(expected)


def test_full_disk_leaves_the_older_file(tmp_path):
    write_regions(tmp_path / "X.npz")
    X = make_regions()
    model = ChromoformerRegressor(**TINY).fit(X, np.arange(float(len(X))))
    model.save(tmp_path / "m")
    model.save_checkpoint(tmp_path / "m.pt")
    saves = {"X.npz": RegionArray.load(tmp_path / "X.npz").save}
    saves |= {"m": model.save, "m.pt": model.save_checkpoint}
    for name, save in saves.items():
        before = (tmp_path / name).read_bytes()
        with full_disk(), pytest.raises(OSError, match="File too large"):
            save(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == set(saves)


def test_file_that_is_replaced_stays_whole_for_its_readers(tmp_path):
    """The new file gets the name in one step; nothing is written into the older one."""
    for name, save in saves_of_two(tmp_path):
        before = (tmp_path / name).read_bytes()
        with open(tmp_path / name, "rb") as reader:
            save(tmp_path / name)
            assert reader.read() == before
        assert (tmp_path / name).read_bytes() != before


def saves_of_two(folder):
    """Save regions, a model and a checkpoint, and yield each name and how another is saved."""
    for seed in range(2):
        X = make_regions(seed=seed)
        model = ChromoformerRegressor(**TINY).fit(X, np.arange(float(len(X))) * (1 + seed))
        saves = {"X.npz": X.save, "m": model.save, "m.pt": model.save_checkpoint}
        if seed == 0:
            for name, save in saves.items():
                save(folder / name)
    yield from saves.items()


def test_leftovers_of_killed_saves_are_removed(tmp_path):
    names = {".m.0a0b0c0d.unfinished": 2, ".m.11111111.unfinished": 0.9, ".n.1": 9}
    for name, age in names.items():
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, times=(time.time() - age * 86_400,) * 2)
    make_regions().save(tmp_path / "m")
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [".m.11111111.unfinished", ".n.1", "m"]


def test_leftovers_of_killed_processes_are_removed_from_memory(tracks, tmp_path):
    regions = (np.array(["chr1"], dtype=object), np.array([0]), np.array([1_000]))
    cache = BinCache(tmp_path / "cache", str(tracks["t0"]), 100)
    cache.add(*regions, np.ones(10, dtype=np.float32))
    folder = next((tmp_path / "cache").iterdir())
    for name, age in (("old.unfinished", 2 * 24 * 3600), ("new.unfinished", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, times=(time.time() - age,) * 2)
    again = BinCache(tmp_path / "cache", str(tracks["t0"]), 100)
    assert again.find(*regions).tolist() == [0]
    assert files_in(folder) == [".npz", ".unfinished"]
    assert not (folder / "old.unfinished").exists()


def test_only_files_are_replaced(tmp_path):
    X = make_regions()
    model = ChromoformerRegressor(**TINY).fit(X, np.arange(float(len(X))))
    os.mkfifo(tmp_path / "pipe")
    for save in (X.save, model.save):
        with pytest.raises(FileExistsError, match="pipe"):
            save(tmp_path / "pipe")
        with pytest.raises(OSError, match=str(tmp_path)):
            save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@contextmanager
def signal_at(number, n_th):
    """Send this process a signal when the nth track is read; yield the tracks read so far."""
    runs, read = BigWigFile.runs, []

    def runs_or_signal(self, *where):
        read.append(str(self))
        if len(read) == n_th:
            os.kill(os.getpid(), number)
        return runs(self, *where)

    # Python ignores Ctrl-C where a shell runs the tests in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    BigWigFile.runs = runs_or_signal
    try:
        yield read
    finally:
        BigWigFile.runs = runs
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_tracks_read_before_ctrl_c_are_kept(tracks, genes, tmp_path, n_jobs):
    expected = transform(tracks, genes)
    with signal_at(signal.SIGINT, 4), pytest.raises(KeyboardInterrupt):
        transform(tracks, genes, tmp_path / "cache", n_jobs=n_jobs)
    kept = files_in(tmp_path / "cache")
    assert set(kept) <= {".npz"}
    with signal_at(signal.SIGINT, None) as read:
        assert transform(tracks, genes, tmp_path / "cache").equals(expected)
    if n_jobs == 1:  # with 2, the other thread may still read its track
        assert len(kept) == 3
        assert len(read) == N_TRACKS - len(kept)


def test_pieces_of_a_track_read_before_ctrl_c_are_kept(tracks, tmp_path):
    genes, track = make_genes(5_000, step=7), {"t": tracks["t0"]}
    with signal_at(signal.SIGINT, 2), pytest.raises(KeyboardInterrupt):
        transform(track, genes, tmp_path / "cache")
    assert files_in(tmp_path / "cache") == [".npz"]
    with signal_at(signal.SIGINT, None) as read:
        assert transform(track, genes, tmp_path / "cache").equals(transform(track, genes))
    assert len(read) == 3  # the other piece, and both without memory


KILLED = """
import signal, sys
from test_faults import signal_at
from small_tracks import make_genes, transform
with signal_at(signal.SIGKILL, 4):
    transform(dict(zip("abcdef", sys.argv[2:])), make_genes(), sys.argv[1])
"""


def test_tracks_read_by_a_killed_process_are_kept(tracks, genes, tmp_path):
    expected = transform(tracks, genes)
    memory = tmp_path / "cache"
    path = os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parents[1])))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, memory, *tracks.values()],
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == -signal.SIGKILL
    assert files_in(memory) == [".npz"] * 3
    with signal_at(signal.SIGKILL, 4):  # one more than are left
        assert transform(tracks, genes, memory).equals(expected)


def transform_until_killed(tracks, genes, memory, n_th):
    with signal_at(signal.SIGKILL, n_th):
        return transform(tracks, genes, memory)


def test_tracks_read_by_a_killed_worker_are_kept(tracks, genes, tmp_path):
    memory = tmp_path / "cache"
    with pytest.raises(TerminatedWorkerError):
        Parallel(n_jobs=2)(
            delayed(transform_until_killed)(tracks, part, memory, 4)
            for part in (genes[:15], genes[15:])
        )
    assert files_in(memory).count(".npz") >= 3
    assert transform(tracks, genes, memory).equals(transform(tracks, genes))
    # Its threads must not be at work when later tests fork.
    get_reusable_executor().shutdown(wait=True)


class CtrlC(Callback):
    """Interrupt the second epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_in_fit_is_raised_and_keeps_the_last_full_epoch():
    X = make_regions()
    y = np.arange(float(len(X)))
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 3}, callbacks=[CtrlC()])
    with signal_at(signal.SIGINT, None), pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    shorter = ChromoformerRegressor(**{**TINY, "max_epochs": 1}).fit(X, y)
    assert model.n_iter_ == 1
    np.testing.assert_array_equal(model.predict(X), shorter.predict(X))


def test_ctrl_c_ends_a_search():
    X = make_regions()
    model = ChromoformerRegressor(**{**TINY, "max_epochs": 3}, callbacks=[CtrlC()])
    search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=2)
    with signal_at(signal.SIGINT, None), pytest.raises(KeyboardInterrupt):
        search.fit(X, np.arange(float(len(X))))

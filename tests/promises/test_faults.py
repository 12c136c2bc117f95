"""Faults of the machine and of people: full disks, killed processes, Ctrl-C."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from fuzz_files import write_bigwig
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from small_models import TINY, make_located, make_regions
from small_tracks import files_in, make_genes, transform

from skchromo import ChromoformerRegressor, RegionArray, load_model
from skchromo._files import whole_file
from skchromo.datasets import make_epigenome
from skchromo.genome.bigwig import BigWigFile, BinCache
from skchromo.inspection import (
    attributions,
    pcre_importance,
    to_bedgraph,
    to_bedpe,
    to_bigwig,
    to_interact,
)

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


@pytest.fixture(scope="module")
def writers():
    """Everything that writes a file, by the name of its file."""
    X = make_located()
    model = ChromoformerRegressor(**TINY).fit(X, np.arange(float(len(X))))
    signal, contacts = attributions(model, X, n_steps=1), pcre_importance(model, X)
    return {
        "X.npz": X.save,
        "m": model.save,
        "m.pt": model.save_checkpoint,
        "a.bw": partial(to_bigwig, signal),
        "a.bedgraph": partial(to_bedgraph, signal),
        "a.bedgraph.gz": partial(to_bedgraph, signal),
        "a.bedpe": partial(to_bedpe, contacts),
        "a.interact": partial(to_interact, contacts),
    }


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_full_disk_is_an_error_and_leaves_the_older_file(writers, tmp_path, share):
    for name, write in writers.items():
        path = tmp_path / name
        write(path)
        before = path.read_bytes()
        with full_disk(int(share * len(before))), pytest.raises(OSError, match="save to") as error:
            write(path)
        assert error.value.errno == errno.EFBIG
        assert name in str(error.value)
        assert path.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {*writers, "m.md"}  # and the card of m


def test_full_disk_is_an_error_of_simulated_genomes(tmp_path):
    with full_disk(2_000), pytest.raises(OSError, match=r"cannot save to .*File too large"):
        make_epigenome(tmp_path / "made", n_genes=20, n_chroms=2, random_state=0)
    assert not list((tmp_path / "made").glob("*.unfinished"))


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_disk_that_fails_at_the_end_leaves_the_older_file(writers, tmp_path, monkeypatch, moment):
    def fail(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name, write in writers.items():
        path = tmp_path / name
        write(path)
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, moment, fail)
            with pytest.raises(OSError, match="No space") as error:
                write(path)
        assert name in str(error.value)
        assert path.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {*writers, "m.md"}  # and the card of m


@pytest.fixture
def usual_umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_permissions_are_those_of_the_replaced_file(writers, tmp_path, usual_umask):
    for name, write in writers.items():
        path = tmp_path / name
        write(path)
        assert path.stat().st_mode & 0o777 == 0o640
        for mode in (0o600, 0o664, 0o646):
            path.chmod(mode)
            write(path)
            assert path.stat().st_mode & 0o777 == mode


def test_write_protected_file_is_refused(writers, tmp_path):
    for name, write in writers.items():
        path = tmp_path / name
        write(path)
        before = path.read_bytes()
        path.chmod(0o444)
        with pytest.raises(PermissionError, match=rf"{name}: the file is write-protected.*chmod"):
            write(path)
        assert path.read_bytes() == before


def test_saves_replace_files_of_their_kind_only(writers, tmp_path):
    saves = {name: writers[name] for name in ("X.npz", "m", "m.pt")}
    genes = b"gene_id\tchrom\ttss\tstrand\n"
    for name, save in saves.items():
        for other in {"genes.tsv", *saves} - {name}:
            path = tmp_path / f"{name}-{other}"
            if other in saves:
                saves[other](path)
            else:
                path.write_bytes(genes)
            before = path.read_bytes()
            with pytest.raises(FileExistsError, match=r"is not a .*overwrite=True"):
                save(path)
            assert path.read_bytes() == before
            save(path, overwrite=True)
            save(path)
            assert path.read_bytes() != before
        (tmp_path / "empty").write_bytes(b"")
        save(tmp_path / "empty")
        (tmp_path / "empty").unlink()


def clock_says(year):
    return mock.patch("time.time", return_value=(year - 1970) * 365.25 * 86_400 + 1_000)


@pytest.mark.parametrize("year", [1970, 2120])
def test_clock_of_another_century_changes_nothing(writers, tracks, genes, tmp_path, year):
    for name, write in writers.items():
        write(tmp_path / name)
    written = {name: (tmp_path / name).read_bytes() for name in writers}
    with clock_says(year):
        for name, write in writers.items():
            write(tmp_path / name)
            if name not in ("X.npz", "m"):  # an id of its own; names in another order
                assert (tmp_path / name).read_bytes() == written[name]
        kept = transform(tracks, genes, tmp_path / "cache")
    assert RegionArray.load(tmp_path / "X.npz").shape == (24, 4, 16, 2)
    assert load_model(tmp_path / "m").n_iter_ == 2
    assert files_in(tmp_path / "cache") == [".npz"] * N_TRACKS
    assert transform(tracks, genes, tmp_path / "cache").equals(kept)


def test_links_are_kept_and_their_files_replaced(writers, tmp_path):
    (tmp_path / "there").mkdir()
    for name, write in writers.items():
        link, target = tmp_path / name, tmp_path / "there" / name
        link.symlink_to(target)
        for _ in range(2):  # a link to nothing, and to a file
            write(link)
            assert link.is_symlink()
            assert target.read_bytes()


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="only root changes users")
def test_group_is_kept_or_gets_the_rights_of_others(tmp_path):
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if "pytest-of-" in str(folder):  # pytest's own, closed to others
            folder.chmod(0o755)
    path = tmp_path / "m"
    for groups, expected in (([4_321], (4_321, 0o664)), ([], (65_534, 0o666))):
        path.write_bytes(b"older")
        os.chown(path, 0, 4_321)
        path.chmod(0o664 if groups else 0o676)
        if not (child := os.fork()):
            failed = True  # whatever is raised, the child must not go on with the tests
            try:
                os.setgroups(groups)
                os.setgid(65_534)
                os.setuid(65_534)
                with whole_file(path) as file:
                    file.write(b"new")
                failed = path.read_bytes() != b"new"
            finally:
                os._exit(failed)
        assert os.waitpid(child, 0)[1] == 0
        assert (path.stat().st_gid, path.stat().st_mode & 0o777) == expected
        path.unlink()


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
    names[".m.md.22222222.unfinished"] = 9  # of another file
    for name, age in names.items():
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, times=(time.time() - age * 86_400,) * 2)
    make_regions().save(tmp_path / "m")
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [".m.11111111.unfinished", ".m.md.22222222.unfinished", ".n.1", "m"]


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

    BigWigFile.runs = runs_or_signal
    try:
        yield read
    finally:
        BigWigFile.runs = runs


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

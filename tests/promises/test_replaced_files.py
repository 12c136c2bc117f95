"""Files that are replaced while they are read, and what is on disk but is not a file."""

import os
import socket

import h5py
import numpy as np
import pyBigWig
import pytest
from fuzz_files import KINDS, SUFFIXES, write_cool, write_intact
from fuzz_reading import read
from pandas.testing import assert_frame_equal
from small_tracks import files_in, make_genes, transform

from skchromo import InteractionTransformer
from skchromo._files import FileWatch
from skchromo.features import _read_signal
from skchromo.genome import bigwig, read_bins
from skchromo.genome.bigwig import BigWigFile

REPLACED = "the file was replaced while it was read: read again"
# Files of one archive are opened once, and have checksums.
WATCHED = [kind for kind in KINDS if kind not in ("regions", "mapped", "checkpoint", "model")]


def rename_over(path, content):
    """Replace a file as rsync does, with the time of the older one."""
    times = os.stat(path)
    new = path.with_name("new")
    new.write_bytes(content)
    os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
    os.replace(new, path)


def write_in_place(path, content):
    """Write other bytes into a file, and set its time back."""
    times = os.stat(path)
    with open(path, "r+b") as file:
        file.write(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


WAYS = {"renamed": rename_over, "in place": write_in_place}


@pytest.fixture(params=WAYS)
def replace(request):
    return WAYS[request.param]


@pytest.mark.parametrize("moment", ["__init__", "check"])
@pytest.mark.parametrize("kind", WATCHED)
def test_file_of_any_kind_replaced_while_it_is_read_is_refused(
    tmp_path, monkeypatch, replace, kind, moment
):
    """After the first look at the file, and before the last one."""
    path = tmp_path / f"a{SUFFIXES.get(kind, '')}"
    write_intact(kind, path)
    method, replaced = getattr(FileWatch, moment), []

    def and_replace(watch, *arguments):
        if moment == "__init__":
            method(watch, *arguments)
        if not replaced:
            replaced.append(replace(path, path.read_bytes()))
        if moment == "check":
            method(watch, *arguments)

    monkeypatch.setattr(FileWatch, moment, and_replace)
    with pytest.raises(ValueError, match=f"a{SUFFIXES.get(kind, '')}.*: {REPLACED}"):
        read(kind, path)
    assert read(kind, path)


def write_level(path, value):
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 100_000)])
        file.addEntries("chr1", 0, values=[float(value)] * 1000, span=100, step=100)


@pytest.fixture
def track(tmp_path):
    """A track of ones, and the bytes of a track of other values and the same size."""
    write_level(tmp_path / "a.bw", 1)
    write_level(tmp_path / "b.bw", 2)
    other = (tmp_path / "b.bw").read_bytes()
    assert len(other) == (tmp_path / "a.bw").stat().st_size
    return tmp_path / "a.bw", other


def replace_at(monkeypatch, n_th, act):
    """Replace a file when the nth piece is read."""
    calls = []

    def reading(*arguments, **options):
        calls.append(1)
        if len(calls) == n_th:
            act()
        return read_bins(*arguments, **options)

    monkeypatch.setattr(bigwig, "read_bins", reading)


@pytest.mark.parametrize("n_th", [1, 3, 6])
@pytest.mark.parametrize("options", [{}, {"scale": "depth"}, {"scale": "quantile", "n_jobs": 2}])
def test_no_signal_of_two_files_and_nothing_of_the_second_in_memory(
    tmp_path, monkeypatch, track, replace, n_th, options
):
    path, other = track
    genes, memory, old = make_genes(30), tmp_path / "cache", path.read_bytes()
    monkeypatch.setattr(_read_signal, "_REGIONS_AT_ONCE", 5)
    replace_at(monkeypatch, n_th, lambda: replace(path, other))
    with pytest.raises(ValueError, match=rf"track t \({path}\): {REPLACED}"):
        transform({"t": path}, genes, memory, **options)
    assert len(files_in(memory)) < (6 if n_th == 6 else n_th)
    replace(path, old)  # its size and time are those of the first file again
    assert set(np.unique(transform({"t": path}, genes, memory).signal)) == {1.0}


def test_track_put_back_before_the_piece_is_read_is_refused(tmp_path, monkeypatch, track):
    path, other = track

    def there_and_back():
        path.rename(tmp_path / "kept")
        path.write_bytes(other)
        (tmp_path / "kept").replace(path)

    replace_at(monkeypatch, 1, there_and_back)
    with pytest.raises(ValueError, match=REPLACED):
        transform({"t": path}, make_genes(3))


def test_bins_of_a_track_written_to_in_one_call_are_refused(monkeypatch, track, replace):
    path, other = track
    runs = BigWigFile.runs

    def replacing(self, *where):
        for found in runs(self, *where):
            replace(path, other)
            yield found

    monkeypatch.setattr(BigWigFile, "runs", replacing)
    with pytest.raises(ValueError, match=rf"{path}: {REPLACED}"):
        read_bins(path, ["chr1"], [0], [9_000], 100)


def test_nothing_of_a_replaced_source_of_contacts_is_kept(tmp_path, monkeypatch, replace):
    """Neither the rows of a matrix nor a list are kept under the older file's state."""
    genes = make_genes(3, step=9_000)
    write_cool(tmp_path / "a.cool")
    (tmp_path / "a.bedpe").write_text("chr1\t0\t2000\tchr1\t50000\t52000\tx\t7\n")
    check = FileWatch.check
    for name in ("a.cool", "a.bedpe"):
        path = tmp_path / name
        old = path.read_bytes()
        if name == "a.cool":
            write_cool(tmp_path / "b.cool")
            with h5py.File(tmp_path / "b.cool", "r+") as file:
                file["pixels/count"][:] = file["pixels/count"][:][::-1]
            new = (tmp_path / "b.cool").read_bytes()
        else:
            new = old.replace(b"\t7\n", b"\t8\n")
        expected = InteractionTransformer(path).fit_transform(genes)
        replace(path, old)  # forget what is kept of it
        n_left = [2 if name == "a.cool" else 0]

        def late(watch, path=path, new=new, n_left=n_left):
            if n_left[0] == 0:
                replace(path, new)
            n_left[0] -= 1
            check(watch)

        monkeypatch.setattr(FileWatch, "check", late)
        with pytest.raises(ValueError, match=f"{name}.*: {REPLACED}"):
            InteractionTransformer(path).fit_transform(genes)
        monkeypatch.setattr(FileWatch, "check", check)
        replace(path, old)
        assert_frame_equal(InteractionTransformer(path).fit_transform(genes), expected)


@pytest.mark.parametrize("special", ["pipe", "socket", "device"])
@pytest.mark.parametrize("kind", KINDS)
def test_pipes_sockets_and_devices_are_refused_at_once(tmp_path, kind, special):
    path = tmp_path / f"a{SUFFIXES.get(kind, '')}"
    if special == "pipe":
        os.mkfifo(path)
    elif special == "device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    with pytest.raises(ValueError, match=rf"{path}.* is not a regular file, but a pipe.*save its"):
        read(kind, path)

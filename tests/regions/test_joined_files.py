"""Files of several samples joined to one, of which little is in memory at any time."""

import os
import re
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from skorch.callbacks import Callback
from small_models import TINY, make_regions

from skchromo import ChromoformerRegressor, RegionArray

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def arrays():
    """Three samples of the same genes, the last of which shares regions with no other."""
    return [make_regions(n_genes=10, seed=seed) for seed in range(3)]


@pytest.fixture
def opened(arrays, tmp_path):
    """The same in files, opened."""
    for number, X in enumerate(arrays):
        X.save(tmp_path / f"{number}.npz")
    return [RegionArray.load(tmp_path / f"{number}.npz") for number in range(3)]


def test_joined_files_are_the_joined_arrays(arrays, opened, tmp_path):
    expected = RegionArray.concatenate(arrays)
    X = RegionArray.concatenate(opened, tmp_path / "all.npz")
    assert X.equals(expected)
    assert X.stored_at == str(tmp_path / "all.npz")
    for file in tmp_path.glob("[0-2].npz"):
        file.unlink()
    assert RegionArray.load(tmp_path / "all.npz", mmap_mode=None).equals(expected)


def test_arrays_in_memory_and_rows_of_files_are_joined(arrays, opened, tmp_path):
    mixed = [opened[1][3:6], arrays[0][[4, 4]], opened[1][:2], opened[2][:0]]
    X = RegionArray.concatenate(mixed, tmp_path / "all.npz")
    assert X.equals(RegionArray.concatenate([arrays[1][3:6], arrays[0][[4, 4]], arrays[1][:2]]))
    one = RegionArray.concatenate([opened[0][6:], opened[0][:2]], tmp_path / "one.npz")
    assert one.equals(arrays[0][[6, 7, 8, 9, 0, 1]])


def test_one_of_the_files_may_be_replaced(arrays, opened, tmp_path):
    X = RegionArray.concatenate(opened, tmp_path / "1.npz")
    assert X.equals(RegionArray.concatenate(arrays))


def test_other_files_are_not_replaced(opened, tmp_path):
    (tmp_path / "notes").write_text("kept")
    with pytest.raises(FileExistsError, match="notes"):
        RegionArray.concatenate(opened, tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "kept"
    RegionArray.concatenate(opened, tmp_path / "notes", overwrite=True)


def test_damaged_signal_is_named_and_nothing_is_written(arrays, opened, tmp_path):
    content = bytearray((tmp_path / "1.npz").read_bytes())
    place = content.find(arrays[1].signal.tobytes())
    content[place : place + 4] = np.float32(-1).tobytes()
    (tmp_path / "1.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"1\.npz is damaged: save the array again \(Negative"):
        RegionArray.concatenate(opened, tmp_path / "all.npz")
    assert sorted(os.listdir(tmp_path)) == ["0.npz", "1.npz", "2.npz"]


def test_joining_files_takes_little_memory(tmp_path):
    X = make_regions(n_genes=400, n_bins=400)
    for number in range(3):
        X.save(tmp_path / f"{number}.npz")
    opened = [RegionArray.load(tmp_path / f"{number}.npz") for number in range(3)]
    tracemalloc.start()
    try:
        RegionArray.concatenate(opened, tmp_path / "all.npz")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < X.signal.nbytes


def resident(path):
    """Bytes of a mapped file that this process holds."""
    text = Path("/proc/self/smaps").read_text()
    parts = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", text, flags=re.MULTILINE)
    return sum(1024 * int(re.search(r"Rss: +(\d+)", part)[1]) for part in parts if path in part)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is held")
def test_what_training_reads_of_a_file_is_not_held(tmp_path):
    X = make_regions(n_genes=300, n_bins=100)
    X.save(tmp_path / "X.npz")
    opened = RegionArray.load(tmp_path / "X.npz")
    path, size = opened.stored_at, opened.signal.nbytes
    opened.signal.sum()
    assert resident(path) > size / 2
    held = []

    class Look(Callback):
        def on_batch_end(self, net, **kwargs):
            held.append(resident(path))

    model = ChromoformerRegressor(
        **{**TINY, "max_epochs": 1, "batch_size": 150}, callbacks=[Look()]
    )
    model.fit(opened, np.arange(300.0))
    assert max(held) < size / 4


_EXTRACTION = """
import os, signal, sys
from small_models import make_regions
from skchromo import RegionArray

folder, killed = sys.argv[1:]
fsync = os.fsync

def killing(file):
    if sample == killed:
        os.kill(os.getpid(), signal.SIGKILL)
    print(sample)
    fsync(file)

os.fsync = killing
for number, sample in enumerate(["H1", "K562", "GM12878"]):
    path = os.path.join(folder, f"{sample}.npz")
    if not os.path.exists(path):
        make_regions(n_genes=10, seed=number).save(path)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_kill_between_two_samples_leaves_what_is_whole(arrays, tmp_path):
    def extract(killed):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
        command = [sys.executable, "-c", _EXTRACTION, str(tmp_path), killed]
        return subprocess.run(command, env=env, capture_output=True, text=True)

    run = extract("GM12878")
    assert run.returncode == -signal.SIGKILL, run.stderr
    paths = [tmp_path / f"{sample}.npz" for sample in ("H1", "K562", "GM12878")]
    assert [path.exists() for path in paths] == [True, True, False]
    run = extract("none")
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["GM12878"]
    X = RegionArray.concatenate([RegionArray.load(path) for path in paths], tmp_path / "all")
    assert X.equals(RegionArray.concatenate(arrays))


def test_a_model_trained_from_the_file_is_that_of_the_array(arrays, opened, tmp_path):
    X = RegionArray.concatenate(opened, tmp_path / "all.npz")
    y, model = np.linspace(0, 1, 30), ChromoformerRegressor(**TINY)
    expected = model.fit(RegionArray.concatenate(arrays), y).predict(arrays[1])
    np.testing.assert_array_equal(model.fit(X, y).predict(opened[1]), expected)

"""Files that were made to do harm, and damage that torch does not notice."""

import builtins
import io
import os
import pickle
import runpy
import subprocess
import zipfile

import numpy as np
import pytest
import torch
from fuzz_files import rewrite_archive, write_bigwig, write_checkpoint, write_regions

from skchromo import ChromoformerRegressor, RegionArray
from skchromo.genome.bigwig import BinCache
from skchromo.nn import load_checkpoint, read_checkpoint

HARM = {
    "system": (os.system, ("touch trap",)),
    "mkdir": (os.mkdir, ("trap",)),
    "eval": (builtins.eval, ("open('trap', 'w')",)),
    "open": (builtins.open, ("trap", "w")),
    "popen": (subprocess.Popen, (["touch", "trap"],)),
    "script": (runpy.run_path, ("script.py",)),
    "numpy": (np.savetxt, ("trap", [1.0])),
    "torch": (torch.save, ([], "trap")),
}


class Harm:
    def __init__(self, name):
        self.what = HARM[name]

    def __reduce__(self):
        return self.what


@pytest.fixture
def path(tmp_path, monkeypatch):
    """An intact checkpoint in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text("open('trap', 'w')")
    write_checkpoint(tmp_path / "a.pt")
    return tmp_path / "a.pt"


@pytest.fixture
def state(path):
    return read_checkpoint(path)


@pytest.mark.parametrize("name", HARM)
@pytest.mark.parametrize("way", ["beside", "inside", "plain", "old"])
def test_code_in_checkpoints_is_not_run(path, state, name, way):
    content = {"net": state, "optimizer": Harm(name)}
    if way == "inside":
        content = {"net": {**state, "embed.500.lin_proj.weight": Harm(name)}}
    if way == "plain":
        path.write_bytes(pickle.dumps({"net": Harm(name)}))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=way != "old")
    with pytest.raises(ValueError, match=r"a\.pt cannot be read.*would run code"):
        read_checkpoint(path)
    with pytest.raises(ValueError, match=r"a\.pt cannot be read"):
        ChromoformerRegressor.from_checkpoint(path, tracks=["a", "b"])
    assert sorted(found.name for found in path.parent.iterdir()) == ["a.pt", "script.py"]


def test_code_in_memory_is_not_run(path):
    keys = np.array([Harm("system")], dtype=object)
    write_bigwig(path.parent / "a.bw")
    where = (np.array(["chr1"], dtype=object), np.array([0]), np.array([1_000]))
    BinCache(path.parent / "cache", path.parent / "a.bw", 100).add(*where, np.ones(10, np.float32))
    (part,) = (path.parent / "cache").rglob("*.npz")
    np.savez(part, keys=keys, start=[0], end=[1_000], values=np.ones(10, dtype=np.float32))
    with pytest.warns(UserWarning, match="is damaged .*delete it"):
        BinCache(path.parent / "cache", path.parent / "a.bw", 100)
    assert not (path.parent / "trap").exists()


@pytest.mark.parametrize("member", ["weights", "start", "signal"])
def test_code_in_saved_regions_is_not_run(path, member):
    write_regions(path.parent / "X.npz")
    content = io.BytesIO()
    np.lib.format.write_array(content, np.array([Harm("system")], dtype=object))
    rewrite_archive(path.parent / "X.npz", {f"{member}.npy": content.getvalue()})
    for mmap_mode in ("r", None):
        with pytest.raises(ValueError, match=r"X\.npz is damaged"):
            RegionArray.load(path.parent / "X.npz", mmap_mode)
    assert not (path.parent / "trap").exists()


def test_weights_that_changed_on_disk_are_not_used(path):
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = max(
            archive.infolist(), key=lambda info: info.file_size * ("/data/" in info.filename)
        )
    content[member.header_offset + 30 + len(member.filename) + 64 + member.file_size // 2] ^= 64
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.pt cannot be read .*checksum of .*data"):
        load_checkpoint(path)


def huge(n_rows):
    """A tensor that claims many rows and holds one number."""
    return torch.zeros(1).expand(n_rows)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embed.2000.transformer.layers.0.ff.l1.bias": huge(2**40)}, "does not hold all numbers"),
        ({"fc_head.0.bias": huge(2**31)}, "does not hold all numbers of fc_head.0.bias"),
        ({"embed.2000.transformer.layers.999999999.ff.l1.bias": huge(1)}, "not all in a row"),
        ({"embed.2000.transformer.layers.-1.ff.l1.bias": huge(1)}, "which has no number"),
        ({"embed.0.lin_proj.weight": huge(1)}, "lengths"),
        ({"embed.x.lin_proj.weight": huge(1)}, "which has no number"),
        ({"embed.9999999999999.lin_proj.weight": huge(1)}, "which has no number"),
        ({"embed.500.lin_proj.weight": huge(1)}, "has no tensor|has shape"),
        ({"embed.1000.lin_proj.weight": torch.zeros(8)}, r"has shape \(8,\)"),
        ({"fc_head.2.bias": torch.zeros(())}, r"has shape \(\)"),
        ({"regulation.1000.transformer.layers.0.self_att.gamma_f": torch.zeros(0)}, "has shape"),
        ({"fc_head.0.bias": torch.zeros(8).to_sparse()}, "does not hold all numbers"),
    ],
)
def test_sizes_are_checked_before_memory_is_taken(path, state, changes, message):
    torch.save({"net": {**state, **changes}}, path)
    for read in (read_checkpoint, load_checkpoint):
        with pytest.raises(ValueError, match=rf"a\.pt.*({message})"):
            read(path)


def test_tensors_need_names(path):
    torch.save({"net": {5: torch.zeros(1)}}, path)
    with pytest.raises(ValueError, match=r"a\.pt holds tensors without names"):
        read_checkpoint(path)

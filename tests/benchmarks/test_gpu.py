"""benchmarks/gpu.py on the CPU, with sizes that are smaller still than its quick ones."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
TINY = {"genes": 12, "reference genes": 1, "search genes": 12, "repeats": 1, "batch": 6}
ONE_TEST = "import pytest\n\n@pytest.mark.gpu\n@pytest.mark.skip\ndef test_it():\n    pass\n"


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module("gpu")
    monkeypatch.setattr(module, "QUICK", TINY)
    monkeypatch.setattr(module, "TESTS", tmp_path / "tests")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text(ONE_TEST)
    yield module
    for name in ("gpu", "genome_scale", "train_step"):
        sys.modules.pop(name, None)


def run(gpu, path):
    with parallel_config("threading"):  # starts faster than processes
        status = gpu.main(["--device", "cpu", "--quick", "--json", str(path)])
    return status, {row["what"]: row["value"] for row in json.loads(path.read_text())["rows"]}


def test_all_is_measured_on_the_cpu(gpu, tmp_path, capsys):
    status, found = run(gpu, tmp_path / "gpu.json")
    assert status == 0, found
    assert all(np.isfinite(value) for value in found.values())
    for what in ("outputs", "gradients"):
        assert found[f"{what} differ from the CPU's, float32"] < 1e-5
        assert 1e-4 < found[f"{what} differ from the CPU's, bfloat16"] < 0.5
    assert found["tests marked gpu, skipped"] == 1
    assert found["training step, the reference's time over ours"] > 0
    assert found["predictions differ after loading onto cpu"] == 0
    assert found["scores of the two differ by"] == 0
    assert found["waits a training step"] <= 2
    table = capsys.readouterr().out.rpartition("what ")[2]
    assert all(name in table for name in found)


def test_what_cannot_be_measured_is_a_row(gpu, tmp_path, monkeypatch):
    def broken(bench):
        raise RuntimeError("the card is gone")

    monkeypatch.setitem(sys.modules, "train_step", None)
    monkeypatch.setattr(gpu, "MEASUREMENTS", (gpu.reference, broken))
    status, found = run(gpu, tmp_path / "gpu.json")
    assert status == 1
    assert found["the reference"].startswith("not measured: ")
    assert found["broken"] == "failed: RuntimeError: the card is gone"
    assert found["training step of 1 genes"] > 0

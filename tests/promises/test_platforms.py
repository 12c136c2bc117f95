"""Platforms without calls that only Unix or Linux have: every room works without them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# os.preadv is not on macOS, os.fork and fcntl are not on Windows. The requirements take care of
# themselves: they are imported first.
WITHOUT = """
import os, sys
import fsspec.implementations.http, h5py, hictkpy, joblib, pyBigWig, sklearn, skorch, torch._dynamo

for name in ("register_at_fork", "fork", "preadv", "pread"):
    if hasattr(os, name):
        delattr(os, name)
sys.modules["fcntl"] = None

import importlib, pkgutil
import skchromo

for module in pkgutil.walk_packages(skchromo.__path__, "skchromo."):
    importlib.import_module(module.name)

import numpy as np
from small_models import TINY, make_regions
from fuzz_files import write_bigwig

from skchromo import ChromoformerRegressor
from skchromo.genome import read_bins
from pathlib import Path

write_bigwig(Path(sys.argv[1]))
values, _ = read_bins(sys.argv[1], ["chr1"], [0], [40_000], 100)
X = make_regions()
model = ChromoformerRegressor(**TINY).fit(X, np.arange(float(len(X))))
print(values.any(), np.isfinite(model.predict(X)).all())
"""


def test_rooms_work_without_calls_of_unix(tmp_path):
    folders = (ROOT, ROOT / "tests", ROOT / "tests" / "promises")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, tmp_path / "a.bw"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "True True\n"), done.stderr

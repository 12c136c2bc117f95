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


OPTIMISED = """
import sys, tempfile
from pathlib import Path

import numpy as np
from skchromo import BigWigTransformer, ChromoformerClassifier, InteractionTransformer, load_model
from skchromo.datasets import make_epigenome
from skchromo.inspection import attributions, pcre_importance, to_bedpe, to_bigwig
from sklearn.pipeline import make_pipeline

folder = Path(sys.argv[1])
made = make_epigenome(folder / "made", n_genes=20, n_chroms=2, random_state=0)
features = make_pipeline(
    InteractionTransformer(made.contacts), BigWigTransformer(made.tracks, memory=folder / "cache")
)
X = features.fit_transform(made.genes)
y = made.expression > made.expression.median()
model = ChromoformerClassifier.small_data(max_epochs=1, random_state=0).fit(X, y)
model.save(folder / "m")
model.save_checkpoint(folder / "m.pt")
X.save(folder / "X.npz")
to_bigwig(attributions(model, X[:2], n_steps=1), folder / "a.bw")
to_bedpe(pcre_importance(model, X[:2]), folder / "a.bedpe")
print((load_model(folder / "m").predict_proba(X) == model.predict_proba(X)).all())
for wrong in ({"lr": -1}, {"dropout": 2}, {"bin_sizes": "x"}):
    try:
        ChromoformerClassifier(**wrong).fit(X, y)
    except (TypeError, ValueError) as error:
        print(next(iter(wrong)) in str(error))
"""


def test_python_without_asserts_and_docstrings_does_the_same(tmp_path):
    done = subprocess.run(
        [sys.executable, "-OO", "-W", "error", "-c", OPTIMISED, tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "True\n" * 4), done.stderr

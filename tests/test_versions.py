"""show_versions: what a report of a fault needs."""

import numpy as np
import pytest
import torch

import skchromo


@pytest.mark.filterwarnings("error")
def test_versions_are_those_of_the_packages_in_use(capsys):
    skchromo.show_versions()
    lines = capsys.readouterr().out.splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines if not line.startswith("torch threads"))
    assert rows["skchromo"] == skchromo.__version__
    assert rows["numpy"] == np.__version__
    # a build's name follows the version, as in 2.6.0+cu124, but not in every package's metadata
    assert rows["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert rows["device"].startswith(("cpu", "cuda", "mps"))
    assert {"scikit-learn", "skorch", "pyBigWig", "matplotlib", "s3fs"} <= set(rows)
    assert "ruff" not in rows

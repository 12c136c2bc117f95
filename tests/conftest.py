"""Fixtures that more than one test file uses."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# scikit-learn's checks of array types are skipped without, whoever runs the tests
os.environ.setdefault("SCIPY_ARRAY_API", "1")

settings.register_profile("skchromo", deadline=None)
settings.load_profile("skchromo")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def h1_e003():
    """Folder of the real H1 sample: seven bigWigs, 64 genes, 346 contacts."""
    data = Path(os.environ.get("SKCHROMO_TEST_DATA", ROOT.parent / "shared" / "data"))
    folder = data / "h1_e003"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: point SKCHROMO_TEST_DATA at it")
    return folder

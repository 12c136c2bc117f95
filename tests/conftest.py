"""Fixtures that more than one test file uses."""

import asyncio
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# scikit-learn's checks of array types are skipped without, whoever runs the tests
os.environ.setdefault("SCIPY_ARRAY_API", "1")

settings.register_profile("skchromo", deadline=None)
settings.load_profile("skchromo")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def ctrl_c():
    """Ctrl-C interrupts, also in the background of a shell and in workers of pytest-xdist."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def h1_e003():
    """Folder of the real H1 sample: seven bigWigs, 64 genes, 346 contacts."""
    return real_data("h1_e003")


@pytest.fixture(scope="session")
def k562():
    """Folder of the real K562 genome: among others genes and CRISPRi pairs."""
    return real_data("k562_gm12878")


@pytest.fixture
def pauses(monkeypatch):
    """Seconds of the pauses between tries, which are not waited for; no proxy is used."""
    noted, sleep = [], asyncio.sleep

    async def note(seconds, *arguments):
        noted.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    return noted


def real_data(name):
    data = Path(os.environ.get("SKCHROMO_TEST_DATA", ROOT.parent / "shared" / "data"))
    folder = data / name
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: point SKCHROMO_TEST_DATA at it")
    return folder


@pytest.fixture(scope="module")
def X():
    from small_models import make_regions

    return make_regions()


@pytest.fixture(scope="module")
def y(X):
    return np.random.default_rng(1).normal(3.0, 1.0, len(X))


@pytest.fixture(scope="module")
def fitted(X, y):
    from small_models import TINY

    from skchromo import ChromoformerRegressor

    return ChromoformerRegressor(**TINY).fit(X, y)

"""Thousands of spoilt files: each is read right, or refused in words that name it.

A reader may not crash, hang, take memory without bound, raise errors of its libraries, lose rows or
change what it has not been told to. SKCHROMO_FUZZ=10 tries ten times as many files.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from fuzz_files import KINDS, TEXTS

TESTS = Path(__file__).resolve().parent
TIMES = int(os.environ.get("SKCHROMO_FUZZ", "1"))
CASES = {"bigwig": 600, "regions": 400, "mapped": 200, "cool": 150, "hic": 200, "checkpoint": 200}
CASES |= {"mcool": 100, "model": 200}
# The formats have no checksums on what leads to the data: of a thousand spoilt files some few are
# read as others (a bigWig that states another length of a chromosome). HDF5 has been seen not to
# come back from one damaged heap of a thousand.
UNCHECKED = {"bigwig": 0.001, "cool": 0.02, "mcool": 0.02, "hic": 0.02}


class Worker:
    """The process that reads; started again when it dies."""

    def __init__(self, folder):
        self._folder, self._process = folder, None

    def run(self, kind, first, last):
        """Give the outcome of each case: (case, outcome, words)."""
        found = []
        while first < last:
            process = self._started()
            process.stdin.write(json.dumps([kind, first, last]) + "\n")
            process.stdin.flush()
            case = None
            for line in process.stdout:
                case, outcome, words = json.loads(line)
                if outcome == "done":
                    return found
                if outcome != "began":
                    found.append((case, outcome, words))
            assert case is not None, "the worker does not start"
            died = signal.Signals(-process.wait()).name
            found.append((case, "died", died))
            self.close()
            first = case + 1
        return found

    def close(self):
        """End the process."""
        if self._process:
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait()
            self._process = None

    def _started(self):
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, TESTS / "fuzz_worker.py", self._folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])},
            )
        return self._process


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    worker = Worker(tmp_path_factory.mktemp("fuzz"))
    yield worker
    worker.close()


@pytest.mark.parametrize("kind", KINDS)
def test_spoilt_files_are_read_right_or_refused_by_name(worker, kind):
    n_cases = CASES.get(kind, 120) * TIMES
    found = worker.run(kind, 0, n_cases)
    counts = Counter(outcome for _, outcome, _ in found)
    assert [case for case in found if case[1] == "escaped"] == []
    assert sum(counts.values()) == n_cases
    n_allowed = UNCHECKED.get(kind, 0) * n_cases
    assert counts["died"] <= n_allowed / 10, [case for case in found if case[1] == "died"]
    # Text says something else when it is changed; files with checksums do not.
    assert kind in TEXTS or counts["other"] <= n_allowed
    # Neither everything nor nothing is refused.
    assert counts["told"] > n_cases / 5
    assert counts["same"] > 0 or kind.endswith("_gz") or kind == "model"  # its every byte counts

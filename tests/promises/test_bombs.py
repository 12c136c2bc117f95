"""Small checkpoints and model files that claim memory or time without end."""

import json
import subprocess
import sys

from bomb_files import HARMLESS, checkpoints, models

SECONDS, MEGABYTES = 10, 150
# The highest use of memory is counted anew for each file.
CHILD = """
import json, sys, time
from skchromo import load_model
from skchromo.nn import load_checkpoint

def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))

load = {"checkpoint": load_checkpoint, "model": load_model}
for path in sys.stdin.read().split("\\n"):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    words, began, before = None, time.perf_counter(), peak()
    try:
        load[path.rpartition(".")[2]](path)
    except ValueError as error:
        words = str(error)
    print(json.dumps([words, time.perf_counter() - began, peak() - before]), flush=True)
"""


def test_small_files_that_claim_much_are_refused_at_once(tmp_path):
    paths = {}
    for kind, bombs in (("checkpoint", checkpoints()), ("model", models(tmp_path))):
        for number, (name, content) in enumerate(bombs):
            paths[name] = tmp_path / f"{number}.{kind}"
            paths[name].write_bytes(content)
    names = "\n".join(map(str, paths.values()))
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=names, stdout=subprocess.PIPE, timeout=300, text=True
    )
    lines = child.stdout.splitlines()
    assert len(lines) == len(paths), f"{list(paths)[len(lines)]}: ended with {child.returncode}"
    for (name, path), line in zip(paths.items(), lines, strict=True):
        words, seconds, megabytes = json.loads(line)
        assert (words is None) == (name in HARMLESS), f"{name}: {words}"
        assert words is None or (str(path) in words and len(words) < 1000), f"{name}: {words}"
        assert seconds < SECONDS, f"{name} took {seconds} s"
        assert megabytes < MEGABYTES, f"{name} took {megabytes} MB"

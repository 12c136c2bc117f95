"""A process that reads spoilt files, and may crash, hang or run out of memory in it.

Each line of its standard input asks for some cases of one kind; it answers with two lines a case,
one before the file is read and one after.
"""

import json
import resource
import signal
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
from fuzz_accidents import spoil
from fuzz_files import SUFFIXES, TEXTS, write_intact
from fuzz_reading import digest, lost_rows, read

OURS = (ValueError, TypeError, FileNotFoundError)
MEMORY = 512 << 20
SECONDS = 20


def judge(kind, path, intact, expected):
    """Tell how reading a spoilt file ends."""
    try:
        found = read(kind, path)
        if digest(found) == digest(expected):
            return "same", ""
        lost = lost_rows(kind, intact, path.read_bytes(), expected, found)
        assert not lost, f"{len(lost)} rows of lines that are intact: {lost[:3]}"
        return "other", ""
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        ours = type(error) in OURS and "skchromo" in Path(frame.filename).parts
        told = "told" if ours and path.name in str(error) else "escaped"
        return told, f"{type(error).__name__} at {frame.filename}:{frame.lineno}: {error}"


def run(kind, first, last, folder, answer):
    """Spoil and read a file in several ways."""
    suffix = SUFFIXES.get(kind, ".tsv")
    intact, path = folder / f"intact{suffix}", folder / f"spoilt_{kind}{suffix}"
    write_intact(kind, intact)
    content, expected = intact.read_bytes(), read(kind, intact)
    intact.unlink()
    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = n_pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    for case in range(first, last):
        # A new file each time: libraries may still hold the last one open.
        path.unlink(missing_ok=True)
        path.write_bytes(spoil(content, np.random.default_rng(case), kind in TEXTS))
        answer(case, "began", "")
        signal.alarm(SECONDS)
        outcome, words = judge(kind, path, content, expected)
        signal.alarm(0)
        answer(case, outcome, words)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    answer(last, "done", "")


def main():
    """Answer on what was standard output; whatever libraries print goes elsewhere."""
    answers, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=UserWarning)
    for line in sys.stdin:
        kind, first, last = json.loads(line)
        run(
            kind,
            first,
            last,
            Path(sys.argv[1]),
            lambda *words: print(json.dumps(words), file=answers, flush=True),
        )


if __name__ == "__main__":
    main()

"""A process that reads spoilt files, and may crash, hang or run out of memory in it.

Each line of its standard input names some cases of one kind. It answers with two lines for each
case: one before the file is read and one after.
"""

import json
import resource
import signal
import struct
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
from fuzz_files import SUFFIXES, TEXTS, write_intact
from fuzz_reading import digest, lost_rows, read

OURS = (ValueError, TypeError, FileNotFoundError)
MEMORY = 512 << 20
SECONDS = 20

# Values that are put in place of numbers, and of fields of a table.
EXTREMES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF]
EXTREMES += [2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]
FIELDS = ["", " ", "-1", "0", "1e400", "nan", "NaN", "inf", "9" * 30, "1_000"]
FIELDS += [
    "\uff11\uff12",
    "0x10",
    "1.5",
    '"',
    '"a',
    "'",
    "\x00",
    "é",
    "-",
    ".",
    "+",
    "1e5",
    "true",
    "chr1:1-",
    "²",
]
FIELDS += ["\t", ",", ";", "\r", "#", "track", "=", "%zz", "chr1:5-9,3", "4294967296", "\ufeff"]
FIELDS += ["\u2028", "NA", "None"]


def spoil(content, rng, is_text):
    """Give a spoilt copy of a file's bytes, by one to three accidents."""
    content = bytearray(content)
    accidents = [*ACCIDENTS, *LINE_ACCIDENTS * 2] if is_text else ACCIDENTS
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        accident = accidents[int(rng.integers(len(accidents)))]
        if accident in LINE_ACCIDENTS:
            lines = bytes(content).split(b"\n")
            accident(lines, int(rng.integers(len(lines))), rng)
            content = bytearray(b"\n".join(lines))
        else:
            content = bytearray(accident(content, rng))
    return bytes(content)


def _place(content, rng):
    """Draw a place, one of two times near an end of the file, where its headers stand."""
    size = max(len(content), 1)
    near = int(rng.integers(min(size, 600)))
    places = [near, size - 1 - near, *[int(rng.integers(size)) for _ in range(2)]]
    return places[int(rng.integers(4))]


def _span(content, rng):
    """Draw a first byte and the byte after the last."""
    start = _place(content, rng)
    return start, start + int(rng.choice([1, 4, 16, 100, 4096]))


def _flip(content, rng):
    if content:
        content[_place(content, rng)] ^= 1 << int(rng.integers(8))
    return content


def _set_number(content, rng):
    form = "BHIQ"[int(rng.integers(4))]
    size = struct.calcsize(form)
    value = EXTREMES[int(rng.integers(len(EXTREMES)))] & (256**size - 1)
    place = _place(content, rng)
    order = "<>"[int(rng.integers(4)) == 0]
    content[place : place + size] = struct.pack(order + form, value)
    return content


def _cut(content, rng):
    return content[: _place(content, rng)]


def _extend(content, rng):
    return content + rng.bytes(int(rng.choice([1, 64, 5000])))


def _remove(content, rng):
    start, stop = _span(content, rng)
    del content[start:stop]
    return content


def _repeat(content, rng):
    start, stop = _span(content, rng)
    return content[:stop] + content[start:]


def _zero(content, rng):
    start, stop = _span(content, rng)
    content[start:stop] = bytes(max(min(stop, len(content)) - start, 0))
    return content


def _noise(content, rng):
    start, stop = _span(content, rng)
    content[start:stop] = rng.bytes(max(min(stop, len(content)) - start, 0))
    return content


def _spoil_field(lines, at, rng):
    separator = next((mark for mark in (b"\t", b",", b" ") if mark in lines[at]), b"\t")
    fields = lines[at].split(separator)
    value = FIELDS[int(rng.integers(len(FIELDS)))].encode()
    which = int(rng.integers(len(fields)))
    fields[which] = value if rng.integers(2) else fields[which] + value
    lines[at] = separator.join(fields)


def _drop_field(lines, at, rng):
    fields = lines[at].split(b"\t")
    del fields[int(rng.integers(len(fields)))]
    lines[at] = b"\t".join(fields)


def _repeat_field(lines, at, rng):
    fields = lines[at].split(b"\t")
    which = int(rng.integers(len(fields)))
    fields.insert(which, fields[which])
    lines[at] = b"\t".join(fields)


def _move_line(lines, at, rng):
    lines.insert(int(rng.integers(len(lines))), lines.pop(at))


def _repeat_line(lines, at, rng):
    lines.insert(at, lines[at])


def _empty_line(lines, at, rng):
    lines[at] = b""


def _old_mac(lines, at, rng):
    lines[at] = lines[at] + b"\r"


# A name that stands twice is drawn twice as often.
ACCIDENTS = [_flip, _flip, _set_number, _set_number, _cut, _extend]
ACCIDENTS += [_remove, _repeat, _zero, _noise]
LINE_ACCIDENTS = [_spoil_field, _spoil_field, _spoil_field, _drop_field, _repeat_field]
LINE_ACCIDENTS += [_move_line, _repeat_line, _empty_line, _old_mac]


def outcome_of(kind, path, intact, expected):
    """Return how reading a spoilt file ends, and in which words."""
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
        outcome = "refused" if ours and path.name in str(error) else "escaped"
        return outcome, f"{type(error).__name__} at {frame.filename}:{frame.lineno}: {error}"


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
        outcome, words = outcome_of(kind, path, content, expected)
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

"""What may happen to the bytes of a file."""

import struct

EXTREMES = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
FIELDS = (
    *(
        "",
        " ",
        "-1",
        "0",
        "1e400",
        "nan",
        "NaN",
        "inf",
        "9" * 30,
        "1_000",
        "\uff11\uff12",
        "0x10",
        "1.5",
    ),
    *(
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
        "\t",
        ",",
        ";",
        "\r",
    ),
    *("#", "track", "=", "%zz", "chr1:5-9,3", "4294967296", "\ufeff", "\u2028", "NA", "None"),
)


def spoil(content, rng, is_text):
    """Give a spoilt copy of a file's bytes, by one to three accidents."""
    content = bytearray(content)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        accidents = [*_ACCIDENTS, *_TEXT_ACCIDENTS * 2] if is_text else _ACCIDENTS
        accident = accidents[int(rng.integers(len(accidents)))]
        content = bytearray(accident(content, rng))
    return bytes(content)


def _place(content, rng):
    """Draw a place, one of two times near an end of the file, where its headers stand."""
    size = max(len(content), 1)
    near = int(rng.integers(min(size, 600)))
    return [near, size - 1 - near, *[int(rng.integers(size)) for _ in range(2)]][
        int(rng.integers(4))
    ]


def _slice(content, rng):
    """Draw a slice."""
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
    start, stop = _slice(content, rng)
    del content[start:stop]
    return content


def _repeat(content, rng):
    start, stop = _slice(content, rng)
    return content[:stop] + content[start:]


def _zero(content, rng):
    start, stop = _slice(content, rng)
    stop = min(stop, len(content))
    content[start:stop] = bytes(max(stop - start, 0))
    return content


def _noise(content, rng):
    start, stop = _slice(content, rng)
    stop = max(min(stop, len(content)), start)
    content[start:stop] = rng.bytes(stop - start)
    return content


_ACCIDENTS = [
    _flip,
    _flip,
    _set_number,
    _set_number,
    _cut,
    _extend,
    _remove,
    _repeat,
    _zero,
    _noise,
]


def _with_lines(change):
    """Make an accident of what happens to a list of lines."""

    def accident(content, rng):
        lines = bytes(content).split(b"\n")
        change(lines, int(rng.integers(len(lines))), rng)
        return b"\n".join(lines)

    return accident


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


_TEXT_ACCIDENTS = [
    _with_lines(change)
    for change in (
        *(_spoil_field, _spoil_field, _spoil_field, _drop_field, _repeat_field),
        *(_move_line, _repeat_line, _empty_line, _old_mac),
    )
]

"""A writer of small bigBed files (Kent et al., 2010, doi 10.1093/bioinformatics/btq351)."""

import struct
import zlib

_NARROW_PEAK = """table narrowPeak
"Peaks"
(
    string chrom;        "Chromosome"
    uint chromStart;     "Start"
    uint chromEnd;       "End"
    string name;         "Name"
    uint score;          "0 to 1000"
    char[1] strand;      "Strand"
    float signalValue;   "Signal"
    float pValue;        "-log10 p"
    float qValue;        "-log10 q"
    int peak;            "Summit"
)
"""


def write_bigbed(path, rows, sizes, *, sql=_NARROW_PEAK, compressed=True):
    """Write rows (chrom, start, end, and further fields), one block a chromosome."""
    names = sorted({row[0] for row in rows})
    key_size = max(map(len, sizes))
    tree = struct.pack("<IIIIQQ", 0x78CA8C91, len(sizes), key_size, 8, len(sizes), 0)
    tree += struct.pack("<BBH", 1, 0, len(sizes))
    numbers = {name: number for number, name in enumerate(sorted(sizes))}
    for name, number in numbers.items():
        tree += name.encode().ljust(key_size, b"\0") + struct.pack("<II", number, sizes[name])
    text = sql.encode() + b"\0"
    summary = struct.pack("<Qdddd", 0, 0, 0, 0, 0)
    tree_at = 64 + len(text) + len(summary)
    data_at = tree_at + len(tree)
    largest = 0
    data, leaves = struct.pack("<Q", len(rows)), b""
    for name in names:
        own = sorted(row for row in rows if row[0] == name)
        block = b"".join(
            struct.pack("<III", numbers[name], start, end)
            + "\t".join(map(str, rest)).encode()
            + b"\0"
            for _, start, end, *rest in own
        )
        largest = max(largest, len(block))
        block = zlib.compress(block) if compressed else block
        bounds = numbers[name], own[0][1], numbers[name], max(row[2] for row in own)
        leaves += struct.pack("<IIIIQQ", *bounds, data_at + len(data), len(block))
        data += block
    index_at = data_at + len(data)
    index = struct.pack(
        "<IIQIIIIQII", 0x2468ACE0, 256, len(names), 0, 0, len(sizes), 0, index_at, 512, 0
    )
    index += struct.pack("<BBH", 1, 0, len(names)) + leaves
    n_fields, size = len(rows[0]), largest if compressed else 0
    header = struct.pack(
        "<IHHQQQHHQQIQ",
        0x8789F2EB,
        4,
        0,
        tree_at,
        data_at,
        index_at,
        n_fields,
        3,
        64,
        64 + len(text),
        size,
        0,
    )
    signature = struct.pack("<I", 0x8789F2EB)
    path.write_bytes(header + text + summary + tree + data + index + signature)
    return path

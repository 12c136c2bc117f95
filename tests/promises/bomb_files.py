"""Small checkpoints and model files that claim memory or time without end; they run no code."""

import hashlib
import io
import json
import pickle
import struct
import zipfile

import numpy as np
from fuzz_files import write_model
from safetensors import safe_open
from safetensors.numpy import load, save_file

MANY = 1 << 34


def number(n):
    """Return the opcodes of an int."""
    content = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
    if len(content) < 256:
        return b"\x8a" + bytes([len(content)]) + content
    return b"\x8b" + struct.pack("<I", len(content)) + content


def text(words):
    return b"X" + struct.pack("<I", len(words)) + words.encode()


def call(name, *args):
    """Return the opcodes of a call of ``"module name"``."""
    return b"c" + name.replace(" ", "\n").encode() + b"\n(" + b"".join(args) + b"tR"


def dict_of(**items):
    return b"}" + b"".join(text(name) + value + b"s" for name, value in items.items())


def storage(n_values, key="0", kind="torch FloatStorage"):
    kind = b"c" + kind.replace(" ", "\n").encode() + b"\n"
    return b"(" + text("storage") + kind + text(key) + text("cpu") + number(n_values) + b"tQ"


def tensor(of, *size):
    """Return the opcodes of a tensor whose strides are 0."""
    sizes, strides = (b"(" + b"".join(map(number, n)) + b"t" for n in (size, [0] * len(size)))
    return call("torch._utils _rebuild_tensor_v2", of, number(0), sizes, strides, b"\x89", b"N")


# A tuple that is put into itself 45 times
KEY = text("a") + b"q\x00"
KEY += b"".join(b"h" + bytes([k]) + b"\x86q" + bytes([k + 1]) for k in range(45))
PICKLES = {
    "bytearray": dict_of(net=call("builtins bytearray", number(MANY))),
    "bytearray of Python 2": dict_of(net=call("__builtin__ bytearray", number(MANY))),
    "bytes": dict_of(net=call("builtins bytes", number(MANY))),
    "array of objects": dict_of(net=call("numpy ndarray", b"(" + number(MANY) + b"t", text("O"))),
    "array": dict_of(net=call("numpy ndarray", b"(" + number(MANY) + b"t", text("f8"))),
    "array of long text": dict_of(net=call("numpy ndarray", b"(K\x01t", text("U1000000000"))),
    "range in a list": dict_of(net=call("builtins list", call("builtins range", number(MANY)))),
    "key of tuples": b"}" + KEY + text("v") + b"s",
    "key among others": b"}(" + text("net") + b"}" + KEY + b"}u",
    "key of a deep tuple": b"}" + b")" + b"\x85" * 100_000 + text("v") + b"s",
    "key of a counter": call("collections Counter", b"}" + KEY + b"K\x01s"),
    "key of an ordered dict": call("collections OrderedDict") + KEY + b"}s",
    "set of tuples": dict_of(net=call("builtins set", b"]" + KEY + b"a")),
    "deep lists": dict_of(net=b"]" * 100_000 + b"a" * 99_999),
    "deep dicts": b"}" + (text("net") + b"}") * 100_000 + b"s" * 100_000,
    "a dict in itself": b"}q\x00" + text("net") + b"h\x00s",
    "a long int": dict_of(net=number(1 << 8_000_000)),
    "a long shape": dict_of(net=dict_of(a=tensor(storage(1), 1 << 2000))),
    "a storage": dict_of(net=dict_of(a=tensor(storage(MANY), 1))),
    "a storage of less than nothing": dict_of(net=dict_of(a=tensor(storage(-MANY), 1))),
    "many storages": dict_of(
        net=dict_of(**{f"{k}": tensor(storage(40_000, f"{k}"), 1) for k in range(2_000)})
    ),
    "a tensor": dict_of(net=dict_of(a=tensor(storage(1), MANY))),
    "a tensor of many axes": dict_of(net=dict_of(a=tensor(storage(1), *[1] * 50_000))),
    "a tensor of nothing": dict_of(net=dict_of(a=tensor(storage(1), MANY, MANY, 0))),
    "a sparse tensor": dict_of(net=call("torch._utils _rebuild_sparse_tensor", number(MANY))),
    "one storage in many tensors": dict_of(
        net=dict_of(
            **{
                f"{k}": tensor(storage(1 << 16, kind="torch HalfStorage"), 1 << 16)
                for k in range(10_000)
            }
        )
    ),
    "a long key of a storage": text("1" * (1 << 20))
    + b"q\x00"
    + (b"(" + text("storage") + b"ctorch\nFloatStorage\nh\x00" + text("cpu") + b"K\x01tQ") * 9_999,
    "long names": dict_of(**{"a" * (1 << 20): b"K\x01", "b" * (1 << 20): b"K\x01"}),
    "a memo that is far away": dict_of(net=b"Nr\xff\xff\xff\xff"),
    "many small values": b"]" + b"}" * 6_000_000 + b"a",
    "many layers": dict_of(
        **{
            f"embed.2000.transformer.layers.{k}.ff.l1.bias": tensor(storage(1 << 16), 1)
            for k in range(5_000)
        }
    ),
}
OLD_START = b"".join(
    pickle.dumps(head, 2)
    for head in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})
)


def in_old_format(opcodes):
    """Return a file of torch's old format, with one storage of 65,536 zeros."""
    keys = pickle.dumps(["0"], 2)
    numbers = struct.pack("<q", 1 << 16) + bytes(1 << 18)
    return OLD_START + b"\x80\x02" + opcodes + b"." + keys + numbers


def in_archive(opcodes, method=zipfile.ZIP_DEFLATED):
    """Return a zip archive as torch writes it, compressed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + opcodes + b".")
        archive.writestr("a/data/0", bytes(1 << 17))
    return content.getvalue()


def checkpoints():
    """Yield the name and the bytes of each bomb among checkpoints."""
    for name, opcodes in PICKLES.items():
        yield f"{name}, archive", in_archive(opcodes)
        if len(opcodes) < 1 << 22:
            yield f"{name}, old", in_old_format(opcodes)
    yield "tuples among the keys, old", OLD_START + b"\x80\x02}.\x80\x02]" + KEY + b"a."
    yield "a great dictionary", in_archive(b"}", zipfile.ZIP_LZMA)


def forge(part, **values):
    """Return a change of a model file's document."""
    return lambda document, weights: document[part].update(values)


def with_layers(document, weights):
    document["network"].update(regulation_n_layers=10_000)
    weights.update({f"{k}": np.zeros((0, MANY), dtype=np.float32) for k in range(10_000)})


def with_classes(document, weights):
    document["class"] = "ChromoformerClassifier"
    document["params"] = {"class_weight": None}
    values = [*map(str, range(100_000)), "x" * (1 << 20)]
    document["fitted"]["classes_"] = {"dict": [["dtype", "str"], ["values", values]]}


DOCUMENTS = {
    "wide": forge("network", d_model=10**9),
    "wide and deep": forge("network", regulation_d_ff=10**9, regulation_n_layers=50),
    "many outputs": forge("network", d_output=1 << 40),
    "layers with empty tensors": with_layers,
    "many bin sizes": forge("network", bin_sizes={"tuple": list(range(1, 100_000))}),
    "long regions": forge("fitted", n_bins_=1 << 22),
    "fine bins": forge("network", bin_sizes={"tuple": [400, 1]}),
    "many tracks": forge("fitted", tracks_={"tuple": ["a"] * 10**6}),
    "long classes": with_classes,
    "a long class": lambda document, weights: document.update({"class": "x" * (1 << 24)}),
    "a long version": forge("versions", skchromo="x" * (1 << 20)),
    "a key of a tuple": forge("fitted", chromsizes_={"dict": [[{"tuple": [{"tuple": []}]}, 1]]}),
    "an int without end": forge("params", batch_size=10**4000),
    "a device without numbers": forge("params", device="meta"),
    "a device that is not here": forge("params", device="cuda:999999999999"),
    "threads": forge("params", n_threads=4096),
}


def models(folder):
    """Yield the name and the bytes of each bomb among model files, written in a folder."""
    path = folder / "a.safetensors"
    write_model(path)
    whole = path.read_bytes()
    with safe_open(path, framework="numpy") as file:
        header = file.metadata()
    for name, change in DOCUMENTS.items():
        document, weights = json.loads(header["model"]), load(whole)
        change(document, weights)
        text = json.dumps(document)
        digest = hashlib.sha256(text.encode())
        for key in sorted(weights):
            digest.update(key.encode() + weights[key].tobytes())
        save_file(weights, path, {**header, "model": text, "sha256": digest.hexdigest()})
        yield name, path.read_bytes()
    yield "a header without end", struct.pack("<Q", 1 << 40) + whole[8:]
    yield "a nested header", struct.pack("<Q", 1 << 20) + b"{" + b'"a":[' * 200_000 + bytes(1 << 20)


# These claim nothing that loading them takes; what they ask for is not done.
HARMLESS = {
    "fine bins",
    "a long version",
    "an int without end",
    "a device without numbers",
    "a device that is not here",
    "threads",
}

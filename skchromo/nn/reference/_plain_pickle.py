"""Pickles read without unpickling: tensors and plain containers, and nothing is called.

The opcodes are interpreted one by one. Each makes at most one small object, so that memory and time
follow from the length of the pickle, whatever it claims.
"""

import math
import pickle
import pickletools

import torch

# Checkpoints of the reference take some thousand opcodes, with the optimizer some ten thousand.
_MOST_OPCODES = 1 << 19
# The first number in old files of torch has 80 bits; all others are sizes and counters.
_MOST_BITS = 80
_MOST_AXES = 8
_KEYS = (str, int, float, type(None))

_STORAGES = {
    "torch DoubleStorage": torch.float64,
    "torch FloatStorage": torch.float32,
    "torch HalfStorage": torch.float16,
    "torch BFloat16Storage": torch.bfloat16,
    "torch LongStorage": torch.int64,
    "torch IntStorage": torch.int32,
    "torch ShortStorage": torch.int16,
    "torch CharStorage": torch.int8,
    "torch ByteStorage": torch.uint8,
    "torch BoolStorage": torch.bool,
}
# Makers of what training scripts put beside the weights, under the names of all NumPy versions.
# They are not called: what they would make is an `Other`.
_OTHERS = {
    "numpy.core.multiarray _reconstruct",
    "numpy.core.multiarray scalar",
    "numpy._core.multiarray _reconstruct",
    "numpy._core.multiarray scalar",
    "numpy ndarray",
    "numpy dtype",
    "_codecs encode",
    "collections Counter",
    "collections defaultdict",
    "builtins set",
    "__builtin__ set",
    "torch Size",
    "torch device",
    "torch._utils _rebuild_sparse_tensor",
    "torch.serialization _get_layout",
}


class Other:
    """Stands for an object that is neither a tensor nor a plain container, and is not made."""


class PlainUnpickler:
    """Reads one pickle after another from a file in memory.

    `storage` is called with the identity of each storage that a tensor names, a tuple, and returns
    its numbers as a flat tensor. All tensors together may take four times as many bytes as all
    storages.
    """

    def __init__(self, file, storage=None):
        self._file, self._storage = file, storage
        self._n_opcodes = self._n_held = self._n_shown = 0
        self._held = set()

    def load(self):
        """Return the object of the next pickle."""
        self._stack, self._marked, self._memo = [], [], {}
        for opcode, arg, _ in pickletools.genops(self._file):
            self._n_opcodes += 1
            if self._n_opcodes > _MOST_OPCODES:
                raise pickle.UnpicklingError(f"it takes more than {_MOST_OPCODES} steps to read")
            if opcode.name == "STOP":
                return self._stack.pop()
            step = _STEPS.get(opcode.name)
            if step is None:
                raise pickle.UnpicklingError(f"it uses {opcode.name}, which torch does not write")
            step(self, arg)
        raise pickle.UnpicklingError("it ends within a pickle")

    def _push(self, value):
        if type(value) is int and value.bit_length() > _MOST_BITS:
            raise pickle.UnpicklingError(f"it holds an int of {value.bit_length()} bits")
        self._stack.append(value)

    def _mark(self, _):
        self._marked.append(self._stack)
        self._stack = []

    def _since_mark(self):
        values, self._stack = self._stack, self._marked.pop()
        return values

    def _last(self, n):
        """Take the last values off the stack."""
        if len(self._stack) < n:
            raise pickle.UnpicklingError("it takes a value that is not there")
        values = self._stack[len(self._stack) - n :]
        del self._stack[len(self._stack) - n :]
        return values

    def _append(self, values):
        owner = self._stack[-1]
        if type(owner) is list:
            owner.extend(values)
        elif type(owner) is not Other:
            raise pickle.UnpicklingError("it appends to what is not a list")

    def _set_items(self, values):
        owner = self._stack[-1]
        if type(owner) is Other:
            return
        if type(owner) is not dict:
            raise pickle.UnpicklingError("it sets an item of what is not a dict")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, _KEYS):
                raise pickle.UnpicklingError(f"a {type(key).__name__} is a key of a dict in it")
            owner[key] = value

    def _build(self, _):
        self._last(1)  # the state of an ordered dict or an array, which is not needed
        if type(self._stack[-1]) not in (dict, Other):
            raise pickle.UnpicklingError("it sets the state of a plain value")

    def _global(self, name):
        if name in _STORAGES:
            self._push(_STORAGES[name])
        elif name in _OTHERS:
            self._push(_other)
        elif name in _MAKERS:
            self._push(_MAKERS[name])
        else:
            raise pickle.UnpicklingError(f"it holds {name[:80]!r}")

    def _stack_global(self, _):
        module, name = self._last(2)
        if type(module) is not str or type(name) is not str:
            raise pickle.UnpicklingError("it names what is not text")
        self._global(f"{module[:80]} {name[:80]}")

    def _reduce(self, _):
        maker, args = self._last(2)
        if type(args) is not tuple or not any(maker is one for one in _CALLED):
            raise pickle.UnpicklingError("it calls what is not a function")
        self._push(maker(self, *args))

    def _persistent(self, _):
        (identity,) = self._last(1)
        if self._storage is None or type(identity) is not tuple:
            raise pickle.UnpicklingError("it names a storage where there is none")
        storage = self._storage(identity)
        if id(storage) not in self._held:
            self._held.add(id(storage))
            self._n_held += storage.nbytes
        self._push(storage)

    def _tensor(self, storage, offset, size, stride, *_):
        """Return a tensor as a view of its storage; an Other if that lacks some of its numbers."""
        if type(storage) is not torch.Tensor or not all(map(_is_counts, ((offset,), size, stride))):
            raise pickle.UnpicklingError("the place of a tensor is not given by counts")
        n_values = math.prod(size)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if n_values > len(storage) or (n_values and last >= len(storage)):
            return Other()
        self._n_shown += n_values * storage.element_size()
        if self._n_shown > 4 * self._n_held:
            raise pickle.UnpicklingError("its tensors share their numbers: save a clone() of each")
        return storage.as_strided(size, stride, offset) if n_values else storage.new_empty(size)

    def _parameter(self, tensor, *_):
        """Return the tensor of a parameter."""
        return tensor

    def _ordered_dict(self):
        return {}


def _other(unpickler, *_):
    """Return what stands for an object that is not made."""
    return Other()


_MAKERS = {
    "collections OrderedDict": PlainUnpickler._ordered_dict,
    "torch._utils _rebuild_parameter": PlainUnpickler._parameter,
    "torch._utils _rebuild_tensor": PlainUnpickler._tensor,
    "torch._utils _rebuild_tensor_v2": PlainUnpickler._tensor,
}
_CALLED = (_other, *_MAKERS.values())


def _is_counts(numbers):
    """Return whether a value is a tuple of few numbers that torch can count to."""
    return (
        type(numbers) is tuple
        and len(numbers) <= _MOST_AXES
        and all(type(n) is int and 0 <= n < 1 << 62 for n in numbers)
    )


def _constant(value):
    return lambda unpickler, _: unpickler._stack.append(value)


def _put(unpickler, number):
    unpickler._memo[number] = unpickler._stack[-1]


def _get(unpickler, number):
    if number not in unpickler._memo:
        raise pickle.UnpicklingError("it takes a value that is not there")
    unpickler._stack.append(unpickler._memo[number])


_STEPS = {
    **dict.fromkeys(["PROTO", "FRAME"], lambda unpickler, _: None),
    **dict.fromkeys(["BININT", "BININT1", "BININT2", "LONG1"], PlainUnpickler._push),
    **dict.fromkeys(["BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"], PlainUnpickler._push),
    **dict.fromkeys(["BINBYTES", "SHORT_BINBYTES"], PlainUnpickler._push),
    **dict.fromkeys(["BINPUT", "LONG_BINPUT"], _put),
    **dict.fromkeys(["BINGET", "LONG_BINGET"], _get),
    "MEMOIZE": lambda unpickler, _: _put(unpickler, len(unpickler._memo)),
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "EMPTY_TUPLE": _constant(()),
    "EMPTY_LIST": lambda unpickler, _: unpickler._stack.append([]),
    "EMPTY_DICT": lambda unpickler, _: unpickler._stack.append({}),
    "MARK": PlainUnpickler._mark,
    "TUPLE": lambda unpickler, _: unpickler._push(tuple(unpickler._since_mark())),
    "TUPLE1": lambda unpickler, _: unpickler._push(tuple(unpickler._last(1))),
    "TUPLE2": lambda unpickler, _: unpickler._push(tuple(unpickler._last(2))),
    "TUPLE3": lambda unpickler, _: unpickler._push(tuple(unpickler._last(3))),
    "APPEND": lambda unpickler, _: unpickler._append(unpickler._last(1)),
    "APPENDS": lambda unpickler, _: unpickler._append(unpickler._since_mark()),
    "SETITEM": lambda unpickler, _: unpickler._set_items(unpickler._last(2)),
    "SETITEMS": lambda unpickler, _: unpickler._set_items(unpickler._since_mark()),
    "GLOBAL": PlainUnpickler._global,
    "STACK_GLOBAL": PlainUnpickler._stack_global,
    "REDUCE": PlainUnpickler._reduce,
    "BUILD": PlainUnpickler._build,
    "BINPERSID": PlainUnpickler._persistent,
}

"""Reading the tensors of a file that `torch.save` wrote, without PyTorch and without running the pickles in it.

A pickle is a program that can call any function. The reader here knows the few functions that a file of weights needs,
has its own harmless ones in their place, and refuses all others.
"""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from gan_jax.common.errors import UsageError

_TYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}

# The descriptions of tensors take few bytes. The tensors themselves lie elsewhere in the file.
_MOST_BYTES_OF_A_PICKLE = 2**24
_MOST_DIMENSIONS = 8

# What files of PyTorch before version 1.6 begin with.
_START, _MAGIC, _PROTOCOL = b"\x80\x02", 0x1950A86A20F9469CFC6C, 1001


class Refused(Exception):
    """A file that is damaged, or that asks for more than weights need."""


class _Type(NamedTuple):
    name: str


class _Storage(NamedTuple):
    key: str
    dtype: str
    count: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Reads the state dictionary in a file, such as `latest_net_G.pth`: arrays by their names, in the file's order.

    Both formats of `torch.save` are read, that of PyTorch 1.6 and later, and the older one. Raises UsageError if the
    file cannot be read, is damaged, holds anything but tensors by name, or asks to call a function that weights do not
    need. Nothing that it asks for is called.
    """
    try:
        with open(path, "rb") as file:
            newer = zipfile.is_zipfile(file)
            file.seek(0)
            return _read_zip(file) if newer else _read_old(file, path.stat().st_size)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except Refused as error:
        raise UsageError(f"{path} is refused: {error}") from error
    except Exception as error:  # pickle raises anything for a damaged file
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise UsageError(f"{path} is no file of PyTorch's weights, or is damaged ({reason[:200]})") from error


class _Unpickler(pickle.Unpickler):
    """Builds descriptions of tensors. It finds nothing but the functions here."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) in (("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor")):
            return _tensor
        if module == "torch" and name in _TYPES:
            return _Type(name)
        raise Refused(f"it asks for {module}.{name}, which no file of weights needs")

    def persistent_load(self, pid: Any) -> _Storage:
        # A sixth entry, of old files, is a view of a part of the storage. None means the whole.
        if not (isinstance(pid, tuple) and len(pid) in (5, 6) and pid[0] == "storage" and pid[5:] in ((), (None,))):
            raise Refused("it describes its storages in an unknown way")
        _, kind, key, _, count = pid[:5]
        if not (isinstance(kind, _Type) and isinstance(key, str) and _is_count(count)):
            raise Refused("it describes its storages in an unknown way")
        return _Storage(key, _TYPES[kind.name], count)


def _is_count(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool) and 0 <= x < 2**48


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    sizes = (shape, strides)
    if not (
        isinstance(storage, _Storage)
        and _is_count(offset)
        and all(isinstance(x, tuple) and len(x) <= _MOST_DIMENSIONS and all(map(_is_count, x)) for x in sizes)
        and len(shape) == len(strides)
    ):
        raise Refused("it describes a tensor in an unknown way")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    # A tensor with more entries than its storage repeats them. That would let a small file fill the memory.
    if math.prod(shape) and (last >= storage.count or math.prod(shape) > storage.count):
        raise Refused("a tensor is larger than its storage")
    return _Tensor(storage, offset, shape, strides)


def _load(file: IO[bytes]) -> Any:
    return _Unpickler(file, encoding="utf-8").load()


def _read_zip(file: IO[bytes]) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        (described,) = [name for name in entries if name.split("/")[1:] == ["data.pkl"]]
        top = described.split("/")[0]

        def read(name: str, most: int) -> bytes:
            entry = entries.get(f"{top}/{name}")
            if entry is None:
                raise Refused(f"it has no {name}")
            if entry.compress_type != zipfile.ZIP_STORED:
                raise Refused(f"its {name} is compressed, which PyTorch does not do")
            if entry.file_size > most:
                raise Refused(f"its {name} has {entry.file_size:,} bytes, and {most:,} are expected at most")
            return archive.read(entry)

        big = f"{top}/byteorder" in entries and read("byteorder", 16).strip() == b"big"
        state = _load(io.BytesIO(read("data.pkl", _MOST_BYTES_OF_A_PICKLE)))

        def storage(wanted: _Storage) -> np.ndarray:
            size = np.dtype(wanted.dtype).itemsize * wanted.count
            return _values(read(f"data/{wanted.key}", size), wanted, big)

        return _arrays(state, storage)


def _read_old(file: IO[bytes], size: int) -> dict[str, np.ndarray]:
    if file.read(2) != _START or file.seek(0) or _load(file) != _MAGIC or _load(file) != _PROTOCOL:
        raise ValueError("it begins with something else")
    system = _load(file)
    big = isinstance(system, dict) and system.get("little_endian") is False
    start = file.tell()
    state = _load(file)
    if file.tell() - start > _MOST_BYTES_OF_A_PICKLE:
        raise Refused("the description of its tensors is too long")
    keys = _load(file)
    wanted = {t.storage.key: t.storage for t in _tensors(state).values()}
    if not isinstance(keys, list) or not set(wanted) <= {key for key in keys if isinstance(key, str)}:
        raise Refused("it has no data for some tensors")
    found = {}
    for key in keys:
        size_of_data = file.read(8)
        if len(size_of_data) < 8:
            raise Refused("it ends too early")
        count = int.from_bytes(size_of_data, "big" if big else "little")
        if key not in wanted or count != wanted[key].count:
            raise Refused("its data do not belong to its tensors")
        length = np.dtype(wanted[key].dtype).itemsize * count
        if length > size - file.tell():
            raise Refused("it ends too early")
        found[key] = _values(file.read(length), wanted[key], big)
    return _arrays(state, lambda wanted: found[wanted.key])


def _values(data: bytes, wanted: _Storage, big: bool) -> np.ndarray:
    dtype = np.dtype(wanted.dtype)
    if len(data) != dtype.itemsize * wanted.count:
        raise Refused(f"its storage {wanted.key} has {len(data):,} bytes, not {dtype.itemsize * wanted.count:,}")
    return np.frombuffer(data, dtype.newbyteorder(">" if big else "<")).astype(dtype)


def _tensors(state: Any) -> dict[str, _Tensor]:
    if not isinstance(state, Mapping) or not state:
        raise Refused("it holds no tensors by name: save network.state_dict() alone")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, _Tensor):
            raise Refused(f"its entry {str(name)[:80]!r} is no tensor: save network.state_dict() alone")
    return dict(state)


def _arrays(state: Any, storage: Callable[[_Storage], np.ndarray]) -> dict[str, np.ndarray]:
    read: dict[str, np.ndarray] = {}
    arrays = {}
    for name, tensor in _tensors(state).items():
        key = tensor.storage.key
        values = read[key] if key in read else read.setdefault(key, storage(tensor.storage))
        if len(values) != tensor.storage.count:
            raise Refused(f"its storage {key} has two sizes")
        strides = [stride * values.itemsize for stride in tensor.strides]
        view = np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides, writeable=False)
        arrays[name] = np.ascontiguousarray(view).reshape(tensor.shape)
    return arrays

"""Files of PyTorch are read without running what is in them."""

import contextlib
import io
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.common.torch_file import read_tensors

torch = pytest.importorskip("torch")

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def tensors():
    whole = torch.arange(24, dtype=torch.float32)
    return OrderedDict(
        weight=torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0)),
        transposed=torch.arange(6.0).reshape(2, 3).T,
        part=whole[6:18].reshape(3, 4),
        same_storage=whole,
        half=torch.tensor([1.5, -2.0], dtype=torch.float16),
        tracked=torch.tensor(7),
        empty=torch.zeros(0, 3),
    )


@pytest.mark.parametrize("newer", [True, False])
def test_it_reads_what_torch_saved(tmp_path, newer):
    torch.save(tensors(), tmp_path / "w.pth", _use_new_zipfile_serialization=newer)
    read = read_tensors(tmp_path / "w.pth")
    assert list(read) == list(tensors())
    for name, x in tensors().items():
        assert read[name].dtype == x.numpy().dtype
        np.testing.assert_array_equal(read[name], x.numpy())


def test_a_state_dictionary_keeps_its_metadata_to_itself(tmp_path):
    torch.save(torch.nn.Linear(2, 3).state_dict(), tmp_path / "w.pth")
    assert {name: x.shape for name, x in read_tensors(tmp_path / "w.pth").items()} == {"weight": (3, 2), "bias": (3,)}


class Attack:
    """Unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def zipped(path, data, compression=zipfile.ZIP_STORED, **files):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", data)
        for name, content in files.items():
            archive.writestr(f"archive/data/{name.removeprefix('_')}", content)


@pytest.mark.parametrize("where", ["new", "old", "old, before the magic number"])
def test_a_hostile_pickle_is_refused_and_not_run(tmp_path, where):
    path, attack = tmp_path / "w.pth", pickle.dumps({"weight": Attack(tmp_path / "harmed")}, 2)
    if where == "new":
        zipped(path, attack)
    else:
        head = [] if "before" in where else [MAGIC, PROTOCOL, {"little_endian": True}]
        path.write_bytes(b"".join(pickle.dumps(x, 2) for x in head) + attack)
    with pytest.raises(UsageError, match=r"refused: it asks for \w+\.system, which no file of weights needs"):
        read_tensors(path)
    assert not (tmp_path / "harmed").exists()


def test_code_of_torch_is_refused_too(tmp_path):
    torch.save(torch.nn.Linear(2, 3), tmp_path / "w.pth")
    with pytest.raises(UsageError, match=r"refused: it asks for torch\.nn\.modules\.linear\.Linear"):
        read_tensors(tmp_path / "w.pth")


@pytest.mark.parametrize(("held", "says"), [([], "no tensors by name"), ({"epoch": 3}, "'epoch' is no tensor")])
def test_other_things_than_tensors_by_name_are_refused(tmp_path, held, says):
    torch.save(held, tmp_path / "w.pth")
    with pytest.raises(UsageError, match=says):
        read_tensors(tmp_path / "w.pth")


class Described(pickle.Pickler):
    """Pickles a tuple ("storage", count) as the storage "0" of so many floats."""

    def persistent_id(self, obj):
        if isinstance(obj, tuple) and obj[:1] == ("storage",):
            return ("storage", torch.FloatStorage, "0", "cpu", obj[1])
        return None


class Rebuilt:
    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.arguments


def described(storage, offset, shape, strides):
    file = io.BytesIO()
    Described(file, 2).dump({"weight": Rebuilt(storage, offset, shape, strides, False, OrderedDict())})
    return file.getvalue()


FOUR = ("storage", 4)


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        ((FOUR, 0, (2, 3), (3, 1)), "larger than its storage"),
        ((FOUR, 3, (2,), (1,)), "larger than its storage"),
        ((FOUR, 0, (2**30, 2**30), (0, 0)), "larger than its storage"),
        ((FOUR, -1, (2,), (1,)), "unknown way"),
        ((FOUR, 0, (4,), (-1,)), "unknown way"),
        ((FOUR, 0, (4,), (1, 1)), "unknown way"),
        (("here", 0, (4,), (1,)), "unknown way"),
        ((("storage", 5), 0, (5,), (1,)), "16 bytes, not 20"),
        ((("storage", 2**40), 0, (4,), (1,)), "not 4,398,046,511,104"),
    ],
)
def test_a_tensor_lies_within_its_storage(tmp_path, tensor, says):
    zipped(tmp_path / "w.pth", described(*tensor), _0=np.arange(4, dtype=np.float32).tobytes())
    with pytest.raises(UsageError, match=says):
        read_tensors(tmp_path / "w.pth")


def test_a_compressed_file_is_refused(tmp_path):
    data = described(FOUR, 0, (4,), (1,))
    zipped(tmp_path / "w.pth", data, zipfile.ZIP_DEFLATED, _0=bytes(16))
    with pytest.raises(UsageError, match="compressed"):
        read_tensors(tmp_path / "w.pth")


@pytest.mark.parametrize("newer", [True, False])
def test_a_file_cut_anywhere_gives_one_line(tmp_path, newer):
    torch.save(tensors(), tmp_path / "w.pth", _use_new_zipfile_serialization=newer)
    whole = (tmp_path / "w.pth").read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        (tmp_path / "cut.pth").write_bytes(whole[:end])
        with pytest.raises(UsageError, match=r"cut\.pth (is|is no|is refused)"):
            read_tensors(tmp_path / "cut.pth")


def test_a_file_cut_before_the_size_of_an_empty_tensor_is_refused(tmp_path):
    torch.save({"empty": torch.zeros(0, 3)}, tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    (tmp_path / "cut.pth").write_bytes((tmp_path / "w.pth").read_bytes()[:-1])
    assert read_tensors(tmp_path / "w.pth")["empty"].shape == (0, 3)
    with pytest.raises(UsageError, match=r"cut\.pth is refused: it ends too early"):
        read_tensors(tmp_path / "cut.pth")


def test_damage_anywhere_gives_one_line_or_weights(tmp_path):
    torch.save(tensors(), tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    whole, random = (tmp_path / "w.pth").read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[random.integers(len(whole))] = random.integers(256)
        (tmp_path / "damaged.pth").write_bytes(damaged)
        with contextlib.suppress(UsageError):  # where the damage is seen; nothing else may be raised
            read_tensors(tmp_path / "damaged.pth")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*none\.pth: No such file"):
        read_tensors(tmp_path / "none.pth")

"""The fingerprint of a dataset, by which a run knows its data again wherever they lie."""

import hashlib
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import numpy as np
import PIL

from gan_jax.data.dataset import Dataset, Images, Split

_SAMPLED = 64  # examples of a source that decodes on demand

_MOST_CLASSES = 8  # are listed in a message

# What a source is made from: bytes, arrays, or other images.
Part = bytes | Images

_SPLITS = {"train": "training", "test": "held-out"}


@runtime_checkable
class Composed(Protocol):
    """Images that can say what they are made from, without decoding all of it."""

    def parts(self) -> Iterable[Part]:
        """The same wherever the data lie, and other ones if the images are likely to be others."""
        ...


def fingerprint(dataset: Dataset) -> dict[str, Any]:
    """What a game sees of `dataset`, as plain JSON values: shapes, classes, and for each split counts and hashes.

    Arrays are hashed whole. Sources that decode on demand are hashed by their names and sizes and by an even sample of
    their contents. The fingerprint does not depend on the folder of the data. Pixels may depend on the version of
    Pillow, which is kept to explain a difference.

    Raises UserError if a file of the sample cannot be read.

    >>> digits = data.load("digits", resolution=8)
    >>> before = data.fingerprint(digits)
    >>> before["shape"], before["train"]["count"]
    ([8, 8, 1], 1348)
    >>> data.data_changes(before, data.fingerprint(data.limit_training(digits, 100)))
    ['it has 100 training images here and 1,348 there']
    """
    info = dataset.info
    # Other data have no entry for characters, and none did before there were texts.
    characters = {"characters": info.characters} if info.characters else {}
    return {
        **characters,
        "shape": list(info.example_shape),
        "target_shape": None if info.target_shape is None else list(info.target_shape),
        "classes": list(dataset.classes),
        "pillow": PIL.__version__,
        "train": _split(dataset.train),
        "test": _split(dataset.test),
    }


def data_changes(there: Any, here: dict[str, Any]) -> list[str]:
    """Short clauses that say how the dataset of the fingerprint `here` differs from that of `there`, if it does.

    `there` may have been read from a file that someone edited. What it does not tell is not compared.
    """
    if not isinstance(there, dict):
        return ["its fingerprint there is not one"]
    said, resized = [], set()
    noun = {1: "point", 2: "text", 3: "image", 4: "volume"}[len(here["shape"])]
    for name, what, hashed in (("shape", noun, "images"), ("target_shape", "target", "targets")):
        if name in there and there[name] != here[name]:
            said.append(f"its {what}s are {_size(here[name])} here and {_size(there[name])} there")
            resized.add(hashed)
    if "classes" in there and there["classes"] != here["classes"]:
        said.append(f"its classes are {_listed(here['classes'])} here and {_listed(there['classes'])} there")
    if "characters" in there and there["characters"] != here.get("characters"):
        said.append(f"its characters are {here.get('characters')!r} here and {there['characters']!r} there")
        resized.add("images")
    pillow = there.get("pillow"), here["pillow"]
    for split, word in _SPLITS.items():
        if isinstance(there.get(split), dict):
            before = {name: value for name, value in there[split].items() if name not in resized}
            said += _split_changes(before, here[split], word, noun, pillow)
    return said


def sample(count: int) -> list[int]:
    """The indices of at most 64 of `count` examples, evenly spread from the first to the last."""
    return sorted(set(np.linspace(0, count - 1, min(count, _SAMPLED)).round().astype(int).tolist()))


def _split(split: Split) -> dict[str, Any]:
    return {
        "count": len(split),
        "images": _hash(split.images),
        "labels": None if split.labels is None else _hash(split.labels),
        "target_count": None if split.targets is None else len(split.targets),
        "targets": None if split.targets is None else _hash(split.targets),
        "paired": split.paired,
    }


def _split_changes(
    there: dict[str, Any], here: dict[str, Any], word: str, noun: str, pillow: tuple[Any, Any]
) -> list[str]:
    """The changes of a split. With other examples it has other labels, so no more is said then."""
    pairs = all(split.get("target_count") == split.get("count") for split in (there, here))
    counts = [
        f"it has {_count(here[name], f'{word} {what}')} here and {_count(there[name])} there"
        for name, what in (("count", noun), ("target_count", "target"))
        if name in there and there[name] != here[name] and not (pairs and name == "target_count")
    ]
    if counts:
        return counts
    said = []
    for name, what in (("images", f"{noun}s"), ("labels", "labels"), ("targets", "targets")):
        if name in there and _differ(there[name], here[name]):
            hint = f" (Pillow is {pillow[1]} here and {pillow[0]} there)" if name != "labels" else ""
            said.append(f"its {word} {what} have changed{hint if pillow[0] not in (None, pillow[1]) else ''}")
    if "paired" in there and there["paired"] != here["paired"]:
        said.append(f"its {word} {noun}s are {'paired' if here['paired'] else 'unpaired'} here and not there")
    return said


def _differ(there: Any, here: str | None) -> bool:
    """Whether two hashes differ. A hash of a whole array and one of a sample cannot be compared."""
    if isinstance(there, str) and here is not None and there.partition(":")[0] != here.partition(":")[0]:
        return False
    return there != here


def _hash(images: Images) -> str:
    digest = hashlib.blake2b(digest_size=16)  # as fast as any on current machines, and without special instructions
    _add(digest, images)
    return f"{'whole' if isinstance(images, np.ndarray) else 'sample'}:{digest.hexdigest()}"


def _add(digest: Any, part: Part) -> None:
    """Adds to the hash: its kind and length first, so that no two lists of parts run into the same bytes."""
    if isinstance(part, bytes):
        digest.update(f"bytes {len(part)}\0".encode())
        digest.update(part)
    elif isinstance(part, np.ndarray):
        plain = np.ascontiguousarray(part, part.dtype.newbyteorder("<"))
        digest.update(f"array {plain.dtype.str} {part.shape}\0".encode())
        digest.update(plain.reshape(-1).view(np.uint8))
    else:
        digest.update(f"images {part.shape}\0".encode())
        composed = isinstance(part, Composed)
        for each in part.parts() if composed else (part[index] for index in sample(len(part))):
            _add(digest, each)
        digest.update(b"end\0")


def _count(number: Any, what: str = "") -> str:
    """A number of things in words; `there` may hold anything."""
    shown = f"{number:,}" if isinstance(number, int) else "none" if number is None else str(number)
    if not what:
        return shown
    return f"no {what}s" if number is None else f"{shown} {what}" if number == 1 else f"{shown} {what}s"


def _size(shape: Any) -> str:
    """A shape in words; `there` may hold anything."""
    if isinstance(shape, list) and len(shape) == 3:
        return f"{shape[0]}x{shape[1]} with {shape[2]} channel{'s' if shape[2] != 1 else ''}"
    return "none" if shape is None else f"of shape {shape}"


def _listed(classes: Any) -> str:
    if not isinstance(classes, list) or not classes:
        return "none"
    more = f" and {len(classes) - _MOST_CLASSES:,} more" if len(classes) > _MOST_CLASSES else ""
    shown = (each if str(each).isprintable() else repr(each)[1:-1] for each in classes[:_MOST_CLASSES])
    return f"{', '.join(map(str, shown))}{more}"

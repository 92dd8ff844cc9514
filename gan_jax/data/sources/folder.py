"""Image files in a folder and its subfolders."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Split
from gan_jax.data.sources.image_files import FileImages, all_gray
from gan_jax.data.splits import hold_out, number_classes

EXTENSIONS = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
)


class File(NamedTuple):
    """An image file.

    name: its path below the folder, with forward slashes. size, modified: its size in bytes and its modification time
    in nanoseconds, which tell versions of the file apart.
    """

    name: str
    size: int
    modified: int


def folder(path: str, resolution: int) -> tuple[Dataset, object]:
    """The images anywhere below `path`.

    If `path` contains the folders `train` and `test`, these are the splits, and everything else in `path` is ignored.
    Otherwise a sixth of the images is held out. If every image is in a top-level folder of its split, these folders are
    the classes, in sorted order. Otherwise there are no labels. Hidden files and folders are skipped.

    Returns:
      The dataset, whose images are decoded when they are indexed, and an identity of its contents for the cache.

    Raises:
      UsageError: there is no such folder, it has too few images, or a file with the suffix of an image is not one.
    """
    root = find_folder(path)
    if (root / "train").is_dir() and (root / "test").is_dir():
        train, test = list_images(root, "train"), list_images(root, "test")
        train_labels, test_labels = _class_folders(train, 1), _class_folders(test, 1)
    else:
        files = list_images(root)
        if len(files) < 2:
            raise UsageError(f"{root}: one image cannot be split into training and test images; give at least 2")
        labels = _class_folders(files, 0)
        train_part, test_part = hold_out(len(files), labels, 1 / 6)
        train, test = [files[i] for i in train_part], [files[i] for i in test_part]
        train_labels, test_labels = (None, None) if labels is None else (labels[train_part], labels[test_part])

    classes = ()
    if train_labels is None or test_labels is None:
        train_labels = test_labels = None
    else:
        classes, (train_labels, test_labels) = number_classes(train_labels, test_labels)

    identity = digest([*train, *test]), len(train)
    names = [file.name for file in (*train, *test)]
    # The result is cached, because opening every file of a large folder takes a while.
    gray = cached("folder-headers", identity, lambda: {"gray": np.array(all_gray(str(root), names))})["gray"]

    def split(part: list[File], labels: np.ndarray | None) -> Split:
        return Split(FileImages(str(root), [file.name for file in part], resolution, 1 if gray else 3), labels)

    return Dataset(f"folder:{path}", split(train, train_labels), split(test, test_labels), classes), identity


def find_folder(path: str) -> Path:
    """The absolute path of a folder. Raises UsageError if it is not a folder."""
    root = Path(path).expanduser().absolute()
    if not root.is_dir():
        raise UsageError(f"{root}: {'not a folder' if root.exists() else 'no such folder'}")
    return root


def list_images(root: Path, below: str = "") -> list[File]:
    """The image files in `root / below` and its subfolders, sorted by name.

    Raises UsageError if there are none, or if a folder cannot be listed.
    """
    files = sorted(_walk(root, below, frozenset()))
    if not files:
        raise UsageError(f"{root / below}: no images there (looked for {', '.join(sorted(EXTENSIONS))})")
    return files


def _walk(root: Path, below: str, above: frozenset[str]) -> Iterator[File]:
    here = os.path.realpath(root / below)
    if here in above:  # a link to a folder that contains the link
        return
    try:
        entries = list(os.scandir(root / below))
    except OSError as error:
        raise UsageError(f"{root / below} cannot be listed: {error.strerror}") from None
    for entry in entries:
        name = f"{below}/{entry.name}" if below else entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(root, name, above | {here})
        elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:
            try:
                status = entry.stat()
            except OSError as error:
                raise UsageError(f"{root / name} cannot be read: {error.strerror}") from None
            yield File(name, status.st_size, status.st_mtime_ns)


def _class_folders(files: list[File], depth: int) -> np.ndarray | None:
    """The folder at `depth` of every file's path, str (N,). None if a file has no folder there."""
    parts = [file.name.split("/") for file in files]
    if any(len(part) < depth + 2 for part in parts):
        return None
    return np.array([part[depth] for part in parts])


def digest(files: Sequence[File]) -> str:
    """A hash of the names, sizes and modification times of `files`."""
    found = hashlib.sha256()
    for file in files:
        found.update(os.fsencode(f"{file.name}\0{file.size}\0{file.modified}\0"))
    return found.hexdigest()

"""A folder of images, however they are arranged in it."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Split
from gan_jax.data.files import FileImages, all_gray
from gan_jax.data.splits import hold_out, number_classes
from gan_jax.errors import UsageError

EXTENSIONS = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
)


class File(NamedTuple):
    """An image file: its path below the folder, with forward slashes, and what tells one version from another."""

    name: str
    size: int
    modified: int


def folder(path: str, resolution: int) -> tuple[Dataset, object]:
    """Images anywhere below `path`.

    If `path` holds folders `train` and `test`, these are the splits (and whatever else is there is left alone); else
    a sixth of the images is held out. The folders at the top of a split are its classes, in sorted order, if every
    image is in one of them; otherwise there are no labels. Hidden files and folders are skipped.

    Returns:
      The dataset, whose images are decoded when they are asked for, and what identifies its contents.

    Raises:
      UsageError: no such folder, no images in it, or files that are not the images their names promise.
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
    # Opening every file takes a while in a large folder, so what was found is remembered too.
    gray = cached("folder-headers", identity, lambda: {"gray": np.array(all_gray(str(root), names))})["gray"]

    def split(part: list[File], labels: np.ndarray | None) -> Split:
        return Split(FileImages(str(root), [file.name for file in part], resolution, 1 if gray else 3), labels)

    return Dataset(f"folder:{path}", split(train, train_labels), split(test, test_labels), classes), identity


def find_folder(path: str) -> Path:
    """The absolute path of a folder; UsageError if it is none."""
    root = Path(path).expanduser().absolute()
    if not root.is_dir():
        raise UsageError(f"{root}: {'not a folder' if root.exists() else 'no such folder'}")
    return root


def list_images(root: Path, below: str = "") -> list[File]:
    """Image files in `root / below` and the folders in it, sorted by name.

    Raises:
      UsageError: there are none.
    """
    files = sorted(_walk(root, below, frozenset()))
    if not files:
        raise UsageError(f"{root / below}: no images there (looked for {', '.join(sorted(EXTENSIONS))})")
    return files


def _walk(root: Path, below: str, above: frozenset[str]) -> Iterator[File]:
    here = os.path.realpath(root / below)
    if here in above:  # a link to a folder that contains it
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
    """The folder at `depth` of every file's path, str (N,); None if some file is in none."""
    parts = [file.name.split("/") for file in files]
    if any(len(part) < depth + 2 for part in parts):
        return None
    return np.array([part[depth] for part in parts])


def digest(files: Sequence[File]) -> str:
    """Another one where any of the files is another."""
    found = hashlib.sha256()
    for file in files:
        found.update(os.fsencode(f"{file.name}\0{file.size}\0{file.modified}\0"))
    return found.hexdigest()

"""Image files in a folder and its subfolders."""

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import features

from gan_jax.common.errors import UsageError
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Resolution, Split
from gan_jax.data.sources.image_files import File, FileImages, all_gray
from gan_jax.data.splits import hold_out, number_classes

# Pillow 11.3 and later read AVIF, unless they were built without it.
_AVIF = (".avif",) if "avif" in features.modules and features.check("avif") else ()

EXTENSIONS = frozenset(
    (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", *_AVIF)
)

_MOST_NAMED = 3

_log = logging.getLogger(__name__)


def folder(path: str, resolution: Resolution) -> tuple[Dataset, object]:
    """The images anywhere below `path`.

    If `path` contains the folders `train` and `test`, these are the splits, and everything else in `path` is ignored.
    Otherwise a sixth of the images is held out. If every image is in a top-level folder of its split, these folders are
    the classes, in sorted order. Otherwise there are no labels, and a warning says so if there are such folders. Hidden
    files and folders are skipped, and other files that are not images too, with a warning.

    Returns:
      The dataset, whose images are decoded when they are indexed, and an identity of its contents for the cache.

    Raises:
      UsageError: there is no such folder, it has too few images, or a file with the suffix of an image is not one.
    """
    root = find_folder(path)
    if (root / "train").is_dir() and (root / "test").is_dir():
        train, test = list_images(root, "train"), list_images(root, "test")
        labels = _class_folders(root, [*train, *test], 1)
        train_labels, test_labels = (None, None) if labels is None else np.split(labels, [len(train)])
    else:
        files = list_images(root)
        if len(files) < 2:
            raise UsageError(f"{root}: one image cannot be split into training and test images; give at least 2")
        labels = _class_folders(root, files, 0)
        train_part, test_part = hold_out(len(files), labels, 1 / 6)
        train, test = [files[i] for i in train_part], [files[i] for i in test_part]
        train_labels, test_labels = (None, None) if labels is None else (labels[train_part], labels[test_part])

    classes = ()
    if train_labels is not None and test_labels is not None:
        classes, (train_labels, test_labels) = number_classes(train_labels, test_labels)

    identity = digest([*train, *test]), len(train)
    names = [file.name for file in (*train, *test)]
    # The result is cached, because opening every file of a large folder takes a while.
    gray = cached("image-headers", identity, lambda: {"gray": np.array(all_gray(str(root), names))})["gray"]

    def split(part: list[File], labels: np.ndarray | None) -> Split:
        return Split(FileImages(str(root), part, resolution, 1 if gray else 3), labels)

    return Dataset(f"folder:{path}", split(train, train_labels), split(test, test_labels), classes), identity


def find_folder(path: str) -> Path:
    """The absolute path of a folder. Raises UsageError if it is not a folder."""
    root = Path(path).expanduser().absolute()
    if not root.is_dir():
        raise UsageError(f"{root}: {'not a folder' if root.exists() else 'no such folder'}")
    return root


def list_images(root: Path, below: str = "") -> list[File]:
    """The image files in `root / below` and its subfolders, sorted by name.

    Files with other suffixes are skipped, and a warning counts them. Hidden ones are skipped silently.

    Raises UsageError if there are none, or if a folder cannot be listed.
    """
    skipped: Counter[str] = Counter()
    files = sorted(_walk(root, below, frozenset(), skipped))
    named = [f"{count:,} {suffix or 'without a suffix'}" for suffix, count in skipped.most_common(_MOST_NAMED)]
    others = ", ".join(named) + (", ..." if len(skipped) > _MOST_NAMED else "")
    if not files:
        held = f"; it holds {others}" if others else ""
        raise UsageError(f"{root / below}: no images there (looked for {', '.join(sorted(EXTENSIONS))}{held})")
    if others:
        _log.warning("%s: files that are not read as images, by their suffix: %s", root / below, others)
    return files


def _walk(root: Path, below: str, above: frozenset[str], skipped: Counter[str]) -> Iterator[File]:
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
            yield from _walk(root, name, above | {here}, skipped)
        elif (suffix := os.path.splitext(entry.name)[1].lower()) not in EXTENSIONS:
            skipped[suffix] += 1
        else:
            try:
                status = entry.stat()
            except OSError as error:
                raise UsageError(f"{root / name} cannot be read: {error.strerror}") from None
            yield File(name, status.st_size, status.st_mtime_ns)


def _class_folders(root: Path, files: list[File], depth: int) -> np.ndarray | None:
    """The folder at `depth` of every file's path, str (N,). None if a file has no folder there.

    Its name is decoded as UTF-8 in every locale, so that a run knows its classes again.
    """
    parts = [file.name.split("/") for file in files]
    loose = [file.name for file, part in zip(files, parts, strict=True) if len(part) < depth + 2]
    if not loose:
        return np.array([os.fsencode(part[depth]).decode(errors="surrogateescape") for part in parts])
    folders = {part[depth] for part in parts if len(part) >= depth + 2}
    if len(folders) > 1:
        named = ", ".join(loose[:_MOST_NAMED]) + (", ..." if len(loose) > _MOST_NAMED else "")
        _log.warning(
            "%s: no labels, because %d of %d images are in none of the %d class folders: %s",
            *(root, len(loose), len(files), len(folders), named),
        )
    return None


def digest(files: Sequence[File]) -> str:
    """A hash of the names, sizes and modification times of `files`."""
    found = hashlib.sha256()
    for file in files:
        found.update(os.fsencode(f"{file.name}\0{file.size}\0{file.modified}\0"))
    return found.hexdigest()

"""Images in a NumPy archive."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Resolution, Split
from gan_jax.data.sources.fitted_array import FittedArray
from gan_jax.data.splits import hold_out, number_classes

# Names of training images, training labels, test images and test labels. The second row is that of Keras's mnist.npz.
_NAMES = (("images", "labels", "test_images", "test_labels"), ("x_train", "y_train", "x_test", "y_test"))

# Names of an archive's only array.
_ALONE = ("images", "x_train", "arr_0")

_WANTED = {*_ALONE, *(name for names in _NAMES for name in names)}


def npz(path: str, resolution: Resolution) -> tuple[Dataset, object]:
    """The images of an archive, with labels if it has any.

    Its arrays are `images` and optionally `labels`, `test_images` and `test_labels`; or `x_train`, `y_train`, `x_test`
    and `y_test`, as Keras names them. Images are uint8 (N, H, W) or (N, H, W, C) with C 1, 3 or 4. Labels are integers
    or strings, (N,). Without test images, a sixth of the images is held out.

    Returns:
      The dataset, whose images are resized when they are indexed, and an identity of its contents for the cache.

    Raises:
      UsageError: there is no such file, it is not an archive of arrays, or an array has a wrong name, type or shape.
    """
    file = Path(path).expanduser().absolute()
    arrays = read_archive(file, _WANTED)
    for names in _NAMES:
        if names[0] in arrays:
            break
    else:
        held = ", ".join(arrays) or "nothing"
        raise UsageError(f"{file}: no array is named 'images' (or 'x_train'); the archive holds {held}")
    train, test, classes = splits_of(file, arrays, names, partial(_checked_images, file), "image")
    train, test = (replace(split, images=FittedArray(np.asarray(split.images), resolution)) for split in (train, test))
    if train.images.shape[3] != test.images.shape[3]:
        raise UsageError(f"{file}: {names[0]!r} and {names[2]!r} differ in their number of channels")
    status = os.stat(file)
    identity = (str(file), status.st_size, status.st_mtime_ns)
    return Dataset(f"npz:{path}", train, test, classes), identity


def splits_of(
    file: Path,
    arrays: dict[str, np.ndarray],
    names: tuple[str, str, str, str],
    check: Callable[[str, np.ndarray], np.ndarray],
    noun: str,
) -> tuple[Split, Split, tuple[str, ...]]:
    """The training and the held-out examples of an archive with their labels, if it has any, and the classes.

    Without test examples, a sixth of the examples is held out.

    names: those of the examples, their labels, the test examples and their labels.
    check: (name, array) -> the examples. It raises UsageError for an array that holds none.
    noun: what an example is called.

    Raises UsageError as `check` and `labels_of` do, for one example alone, and if only one split has labels.
    """
    name, label_name, test_name, test_label_name = names
    examples, labels = check(name, arrays[name]), labels_of(file, arrays, label_name, name)
    if test_name in arrays:
        test_examples = check(test_name, arrays[test_name])
        test_labels = labels_of(file, arrays, test_label_name, test_name)
        if (labels is None) != (test_labels is None):
            raise UsageError(f"{file}: only one of {label_name!r} and {test_label_name!r} is there")
    else:
        if len(examples) < 2:
            raise UsageError(f"{file}: one {noun} cannot be split into training and test {noun}s; give at least 2")
        train, test = hold_out(len(examples), labels, 1 / 6)
        examples, test_examples = examples[train], examples[test]
        labels, test_labels = (None, None) if labels is None else (labels[train], labels[test])
    classes: tuple[str, ...] = ()
    if labels is not None and test_labels is not None:
        classes, (labels, test_labels) = number_classes(labels, test_labels)
    return Split(examples, labels), Split(test_examples, test_labels), classes


def images_of(path: str) -> np.ndarray:
    """All images of an archive, uint8 (N, H, W) or (N, H, W, C) with C 1, 3 or 4.

    They are its array `images`, `x_train` or `arr_0`, which is what an array without a name is called.

    Raises UsageError as `npz` does.
    """
    file = Path(path).expanduser().absolute()
    arrays = read_archive(file, _WANTED)
    name = next((name for name in _ALONE if name in arrays), None)
    if name is None:
        raise UsageError(
            f"{file}: no array is named {', '.join(_ALONE)}; the archive holds {', '.join(arrays) or 'nothing'}"
        )
    return _checked_images(file, name, arrays[name])


def read_archive(file: Path, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """The arrays of an archive by name. Those that are not `wanted` are empty.

    Raises UsageError if it is not an archive that can be read.
    """
    try:
        stored = np.load(file, allow_pickle=False)
        if isinstance(stored, np.ndarray):
            raise UsageError(f"{file} holds a single array; save it with numpy.savez(PATH, images=...)")
        wanted = set(wanted)
        with stored:
            return {name: stored[name] if name in wanted else np.empty(0) for name in stored.files}
    except (FileNotFoundError, IsADirectoryError):
        raise UsageError(f"{file}: no such file") from None
    except UsageError:
        raise
    except MemoryError as error:
        raise UsageError(f"{file} does not fit in memory: {error}") from None
    except Exception as error:  # a damaged or hostile file can raise anything here
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"{file} is not a NumPy archive that can be read: {reason}") from None


def _checked_images(file: Path, name: str, images: np.ndarray) -> np.ndarray:
    if images.dtype != np.uint8:
        raise UsageError(f"{file}: {name!r} is {images.dtype}; images must be uint8 in [0, 255]{_conversion(images)}")
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[-1] not in (1, 3, 4)):
        raise UsageError(
            f"{file}: {name!r} has shape {images.shape}; images must be (N, H, W) or (N, H, W, C) with C 1, 3 or 4"
        )
    if 0 in images.shape:
        raise UsageError(f"{file}: {name!r} has shape {images.shape}: there are no images in it")
    return images


def _conversion(images: np.ndarray) -> str:
    """How to convert images of another type, by the range of their values; empty if there is no usual way."""
    if images.dtype.kind == "b":
        return ": convert them with images.astype(np.uint8) * 255"
    if images.dtype.kind not in "fiu" or images.size == 0:
        return ""
    least, most = images.min(), images.max()
    if not (np.isfinite(least) and np.isfinite(most)):
        return ", and these hold values that are not finite"
    found = f"; these are from {least:g} to {most:g}"
    ways = (
        (0, 1, "np.rint(images * 255)"),
        (-1, 1, "np.rint((images + 1) * 127.5)"),
        (0, 255, "np.rint(images)" if images.dtype.kind == "f" else "images"),
        (0, 65535, "np.rint(images / 257)"),
    )
    for low, high, way in ways:
        if low <= least and most <= high:
            return f"{found}: convert them with {way}.astype(np.uint8)"
    return f"{found}: scale them to [0, 255]"


def labels_of(file: Path, arrays: dict[str, np.ndarray], name: str, image_name: str) -> np.ndarray | None:
    """The labels `name` of the examples `image_name`, (N,), or None without such an array. Raises UsageError."""
    if name not in arrays:
        return None
    labels, count = arrays[name], len(arrays[image_name])
    if labels.ndim == 2 and labels.shape[1] == 1:  # Keras stores the labels of CIFAR like this
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iuUSb":
        raise UsageError(f"{file}: {name!r} is {labels.dtype} {labels.shape}; labels must be integers of shape (N,)")
    if len(labels) != count:
        raise UsageError(f"{file}: {len(labels)} labels in {name!r} for {count} examples in {image_name!r}")
    if labels.dtype.kind == "i" and count and labels.min() < 0:
        raise UsageError(f"{file}: {name!r} holds {labels.min()}; labels must be at least 0")
    return labels

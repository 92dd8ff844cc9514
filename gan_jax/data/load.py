"""Loads a dataset by its name."""

import difflib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Images, Resolution, height_and_width
from gan_jax.data.loaders import LOADERS, Group, Request
from gan_jax.data.sources.image_files import UnreadableImage, refuse


def load(
    spec: str, *, resolution: Resolution, data_dir: Path | str | None = None, memory_limit: int = 2 * 2**30
) -> Dataset:
    """The dataset that `spec` names: points float32 (N, D), or images of one size, uint8 (N, height, width, C).

    Images have one channel if all of them are gray, and three otherwise. Images from slow sources are cached.

    Args:
      spec: the name of a dataset, as `describe_datasets` lists them.
      resolution: side of the images in pixels, or their height and width, at least 1. An image is resized so that it
        covers this size, and what is too much is cropped about its centre. Digits and glyphs stand in the middle of
        rectangles. Points ignore it.
      data_dir: the folder of prepared TFDS datasets: $TFDS_DATA_DIR or ~/tensorflow_datasets by default.
      memory_limit: in bytes. If the images and targets of a split take more, the dataset is not held in memory:
        `Split.images` and `Split.targets` then decode each image when it is indexed.

    Raises:
      UsageError: there is no such dataset, or it cannot be used. The message names the file at fault.

    >>> digits = data.load("digits", resolution=8)
    >>> digits.train.images.shape, digits.test.images.shape
    ((1348, 8, 8, 1), (449, 8, 8, 1))
    >>> digits.train.labels[:4].tolist(), digits.classes[:4]
    ([1, 2, 4, 5], ('0', '1', '2', '3'))
    >>> data.load("ring", resolution=1).train.images.shape  # points, which have no resolution
    (100000, 2)
    """
    height, width = height_and_width(resolution)
    if min(height, width) < 1:
        raise UsageError(f"resolution {resolution}: images have at least 1 pixel a side")
    size = height if height == width else (height, width)
    loader = next((each for each in LOADERS if each.accepts(spec)), None)
    if loader is None:
        raise UsageError(_unknown(spec))
    load_base = partial(load, resolution=size, data_dir=data_dir, memory_limit=memory_limit)
    dataset, identity = loader.load(Request(spec.partition(":")[2], size, data_dir, load_base))

    splits = {"train": dataset.train, "test": dataset.test}
    sides = {name: split.images for name, split in splits.items()}
    sides |= {f"{name}_targets": split.targets for name, split in splits.items() if split.targets is not None}
    if max(_bytes(split.images) + _bytes(split.targets) for split in splits.values()) > memory_limit:
        return dataset

    def build() -> dict[str, np.ndarray]:
        return {name: materialize(images) for name, images in sides.items()}

    kind = f"{loader.name}-{height}" if height == width else f"{loader.name}-{height}x{width}"
    images = build() if identity is None else cached(kind, (loader.name, identity, size), build)
    train, test = (
        replace(split, images=images[name], targets=images.get(f"{name}_targets")) for name, split in splits.items()
    )
    return replace(dataset, train=train, test=test)


def describe_datasets() -> str:
    """Lists all kinds of dataset by group, each with its form and what it holds. This is the help of `--dataset`.

    >>> print(data.describe_datasets())
    A dataset is one of the following.
    Images:
      digits: ...
      glyphs: ...
    >>> "folder:PATH" in data.describe_datasets()
    True
    """
    lines = ["A dataset is one of the following."]
    for group in Group:
        lines.append(f"{group.value}:")
        lines += [f"  {each.form}: {each.help}" for each in LOADERS if each.group is group]
    return "\n".join(lines)


def materialize(images: Images) -> np.ndarray:
    """All images as one array, uint8 (N, H, W, C). An array is returned as it is.

    Raises:
      UsageError: some images cannot be decoded. The message names the first few.
    """
    if isinstance(images, np.ndarray):
        return images
    whole = np.empty(images.shape, np.uint8)
    unreadable = []

    def fill(index: int) -> None:
        try:
            whole[index] = images[index]
        except UnreadableImage as error:
            unreadable.append(error)

    # Pillow releases the interpreter lock while it decodes and resizes.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(fill, range(len(whole)), chunksize=64):
            pass
    refuse(unreadable, len(whole))
    return whole


def _bytes(images: Images | None) -> int:
    return 0 if images is None else int(np.prod(images.shape, dtype=np.int64))


def _unknown(spec: str) -> str:
    name, _, argument = spec.partition(":")
    names = sorted({each.name for each in LOADERS})
    path = Path(spec).expanduser()
    nearest = None
    if path.is_dir():
        nearest = f"folder:{spec}"
    elif path.suffix == ".npz":
        nearest = f"npz:{spec}"
    elif near := difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5):
        named = [each for each in LOADERS if each.name == near[0]]
        loader = next((each for each in named if each.takes_argument == bool(argument)), named[0])
        nearest = f"{loader.name}:{argument}" if loader.takes_argument and argument else loader.form
    hint = f"; did you mean {nearest!r}?" if nearest else ""
    return f"unknown dataset {spec!r}: give one of {', '.join(each.form for each in LOADERS)}{hint}"

"""Images to compare without a game: all those in a folder or an archive, or those of a dataset."""

from pathlib import Path

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Images, Resolution, Split
from gan_jax.data.load import load
from gan_jax.data.pixels import is_gray, upright_size
from gan_jax.data.sources.fitted_array import FittedArray
from gan_jax.data.sources.folder import find_folder, list_images
from gan_jax.data.sources.image_files import FileImages, read_headers
from gan_jax.data.sources.npz import images_of


def is_path(source: str) -> bool:
    """Whether a source is a folder or a NumPy archive. Otherwise it is a dataset spec."""
    path = Path(source).expanduser()
    return path.suffix == ".npz" or path.is_dir()


def read_image_set(source: str, resolution: Resolution | None = None, data_dir: Path | str | None = None) -> Dataset:
    """The images of a source: a dataset, or one whose training images are all images of the source, and which has no
    held-out images.

    source: a folder, whose images are those anywhere below it; a NumPy archive with an array `images`, `x_train` or
        `arr_0`; or a dataset spec.
    resolution: the size to which images are resized and cropped, as in `load`. By default, those of a folder or an
        archive have their own size, which must be the same for all. A dataset needs it.

    Raises UsageError for a source that cannot be used: the message names the file at fault.

    >>> np.savez("samples.npz", images=np.zeros((5, 16, 16, 3), np.uint8))
    >>> images = data.read_image_set("samples.npz").train.images
    >>> images.shape, images[0].shape
    ((5, 16, 16, 3), (16, 16, 3))
    >>> data.read_image_set("samples.npz", resolution=8).train.images.shape
    (5, 8, 8, 3)
    """
    if not is_path(source):
        if "/" in source and ":" not in source:
            raise UsageError(f"{source}: no such folder, and no NumPy archive (.npz)")
        if resolution is None:
            raise UsageError(f"the images of {source!r} have no size of their own: give --resolution")
        dataset = load(source, resolution=resolution, data_dir=data_dir)
        if len(dataset.example_shape) != 3:
            raise UsageError(f"{source!r} has points, and images are compared")
        return dataset
    images = _archive(source, resolution) if source.endswith(".npz") else _folder(source, resolution)
    return Dataset(source, Split(images, None), Split(np.empty((0, *images.shape[1:]), np.uint8), None), ())


def check_same_size(real: Dataset, fake: Dataset) -> None:
    """Raises UsageError if the images of two datasets have different sizes."""
    if real.image_shape[:2] != fake.image_shape[:2]:
        said = [f"the images of {x.name} are {x.image_shape[0]}x{x.image_shape[1]}" for x in (real, fake)]
        raise UsageError(f"{said[0]}, and {said[1]} (height x width): give --resolution to bring all to one size")


def _archive(path: str, resolution: Resolution | None) -> Images:
    array = images_of(path)
    height, width = array.shape[1:3]
    return FittedArray(array, resolution or (height, width))


def _folder(path: str, resolution: Resolution | None) -> Images:
    root = find_folder(path)
    files = list_images(root)
    names = [file.name for file in files]
    headers = read_headers(str(root), names, lambda image: (upright_size(image), is_gray(image)))
    if resolution is None:
        resolution = _one_size(root, names, [size for size, _ in headers])
    channels = 1 if all(gray for _, gray in headers) else 3
    return FileImages(str(root), files, resolution, channels)


def _one_size(root: Path, names: list[str], sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """(height, width) of all images, whose sizes are (width, height)."""
    for name, size in zip(names, sizes, strict=True):
        if size != sizes[0]:
            first, other = (f"{each} is {x[0]}x{x[1]}" for each, x in ((names[0], sizes[0]), (name, size)))
            raise UsageError(
                f"{root}: images of several sizes: {first}, and {other} (width x height). "
                "Give --resolution to resize them"
            )
    width, height = sizes[0]
    return height, width

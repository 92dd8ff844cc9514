"""Images that commands read as those of a run: of its size and number of channels."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    import numpy as np


def read_images(source: Path, shape: tuple[int, int, int]) -> "tuple[Sequence[str], np.ndarray]":
    """A name for each image of a source, and the images, uint8 (N, H, W, C) with (H, W, C) = `shape`.

    source: an image, a folder of images or a NumPy archive with an array `images`. Images of another size are resized
        and cropped about their centres. The colours of image files are converted to C channels.

    Raises UsageError for a source that cannot be used, and for arrays with other channels, and UserError for an image
    that cannot be read.
    """
    import numpy as np

    from gan_jax.data.batching import pick
    from gan_jax.data.sources.folder import find_folder, list_images
    from gan_jax.data.sources.image_files import File, FileImages, read_headers

    if source.suffix == ".npz":
        return _archive(source, shape)
    if not source.exists():
        raise UsageError(f"{source}: no such folder, and no NumPy archive (.npz) or image")
    if source.is_dir():
        root = find_folder(str(source))
        files = list_images(root)
    else:
        root, status = source.parent, source.stat()
        files = [File(source.name, status.st_size, status.st_mtime_ns)]
        read_headers(str(root), [source.name], lambda image: None)
    images = FileImages(str(root), files, shape[:2], shape[2])
    return [file.name for file in files], pick(images, np.arange(len(images)))


def _archive(source: Path, shape: tuple[int, int, int]) -> "tuple[Sequence[str], np.ndarray]":
    import numpy as np

    from gan_jax.data import read_image_set
    from gan_jax.data.batching import pick

    images = read_image_set(str(source), shape[:2]).train.images
    if images.shape[1:] != shape:
        here, there = ("x".join(map(str, each)) for each in (images.shape[1:], shape))
        raise UsageError(f"{source}: its images are {here} (height x width x channels), and the run's are {there}")
    return [str(number) for number in range(1, len(images) + 1)], pick(images, np.arange(len(images)))

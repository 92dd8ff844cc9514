"""Folders of images for translation: pairs side by side, pairs in two folders, or two unpaired domains."""

import os
from pathlib import Path

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Resolution, Split, height_and_width
from gan_jax.data.pixels import is_gray, upright_size
from gan_jax.data.sources.folder import File, digest, find_folder, list_images
from gan_jax.data.sources.image_files import FileImages, all_gray, read_headers
from gan_jax.data.splits import hold_out

_MOST_NAMED = 5


def pairs(path: str, resolution: Resolution) -> tuple[Dataset, object]:
    """Pictures below `path`. The left half of each is the image and the right half its target, as in pix2pix.

    If `path` contains the folders `train` and `test` (or `val` if there is no `test`), these are the splits. Otherwise
    a sixth is held out. Each half is cropped and resized by itself.

    Returns:
      The dataset, whose images are decoded when they are indexed, and an identity of its contents for the cache.

    Raises:
      UsageError: there is no such folder, it has fewer than 2 pictures, a picture is unreadable or of odd width, or all
        of them are square, so that their halves would not be.
    """
    root = find_folder(path)
    train, test = _hold_out(root, *_list(root))
    identity = digest([*train, *test]), len(train)
    names = [file.name for file in (*train, *test)]

    def headers() -> dict[str, np.ndarray]:
        found = read_headers(str(root), names, lambda image: (is_gray(image), upright_size(image)))
        return {"gray": np.array([gray for gray, _ in found]), "sizes": np.array([size for _, size in found])}

    arrays = cached("pair-headers", identity, headers)
    _check_sizes(root, names, arrays["sizes"], resolution)
    channels = 1 if arrays["gray"].all() else 3

    def split(part: list[File]) -> Split:
        left, right = (FileImages(str(root), part, resolution, channels, half) for half in ("left", "right"))
        return Split(left, None, right)

    return Dataset(f"pairs:{path}", split(train), split(test), ()), identity


def matched(path: str, resolution: Resolution) -> tuple[Dataset, object]:
    """Images below the folder A of `path`, and their targets below B. Targets have the names of their images.

    The suffixes of the names may differ. If A and B contain the folders `train` and `test` (or `val`), these are the
    splits. Otherwise a sixth is held out.

    Returns the same as `pairs`. Raises UsageError like `pairs`, and if a picture has no partner.
    """
    root = find_folder(path)
    sides = [find_folder(str(root / side)) for side in "AB"]
    listed = [_list(side) for side in sides]
    if (listed[0][1] is None) != (listed[1][1] is None):
        raise UsageError(f"{root}: only one of A and B has folders train and test (or val)")
    images, targets = _match(root, *(files for files, _ in listed))
    test_images, test_targets = None, None
    if listed[0][1] is not None and listed[1][1] is not None:
        test_images, test_targets = _match(root, listed[0][1], listed[1][1])
    # Both sides have the same order, so the same pairs are held out.
    splits = [
        _hold_out(side, files, held)
        for side, files, held in zip(sides, (images, targets), (test_images, test_targets), strict=True)
    ]
    (train, train_targets), (test, test_targets) = zip(*splits, strict=True)
    identity = tuple((digest(files), len(files)) for files in (train, test, train_targets, test_targets))
    return _two_domains(
        f"matched:{path}", sides, (train, train_targets), (test, test_targets), True, resolution
    ), identity


def unpaired(path: str, resolution: Resolution) -> tuple[Dataset, object]:
    """Images of domain A below the folders trainA and testA of `path`, and of domain B below trainB and testB.

    CycleGAN's data have this layout. A sixth of a domain is held out if it has no test folder.

    Returns the same as `pairs`. Raises UsageError if a folder is missing or empty, or a picture is unreadable.
    """
    root = find_folder(path)
    splits = []
    for side in "AB":
        if not (root / f"train{side}").is_dir():
            raise UsageError(f"{root}: no folder train{side}; unpaired images lie in trainA, trainB, testA and testB")
        files, held = list_images(root, f"train{side}"), None
        if (root / f"test{side}").is_dir():
            held = list_images(root, f"test{side}")
        splits.append(_hold_out(root / f"train{side}", files, held))
    train, test = zip(*splits, strict=True)
    identity = tuple((digest(files), len(files)) for files in (*train, *test))
    return _two_domains(f"unpaired:{path}", [root, root], train, test, False, resolution), identity


def _check_sizes(root: Path, names: list[str], sizes: np.ndarray, resolution: Resolution) -> None:
    """Raises UsageError if pictures of these widths and heights, (N, 2), cannot be pairs side by side."""
    widths, heights = sizes.T
    high, wide = height_and_width(resolution)
    # Halves of squares are twice as high as they are wide, which somebody may want.
    if (widths == heights).all() and high < 2 * wide:
        raise UsageError(
            f"{root}: all {len(names)} pictures are square, so they seem to be single images: a pair of square images "
            "side by side is twice as wide as it is high. Pairs in two folders are matched:PATH"
        )
    odd = np.flatnonzero(widths % 2)
    if len(odd):
        more = f" (and so are {len(odd) - 1} more)" if len(odd) > 1 else ""
        raise UsageError(
            f"{root / names[odd[0]]} is {widths[odd[0]]} pixels wide{more}: two pictures of the same size "
            "side by side have an even width"
        )


def _list(root: Path) -> tuple[list[File], list[File] | None]:
    """The training files, and the held-out files if they have their own folder."""
    held = next((name for name in ("test", "val") if (root / name).is_dir()), None)
    if held is None or not (root / "train").is_dir():
        return list_images(root), None
    return list_images(root, "train"), list_images(root, held)


def _hold_out(root: Path, files: list[File], held: list[File] | None) -> tuple[list[File], list[File]]:
    if held is not None:
        return files, held
    if len(files) < 2:
        raise UsageError(f"{root}: one picture cannot be split into training and test images; give at least 2")
    train, test = hold_out(len(files), None, 1 / 6)
    return [files[i] for i in train], [files[i] for i in test]


def _match(root: Path, images: list[File], targets: list[File]) -> tuple[list[File], list[File]]:
    """Images and targets in the order of their names. Raises UsageError for pictures without a partner."""
    by_name = [_by_name(root / side, files) for side, files in (("A", images), ("B", targets))]
    lonely = [sorted(by_name[i].keys() - by_name[1 - i].keys()) for i in (0, 1)]
    said = [
        f"{len(names)} in {side} ({', '.join(names[:_MOST_NAMED])}{', ...' if len(names) > _MOST_NAMED else ''})"
        for side, names in zip("AB", lonely, strict=True)
        if names
    ]
    if said:
        raise UsageError(f"{root}: pictures without a partner of the same name: {' and '.join(said)}")
    names = sorted(by_name[0])
    return [by_name[0][name] for name in names], [by_name[1][name] for name in names]


def _by_name(root: Path, files: list[File]) -> dict[str, File]:
    """The files by their names without suffix. Raises UsageError if two files have the same name."""
    found: dict[str, File] = {}
    for file in files:
        name = os.path.splitext(file.name)[0]
        if name in found:
            raise UsageError(f"{root}: {found[name].name} and {file.name} differ in their suffix alone; remove one")
        found[name] = file
    return found


def _two_domains(
    name: str,
    roots: list[Path],
    train: tuple[list[File], list[File]],
    test: tuple[list[File], list[File]],
    paired: bool,
    resolution: Resolution,
) -> Dataset:
    def source(side: int, channels: int, files: list[File]) -> FileImages:
        return FileImages(str(roots[side]), files, resolution, channels)

    channels = [_channels(root, [*part, *held]) for root, part, held in zip(roots, train, test, strict=True)]

    def split(part: tuple[list[File], list[File]]) -> Split:
        return Split(source(0, channels[0], part[0]), None, source(1, channels[1], part[1]), paired)

    return Dataset(name, split(train), split(test), ())


def _channels(root: Path, files: list[File]) -> int:
    names = [file.name for file in files]
    gray = cached("image-headers", digest(files), lambda: {"gray": np.array(all_gray(str(root), names))})["gray"]
    return 1 if gray else 3

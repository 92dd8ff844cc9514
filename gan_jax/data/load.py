"""From a dataset's name to its examples."""

import difflib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Images
from gan_jax.data.files import UnreadableImage, refuse
from gan_jax.errors import UsageError

FORMS = (
    *("digits", "glyphs", "ring", "grid", "swissroll", "stacked:DATASET", "tfds:NAME", "folder:PATH", "npz:PATH"),
    *("scenes", "pairs:PATH", "matched:PATH", "unpaired:PATH", "reverse:DATASET", "shuffled:DATASET"),
    *("colorization:DATASET", "superresolution:DATASET", "inpainting:DATASET", "denoising:DATASET", "edges:DATASET"),
)


def load(spec: str, *, resolution: int, data_dir: Path | str | None = None, memory_limit: int = 2 * 2**30) -> Dataset:
    """The dataset that `spec` names: points float32 (N, D), or images uint8, all of them square, at `resolution`.

    Images have one channel if all of them are gray, else three.

    Args:
      spec: of images `digits`, `glyphs`, `tfds:NAME`, `folder:PATH` or `npz:PATH`, or `stacked:` before one of these,
        gray and with labels; of points `ring`, `grid` or `swissroll`. For translation, with targets beside the images,
        `scenes`, `pairs:PATH`, `matched:PATH`, `unpaired:PATH` or `tfds:cycle_gan/NAME`; `reverse:` or `shuffled:`
        before one of these (see `sides`); or, before a dataset of images, one of the degradations that
        `degradations` describes.
      resolution: side of the images: the shorter side is resized to it and the longer one cropped about its centre.
        Of no matter to points.
      data_dir: where prepared TFDS datasets lie; $TFDS_DATA_DIR or ~/tensorflow_datasets unless given.
      memory_limit: in bytes. A dataset whose images take more than this is not held in memory: `Split.images` then
        decodes them when they are asked for.

    Raises:
      UsageError: no such dataset, or one that cannot be used; the message names the file.
    """
    if resolution < 1:
        raise UsageError(f"resolution {resolution}: images have at least 1 pixel a side")
    # Besides the dataset, what its images depend on; None where making them takes no time worth saving.
    identity: object = None
    # Imported when wanted: what one source needs takes seconds to import, and the others do without it.
    match spec.partition(":"):
        case ("digits", "", ""):
            from gan_jax.data.digits import digits

            dataset = digits(resolution)
        case ("glyphs", "", ""):
            from gan_jax.data.glyphs import FONTS, glyphs

            dataset, identity = glyphs(resolution), FONTS
        case ("ring", "", ""):
            from gan_jax.data.mixtures import RING, mixture_dataset

            return mixture_dataset("ring", RING)
        case ("grid", "", ""):
            from gan_jax.data.mixtures import GRID, mixture_dataset

            return mixture_dataset("grid", GRID)
        case ("swissroll", "", ""):
            from gan_jax.data.swissroll import swissroll

            return swissroll()
        case ("stacked", ":", base) if base:
            from gan_jax.data.stacked import stacked

            dataset = stacked(load(base, resolution=resolution, data_dir=data_dir, memory_limit=memory_limit))
        case ("scenes", "", ""):
            from gan_jax.data.scenes import scenes

            dataset = scenes(resolution)
        case ("reverse" | "shuffled" as change, ":", base) if base:
            from gan_jax.data.sides import reverse, shuffled_pairs

            whole = load(base, resolution=resolution, data_dir=data_dir, memory_limit=memory_limit)
            return reverse(whole) if change == "reverse" else shuffled_pairs(whole)
        case ("colorization" | "superresolution" | "inpainting" | "denoising" | "edges" as task, ":", base) if base:
            from gan_jax.data import degradations

            whole = load(base, resolution=resolution, data_dir=data_dir, memory_limit=memory_limit)
            dataset = getattr(degradations, task)(whole)
        case ("pairs" | "matched" | "unpaired" as layout, ":", path) if path:
            from gan_jax.data import pairs

            dataset, identity = getattr(pairs, layout)(path, resolution)
        case ("tfds", ":", name) if name:
            from gan_jax.data.tfds import tfds

            dataset, identity = tfds(name, resolution, data_dir)
        case ("folder", ":", path) if path:
            from gan_jax.data.folder import folder

            dataset, identity = folder(path, resolution)
        case ("npz", ":", path) if path:
            from gan_jax.data.npz import npz

            dataset, identity = npz(path, resolution)
        case _:
            raise UsageError(_unknown(spec))

    splits = {"train": dataset.train, "test": dataset.test}
    sides = {name: split.images for name, split in splits.items()}
    sides |= {f"{name}_targets": split.targets for name, split in splits.items() if split.targets is not None}
    if max(_bytes(split.images) + _bytes(split.targets) for split in splits.values()) > memory_limit:
        return dataset

    def build() -> dict[str, np.ndarray]:
        return {name: materialize(images) for name, images in sides.items()}

    kind = spec.partition(":")[0]
    images = build() if identity is None else cached(f"{kind}-{resolution}", (kind, identity, resolution), build)
    train, test = (
        replace(split, images=images[name], targets=images.get(f"{name}_targets")) for name, split in splits.items()
    )
    return replace(dataset, train=train, test=test)


def materialize(images: Images) -> np.ndarray:
    """All of `images`, uint8 (N, H, W, C); themselves if they are an array.

    Raises:
      UsageError: some cannot be decoded; the message names the first few.
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

    # Pillow lets go of the interpreter lock while it decodes and resizes.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(fill, range(len(whole)), chunksize=64):
            pass
    refuse(unreadable, len(whole))
    return whole


def _bytes(images: Images | None) -> int:
    return 0 if images is None else int(np.prod(images.shape, dtype=np.int64))


def _unknown(spec: str) -> str:
    kind, _, rest = spec.partition(":")
    kinds = [form.partition(":")[0] for form in FORMS]
    path = Path(spec).expanduser()
    nearest = None
    if path.is_dir():
        nearest = f"folder:{spec}"
    elif path.suffix == ".npz":
        nearest = f"npz:{spec}"
    elif near := difflib.get_close_matches(kind.lower(), kinds, n=1, cutoff=0.5):
        form = FORMS[kinds.index(near[0])]
        nearest = form if ":" not in form or not rest else f"{near[0]}:{rest}"
    hint = f"; did you mean {nearest!r}?" if nearest else ""
    return f"unknown dataset {spec!r}: give one of {', '.join(FORMS)}{hint}"

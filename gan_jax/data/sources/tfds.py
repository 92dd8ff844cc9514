"""Prepared datasets of TensorFlow Datasets (TFDS), read without TensorFlow.

Nothing is ever downloaded, because a download without a network takes minutes to fail.
"""

import difflib
import os
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Resolution, Split
from gan_jax.data.sources.tfds_images import RecordImages, open_builder, read_labels
from gan_jax.data.splits import hold_out


def tfds(name: str, resolution: Resolution, data_dir: Path | str | None) -> tuple[Dataset, object]:
    """The prepared dataset NAME, NAME/CONFIG, NAME:VERSION or NAME/CONFIG:VERSION. The newest version is the default.

    The splits are `train` and `test`. If there is no `test` split, or its labels are withheld, `validation` takes its
    place. If there is neither, a sixth of `train` is held out. A dataset with the splits `trainA`, `trainB`, `testA`
    and `testB`, such as those of `cycle_gan`, has unpaired images and targets and no labels.

    Args:
      name: the name of the dataset.
      resolution: side of the images in pixels, or their height and width.
      data_dir: the folder of prepared datasets: $TFDS_DATA_DIR or ~/tensorflow_datasets by default.

    Returns:
      The dataset, whose images are decoded when they are indexed, and an identity of its contents for the cache.

    Raises:
      UsageError: the dataset is unknown or not prepared, its format has no random access, it has no images or only one,
        or its labels are not those of its classes.
    """
    place = str(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    folder = _find(name, Path(place).expanduser().absolute())
    files = sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in folder.iterdir())
    identity = (str(folder), files)
    try:
        info = open_builder(str(folder)).info
    except Exception as error:  # TFDS can raise anything for damaged files
        raise UsageError(f"tfds:{name}: {folder} cannot be read: {error}") from error
    formats = [each.value for each in info.available_file_formats()]
    if "array_record" not in formats:
        raise UsageError(
            f"tfds:{name} is prepared as {', '.join(formats) or 'an unknown format'} in {folder}, which cannot be read "
            f"in random order; remove that folder, or choose another --data-dir, and run {_preparing(name, place)}"
        )

    image = _feature(info.features, "image", "Image")
    if image is None:
        raise UsageError(f"tfds:{name} has no images: its features are {', '.join(info.features)}")
    if np.dtype(info.features[image].np_dtype).kind == "f":
        raise UsageError(f"tfds:{name}: {image!r} is floating-point, which has no known range; images must be integers")
    label = _feature(info.features, "label", "ClassLabel")
    channels = 1 if info.features[image].shape[-1] == 1 else 3
    if {"trainA", "trainB", "testA", "testB"} <= info.splits.keys():

        def domain(part: str) -> RecordImages:
            return RecordImages(
                str(folder), part, image, np.arange(info.splits[part].num_examples), resolution, channels
            )

        train, test = (Split(domain(f"{part}A"), None, domain(f"{part}B"), paired=False) for part in ("train", "test"))
        return Dataset(f"tfds:{name}", train, test, ()), identity
    if "train" not in info.splits:
        raise UsageError(f"tfds:{name} has no split 'train'; it has {', '.join(info.splits)}")

    def split(part: str) -> Split:
        indices = np.arange(info.splits[part].num_examples)
        return Split(
            RecordImages(str(folder), part, image, indices, resolution, channels),
            _labels(folder, identity, part, label),
        )

    train = split("train")
    for part in ("test", "validation"):
        if part in info.splits:
            test = split(part)
            # TFDS writes labels that were never published as -1.
            if test.labels is None or test.labels.min() >= 0:
                break
    else:
        if len(train) < 2:
            raise UsageError(f"tfds:{name}: one image cannot be split into training and test images")
        train, test = (
            Split(
                RecordImages(str(folder), "train", image, part, resolution, channels),
                None if train.labels is None else train.labels[part],
            )
            for part in hold_out(len(train), train.labels, 1 / 6)
        )
    classes = () if label is None else tuple(info.features[label].names)
    for split_name, labels in (("training", train.labels), ("test", test.labels)):
        if labels is not None and not (labels.min() >= 0 and labels.max() < len(classes)):
            guilty = labels.min() if labels.min() < 0 else labels.max()
            raise UsageError(
                f"tfds:{name}: the {split_name} images in {folder} have the label {guilty}; labels must be at least 0 "
                f"and below {len(classes)}, the number of classes"
            )
    return Dataset(f"tfds:{name}", train, test, classes), identity


def _labels(folder: Path, identity: object, split: str, feature: str | None) -> np.ndarray | None:
    if feature is None:
        return None
    # Reading the labels means reading the whole split, because they are spread over all records.
    arrays = cached(
        "tfds-labels", (identity, split, feature), lambda: {"label": read_labels(str(folder), split, feature)}
    )
    return arrays["label"]


def _find(name: str, root: Path) -> Path:
    """The folder of the dataset's files, which contains dataset_info.json."""
    path, _, version = name.partition(":")
    base = root / path
    found = [each.parent for pattern in ("*", "*/*") for each in base.glob(f"{pattern}/dataset_info.json")]
    if version and found:
        names = ", ".join(f"tfds:{each.parent.relative_to(root).as_posix()}:{each.name}" for each in sorted(found))
        found = [each for each in found if each.name == version]
        if not found:
            raise UsageError(f"tfds:{name} is not prepared in {root}; prepared are {names}")
    configs = sorted({each.parent for each in found})
    if len(configs) > 1:
        names = ", ".join(f"tfds:{each.relative_to(root).as_posix()}" for each in configs)
        raise UsageError(f"tfds:{name} is prepared in more than one configuration: choose one of {names}")
    if found:
        return max(found, key=lambda each: [int(part) if part.isdigit() else -1 for part in each.name.split(".")])

    import tensorflow_datasets

    known = tensorflow_datasets.list_builders(with_community_datasets=False)
    dataset = path.partition("/")[0]
    if dataset not in known:
        prepared = [each.name for each in root.iterdir() if each.is_dir()] if root.is_dir() else []
        near = difflib.get_close_matches(dataset, [*prepared, *known], n=3)
        hint = f"; did you mean {' or '.join(f'tfds:{each}' for each in dict.fromkeys(near))}?" if near else ""
        raise UsageError(f"tfds:{name}: TFDS knows no such dataset, and none is prepared in {root}{hint}")
    raise UsageError(
        f"tfds:{name} is not prepared: nothing in {base}. With a network, run {_preparing(name, str(root))}"
    )


def _preparing(name: str, data_dir: str) -> str:
    # The command `tfds build` fails without apache-beam (tensorflow-datasets 4.9.10).
    code = (
        f"import tensorflow_datasets as tfds; "
        f"tfds.builder('{name}', data_dir='{data_dir}', file_format='array_record').download_and_prepare()"
    )
    return f"""pip install 'gan-jax[tfds]' and then python -c "{code}\""""


def _feature(features: Any, usual: str, kind: str) -> str | None:
    """The name of a feature of class `kind`: `usual` if it is one, else the first. None if there is none."""
    names = [name for name, feature in features.items() if type(feature).__name__ == kind]
    return usual if usual in names else next(iter(names), None)

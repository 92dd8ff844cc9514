"""What each measure of images sees: real images are changed in known ways, and the table says how each measure moves.

    python experiments/studies/measures.py                                        # digits, a classifier of them
    python experiments/studies/measures.py --dataset tfds:cifar10 --features efficientnet --count 5000

Held-out images are the reference. The first row is other real images, which are as good as can be. The other rows are
the same images after something that generators are known to do to them. Prints the table, and writes it into
docs/measures.md if there is a place for this dataset and these features.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import tyro
from scipy.ndimage import gaussian_filter

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, load
from gan_jax.data.batching import pick
from gan_jax.evaluation import measures
from gan_jax.evaluation.features import CHOICES, Features, extract
from gan_jax.evaluation.looked_at import look_at
from gan_jax.evaluation.metrics import nearest
from gan_jax.evaluation.options import unwatched
from gan_jax.reporting import markdown, marks, write_part

PAGE = Path(__file__).parents[2] / "docs" / "measures.md"

COLUMNS = {
    "frechet_distance": "Fréchet",
    "kernel_distance": "KID",
    "inception_score": "IS",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "nearest": "to training",
}


@dataclass(frozen=True)
class Options:
    """Changes real images in known ways, and shows how each measure moves."""

    dataset: str = "digits"
    """A dataset of images, as `gan-jax train --help` lists them."""

    resolution: int = 8
    """Side of the images in pixels."""

    features: Literal["classifier", "efficientnet", "inception", "pixels"] = "classifier"
    """What images are compared in."""

    count: int = 600
    """Number of images in each row. At most half of the training images."""


def main() -> None:
    options = tyro.cli(Options)
    dataset = load(options.dataset, resolution=options.resolution)
    features = CHOICES[options.features](dataset)
    text = table(dataset, features, options.count)
    print(text)
    name = f"{options.dataset.rpartition('/')[2]} {options.features}"
    if marks(name)[0] in PAGE.read_text():
        write_part(PAGE, name, text)
        print(f"written to {PAGE}")


def table(dataset: Dataset, features: Features, count: int) -> str:
    """A table in Markdown with a row for each change."""
    if 2 * count > len(dataset.train):
        raise UsageError(f"--count {count} needs twice as many training images, and there are {len(dataset.train)}")
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(dataset.train))
    # What the generator was trained on, and as many other real images, which a perfect generator could have made.
    trained, unseen = np.split(rows[: 2 * count], 2)
    training = extract(features, pick(dataset.train.images, trained))
    reference = measures.Reference(look_at(features, dataset.test.images, unwatched))
    labels = None if dataset.train.labels is None else dataset.train.labels[unseen]
    lines = [["", "images", *COLUMNS.values()], ["---"] * (len(COLUMNS) + 2)]
    for name, images in changed(pick(dataset.train.images, unseen), labels, pick(dataset.train.images, trained), rng):
        seen = look_at(features, images, unwatched)
        figures: dict = measures.compare(seen, reference)
        figures["nearest"] = nearest(seen.seen.features, training.features)[0].mean()
        cells = [f"{figures[column]:.3g}" if column in figures else "" for column in COLUMNS]
        lines.append([name, f"{len(images):,}", *cells])
        print(" | ".join(lines[-1]), flush=True)
    return markdown(lines)


def changed(
    images: np.ndarray, labels: np.ndarray | None, trained: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[str, np.ndarray]]:
    """The rows: (what was done, images).

    images: unseen real images uint8 (N, H, W, C), and their labels. trained: those that a generator was trained on.
    """
    count = len(images)
    yield "real", images
    for share in (2, 8):
        yield ("half as many" if share == 2 else "an eighth as many"), images[: count // share]
    for deviation in (8, 32):
        yield f"noise of deviation {deviation} of 255", noisy(images, deviation, rng)
    for width in (0.5, 1.0):
        yield f"blurred by {width:g} pixels", blurred(images, width)
    yield "one image in ten is noise", with_outliers(images, count // 10, rng)
    if labels is not None:
        classes = labels.max() + 1
        yield "half of the classes dropped", np.resize(images[labels < classes / 2], images.shape)
    yield "a tenth of the images, ten times each", images[np.arange(count) % (count // 10)]
    yield "copies of training images", trained
    yield "copies with noise of deviation 8", noisy(trained, 8, rng)


def noisy(images: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    return rounded(images + rng.normal(0, deviation, images.shape))


def blurred(images: np.ndarray, width: float) -> np.ndarray:
    return rounded(gaussian_filter(images.astype(np.float32), (0, width, width, 0)))


def with_outliers(images: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    noise = rng.integers(0, 256, (count, *images.shape[1:]), np.uint8)
    return np.concatenate([images[count:], noise])


def rounded(images: np.ndarray) -> np.ndarray:
    return np.rint(images).clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()

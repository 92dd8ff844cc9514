"""Scikit-learn's scans of handwritten digits: 1,797 real images of 8x8 that a pip install brings."""

from importlib.metadata import version

import numpy as np

from gan_jax.data.arrays import FittedArray
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Split
from gan_jax.data.splits import hold_out


def digits(resolution: int) -> Dataset:
    """A quarter of every class is held out. Source: Alpaydin and Kaynak, UCI repository, 1998."""
    arrays = cached("digits", ("digits", version("scikit-learn")), _scans)
    images, labels = arrays["images"], arrays["labels"]
    train, test = (
        Split(FittedArray(images[part], resolution), labels[part]) for part in hold_out(len(images), labels, 1 / 4)
    )
    return Dataset("digits", train, test, tuple("0123456789"))


def _scans() -> dict[str, np.ndarray]:
    """All of them, images uint8 (1797, 8, 8) and labels int32 (1797,)."""
    from sklearn.datasets import load_digits  # takes seconds: cached

    pixels, target = load_digits(return_X_y=True)
    return {
        "images": np.rint(pixels.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8),
        "labels": target.astype(np.int32),
    }

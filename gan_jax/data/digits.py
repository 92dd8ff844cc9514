"""Scikit-learn's scans of handwritten digits: 1,797 real images of 8x8 that a pip install brings."""

import numpy as np
from sklearn.datasets import load_digits

from gan_jax.data.arrays import FittedArray
from gan_jax.data.dataset import Dataset, Split
from gan_jax.data.splits import hold_out


def digits(resolution: int) -> Dataset:
    """A quarter of every class is held out. Source: Alpaydin and Kaynak, UCI repository, 1998."""
    pixels, target = load_digits(return_X_y=True)
    images = np.rint(pixels.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    labels = target.astype(np.int32)
    train, test = (
        Split(FittedArray(images[part], resolution), labels[part]) for part in hold_out(len(images), labels, 1 / 4)
    )
    return Dataset("digits", train, test, tuple("0123456789"))

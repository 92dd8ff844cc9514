"""Scikit-learn's scans of handwritten digits: 1,797 real images of 8x8 pixels, which are installed with it."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Resolution, Split, height_and_width
from gan_jax.data.sources.centred import centred
from gan_jax.data.sources.fitted_array import FittedArray
from gan_jax.data.splits import hold_out


def digits(resolution: Resolution) -> Dataset:
    """The digits at `resolution`, in the middle of a rectangle. A quarter of every class is held out.

    Source: Alpaydin and Kaynak, UCI repository, 1998.
    """
    arrays = cached("digits", ("digits", version("scikit-learn")), _scans)
    images, labels = arrays["images"], arrays["labels"]
    side = min(height_and_width(resolution))
    train, test = (
        Split(centred(FittedArray(images[part], side), resolution), labels[part])
        for part in hold_out(len(images), labels, 1 / 4)
    )
    return Dataset("digits", train, test, tuple("0123456789"))


def _scans() -> dict[str, np.ndarray]:
    """All images, uint8 (1797, 8, 8), and their labels, int32 (1797,)."""
    # The file that sklearn.datasets.load_digits reads. Importing scikit-learn takes seconds.
    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    table = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    return {
        "images": np.rint(table[:, :64].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8),
        "labels": table[:, 64].astype(np.int32),
    }

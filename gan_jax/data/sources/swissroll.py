"""A spiral in the plane: scikit-learn's swiss roll, projected along its axis."""

from importlib.metadata import version

import numpy as np

from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Split

TRAIN_COUNT, TEST_COUNT = 100_000, 10_000

# The noise is added before scaling. The scale brings the points into about [-2, 2].
_NOISE, _SCALE = 0.25, 1 / 7.5


def swissroll() -> Dataset:
    """100,000 training points and 10,000 held-out points, float32 (N, 2), without labels.

    Source: Gulrajani et al. (arXiv 1704.00028), figure 1.
    """
    identity = ("swissroll", version("scikit-learn"), TRAIN_COUNT, TEST_COUNT)
    points = cached("swissroll", identity, _roll)["points"]
    return Dataset("swissroll", Split(points[:TRAIN_COUNT], None), Split(points[TRAIN_COUNT:], None), ())


def _roll() -> dict[str, np.ndarray]:
    from sklearn.datasets import make_swiss_roll  # takes seconds, so the points are cached

    points, _ = make_swiss_roll(TRAIN_COUNT + TEST_COUNT, noise=_NOISE, random_state=0)
    return {"points": (_SCALE * points[:, [0, 2]]).astype(np.float32)}

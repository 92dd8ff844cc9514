"""Mixtures of Gaussians in the plane. Their modes can be counted. The label of a point is its mode."""

import numpy as np

from gan_jax.data.dataset import Dataset, Mixture, Split
from gan_jax.data.splits import uniform

TRAIN_COUNT, TEST_COUNT = 100_000, 10_000

_ANGLES = np.arange(8) * (2 * np.pi / 8)
_PLACES = np.arange(-4.0, 5.0, 2.0)

# 8 Gaussians with means evenly on a circle: Metz et al., "Unrolled GANs" (arXiv 1611.02163), section 3.1.
RING = Mixture(2 * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], 1), deviation=0.02)

# 25 Gaussians with means at (x, y) for x and y in -4, -2, 0, 2, 4: Lin et al., "PacGAN" (arXiv 1712.04086), 4.1.
GRID = Mixture(np.stack(np.meshgrid(_PLACES, _PLACES), -1).reshape(-1, 2), deviation=0.05)


def mixture_dataset(name: str, mixture: Mixture) -> Dataset:
    """100,000 training points and 10,000 held-out points, always the same. The classes are the modes."""
    classes = tuple(str(mode) for mode in range(len(mixture.means)))
    return Dataset(
        name, draw(mixture, TRAIN_COUNT, "train points"), draw(mixture, TEST_COUNT, "test points"), classes, mixture
    )


def draw(mixture: Mixture, count: int, name: str) -> Split:
    """Points float32 (count, 2) from a mixture in the plane. Their labels are the modes they are drawn from.

    The same name gives the same points. The normal numbers are drawn as by Box and Muller (1958).
    """
    which, distance, turn = uniform(3 * count, name).reshape(3, count)
    modes = (which * len(mixture.means)).astype(np.int32)
    radii, angles = np.sqrt(-2 * np.log1p(-distance)), 2 * np.pi * turn
    noise = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    return Split((mixture.means[modes] + mixture.deviation * noise).astype(np.float32), modes)

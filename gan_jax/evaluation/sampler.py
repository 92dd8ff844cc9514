"""What evaluations take: functions that draw samples, and the classes of these."""

from collections.abc import Callable

import numpy as np

from gan_jax.data import Images

# (count, seed) -> images uint8 (count, H, W, C), perhaps decoded when they are indexed, or points float32 (count, D)
Sampler = Callable[[int, int], Images]

# (count, seed) -> the classes of those samples, int (count,)
Labels = Callable[[int, int], np.ndarray]

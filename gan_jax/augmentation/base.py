"""Augmentations of the images that the discriminator sees, real and generated ones alike.

An `Augmentation` consists of pure functions, like a regularizer. `init` returns its initial memory, which is part of
the state. `apply` augments images. `update` takes the discriminator's logits of real images in each of its updates.
Augmenting both kinds of images, with gradients that flow through to the generator, does not change the equilibrium
(Zhao et al. 2020, arXiv 2006.10738, section 3; Karras et al. 2020, arXiv 2006.06676, section 2).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

Tree = Any


class Augmentation(NamedTuple):
    """An augmentation of images.

    init: () -> memory.
    apply: (images (N, H, W, C) in [-1, 1], keys (N,), memory, step) -> images of the same shape. It is differentiable,
        and draws the random numbers of each example from the example's own key.
    update: (memory, real_logits, count, step) -> memory. The logits are those of `count` real images, one for each, or
        fewer or more: of packs, or of patches. It averages any statistics of them over devices.
    metrics: memory -> scalars to log.
    """

    init: Callable[[], Tree]
    apply: Callable[[jax.Array, jax.Array, Tree, jax.Array], jax.Array]
    update: Callable[[Tree, jax.Array, int, jax.Array], Tree] = lambda memory, real_logits, count, step: memory
    metrics: Callable[[Tree], dict[str, jax.Array]] = lambda memory: {}


# Leaves images as they are.
no_augmentation = Augmentation(init=lambda: (), apply=lambda images, keys, memory, step: images)

"""What the discriminator sees in the images' place: augmentations of real and generated ones alike.

An `Augmentation` is made of pure functions, like a regularizer: `init` gives the memory that it keeps in the state,
`apply` maps images to augmented ones, and `update` sees the discriminator's logits of real images in its update.
Augmenting both, with gradients flowing through to the generator, leaves the equilibrium where it is (Zhao et al. 2020,
arXiv 2006.10738, section 3; Karras et al. 2020, arXiv 2006.06676, section 2).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

Tree = Any


class Augmentation(NamedTuple):
    """How a game augments.

    init: () -> memory.
    apply: (images (N, H, W, C) in [-1, 1], keys (N,), memory, step) -> images of the same shape, differentiable. Draws
        for each example from its own key.
    update: (memory, real_logits (N,), step) -> memory. Averages over devices what it takes from the logits.
    metrics: memory -> scalars to log.
    """

    init: Callable[[], Tree]
    apply: Callable[[jax.Array, jax.Array, Tree, jax.Array], jax.Array]
    update: Callable[[Tree, jax.Array, jax.Array], Tree] = lambda memory, real_logits, step: memory
    metrics: Callable[[Tree], dict[str, jax.Array]] = lambda memory: {}


# Images as they are.
no_augmentation = Augmentation(init=lambda: (), apply=lambda images, keys, memory, step: images)

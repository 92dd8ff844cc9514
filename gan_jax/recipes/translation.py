"""What the games of translation have in common: how their networks start, and how their generators translate."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common.parallel import example_keys
from gan_jax.game import Translate, Tree
from gan_jax.networks.functional import forward

Shape = tuple[int, int, int]  # (height, width, channels) of an image


def init_generator(module: nn.Module, key: jax.Array, source: Shape, target: Shape) -> Tree:
    """The first Flax variables of a generator from images of one shape to images of the other.

    Raises ValueError for one that makes images of another shape.
    """
    images, variables = module.init_with_output(key, jnp.zeros((1, *source)), train=True)
    made = images.shape[1:]
    if made != tuple(target):
        raise ValueError(
            f"the generator makes images of {_text(made)} of {_text(source)}, and targets are {_text(target)}"
        )
    return variables


def init_discriminator(module: nn.Module, key: jax.Array, *shapes: Shape) -> Tree:
    """Those of a discriminator that sees images of these shapes, side by side on the axis of channels."""
    images = jnp.concatenate([jnp.zeros((1, *shape)) for shape in shapes], -1)
    return module.init(key, images, train=True)


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def l1(a: jax.Array, b: jax.Array) -> jax.Array:
    """The mean of |a - b| over the numbers of all images."""
    return jnp.mean(jnp.abs(a - b))


def translator(generator: nn.Module, select: Callable[[dict[str, Tree]], Tree]) -> Translate:
    """One direction of a game's `translate`; `select` picks the generator's Flax variables from the networks.

    Every image goes through the generator alone, as in training: noise, such as dropout, is drawn, and batch
    normalization is by the image's own statistics. That is how pix2pix translates (Isola et al., arXiv 1611.07004,
    section 3.3), whose batches are of one image in training too.
    """

    def translate(networks: dict[str, Tree], images: jax.Array, key: jax.Array) -> jax.Array:
        variables: Any = dict(select(networks))
        params = variables.pop("params")

        def one(image, key):
            return forward(generator, params, variables, image[None], key=key)[0][0]

        return jax.vmap(one)(images, example_keys(key, len(images)))

    return translate

"""Functions that the games of translation share: initialization of their networks, and translation by a generator."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common.parallel import example_keys
from gan_jax.game import Translate, Tree
from gan_jax.networks.functional import forward
from gan_jax.objectives import least_squares, scaled

Shape = tuple[int, int, int]  # (height, width, channels) of an image

# The least squares of CycleGAN and CUT. CycleGAN's paper has no factors of 1/2 before the squares (section 3.3). It
# matters, since other losses are added.
SQUARES = scaled(least_squares(), 2.0)


def init_generator(module: nn.Module, key: jax.Array, source: Shape, target: Shape) -> Tree:
    """Returns the initial Flax variables of a generator from images of shape `source` to images of shape `target`.

    Raises ValueError for a generator that makes images of another shape.
    """
    images, variables = module.init_with_output(key, jnp.zeros((1, *source)), train=True)
    shape = images.shape[1:]
    if shape != tuple(target):
        raise ValueError(
            f"the generator makes images of {_text(shape)} of {_text(source)}, and targets are {_text(target)}"
        )
    return variables


def init_discriminator(module: nn.Module, key: jax.Array, *shapes: Shape) -> Tree:
    """Returns the initial Flax variables of a discriminator of images of these shapes, joined along the channels."""
    images = jnp.concatenate([jnp.zeros((1, *shape)) for shape in shapes], -1)
    return module.init(key, images, train=True)


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def l1(a: jax.Array, b: jax.Array) -> jax.Array:
    """Returns the mean of |a - b| over all values of all images."""
    return jnp.mean(jnp.abs(a - b))


def translator(generator: nn.Module, select: Callable[[dict[str, Tree]], Tree]) -> Translate:
    """Returns one direction of a game's `translate`. `select` picks the generator's Flax variables from the networks.

    The generator is applied in training mode to each image separately: noise such as dropout is drawn, and batch
    normalization uses the statistics of the single image. This is how pix2pix translates (Isola et al.,
    arXiv 1611.07004, section 3.3), whose training batches have one image too.
    """

    def translate(networks: dict[str, Tree], images: jax.Array, key: jax.Array) -> jax.Array:
        variables: Any = dict(select(networks))
        params = variables.pop("params")

        def one(image, key):
            return forward(generator, params, variables, image[None], key=key)[0][0]

        return jax.vmap(one)(images, example_keys(key, images.shape[0]))

    return translate

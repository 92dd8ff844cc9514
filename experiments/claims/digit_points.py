"""Digits as points in 64 dimensions, for small games that are looked at often, beside those on the ring."""

import jax
import jax.numpy as jnp
import optax
from digit_models import digits
from populations import ring_points
from rings import ring_gan

from gan_jax.data.transforms import to_float
from gan_jax.game import Game
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import Objective
from gan_jax.recipes import gan


def digit_points(key: jax.Array, count: int) -> jax.Array:
    """Training digits (count, 64) in [-1, 1]."""
    images = digits().train.images
    return to_float(jnp.asarray(images.reshape(len(images), -1))[jax.random.randint(key, (count,), 0, len(images))])


def digit_points_gan(objective: Objective, optimizer: optax.GradientTransformation, **options) -> Game:
    """A game of two MLPs, whose first samples and the digits hardly overlap."""
    players = mlp.Generator(64, (128, 128)), mlp.Discriminator((128, 128))
    return gan(*players, objective, optimizer, optimizer, latent=normal(16), **options)


# A game by its objective and optimizer, and its points.
DATA = {"ring": (ring_gan, ring_points), "digits": (digit_points_gan, digit_points)}

"""A tiny GAN for the tests of augmentations: a linear generator and discriminator of images."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.game import init_state, train_step
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan

SHAPE = (8, 8, 1)


class Generator(nn.Module):
    @nn.compact
    def __call__(self, latents, train):
        return jnp.tanh(nn.Dense(64)(latents)).reshape(-1, *SHAPE)


class Discriminator(nn.Module):
    @nn.compact
    def __call__(self, images, train):
        return nn.Dense(1)(images.reshape(len(images), -1))[:, 0]


def tiny(augmentation, discriminator=None):
    return gan(
        Generator(),
        discriminator or Discriminator(),
        non_saturating,
        optax.sgd(0.1),
        optax.sgd(0.1),
        latent=normal(4),
        augmentation=augmentation,
    )


def images(count, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype(np.float32)


def play(augmentation, steps=1, batch=8):
    """The state and the metrics after some steps on one device."""
    game = tiny(augmentation)
    state = init_state(game, jax.random.key(1))
    step = jax.jit(lambda state, batch: train_step(game, state, batch))
    for _ in range(steps):
        state, metrics = step(state, {"image": images(batch)})
    return state, metrics

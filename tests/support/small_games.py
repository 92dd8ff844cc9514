"""Games of every recipe that are small enough to be trained in tests."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.networks import mlp
from gan_jax.networks.latents import normal, uniform
from gan_jax.networks.layers import BatchNorm, Conv, Dropout
from gan_jax.objectives import non_saturating
from gan_jax.recipes import began, cyclegan, gan, pix2pix
from gan_jax.regularizers import (
    consistency,
    dragan,
    every,
    lecam,
    orthogonal,
    r1,
    r2,
    wgan_gp,
    zero_centred,
)

SGD = optax.sgd(0.1)

# Images of either domain, for the games of translation.
SHAPE = (8, 8, 2)


# Points


class Layer(nn.Module):
    """A layer that is a generator or an autoencoder of points."""

    features: int

    @nn.compact
    def __call__(self, x, train):
        return jnp.tanh(nn.Dense(self.features)(x))


def began_game(optimizer, **options):
    return began(Layer(2), Layer(2), optimizer, optimizer, latent=uniform(3), **options)


def some_regularizers(weight=1.0):
    """One of each kind for a discriminator of points, the first of them lazy."""
    return (
        every(2, r1(weight)),
        r2(weight),
        zero_centred(weight),
        wgan_gp(weight),
        dragan(weight),
        lecam(weight),
        consistency(lambda images, keys: images + jax.vmap(jax.random.normal)(keys)[:, None], weight, weight),
        orthogonal(weight),
    )


def regularized_game(charged=None, generator_charged=(), optimizer=None):
    """A GAN of points with `some_regularizers`, or with those that are given."""
    sgd = optimizer or optax.sgd(1e-2)
    networks = mlp.Generator(2, (8,)), mlp.Discriminator((8,))
    charged = some_regularizers() if charged is None else charged
    extra = {"regularizers": charged, "generator_regularizers": generator_charged}
    return gan(*networks, non_saturating, sgd, sgd, latent=normal(3), **extra)


# Translation


class Noisy(nn.Module):
    """A generator of one layer, with noise and batch statistics."""

    channels: int = 2

    @nn.compact
    def __call__(self, images, train):
        return jnp.tanh(Conv(self.channels, 3, padding=1)(Dropout(0.5, train)(BatchNorm(train)(images))))


class Patches(nn.Module):
    """A discriminator of one layer, with batch statistics: logits (N, 4, 4)."""

    @nn.compact
    def __call__(self, images, train):
        return Conv(1, 4, stride=2, padding=1)(BatchNorm(train)(images))[..., 0]


def small_cyclegan(**options):
    options = {"pool_size": 3} | options
    return cyclegan((Noisy(), Noisy()), (Patches(), Patches()), (SHAPE, SHAPE), SGD, SGD, **options)


def small_pix2pix(**options):
    return pix2pix(Noisy(), Patches(), (SHAPE, SHAPE), SGD, SGD, **options)

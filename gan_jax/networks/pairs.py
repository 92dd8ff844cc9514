"""Pairs of an example and its latents as rows, and a discriminator of pairs with images."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import Dense, leaky_relu


def join_pairs(examples: jax.Array, latents: jax.Array) -> jax.Array:
    """Rows (N, D + L) of examples (N, ...), whose values are D numbers each, and latents (N, L)."""
    return jnp.concatenate([examples.reshape(len(examples), -1), latents], axis=1)


def split_pairs(pairs: jax.Array, shape: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """The examples (N, *shape) and latents (N, L) that `join_pairs` joined."""
    size = math.prod(shape)
    return pairs[:, :size].reshape(-1, *shape), pairs[:, size:]


class PairDiscriminator(nn.Module):
    """Maps pairs (N, D + L) of an image and its latents to logits (N,) of being real.

    images: a network (images, train) -> features (N, F), such as `dcgan.Discriminator` with several outputs.
    image_shape: (H, W, C) of the images. hidden: units of the layers of latents, and of both together.

    Source: the discriminators of Zenati et al. 2018 (arXiv 1802.06222, table 4), which join features of the image with
    those of the latents before the last hidden layer.
    """

    images: nn.Module
    image_shape: tuple[int, int, int]
    hidden: int = 256

    @nn.compact
    def __call__(self, pairs: jax.Array, train: bool) -> jax.Array:
        images, latents = split_pairs(pairs, self.image_shape)
        seen = leaky_relu(self.images(images, train=train))
        x = jnp.concatenate([seen, leaky_relu(Dense(self.hidden)(latents)).astype(seen.dtype)], axis=1)
        x = leaky_relu(Dense(self.hidden)(x))
        self.sow("intermediates", "features", x)
        return Dense(1)(x)[:, 0]

"""Wrappers that make any network conditional by concatenation (Mirza and Osindero, arXiv 1411.1784, section 3.2).

Labels are int32 (N,), below `classes`. The label -1 means that an example has no label. It becomes a vector of zeros.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


class ConcatGenerator(nn.Module):
    """A generator of latents (N, L) and labels (N,). `network` takes [latents, one-hot labels], (N, L + classes)."""

    network: nn.Module
    classes: int

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        codes = jax.nn.one_hot(labels, self.classes, dtype=latents.dtype)
        return self.network(jnp.concatenate([latents, codes], axis=-1), train=train)


class ConcatDiscriminator(nn.Module):
    """A discriminator of examples and labels (N,). `network` takes both in one array.

    The one-hot labels are appended to points (N, D), or to every pixel of images (N, H, W, C). In images they are the
    channels C, ..., C + classes - 1: the channel of the label is 1 everywhere, and the others are 0. Returns the output
    of `network`.
    """

    network: nn.Module
    classes: int

    @nn.compact
    def __call__(self, examples: jax.Array, labels: jax.Array, train: bool) -> Any:
        codes = jax.nn.one_hot(labels, self.classes, dtype=examples.dtype)
        between = (1,) * (examples.ndim - 2)
        maps = jnp.broadcast_to(codes.reshape(-1, *between, self.classes), (*examples.shape[:-1], self.classes))
        return self.network(jnp.concatenate([examples, maps], axis=-1), train=train)

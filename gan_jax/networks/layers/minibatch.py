"""Discriminators that look at several examples at once, so that a generator without variety is found out.

Examples are compared on their own device alone: groups never span devices.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers.linear import Initializer
from gan_jax.networks.ops import cast


class MinibatchDiscrimination(nn.Module):
    """Features f (N, A) and, beside them, how close each example is to the others: (N, A + kernels).

    M_i = f(x_i) T in R^(kernels x dimensions), o(x_i)_b = sum_j exp(-|M_ib - M_jb|_1) over the device's batch, the
    example itself, which adds 1, among them (Salimans et al., arXiv 1606.03498, section 3.2).
    """

    kernels: int = 50
    dimensions: int = 5
    kernel_init: Initializer = nn.initializers.normal(0.05)

    @nn.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        shape = (features.shape[-1], self.kernels * self.dimensions)
        features, tensor = cast(features, self.param("kernel", self.kernel_init, shape))
        matrices = (features @ tensor).astype(jnp.float32).reshape(-1, self.kernels, self.dimensions)
        distances = jnp.sum(jnp.abs(matrices[:, None] - matrices[None]), -1)
        close = jnp.sum(jnp.exp(-distances), 1)
        return jnp.concatenate([features, close.astype(features.dtype)], -1)


def minibatch_stddev(x: jax.Array, group_size: int = 4) -> jax.Array:
    """Features (N, H, W, C) with one more channel: how much the examples of a group differ, (N, H, W, C + 1).

    It is the standard deviation over the group of each feature at each place, averaged over features and places, the
    same number everywhere in the group (Karras et al., arXiv 1710.10196, section 3). A group is `group_size` examples
    that follow each other, or the whole batch where that is smaller. As long as groups fill each device's share, the
    result does not depend on the number of devices.

    Raises ValueError for a batch that groups do not divide.
    """
    count = min(group_size, len(x))
    if len(x) % count:
        raise ValueError(f"a batch of {len(x)} examples a device is not divided by groups of {group_size}")
    groups = x.astype(jnp.float32).reshape(-1, count, *x.shape[1:])
    deviations = jnp.sqrt(jnp.var(groups, 1) + 1e-8)  # the root's gradient is finite where examples are alike
    each = jnp.mean(deviations, (1, 2, 3))[:, None, None, None, None].astype(x.dtype)
    channel = jnp.broadcast_to(each, (len(each), count, *x.shape[1:3], 1)).reshape(*x.shape[:3], 1)
    return jnp.concatenate([x, channel], -1)


class Packed(nn.Module):
    """A discriminator of `count` examples at a time: (N, ..., C), train to logits (N / count,).

    (PacGAN: Lin et al., arXiv 1712.04086, section 3.) Examples that follow each other are one input (..., count * C) of
    `discriminator`, which judges whether they are real or generated together.

    Raises ValueError for a batch that is not whole packs.
    """

    discriminator: nn.Module
    count: int = 2

    def __call__(self, examples: jax.Array, train: bool) -> jax.Array:
        if self.is_initializing():
            examples = jnp.repeat(examples[:1], self.count, 0)  # whatever the batch, the networks' shapes are the same
        if len(examples) % self.count:
            raise ValueError(f"a batch of {len(examples)} examples a device is not divided by packs of {self.count}")
        packs = examples.reshape(-1, self.count, *examples.shape[1:])
        packs = jnp.moveaxis(packs, 1, -2)
        return self.discriminator(packs.reshape(*packs.shape[:-2], -1), train=train)

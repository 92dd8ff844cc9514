"""Layers and wrappers for discriminators that look at several examples at once, to detect a lack of variety.

Examples are only compared with others on the same device. Groups never span devices.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common.errors import BatchError
from gan_jax.networks.layers.linear import Initializer
from gan_jax.networks.ops import cast


class MinibatchDiscrimination(nn.Module):
    """Appends to features f (N, A) how close each example is to the others. Returns (N, A + kernels).

    M_i = f(x_i) T in R^(kernels x dimensions), and o(x_i)_b = sum_j exp(-|M_ib - M_jb|_1), where j runs over the
    device's batch (Salimans et al., arXiv 1606.03498, section 3.2). The sum includes the example itself, which adds 1.
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
    """Appends to features (N, H, W, C) a channel that measures how much the examples of a group differ.

    The channel holds one number for the whole group: the standard deviation over the group of each feature at each
    pixel, averaged over features and pixels (Karras et al., arXiv 1710.10196, section 3). A group is `group_size`
    consecutive examples, or the whole batch if that is smaller. If groups divide each device's share of the batch, the
    result does not depend on the number of devices.

    Returns (N, H, W, C + 1). Raises BatchError if the group size does not divide the batch.
    """
    count = min(group_size, len(x))
    if len(x) % count:
        raise BatchError(f"a batch of {len(x)} examples a device is not divided by groups of {group_size}")
    groups = x.astype(jnp.float32).reshape(-1, count, *x.shape[1:])
    deviations = jnp.sqrt(jnp.var(groups, 1) + 1e-8)  # keeps the gradient of the root finite for equal examples
    each = jnp.mean(deviations, (1, 2, 3))[:, None, None, None, None].astype(x.dtype)
    channel = jnp.broadcast_to(each, (len(each), count, *x.shape[1:3], 1)).reshape(*x.shape[:3], 1)
    return jnp.concatenate([x, channel], -1)


class Packed(nn.Module):
    """A discriminator that judges `count` examples together: PacGAN (Lin et al., arXiv 1712.04086, section 3).

    It maps examples (N, ..., C) to logits (N / count,). Each `count` consecutive examples are one input
    (..., count * C) of `discriminator`, which judges whether all of them are real or all are generated.

    Raises BatchError if `count` does not divide the batch.
    """

    discriminator: nn.Module
    count: int = 2

    def __call__(self, examples: jax.Array, train: bool) -> jax.Array:
        if self.is_initializing():
            examples = jnp.repeat(examples[:1], self.count, 0)  # one pack is enough to initialize the network
        if len(examples) % self.count:
            raise BatchError(f"a batch of {len(examples)} examples a device is not divided by packs of {self.count}")
        packs = examples.reshape(-1, self.count, *examples.shape[1:])
        packs = jnp.moveaxis(packs, 1, -2)
        return self.discriminator(packs.reshape(*packs.shape[:-2], -1), train=train)

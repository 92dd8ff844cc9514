"""The network of the classifier: a few strided convolutions, small enough to train in seconds on a CPU."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.data.transforms import to_float

FEATURES = 64


class ClassifierNetwork(nn.Module):
    """Images uint8 (N, H, W, C) of any size to features float32 (N, 64) and logits float32 (N, classes)."""

    classes: int

    @nn.compact
    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = to_float(images)
        # The first layer halves images larger than 8x8. Smaller ones keep their size, and have so few pixels that a
        # wider layer is affordable. Further layers halve the grid until it is 4x4.
        tiny = max(x.shape[1:3]) <= 8
        width = 32 if tiny else 16
        x = _block(x, width, stride=1 if tiny else 2)
        while max(x.shape[1:3]) > 4:
            width = min(2 * width, 128)
            x = _block(x, width, stride=2)
        # Normalized, so that the scale of the features and of their distances does not grow with training.
        features = nn.LayerNorm()(nn.Dense(FEATURES)(x.reshape(len(x), -1)))
        return features, nn.Dense(self.classes)(nn.relu(features))


def _block(x: jax.Array, width: int, stride: int) -> jax.Array:
    return nn.relu(nn.GroupNorm(num_groups=8)(_Conv(width, stride)(x)))


class _Conv(nn.Module):
    """A 3x3 convolution with zero padding, written as patches times a matrix: its gradient in XLA is faster on CPU."""

    features: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        height, width = x.shape[1:3]
        x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        shifted = [x[:, i : i + height : self.stride, j : j + width : self.stride] for i in range(3) for j in range(3)]
        return nn.Dense(self.features)(jnp.concatenate(shifted, axis=-1))

"""Fully connected networks, for data that are vectors."""

import flax.linen as nn
import jax

from gan_jax.networks.computing import cast


class Generator(nn.Module):
    """Latents (N, latent_size) to points (N, dimensions), by hidden layers with ReLU."""

    dimensions: int = 2
    hidden: tuple[int, ...] = (128, 128)

    @nn.compact
    def __call__(self, latents: jax.Array, train: bool) -> jax.Array:
        del train
        return _Layers((*self.hidden, self.dimensions))(latents)


class Discriminator(nn.Module):
    """Points (N, dimensions) to logits (N,) of being real, by hidden layers with ReLU.

    With several `outputs`, for other heads (see `heads`), (N, outputs).
    """

    hidden: tuple[int, ...] = (128, 128)
    outputs: int = 1

    @nn.compact
    def __call__(self, points: jax.Array, train: bool) -> jax.Array:
        del train
        y = _Layers((*self.hidden, self.outputs))(points)
        return y[:, 0] if self.outputs == 1 else y


class _Layers(nn.Module):
    features: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        (x,) = cast(x)
        for features in self.features[:-1]:
            x = nn.relu(nn.Dense(features, dtype=x.dtype)(x))
        self.sow("intermediates", "features", x)
        return nn.Dense(self.features[-1], dtype=x.dtype)(x)

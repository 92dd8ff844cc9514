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
    """Points (N, dimensions) to logits (N,) of being real, by hidden layers with ReLU."""

    hidden: tuple[int, ...] = (128, 128)

    @nn.compact
    def __call__(self, points: jax.Array, train: bool) -> jax.Array:
        del train
        return _Layers((*self.hidden, 1))(points)[:, 0]


class _Layers(nn.Module):
    features: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        (x,) = cast(x)
        for features in self.features[:-1]:
            x = nn.relu(nn.Dense(features, dtype=x.dtype)(x))
        return nn.Dense(self.features[-1], dtype=x.dtype)(x)

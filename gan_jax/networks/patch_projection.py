"""The projections of CUT (Park et al. 2020, arXiv 2007.15651, section 3 and appendix C.2)."""

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import Dense


class PatchProjection(nn.Module):
    """Maps feature maps, each (N, H, W, C), at places, each int (N, P), to unit vectors, each (N, P, features).

    A place is the number of a pixel, row by row. Each map has two linear layers of its own, with a ReLU between them.
    """

    features: int = 256

    @nn.compact
    def __call__(self, maps: Sequence[jax.Array], places: Sequence[jax.Array]) -> list[jax.Array]:
        found = []
        for each, at in zip(maps, places, strict=True):
            pixels = each.reshape(len(each), -1, each.shape[-1])
            x = jnp.take_along_axis(pixels, at[..., None], 1)
            x = nn.relu(Dense(self.features)(x))
            x = Dense(self.features)(x).astype(jnp.float32)
            found.append(x / jnp.maximum(jnp.linalg.norm(x, axis=-1, keepdims=True), 1e-7))
        return found


def draw_places(keys: jax.Array, maps: Sequence[jax.Array], count: int) -> list[jax.Array]:
    """Draws at most `count` different places in each of the maps (N, H, W, C) of each image: int (N, P) for each map.

    keys: (N,) PRNG keys, one for each image.
    """

    def of(number: int, pixels: int) -> jax.Array:
        def draw(key):
            return jax.random.permutation(jax.random.fold_in(key, number), pixels)[:count]

        return jax.vmap(draw)(keys)

    return [of(number, each.shape[1] * each.shape[2]) for number, each in enumerate(maps)]

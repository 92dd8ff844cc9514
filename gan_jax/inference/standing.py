"""Standing statistics: those of batch normalization, measured anew for samples."""

from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.game import Game
from gan_jax.inference.latents import draw_latents, latent_count

_BATCH = 256


def with_standing_statistics(
    game: Game, networks: dict[str, Any], batches: int, batch_size: int = _BATCH, seed: int = 0
) -> dict[str, Any]:
    """The networks with the means and variances of many batches of samples in the generator's batch normalization.

    Each is the average over `batches` of what a batch has in training mode, all with the same weight. They replace the
    running averages of training, which are of generators that have changed since, and of a few batches. `networks` are
    as `Game.sample` takes them, so that the averaged generator has statistics of its own.

    (Brock et al. 2019, arXiv 1809.11096, appendix C.) The classes of a conditional game are in the batches in random
    order. The latents are those of `game`, so truncated ones of a truncated game.

    Raises ValueError for fewer than 1 batch, and for a generator without batch normalization.

    >>> from gan_jax.networks import mlp
    >>> from gan_jax.networks.layers import BatchNorm
    >>> class Generator(nn.Module):
    ...     @nn.compact
    ...     def __call__(self, latents, train):
    ...         return BatchNorm(train)(latents[:, :2] + 5)
    >>> gan = recipes.gan(Generator(), mlp.Discriminator(), objectives.hinge, optax.adam(1e-3), optax.adam(1e-3))
    >>> networks = {"generator": Generator().init(jax.random.key(0), jnp.zeros((1, 2)), train=False)}
    >>> measured = inference.with_standing_statistics(gan, networks, batches=8)
    >>> [each["generator"]["batch_stats"]["BatchNorm_0"]["mean"].round().tolist() for each in (networks, measured)]
    [[0.0, 0.0], [5.0, 5.0]]
    """
    at_least(1, "the number of batches", batches)
    if game.statistics is None:
        raise ValueError("there is no generator whose batch normalization can be measured")
    latents = draw_latents(game, batches * batch_size, seed)
    order_key, noise_key = jax.random.split(jax.random.key(seed))
    order = jax.random.permutation(order_key, latent_count(latents)).reshape(batches, batch_size)

    measure = jax.jit(game.statistics)
    total = None
    for number, rows in enumerate(order):
        own = jax.tree.map(lambda x, rows=rows: x[rows], latents)
        found = measure(networks, own, jax.random.fold_in(noise_key, number))
        total = found if total is None else jax.tree.map(jnp.add, total, found)
    means = jax.tree.map(lambda x: x / batches, total)
    return networks | {player: {**networks[player], "batch_stats": own} for player, own in means.items()}

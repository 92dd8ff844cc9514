"""Texts of at most 3 characters of 2, all of which can be listed."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.common.parallel import example_keys
from gan_jax.networks.latents import gumbel

LENGTH, SIZE = 3, 3


def one_hot(numbers):
    """Texts of these numbers of characters, in [-1, 1]."""
    return 2 * jax.nn.one_hot(jnp.asarray(numbers), SIZE) - 1


def whole_texts():
    """The numbers of all texts, (15, 3): after an end, which is 0, there is nothing but ends."""
    numbers = itertools.product(range(SIZE), repeat=LENGTH)
    return np.array([row for row in numbers if all(b == 0 for a, b in itertools.pairwise(row) if a == 0)])


def noise(count, seed=0):
    return jax.vmap(gumbel(LENGTH, SIZE))(example_keys(jax.random.key(seed), count))


def scattered(tree, seed=1):
    """Weights far from their initial values, so that probabilities are far from uniform."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    return jax.tree.unflatten(structure, [x + jax.random.normal(k, x.shape) for x, k in zip(leaves, keys, strict=True)])

"""Classifiers that the studies train on labelled images alone, as games of one player."""

from collections.abc import Callable

import flax.linen as nn
import jax
import numpy as np
import optax

from gan_jax.common.parallel import example_keys
from gan_jax.data import Split
from gan_jax.game import Game, Outcome, Player
from gan_jax.networks.functional import forward

# (images (N, H, W, C), probabilities of classes (N, K), keys (N,)) -> the same for training.
See = Callable[[jax.Array, jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


def alone(
    discriminator: nn.Module,
    optimizer: optax.GradientTransformation,
    image_shape: tuple[int, ...],
    see: See = lambda images, targets, keys: (images, targets),
) -> Game:
    """A game of one player, a classifier that descends its cross-entropy on labelled images, which it sees by `see`.

    discriminator: (images, train) -> {"classes": logits (N, K), ...}.
    """

    def loss(params, state, batch, key):
        made = params["discriminator"], state.variables["discriminator"]
        count = shape["classes"].shape[1]
        images, targets = see(
            batch["image"], jax.nn.one_hot(batch["label"], count), example_keys(key, len(batch["image"]))
        )
        output, variables = forward(discriminator, *made, images, key=key)
        return optax.softmax_cross_entropy(output["classes"], targets).mean(), Outcome(variables, {})

    def init(key):
        return {"discriminator": discriminator.init(key, example, train=True)}, {}

    example = np.zeros((1, *image_shape), np.float32)
    shape, _ = jax.eval_shape(lambda: discriminator.init_with_output(jax.random.key(0), example, train=True))
    return Game((Player("discriminator", loss, optimizer),), init)


def labelled(split: Split) -> Split:
    """The examples whose label is not hidden."""
    rows = np.flatnonzero(split.labels >= 0)
    return Split(split.images[rows], split.labels[rows])

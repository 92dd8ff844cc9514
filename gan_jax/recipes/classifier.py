"""A classifier of labelled images alone: a game of one player, the baseline of games that use labels."""

from collections.abc import Callable

import flax.linen as nn
import jax
import numpy as np
import optax

from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Outcome, Player
from gan_jax.networks.functional import forward
from gan_jax.recipes.streams import Stream

# (images (N, H, W, C), probabilities of classes (N, K), keys (N,)) -> the same for training.
See = Callable[[jax.Array, jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


def classifier(
    network: nn.Module,
    optimizer: optax.GradientTransformation,
    image_shape: tuple[int, ...],
    see: See = lambda images, targets, keys: (images, targets),
) -> Game:
    """Builds the game of one player, "discriminator", which descends its mean cross-entropy on the labels, in nats.

    Args:
      network: (images, train) -> {"classes": logits (N, K), ...}, such as the discriminator of a semi-supervised GAN
        (`layers.ClassLogits`), which it is to be compared with.
      image_shape: (height, width, channels).
      see: what the classifier sees in training, for augmentation.

    Batches are {"image": (N, H, W, C) in [-1, 1], "label": int32 (N,)}, and every label must be known.

    >>> from gan_jax.networks import dcgan
    >>> from gan_jax.networks.layers import ClassLogits
    >>> classifier = recipes.classifier(ClassLogits(dcgan.Discriminator(2, outputs=10)), optax.adam(1e-3), (8, 8, 1))
    >>> def first_step():
    ...     state = game.init_state(classifier, jax.random.key(0))
    ...     return game.train_step(classifier, state, {"image": jnp.zeros((4, 8, 8, 1)), "label": jnp.arange(4)})
    >>> sorted(jax.eval_shape(first_step)[1])
    ['discriminator_gradient_norm', 'discriminator_loss']
    """

    def loss(params, state, batch, key):
        made = params["discriminator"], state.variables["discriminator"]
        count = shape["classes"].shape[1]
        keys = example_keys(Stream.AUGMENT_REAL.fold_in(key), len(batch["image"]))
        images, targets = see(batch["image"], jax.nn.one_hot(batch["label"], count), keys)
        output, variables = forward(network, *made, images, key=Stream.REAL.fold_in(key))
        return optax.softmax_cross_entropy(output["classes"], targets).mean(), Outcome(variables, {})

    def init(key):
        return {"discriminator": network.init(key, example, train=True)}, {}

    example = np.zeros((1, *image_shape), np.float32)
    shape, _ = jax.eval_shape(lambda: network.init_with_output(jax.random.key(0), example, train=True))
    return Game((Player("discriminator", loss, optimizer),), init)

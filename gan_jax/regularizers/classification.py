"""Regularizers for discriminators that classify. They need a head "classes" with logits (N, K) (see `layers.heads`).

    regularizers=[classify_real(), classify_fake()], generator_regularizers=[classify_fake()]    AC-GAN
    regularizers=[classify_real()]                                               a semi-supervised discriminator

The label -1 means that an example has no label. Such examples are left out of the means.
"""

import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import mean_over_devices
from gan_jax.regularizers.base import Regularizer, Tree, View, head, stateless


def classify_real(weight: float = 1.0) -> Regularizer:
    """weight * E[-log p(c|x)] over the real examples x that have a label c.

    This is the supervised loss of a semi-supervised GAN (Salimans et al. 2016, arXiv 1606.03498, section 5), and the
    discriminator's loss of AC-GAN on real examples (Odena, Olah and Shlens, arXiv 1610.09585, the first term of
    equation 3). Raises ValueError for a negative weight.

    >>> real = regularizers.Judged(None, {"classes": jnp.zeros((2, 4))}, None, None)
    >>> view = regularizers.View({"label": jnp.array([3, -1])}, None, real, None, None, step=0, key=None)
    >>> round(float(regularizers.classify_real().apply(view, ())[0]), 4)  # log 4
    1.3863
    """
    at_least(0, "the weight of classify_real", weight)
    return stateless("classify_real", lambda view: weight * class_loss(view.real.output, _labels(view)))


def classify_fake(weight: float = 1.0) -> Regularizer:
    """weight * E[-log p(c|G(z, c))] over the generated examples, in a conditional game.

    In AC-GAN both players have this penalty (arXiv 1610.09585, the second term of equation 3). The discriminator learns
    to classify generated examples too, and the generator learns to make examples that are classified as their label.
    Raises ValueError for a negative weight.

    >>> fake = regularizers.Judged(None, {"classes": 50 * jnp.eye(4)}, None, None)
    >>> view = regularizers.View({"label": jnp.arange(4)}, None, None, fake, None, step=0, key=None)
    >>> round(abs(float(regularizers.classify_fake().apply(view, ())[0])), 4)  # all are classified as their labels
    0.0
    """
    at_least(0, "the weight of classify_fake", weight)
    return stateless("classify_fake", lambda view: weight * class_loss(view.fake.output, _labels(view)))


def class_loss(output: Tree, labels: jax.Array) -> jax.Array:
    """Returns the mean of -log softmax(l)_label over the labelled examples of all devices, or 0 if there are none.

    output: the output of a discriminator, with a head "classes", the logits l (N, K).
    labels: int32 (N,), -1 for an example without a label.

    >>> output = {"classes": jnp.zeros((3, 10))}  # all classes are equally likely
    >>> round(float(regularizers.class_loss(output, jnp.array([7, 2, -1]))), 4)  # log 10
    2.3026
    """
    classes = head(output, "classes")
    labelled = (labels >= 0).astype(classes.dtype)
    losses = optax.softmax_cross_entropy_with_integer_labels(classes, jnp.maximum(labels, 0))
    # Devices may have different numbers of labels. The mean of this over devices is that over all labelled examples.
    share = mean_over_devices(jnp.mean(labelled))
    return jnp.mean(losses * labelled) / jnp.where(share > 0, share, 1)


def _labels(view: View) -> jax.Array:
    if "label" not in view.batch:
        raise ValueError("a discriminator that classifies needs labels, and the data have none")
    return view.batch["label"]

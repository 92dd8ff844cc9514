"""Adversarial objectives, on what the discriminator returns for images.

An objective is two functions of the logits of a batch of real and a batch of generated images, each a mean over the
examples: the `value` that the discriminator *ascends* and the `loss` that the generator *descends*. With logits
D~(x), the probability that x is real is D(x) = sigmoid(D~(x)). Discriminators that are no classifiers (critics) return
a score C(x) in the logits' place. Both are a (N,), or a map (N, h, w) where D judges patches, each of which then counts
as an example; E is the mean over all of them.

An objective is a tuple, so that one's value goes with another's loss: `hinge._replace(loss=non_saturating_loss)`. The
family of f-GANs is in `f_divergences`.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid, relu

from gan_jax.common.checks import finite, probability
from gan_jax.common.parallel import mean_over_devices

OfLogits = Callable[[jax.Array, jax.Array], jax.Array]


class Objective(NamedTuple):
    """`value(real_logits, fake_logits)`, which D ascends, and `loss(real_logits, fake_logits)`, which G descends.

    In a zero-sum game they are the same function. `is_classifier` says whether D tells real from generated images with
    a probability, sigmoid of its logits; if not, D is a critic and its logits are scores.
    """

    value: OfLogits
    loss: OfLogits
    is_classifier: bool = True

    def output(self, logits: jax.Array) -> jax.Array:
        """What is logged as D(x) and D(G(z)): a classifier's probabilities, or a critic's scores."""
        return jax.nn.sigmoid(logits) if self.is_classifier else logits


def scaled(objective: Objective, factor: float) -> Objective:
    """`objective` with value and loss times `factor`, which counts where they stand beside other losses."""

    def value(real_logits, fake_logits):
        return factor * objective.value(real_logits, fake_logits)

    def loss(real_logits, fake_logits):
        return factor * objective.loss(real_logits, fake_logits)

    return objective._replace(value=value, loss=loss)


def minimax_value(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))] (Goodfellow et al. 2014, arXiv 1406.2661, equation 1).

    At most 0; -2 log 2 at the equilibrium, where D(x) = 1/2. log(1 - sigmoid(l)) is written log sigmoid(-l), which does
    not underflow.
    """
    return jnp.mean(log_sigmoid(real_logits)) + jnp.mean(log_sigmoid(-fake_logits))


def non_saturating_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """-E_z[log D(G(z))]: the same fixed point, with "much stronger gradients early in learning".

    (arXiv 1406.2661, section 3.)
    """
    del real_logits
    return -jnp.mean(log_sigmoid(fake_logits))


def no_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """0, whose gradient is 0: what a generator descends that is taught by its regularizers alone."""
    del real_logits, fake_logits
    return jnp.zeros(())


# The two-player zero-sum game min_G max_D V(D, G).
minimax = Objective(value=minimax_value, loss=minimax_value)

# D plays the minimax game; G maximizes log D(G(z)) instead.
non_saturating = Objective(value=minimax_value, loss=non_saturating_loss)

# D plays the minimax game; G has none of its own, as in feature matching (arXiv 1606.03498, section 3.1).
discriminator_only = Objective(value=minimax_value, loss=no_loss)


def smoothed(real: float = 0.9, fake: float = 0.0) -> Objective:
    """Label smoothing: D's targets are probabilities, `real` for real and `fake` for generated images.

    value = E_x[r log D(x) + (1 - r) log(1 - D(x))] + E_z[f log D(G(z)) + (1 - f) log(1 - D(G(z)))], and G's loss is
    the non-saturating one. One-sided smoothing, which keeps f = 0, is that of Salimans et al. 2016 (arXiv 1606.03498,
    section 3.4): the optimal D = (r p + f q) / (p + q) has q in its numerator otherwise, which rewards samples for
    staying where they are. Two-sided is fake=0.1.

    Raises ValueError for a target that is no probability.
    """
    probability("the target of real images", real)
    probability("the target of generated images", fake)

    def towards(target, logits):
        return jnp.mean(target * log_sigmoid(logits) + (1 - target) * log_sigmoid(-logits))

    def value(real_logits, fake_logits):
        return towards(real, real_logits) + towards(fake, fake_logits)

    return Objective(value, non_saturating_loss)


def least_squares(a: float = 0.0, b: float = 1.0, c: float = 1.0) -> Objective:
    """LSGAN (Mao et al. 2017, arXiv 1611.04076, equation 2).

    value = -1/2 E_x[(C(x) - b)^2] - 1/2 E_z[(C(G(z)) - a)^2] and loss = 1/2 E_z[(C(G(z)) - c)^2]: a and b are D's
    targets for generated and real images, c is what G wants D to return. With b - c = 1 and b - a = 2 the game
    minimizes Pearson's chi-squared divergence (section 3.2); the default is the paper's equation 9.

    Raises ValueError for a target that is not finite.
    """
    for name, target in (("a", a), ("b", b), ("c", c)):
        finite(f"{name} of least squares", target)

    def value(real_scores, fake_scores):
        return -(jnp.mean(jnp.square(real_scores - b)) + jnp.mean(jnp.square(fake_scores - a))) / 2

    def loss(real_scores, fake_scores):
        del real_scores
        return jnp.mean(jnp.square(fake_scores - c)) / 2

    return Objective(value, loss, is_classifier=False)


def wasserstein_value(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """E_x[C(x)] - E_z[C(G(z))] (Arjovsky, Chintala and Bottou 2017, arXiv 1701.07875, equation 3).

    At most K times the Wasserstein-1 distance, for critics of Lipschitz constant K. The constraint is not part of it:
    `optimizers.clip_weights` (algorithm 1), a gradient penalty or spectral normalization bring it.
    """
    return jnp.mean(real_scores) - jnp.mean(fake_scores)


def score_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """-E_z[C(G(z))]: what a generator descends of a value that is linear in the critic's score of its images."""
    del real_scores
    return -jnp.mean(fake_scores)


# Zero-sum: G's gradient is that of the value, whose other term does not depend on G.
wasserstein = Objective(wasserstein_value, score_loss, is_classifier=False)


def hinge_value(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """E_x[min(0, -1 + C(x))] + E_z[min(0, -1 - C(G(z)))]: at most 0, where the margin separates all.

    (Lim and Ye 2017, arXiv 1705.02894; as written here Miyato et al. 2018, arXiv 1802.05957, equation 16.)
    """
    return -jnp.mean(relu(1 - real_scores)) - jnp.mean(relu(1 + fake_scores))


# G's loss is equation 17 of arXiv 1802.05957.
hinge = Objective(hinge_value, score_loss, is_classifier=False)


def relativistic_average_value(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """RaSGAN (Jolicoeur-Martineau 2018, arXiv 1807.00734, section 4): is x more real than the average fake?

    E_x[log sigmoid(C(x) - E_z C(G(z)))] + E_z[log(1 - sigmoid(C(G(z)) - E_x C(x)))]. The means inside are over the
    batch of all devices.
    """
    real_mean, fake_mean = mean_over_devices((jnp.mean(real_scores), jnp.mean(fake_scores)))
    return minimax_value(real_scores - fake_mean, fake_scores - real_mean)


def relativistic_average_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """-`relativistic_average_value` with real and generated images in each other's place (the same section)."""
    return -relativistic_average_value(fake_scores, real_scores)


relativistic_average = Objective(relativistic_average_value, relativistic_average_loss, is_classifier=False)


def relativistic_pairing_value(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """RpGAN: E[log sigmoid(C(x) - C(G(z)))], each real image of the batch against one generated image.

    (arXiv 1807.00734, section 4: RSGAN. The name and the use with gradient penalties are those of R3GAN, Huang et al.
    2024, arXiv 2501.05441, section 2.)
    """
    return jnp.mean(log_sigmoid(real_scores - fake_scores))


def relativistic_pairing_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """E[softplus(C(x) - C(G(z)))] = -E[log sigmoid(C(G(z)) - C(x))]: G wants each pair the other way round."""
    return -relativistic_pairing_value(fake_scores, real_scores)


relativistic_pairing = Objective(relativistic_pairing_value, relativistic_pairing_loss, is_classifier=False)

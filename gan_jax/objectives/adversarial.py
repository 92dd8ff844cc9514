"""Adversarial objectives as functions of the discriminator's output.

An objective has two functions of the logits of a batch of real and a batch of generated images: the `value` that the
discriminator *ascends* and the `loss` that the generator *descends*. Both are means over the examples. With logits
D~(x), the probability that x is real is D(x) = sigmoid(D~(x)). Discriminators that are not classifiers (critics) return
a score C(x) instead of logits. Logits and scores are (N,), or a map (N, h, w) if D judges patches. Then each patch
counts as an example. E is the mean over all examples.

An objective is a named tuple, so the value of one can be combined with the loss of another:
`hinge._replace(loss=non_saturating_loss)`. The family of f-GANs is in `f_divergences`.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid, relu

from gan_jax.common.checks import finite, probability
from gan_jax.common.parallel import mean_over_devices

LogitsFunction = Callable[[jax.Array, jax.Array], jax.Array]


class Objective(NamedTuple):
    """An adversarial objective. D ascends its value and G descends its loss.

    value: (real_logits, fake_logits) -> ().
    loss: (real_logits, fake_logits) -> (). In a zero-sum game it is the same function as `value`.
    is_classifier: whether the sigmoid of the logits is the probability of being real. Otherwise D is a critic and its
        logits are scores.
    """

    value: LogitsFunction
    loss: LogitsFunction
    is_classifier: bool = True

    def output(self, logits: jax.Array) -> jax.Array:
        """Returns what is logged as D(x) and D(G(z)): the probabilities of a classifier, or the scores of a critic."""
        return jax.nn.sigmoid(logits) if self.is_classifier else logits


def scaled(objective: Objective, factor: float) -> Objective:
    """Multiplies the value and the loss of `objective` by `factor`, which matters if other losses are added to them.

    >>> twice = objectives.scaled(objectives.wasserstein, 2.0)
    >>> float(twice.value(jnp.array([3.0]), jnp.array([1.0])))
    4.0
    """

    def value(real_logits, fake_logits):
        return factor * objective.value(real_logits, fake_logits)

    def loss(real_logits, fake_logits):
        return factor * objective.loss(real_logits, fake_logits)

    return objective._replace(value=value, loss=loss)


def minimax_value(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))] (Goodfellow et al. 2014, arXiv 1406.2661, equation 1).

    It is at most 0, and -2 log 2 at the equilibrium, where D(x) = 1/2. log(1 - sigmoid(l)) is computed as
    log sigmoid(-l), which does not underflow.

    >>> undecided = jnp.zeros(4)  # D(x) = 1/2
    >>> round(float(objectives.minimax_value(undecided, undecided)), 4)  # -2 log 2
    -1.3863
    >>> slope = jax.grad(objectives.minimax.loss, argnums=1)(jnp.zeros(1), jnp.array([-5.0]))
    >>> round(float(slope[0]), 4)  # little gradient for a generator whose images are rejected
    -0.0067
    """
    return jnp.mean(log_sigmoid(real_logits)) + jnp.mean(log_sigmoid(-fake_logits))


def non_saturating_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """-E_z[log D(G(z))] (arXiv 1406.2661, section 3).

    The fixed point is that of the minimax loss, but this loss has "much stronger gradients early in learning".

    >>> round(float(objectives.non_saturating_loss(jnp.zeros(4), jnp.zeros(4))), 4)  # log 2
    0.6931
    >>> slope = jax.grad(objectives.non_saturating_loss, argnums=1)(jnp.zeros(1), jnp.array([-5.0]))
    >>> round(float(slope[0]), 4)  # nearly the full gradient for a generator whose images are rejected
    -0.9933
    """
    del real_logits
    return -jnp.mean(log_sigmoid(fake_logits))


def no_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Returns 0, for a generator that is trained by its regularizers alone.

    >>> objectives.discriminator_only.loss is objectives.no_loss
    True
    >>> float(objectives.no_loss(jnp.ones(4), jnp.ones(4)))
    0.0
    """
    del real_logits, fake_logits
    return jnp.zeros(())


# The two-player zero-sum game min_G max_D V(D, G).
minimax = Objective(value=minimax_value, loss=minimax_value)

# D plays the minimax game. G maximizes log D(G(z)) instead.
non_saturating = Objective(value=minimax_value, loss=non_saturating_loss)

# D plays the minimax game. G has no adversarial loss, as in feature matching (arXiv 1606.03498, section 3.1).
discriminator_only = Objective(value=minimax_value, loss=no_loss)


def smoothed(real: float = 0.9, fake: float = 0.0) -> Objective:
    """Label smoothing: the targets of D are the probabilities r = `real` for real and f = `fake` for generated images.

    value = E_x[r log D(x) + (1 - r) log(1 - D(x))] + E_z[f log D(G(z)) + (1 - f) log(1 - D(G(z)))], and the loss of G
    is the non-saturating one. Salimans et al. 2016 (arXiv 1606.03498, section 3.4) propose one-sided smoothing with
    f = 0. Otherwise the optimal D = (r p + f q) / (p + q) has q in its numerator, which rewards samples for staying
    where they are. Two-sided smoothing is, for example, fake=0.1.

    Raises ValueError for a target outside [0, 1].

    >>> objective = objectives.smoothed(real=0.9)
    >>> right = jnp.log(0.9 / 0.1) * jnp.ones(4)  # logits of the probability 0.9
    >>> slope = jax.grad(objective.value)(right, jnp.zeros(4))
    >>> bool(jnp.allclose(slope, 0, atol=1e-6))  # D is best at 0.9, and not at 1
    True
    """
    probability("the target of real images", real)
    probability("the target of generated images", fake)

    def log_likelihood(target, logits):
        return jnp.mean(target * log_sigmoid(logits) + (1 - target) * log_sigmoid(-logits))

    def value(real_logits, fake_logits):
        return log_likelihood(real, real_logits) + log_likelihood(fake, fake_logits)

    return Objective(value, non_saturating_loss)


def least_squares(a: float = 0.0, b: float = 1.0, c: float = 1.0) -> Objective:
    """LSGAN (Mao et al. 2017, arXiv 1611.04076, equation 2).

    value = -1/2 E_x[(C(x) - b)^2] - 1/2 E_z[(C(G(z)) - a)^2] and loss = 1/2 E_z[(C(G(z)) - c)^2]. a and b are D's
    targets for generated and real images, and c is G's target for the output of D. With b - c = 1 and b - a = 2 the
    game minimizes the Pearson chi-squared divergence (section 3.2). The default is equation 9 of the paper.

    Raises ValueError for a target that is not finite.

    >>> objective = objectives.least_squares()
    >>> float(objective.value(jnp.array([1.0, 0.0]), jnp.array([0.0, 0.0])))  # one real score is 1 too low
    -0.25
    >>> float(objective.loss(jnp.zeros(2), jnp.array([0.0, 0.0])))  # 1/2 (0 - 1)^2
    0.5
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

    For critics with Lipschitz constant K it is at most K times the Wasserstein-1 distance. It does not contain the
    constraint, which comes from `game.clip_weights` (algorithm 1), a gradient penalty or spectral normalization.

    >>> float(objectives.wasserstein_value(jnp.array([2.0, 4.0]), jnp.array([1.0, 0.0])))
    2.5
    """
    return jnp.mean(real_scores) - jnp.mean(fake_scores)


def score_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """-E_z[C(G(z))]: the loss of a generator that raises the critic's score of its images.

    >>> float(objectives.score_loss(jnp.zeros(2), jnp.array([1.0, 2.0])))
    -1.5
    """
    del real_scores
    return -jnp.mean(fake_scores)


# A zero-sum game: G's gradient is that of the value, whose other term does not depend on G.
wasserstein = Objective(wasserstein_value, score_loss, is_classifier=False)


def hinge_value(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """E_x[min(0, -1 + C(x))] + E_z[min(0, -1 - C(G(z)))].

    It is at most 0, which it reaches if the margin separates all examples (Lim and Ye 2017, arXiv 1705.02894; in this
    form Miyato et al. 2018, arXiv 1802.05957, equation 16).

    >>> real, fake = jnp.array([0.0, 3.0]), jnp.array([-1.0, -5.0])
    >>> float(objectives.hinge_value(real, fake))  # one score is on the wrong side of the margin, by 1
    -0.5
    """
    return -jnp.mean(relu(1 - real_scores)) - jnp.mean(relu(1 + fake_scores))


# G's loss is equation 17 of arXiv 1802.05957.
hinge = Objective(hinge_value, score_loss, is_classifier=False)


def relativistic_average_value(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """RaSGAN (Jolicoeur-Martineau 2018, arXiv 1807.00734, section 4): D compares an image with the average fake image.

    E_x[log sigmoid(C(x) - E_z C(G(z)))] + E_z[log(1 - sigmoid(C(G(z)) - E_x C(x)))]. The inner means are over the batch
    of all devices.

    >>> real, fake = jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])
    >>> value = objectives.relativistic_average_value(real, fake)
    >>> shifted = objectives.relativistic_average_value(real + 7, fake + 7)
    >>> bool(jnp.allclose(value, shifted))  # only differences of scores count
    True
    """
    real_mean, fake_mean = mean_over_devices((jnp.mean(real_scores), jnp.mean(fake_scores)))
    return minimax_value(real_scores - fake_mean, fake_scores - real_mean)


def relativistic_average_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """-`relativistic_average_value` with real and generated images exchanged (the same section).

    >>> equal = jnp.ones(4)
    >>> round(float(objectives.relativistic_average_loss(equal, equal)), 4)  # 2 log 2
    1.3863
    """
    return -relativistic_average_value(fake_scores, real_scores)


relativistic_average = Objective(relativistic_average_value, relativistic_average_loss, is_classifier=False)


def relativistic_pairing_value(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """RpGAN: E[log sigmoid(C(x) - C(G(z)))], where each real image of the batch is paired with one generated image.

    (arXiv 1807.00734, section 4, where it is called RSGAN. The name RpGAN and the use with gradient penalties are from
    R3GAN, Huang et al. 2024, arXiv 2501.05441, section 2.)

    >>> real, fake = jnp.array([5.0, 7.0]), jnp.array([5.0, 7.0])
    >>> round(float(objectives.relativistic_pairing_value(real, fake)), 4)  # -log 2, if both of each pair are equal
    -0.6931
    """
    return jnp.mean(log_sigmoid(real_scores - fake_scores))


def relativistic_pairing_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """E[softplus(C(x) - C(G(z)))] = -E[log sigmoid(C(G(z)) - C(x))]: the value with each pair exchanged, negated.

    >>> real, fake = jnp.array([100.0]), jnp.array([0.0])
    >>> float(objectives.relativistic_pairing_loss(real, fake))
    100.0
    >>> round(float(objectives.relativistic_pairing_loss(fake, real)), 4)
    0.0
    """
    return -relativistic_pairing_value(fake_scores, real_scores)


relativistic_pairing = Objective(relativistic_pairing_value, relativistic_pairing_loss, is_classifier=False)

"""Adversarial objectives: pure functions of logits that the discriminator ascends and the generator descends.

`adversarial` has the objectives of the original GAN, LSGAN, WGAN, the hinge GAN and relativistic GANs. `f_divergences`
has the family of f-GANs.
"""

from gan_jax.objectives.adversarial import (
    Objective,
    discriminator_only,
    hinge,
    hinge_value,
    least_squares,
    minimax,
    minimax_value,
    no_loss,
    non_saturating,
    non_saturating_loss,
    relativistic_average,
    relativistic_average_loss,
    relativistic_average_value,
    relativistic_pairing,
    relativistic_pairing_loss,
    relativistic_pairing_value,
    scaled,
    score_loss,
    smoothed,
    wasserstein,
    wasserstein_value,
)
from gan_jax.objectives.f_divergences import DIVERGENCES, Divergence, alternative_f_gan, f_gan

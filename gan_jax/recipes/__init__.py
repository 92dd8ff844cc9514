"""Recipes: functions that build a `Game` from networks, an objective, optimizers and regularizers.

`gan` is the game of a generator and a discriminator, conditional or not. `began`, `pix2pix`, `cyclegan` and `cut` are
separate games, and `policy_gradient` is a GAN of texts. In `bigan` an encoder plays too, and `with_encoder` adds one
that follows a game. `regression`, `classifier`, `vae`, `likelihood` and `rbm` have no opponent: they are baselines.
`with_likelihood` adds the likelihood of an autoregressive model. `translation` has the functions that the games of
translation share, `judging`, `penalties` and `streams` those of all recipes, and `image_pool` keeps earlier generated
images for CycleGAN's discriminators.
"""

from gan_jax.recipes.began import began
from gan_jax.recipes.bigan import bigan
from gan_jax.recipes.classifier import See, classifier
from gan_jax.recipes.cut import cut
from gan_jax.recipes.cyclegan import cyclegan
from gan_jax.recipes.encoder import with_encoder
from gan_jax.recipes.gan import gan
from gan_jax.recipes.likelihood import likelihood, with_likelihood
from gan_jax.recipes.pix2pix import pix2pix, regression
from gan_jax.recipes.policy_gradient import policy_gradient
from gan_jax.recipes.rbm import rbm
from gan_jax.recipes.vae import vae

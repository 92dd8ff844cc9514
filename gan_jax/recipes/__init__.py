"""Functions that return a `Game`: networks, objective, optimizers and what players pay, put together.

`gan` is the game of a generator and a discriminator, conditional or not; `began`, `pix2pix` and `cyclegan` are games of
their own. `translation` has what the games of translation share, `penalties` what all recipes share, and `image_pool`
the generated images of the past that CycleGAN's discriminators see.
"""

from gan_jax.recipes.began import began
from gan_jax.recipes.cyclegan import cyclegan
from gan_jax.recipes.gan import gan
from gan_jax.recipes.pix2pix import l1_regression, pix2pix

__all__ = ["began", "cyclegan", "gan", "l1_regression", "pix2pix"]

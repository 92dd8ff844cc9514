"""Flax linen modules that know nothing of losses: generators, discriminators, and what they are made of.

Each architecture is a module here, such as `dcgan.Generator` and `dcgan.Discriminator`. `layers` has the layers that
they share, `ops` the operations beneath, lowered to what the backend runs fast. `latents` has the distributions of a
generator's input, `functional` how games call networks.
"""

from gan_jax.networks import autoencoder, cyclegan_resnet, dcgan, mlp, patchgan, resnet, unet

__all__ = ["autoencoder", "cyclegan_resnet", "dcgan", "mlp", "patchgan", "resnet", "unet"]

"""Flax linen modules: generators, discriminators and their building blocks. Losses are defined elsewhere.

Each architecture is a module here, such as `dcgan.Generator` and `dcgan.Discriminator`. `layers` has the layers that
they share, and `ops` has the array operations below them, lowered to what the backend runs fast. `latents` has the
distributions of a generator's input, and `functional` has the functions with which games call networks.
"""

from gan_jax.networks import autoencoder, cyclegan_resnet, dcgan, mlp, patchgan, resnet, unet

__all__ = ["autoencoder", "cyclegan_resnet", "dcgan", "mlp", "patchgan", "resnet", "unet"]

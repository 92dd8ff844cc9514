"""Flax linen modules that know nothing of losses: generators and discriminators, and what they are made of.

Each architecture is a module, which is imported when it is wanted: `from gan_jax.networks import dcgan` has
`dcgan.Generator` and `dcgan.Discriminator`. So do `autoencoder`, `cyclegan_resnet`, `mlp`, `patchgan`, `resnet` and
`unet`, with the networks that their papers have. `layers` has the layers that they share, and `ops` the operations
beneath, lowered to what runs fast on the backend. `latents` has the distributions of a generator's input, `pairs` joins
them to examples, and
`functional` says how games call networks.
"""

"""Sources of examples: datasets that come with packages or are drawn, folders, archives and prepared TFDS datasets.

`gan_jax.data.loaders` imports a source when it is used.
"""

"""Sharing what a run has learned: folders that are read without running code, and weights of other projects.

`export_run` writes an export, a folder of the weights, of the game's functions as StableHLO, and of a model card, and
`load_export` reads it back. `programs` has these functions, `manifest` and `model_card` describe them. `weights` reads
the weights alone. `import_generators` makes an export of the weights of pytorch-CycleGAN-and-pix2pix.
"""

from gan_jax.sharing.import_generators import import_generators
from gan_jax.sharing.load import Exported, is_export, load_export, weights
from gan_jax.sharing.write import export_run

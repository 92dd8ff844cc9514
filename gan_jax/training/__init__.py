"""One run: its settings, the compiled program, the loop around it, and the folder that it fills.

`train` puts them together. `settings` and `experiment` say what a run is told, `program` and `placement` compile the
step for one device or many, `batches` feeds it, `loop` calls it, and `recorder`, `checkpoints` and `run_folder` keep
what comes of it. An experiment needs only the settings, so only they are exported here.
"""

from gan_jax.training.settings import ImageGan, Settings

__all__ = ["ImageGan", "Settings"]

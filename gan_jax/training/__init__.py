"""Training of a single run: its settings, the compiled program, the loop, and the run folder.

`train` connects these parts. `settings` and `experiment` define the inputs of a run. `program` and `placement` compile
the step for one or several devices, `batches` provides its data, and `loop` calls it. `recorder`, `checkpoints` and
`run_folder` store the results. `play` trains in memory, without any folder. Experiments only need the settings, so only
they are exported here.
"""

from gan_jax.training.settings import ImageGan, Settings

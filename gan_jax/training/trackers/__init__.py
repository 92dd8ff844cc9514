"""Where the metrics of a run go beside metrics.jsonl: TensorBoard always, Weights & Biases and MLflow if asked.

Each is a `Tracker` in a file of its own, which imports its package when it starts. `start` puts it on a thread of its
own, so that training waits for a network when it starts and when it ends alone, and goes on if a tracker fails.
"""

from gan_jax.training.trackers.background import Background
from gan_jax.training.trackers.choices import check_installed, start
from gan_jax.training.trackers.tracker import Run, Tracker, numbers

"""The trackers by name."""

from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec

from gan_jax.common.errors import UsageError
from gan_jax.training.trackers import mlflow, tensorboard, wandb
from gan_jax.training.trackers.background import Background
from gan_jax.training.trackers.tracker import Run

_CHOICES = {"wandb": wandb.Wandb, "mlflow": mlflow.MLflow}


def check_installed(track: Sequence[str]) -> None:
    """Raises UsageError if the package of a tracker is not installed. It imports none."""
    for name in track:
        if find_spec(name) is None:
            raise UsageError(f"--track {name}: its package is not installed; pip install 'gan-jax[{name}]' brings it")


def start(run: Run, track: Sequence[str] = ()) -> list[Background]:
    """Starts TensorBoard's tracker and those that `track` names: wandb, mlflow."""
    started = []
    for name in track:
        started.append(Background(name, partial(_CHOICES[name], run)))
        # They import much when they start. Other threads must not import or compile source meanwhile: they would see
        # modules that are half there, and Python 3.11 itself can fail (python/cpython issue 106905).
        started[-1].wait_for_start()
    return [Background("tensorboard", partial(tensorboard.TensorBoard, run)), *started]

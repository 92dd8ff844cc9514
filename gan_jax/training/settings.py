"""The settings of every run. An experiment's `Config` extends this class. Its fields become flags of the command."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from gan_jax.common.errors import UsageError
from gan_jax.data import describe_datasets


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a training run."""

    dataset: Annotated[str, arg(help=f"What to learn. {describe_datasets()}")] = "digits"
    """What to learn: digits, glyphs, folder:PATH, npz:PATH, tfds:NAME and others. `gan-jax train --help` lists all."""

    resolution: int = 32
    """Side of the images in pixels. Images of another size are resized and centre-cropped. Points have none."""

    labels_per_class: int | None = None
    """How many training images of each class keep their label. The other labels are hidden. All are kept by default."""

    steps: int = 10_000
    """Number of training steps."""

    batch_size: int = 64
    """Examples in a batch, over all devices."""

    seed: int = 0
    """Random seed of the initial weights, the latents and the order of the data. The same seed on the same devices
    gives the same bits."""

    examples: int | None = None
    """Number of training images to use: a fixed random choice, or all by default. Evaluation uses all of them."""

    flip: bool = False
    """Mirror each training image left to right with probability one half. Both images of a pair are treated alike."""

    jitter: bool = False
    """Enlarge each training image by 286/256 and crop it to the old size at random, as pix2pix and CycleGAN do. Both
    images of a pair are cropped at the same place."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Number format in which networks compute. Parameters, optimizers, statistics and losses are always float32."""

    remat: bool = False
    """Keep only the outputs of convolutions for the gradient, and recompute the layers between them. On GPU and TPU
    this saves memory and costs a little time. XLA's CPU backend decides by itself and ignores it."""

    workdir: Path | None = None
    """Folder of the run: runs/EXPERIMENT by default. Training again on a folder that holds a run resumes it."""

    data_dir: Path | None = None
    """Folder of prepared TFDS datasets: $TFDS_DATA_DIR or ~/tensorflow_datasets by default."""

    log_every: int = 20
    """Steps between lines of metrics.jsonl."""

    sample_every: int = 500
    """Steps between pictures of samples."""

    checkpoint_every: int = 1000
    """Steps between checkpoints."""

    steps_per_call: int = 0
    """Training steps in one call of the compiled program. 0 chooses a number that is fast on the backend."""


@dataclass(frozen=True, kw_only=True)
class ImageGan(Settings):
    """Settings that most GANs of images share. The defaults are those of DCGAN on 8x8 scans of digits."""

    resolution: int = 8
    steps: int = 5000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    learning_rate: float = 2e-4
    """Learning rate of the optimizers of both networks."""

    width: int = 24
    """Features of the layers next to the images. Each halving of the side doubles them."""

    latent_size: int = 32
    """Size of a latent vector."""

    ema: float = 0.998
    """Decay of the moving average of the generator's weights. Samples are drawn from the average."""


# The folders of a run and of its data do not change its results.
PLACES = ("workdir", "data_dir")


def check(settings: Settings) -> None:
    """Raises UsageError for an invalid value."""
    for name in ("resolution", "steps", "batch_size", "log_every", "sample_every", "checkpoint_every"):
        if getattr(settings, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 1, not {getattr(settings, name)}")
    if settings.labels_per_class is not None and settings.labels_per_class < 1:
        raise UsageError(f"--labels-per-class must be at least 1, not {settings.labels_per_class}")
    for name in ("seed", "steps_per_call"):
        if getattr(settings, name) < 0:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 0, not {getattr(settings, name)}")


def to_json(settings: Settings) -> dict:
    """Returns the settings as plain values, without `PLACES`."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in PLACES}
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}

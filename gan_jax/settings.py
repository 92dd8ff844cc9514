"""What every run can be told. An experiment's `Config` extends this class; its fields become the command's flags."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from gan_jax.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a training run."""

    dataset: str = "digits"
    """What to learn. Images: digits, glyphs, tfds:NAME, folder:PATH, npz:PATH, or stacked: and one of these, three
    gray images in one. Points in the plane: ring, grid or swissroll. To translate images: scenes, pairs:PATH (two side
    by side in one picture), matched:PATH (folders A and B), unpaired:PATH (folders trainA, trainB, testA, testB),
    tfds:cycle_gan/NAME, or reverse: or shuffled: and one of these, the other way round or its pairs torn apart; or
    colorization:, superresolution:, inpainting:, denoising: or edges: and a dataset of images."""

    resolution: int = 32
    """Side of the images in pixels; images of another size are resized and centre-cropped. Points have none."""

    labels_per_class: int | None = None
    """Keep the labels of so many training images of each class and hide the others; all are kept by default."""

    steps: int = 10_000
    """Rounds of the game to play."""

    batch_size: int = 64
    """Examples in a batch, over all devices."""

    seed: int = 0
    """Of the initial weights, the latents and the order of the data. Same seed, same devices: the same bits."""

    examples: int | None = None
    """Train on so many of the training images only, a fixed random choice; on all of them by default. Evaluation takes
    all of them, so that figures can be compared."""

    flip: bool = False
    """Mirror each training image left to right with probability one half; both sides of a pair, or neither."""

    jitter: bool = False
    """Enlarge each training image by 286/256 and cut the old size out of it at random, as pix2pix and CycleGAN do; both
    sides of a pair alike."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """What networks compute in. Parameters, optimizers, statistics and losses are float32 either way."""

    remat: bool = False
    """On GPU and TPU: keep only the convolutions' outputs for the gradient, and compute what is between them again. It
    saves memory for a little time. (XLA's CPU backend does as it finds best either way.)"""

    workdir: Path | None = None
    """The run's folder; runs/EXPERIMENT by default. Training again on a folder that holds a run resumes it."""

    data_dir: Path | None = None
    """Where prepared TFDS datasets lie; $TFDS_DATA_DIR or ~/tensorflow_datasets by default."""

    log_every: int = 20
    """Steps between lines of metrics.jsonl."""

    sample_every: int = 500
    """Steps between sample grids."""

    checkpoint_every: int = 1000
    """Steps between checkpoints."""

    steps_per_dispatch: int = 0
    """Steps that one call of the compiled program plays; 0 chooses what is fast on the backend."""


# Where a run lives and finds its data does not change what it computes.
PLACES = ("workdir", "data_dir")


def check(settings: Settings) -> None:
    """Raises UsageError for a value that no run can have."""
    for name in ("resolution", "steps", "batch_size", "log_every", "sample_every", "checkpoint_every"):
        if getattr(settings, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 1, not {getattr(settings, name)}")
    if settings.labels_per_class is not None and settings.labels_per_class < 1:
        raise UsageError(f"--labels-per-class must be at least 1, not {settings.labels_per_class}")
    for name in ("seed", "steps_per_dispatch"):
        if getattr(settings, name) < 0:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 0, not {getattr(settings, name)}")


def to_json(settings: Settings) -> dict:
    """The settings as plain values, without the places."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in PLACES}
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}

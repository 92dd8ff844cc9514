"""The settings of every run. An experiment's `Config` extends this class. Its fields become flags of the command."""

from dataclasses import dataclass, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from tyro.conf import arg

from gan_jax.common.errors import UsageError
from gan_jax.data import Resolution, describe_datasets


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a training run."""

    dataset: Annotated[str, arg(help=f"What to learn. {describe_datasets()}")] = "digits"
    """What to learn: digits, glyphs, folder:PATH, npz:PATH, tfds:NAME and others. `gan-jax train --help` lists all."""

    resolution: Resolution = 32
    """Side of the images in pixels, or their height and width: --resolution 64 96. Images of another size are resized
    and centre-cropped. For volumes, their side in voxels, and for texts their length in characters. Points have
    none."""

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

    keep: int = 3
    """How many of the newest checkpoints to keep."""

    evaluate_every: int = 0
    """Steps between evaluations, as `gan-jax evaluate` does them. 0 never evaluates. The checkpoint with the best first
    figure is kept in the folder best of the run."""

    evaluate_samples: int | None = None
    """Number of samples in each of these evaluations: by default as many as `gan-jax evaluate` takes."""

    evaluate_features: Literal["classifier", "efficientnet", "inception", "pixels"] | None = None
    """What images are compared in, in these evaluations: by default a classifier of the dataset where all images have
    labels, and EfficientNet-lite0 elsewhere."""

    steps_per_call: int = 0
    """Training steps in one call of the compiled program. 0 chooses a number that is fast on the backend."""

    track: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Where metrics and pictures go, in addition to the run folder and TensorBoard: Weights & Biases or MLflow."""

    init_from: Path | None = None
    """Folder of a run, or of an export, to take the networks from. Arrays that do not fit keep their initial values.
    The command lists what it takes."""

    init_players: tuple[str, ...] = ()
    """The players whose networks --init-from takes, such as generator. All by default."""

    init_optimizers: bool = False
    """Let --init-from also take the states of the optimizers and the memory of the game."""

    freeze: tuple[str, ...] = ()
    """Arrays that are not trained, by the names of their modules, such as discriminator/Conv_0 (FreezeD)."""


@dataclass(frozen=True, kw_only=True)
class ImageGan(Settings):
    """Settings that most GANs of images share. The defaults are those of DCGAN on 8x8 scans of digits."""

    resolution: Resolution = 8
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
    for name in ("resolution", "steps", "batch_size", "log_every", "sample_every", "checkpoint_every", "keep"):
        value = getattr(settings, name)
        if min(value if isinstance(value, tuple) else (value,)) < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 1, not {value}")
    for name in ("labels_per_class", "evaluate_samples", "width", "latent_size"):
        if isinstance(value := getattr(settings, name, None), int) and value < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 1, not {value}")
    for name in ("seed", "steps_per_call", "evaluate_every"):
        if getattr(settings, name) < 0:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 0, not {getattr(settings, name)}")
    for name in ("init_players", "init_optimizers"):
        if getattr(settings, name) and settings.init_from is None:
            raise UsageError(f"--{name.replace('_', '-')} says what to take from another run: give --init-from RUN too")


def to_json(settings: Settings) -> dict:
    """Returns the settings as plain values, without `PLACES`."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in PLACES}
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}


def from_json(config: type[Settings], values: dict[str, Any]) -> Settings:
    """The inverse of `to_json`, for the experiment's class `config`. Settings that are not given have their defaults.

    Raises ValueError for settings that the experiment does not have, and for values that they cannot have.
    """
    hints = get_type_hints(config)
    if unknown := values.keys() - {field.name for field in fields(config)}:
        raise ValueError(f"the experiment has no setting {', '.join(sorted(unknown))}")
    plain: dict[str, Any] = {name: tuple(x) if isinstance(x, list) else x for name, x in values.items()}
    for name, value in plain.items():
        if not _fits(value, hints[name]):
            raise ValueError(f"the setting {name} cannot be {value!r}")
        if isinstance(value, str) and Path in (hints[name], *get_args(hints[name])):
            plain[name] = Path(value)
    return config(**plain)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a plain value can be a setting of this type. Types that are not usual for settings take any value."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        parts = inner[:1] * len(value) if isinstance(value, tuple) and inner[1:] == (...,) else inner
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(_fits, value, parts))
    if hint is NoneType:
        return value is None
    kinds: dict[Any, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (int, float), str: (str,), Path: (str,)}
    return hint not in kinds or (isinstance(value, kinds[hint]) and (hint is bool or not isinstance(value, bool)))

"""Every experiment of the repository, as it stands in its file."""

import jax
import jax.numpy as jnp
import pytest
from support.command import EXPERIMENTS

from gan_jax.data import DataInfo, Resolution, height_and_width
from gan_jax.game import train_step
from gan_jax.training.experiment import load_experiment
from gan_jax.training.run_folder import build
from gan_jax.training.settings import check

pytestmark = pytest.mark.slow

PATHS = [
    path for path in sorted(EXPERIMENTS.glob("*/*.py")) if path.parent.name not in ("studies", "benchmarks", "claims")
]
MOST_LINES = 70

on_each = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


def described(spec: str, resolution: Resolution) -> DataInfo:
    """The description of a dataset that experiments name, without drawing or downloading it."""
    size, classes = height_and_width(resolution), tuple(map(str, range(10)))
    gray, colour = (*size, 1), (*size, 3)
    match spec.replace("tfds:", "").split(":"):
        case ["ring" | "grid"]:
            return DataInfo((2,), ())
        case ["digits"]:
            return DataInfo(gray, classes)
        case ["glyphs"]:
            return DataInfo(gray, tuple(map(str, range(36))))
        case ["stacked", "digits"]:
            return DataInfo(colour, ())
        case ["scenes"]:
            return DataInfo(colour, (), colour)
        case ["shuffled", "scenes"]:
            return DataInfo(colour, (), colour, paired=False)
        case ["shapes"]:
            return DataInfo((size[0],) * 3 + (1,), tuple(map(str, range(5))))
        case ["grammar"]:
            return DataInfo((size[0], 25), (), characters="\n .abcdefghijklmnoprstuwy")
        case ["anomalies", "0", "digits"]:
            return DataInfo(gray, ("normal", "0"))
        case ["popout"]:
            return DataInfo(colour, (), gray)
        case ["colorization" | "edges", "cifar10"]:
            return DataInfo(gray, classes, colour)
        case [_, "cifar10"]:
            return DataInfo(colour, classes, colour)
        case [_, "mnist" | "digits"]:
            return DataInfo(gray, classes, gray)
    raise AssertionError(f"a test does not know {spec}")


def test_there_are_experiments():
    assert len(PATHS) > 30


def test_names_are_unique():
    """A run's folder is runs/NAME by default."""
    assert len({path.stem for path in PATHS}) == len(PATHS)


@on_each
def test_it_trains_on_its_own_data(path):
    traced(load_experiment(path))


RECTANGLES = {
    "dcgan_digits": (16, 24),
    "sngan": (16, 24),
    "r3gan": (16, 24),
    "stylegan2": (24, 16),
    "biggan": (8, 12),
    "began": (24, 16),
    "pix2pix": (48, 32),
    "cyclegan": (24, 32),
}


@pytest.mark.parametrize("name", RECTANGLES)
def test_it_trains_on_rectangles(name):
    """One experiment of each kind of networks."""
    (path,) = (path for path in PATHS if path.stem == name)
    traced(load_experiment(path), resolution=RECTANGLES[name])


def traced(experiment, **values):
    """Asserts that the state after a step is like the one before, in shapes and in types. Nothing is computed."""
    settings = experiment.config(**values)
    check(settings)
    info = described(settings.dataset, settings.resolution)
    game, state = build(experiment, settings, info)
    count = settings.batch_size * game.batches_per_step
    batch = {"image": jnp.zeros((count, *info.example_shape))}
    if info.classes:
        batch["label"] = jnp.zeros(count, jnp.int32)
    if info.target_shape:
        batch["target"] = jnp.zeros((count, *info.target_shape))
    after, metrics = jax.eval_shape(lambda state: train_step(game, state, batch), state)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(lambda x: (x.shape, x.dtype), state)
    assert all(value.shape == () for value in metrics.values())


@on_each
def test_its_file_is_short(path):
    assert len(path.read_text().splitlines()) <= MOST_LINES

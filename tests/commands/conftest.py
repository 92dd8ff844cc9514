"""Small runs that the tests of several commands share. They only read them, or write beside them."""

import numpy as np
import pytest
from support import tiny_translation
from support.command import DIGITS, EXPERIMENTS, SMALL

from gan_jax.commands.main import main


def train(experiment, folder, *arguments):
    main([str(argument) for argument in ("train", experiment, *arguments, "--workdir", folder)])
    return folder


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """60 steps of DCGAN on digits."""
    every = ("--log-every", 5, "--sample-every", 25, "--checkpoint-every", 20)
    return train(DIGITS, tmp_path_factory.mktemp("runs") / "digits", *SMALL, "--steps", 60, *every)


@pytest.fixture(scope="session")
def ring_run(tmp_path_factory):
    """3 steps of a GAN on points in the plane."""
    tiny = ("--hidden", 8, "--batch-size", 16, "--log-every", 1, "--steps", 3)
    return train(EXPERIMENTS / "modes" / "ring.py", tmp_path_factory.mktemp("runs") / "ring", *tiny)


@pytest.fixture(scope="session")
def conditional_run(tmp_path_factory):
    """One step of a conditional GAN on digits."""
    experiment = EXPERIMENTS / "labels" / "conditional.py"
    return train(experiment, tmp_path_factory.mktemp("runs") / "conditional", *SMALL, "--steps", 1)


TRANSLATION = (
    *("--dataset", "shuffled:edges:digits", "--both", "--noise", 0.1, "--flip", "--jitter"),
    *("--steps", 12, "--log-every", 3, "--sample-every", 6, "--checkpoint-every", 6),
)


@pytest.fixture(scope="session")
def translation_arguments():
    """The experiment and the flags of `translation_run`."""
    return tiny_translation.__file__, *TRANSLATION


@pytest.fixture(scope="session")
def translation_run(tmp_path_factory, translation_arguments):
    """12 steps of a translation in both directions, without pairs."""
    experiment, *flags = translation_arguments
    return train(experiment, tmp_path_factory.mktemp("runs") / "translation", *flags)


@pytest.fixture(scope="session")
def colorization_run(tmp_path_factory, colour_noise):
    """2 steps of a translation of gray images to colour ones, with pairs."""
    flags = ("--pairs", "--dataset", f"colorization:{colour_noise}", "--steps", 2)
    return train(tiny_translation.__file__, tmp_path_factory.mktemp("runs") / "colorization", *flags)


def noise(folder, channels):
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8, channels), np.uint8)
    np.savez(folder / "noise.npz", images=images)
    return f"npz:{folder / 'noise.npz'}"


@pytest.fixture(scope="session")
def gray_noise(tmp_path_factory):
    """A dataset of 30 gray images of noise, without labels, as a spec."""
    return noise(tmp_path_factory.mktemp("gray"), 1)


@pytest.fixture(scope="session")
def colour_noise(tmp_path_factory):
    """A dataset of 30 colour images of noise, without labels, as a spec."""
    return noise(tmp_path_factory.mktemp("colour"), 3)

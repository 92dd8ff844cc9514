"""What cannot be swept over, and what gan-jax sweep says of itself."""

import shutil
from functools import partial

import jax
import numpy as np
import pytest
from PIL import Image
from support.command import DIGITS, SMALL, gan_jax, refused

from gan_jax.data import load


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--vary", "lerning_rate=1e-4"], ["'lerning_rate'", "did you mean learning_rate?"]),
     (["--vary", "width=8,1.5"], ["'1.5' is not a whole number", "width=V1,V2"]),
     (["--vary", "width=8,,16"], ["a value is missing"]), (["--vary", "width=8,08"], ["8 is given twice"]),
     (["--vary", "batch_size=8,0"], ["--batch-size must be at least 1, not 0"]),
     (["--vary", "flip=true,0"], ["'0' is not true or false"]),
     (["--vary", "precision=float32,bfloat"], ["'bfloat' is not float32, bfloat16", "did you mean bfloat16?"]),
     (["--vary", "examples=10,some"], ["'some' is not a whole number or none"]),
     (["--vary", "dataset=digits"], ["dataset", "cannot be compared"]), (["--vary", "steps=1,2"], ["the most steps"]),
     (["--vary", "log_every=1,2"], ["log_every", "does not change its training"]),
     (["--vary", "freeze=a"], ["freeze", "cannot vary", "learning_rate, width"]), (["--vary", "seed=1,2"], ["--seeds"]),
     (["--vary", "learning_rate=1e-4,fast"], ["'fast' is not a number", "learning_rate=V1,V2"]),
     (["--vary", "learning_rate=nan"], ["'nan' is not a number"]),
     (["--vary", "learning_rate"], ["a value is missing"]), (["--vary", "learning_rate="], ["a value is missing"]),
     (["--vary", "learning_rate=1,,2"], ["a value is missing"]),
     (["--vary", "learning_rate=1e-4,0.0001"], ["0.0001 is given twice"]),
     (["--vary", "ema=0.9", "--vary", "ema=0.99"], ["ema is given twice"]),
     (["--vary", "ema=0.9", "learning_rate=x"], ["'x' is not a number"]),
     (["--seeds", "0"], ["--seeds must be at least 1, not 0"]), (["--seed", "3000000000"], ["2147483647"]),
     (["--sead", "1"], ["--sead", "--seed"]), (["--resolution", "18"], ["18x18", "16x16 and 20x20"])],
)  # fmt: skip
def test_what_cannot_be_swept_over(capsys, tmp_path, arguments, words):
    refused(gan_jax(capsys, "sweep", DIGITS, *arguments, "--workdir", tmp_path / "sweep"), *words)
    assert not (tmp_path / "sweep").exists()


BRANCHING = """
from dcgan_digits import Config, build as build_dcgan

def build(config, data):
    if config.learning_rate > 1:
        raise ValueError("a learning rate of {config.learning_rate} is too high")
    return build_dcgan(config, data)
"""


def test_a_recipe_that_looks_at_a_value(capsys, tmp_path):
    shutil.copy(DIGITS, tmp_path)
    experiment = tmp_path / "branching.py"
    experiment.write_text(BRANCHING)
    command = ("sweep", experiment, *SMALL, "--workdir", tmp_path / "sweep", "--seeds", 2, "--vary", "ema=0.9,0.99")
    result = gan_jax(capsys, *command, "learning_rate=1e-4,1e-3")
    refused(result, "branching.py cannot be trained for all values of learning_rate at once", "one run after the other")
    refused(gan_jax(capsys, *command, "learning_rate=1e-4,2"), "is too high")
    assert not (tmp_path / "sweep").exists()


def test_members_that_the_devices_do_not_divide(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "local_device_count", lambda: 4)
    command = ("sweep", DIGITS, "--vary", "learning_rate=1e-4,1e-3", "--seeds", 3, "--workdir", tmp_path / "sweep")
    refused(gan_jax(capsys, *command), "6 members", "4 devices")


def test_several_processes(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    refused(gan_jax(capsys, "sweep", DIGITS, "--workdir", tmp_path / "sweep"), "one process", "one of 2")


def test_images_that_do_not_fit_in_memory(capsys, tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    for i in range(8):
        Image.fromarray(np.full((8, 8), i, np.uint8)).save(tmp_path / "images" / f"{i}.png")
    monkeypatch.setattr("gan_jax.sweeps.sweep.load", partial(load, memory_limit=0))
    command = ("sweep", DIGITS, "--dataset", f"folder:{tmp_path / 'images'}", "--workdir", tmp_path / "sweep")
    refused(gan_jax(capsys, *command), "does not fit in memory")


def test_help(capsys):
    refused(gan_jax(capsys, "sweep", DIGITS, "--help"), "--seeds INT", "--vary NAME=V1,V2", "--width INT", status=0)
    refused(gan_jax(capsys, "sweep", "--help"), "--seeds INT", "--steps INT", status=0)
    refused(gan_jax(capsys, "--help"), "sweep EXPERIMENT.py", status=0)

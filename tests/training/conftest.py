"""A small finished run that several files of tests share, and copies of it that they may change."""

import shutil

import pytest
from support import tiny_gan
from support.command import settle

from gan_jax.commands.main import main


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run of 4 steps, with checkpoints of steps 2 and 4. Tests do not change it."""
    run = tmp_path_factory.mktemp("trained") / "run"
    main(["train", tiny_gan.__file__, "--steps", "4", "--workdir", str(run)])
    return run


@pytest.fixture
def trained_copy(trained, tmp_path):
    """A copy of it, which belongs where it is."""
    return settle(shutil.copytree(trained, tmp_path / "run"))

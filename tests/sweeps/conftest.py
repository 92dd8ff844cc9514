"""What the tests of sweeps share: data that cannot be evaluated, and sweeping once for many tests."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.command import gan_jax

from gan_jax.commands.main import main


@pytest.fixture(scope="session")
def unlabelled(tmp_path_factory):
    """Too few images to be evaluated, which saves time."""
    path = tmp_path_factory.mktemp("unlabelled") / "images.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), np.uint8))
    return ("--dataset", f"npz:{path}")


@dataclass(frozen=True)
class Ran:
    """A command that has ended well: its words but --workdir, that folder, and what it said."""

    command: tuple
    folder: Path
    said: str

    def again(self, capsys, folder):
        """Runs it once more, in this folder."""
        return gan_jax(capsys, *self.command, "--workdir", folder)


@pytest.fixture(scope="session")
def run_command():
    """(command, folder) -> Ran; for fixtures of many tests, which cannot have `capsys`."""

    def run(command, folder):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            main([str(word) for word in (*command, "--workdir", folder)])
        return Ran(command, folder, said.getvalue())

    return run

"""Running the scripts `*_devices.py` of this folder, which need a process of their own.

The number of virtual devices is settled when jax starts, so a test cannot change it.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

_TESTS = Path(__file__).parents[1]


def arrays_of(script: str, folder: Path) -> dict[str, np.ndarray]:
    """Runs support/SCRIPT.py with a file in `folder` as its argument, and returns the arrays that it saved there."""
    out = folder / f"{script}.npz"
    command = [sys.executable, "-m", f"support.{script}", str(out)]
    done = subprocess.run(command, cwd=_TESTS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(out) as stored:
        return {name: stored[name] for name in stored.files}

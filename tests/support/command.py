"""Running the gan-jax command in tests: in this process where that is enough, in one of its own where it must die."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orbax.checkpoint as ocp

from gan_jax.commands.main import main

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
DIGITS = str(EXPERIMENTS / "unconditional" / "dcgan_digits.py")

# A game small enough to test the loop around it.
SMALL = ("--width", "4", "--latent-size", "8", "--batch-size", "16", "--log-every", "1")


@dataclass
class Result:
    status: int
    out: str
    err: str


def gan_jax(capsys, *arguments) -> Result:
    """Runs the command here."""
    status = 0
    capsys.readouterr()
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    captured = capsys.readouterr()
    return Result(status, captured.out, captured.err)


def start(*arguments, devices: int = 1, **variables: str) -> subprocess.Popen:
    """Starts the command in a process of its own, on so many virtual devices."""
    flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}"
    return subprocess.Popen(
        [sys.executable, "-c", "from gan_jax.commands.main import main; main()", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, **variables},
    )


def finish(process: subprocess.Popen, timeout: float = 200) -> Result:
    out, err = process.communicate(timeout=timeout)
    return Result(process.returncode, out, err)


def interrupt(process: subprocess.Popen, run: Path, number: int, at_line: int) -> Result:
    """Sends the signal when the metrics.jsonl of `run` has so many lines; what the process says."""
    log, deadline = run / "metrics.jsonl", time.monotonic() + 120
    while not (log.exists() and log.read_bytes().count(b"\n") >= at_line):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    return finish(process)


def refused(result: Result, *words: str, status: int = 2) -> None:
    """Asserts that the command ended so and said these words, which may be wrapped and framed, without a traceback."""
    said = re.sub(r"[\s│╭╮╰╯─]+", " ", result.out + result.err)
    assert result.status == status, said
    assert "Traceback" not in said
    for word in words:
        assert word in said, f"{word!r} not in {said!r}"


_POISONED = """
import dataclasses
import jax.numpy as jnp
from dcgan_digits import Config, build as build_dcgan

def build(config, data):
    game = build_dcgan(config, data)
    discriminator, generator = game.players
    def poisoned(params, state, batch, key):
        value, outcome = generator.objective(params, state, batch, key)
        return jnp.where(BAD, jnp.nan, value), outcome
    return dataclasses.replace(game, players=(discriminator, dataclasses.replace(generator, objective=poisoned)))
"""


def poisoned(folder: Path, bad: str) -> Path:
    """Writes an experiment whose generator's loss is not a number where `bad` holds, of `state` and `config`."""
    shutil.copy(DIGITS, folder)
    path = folder / "poisoned.py"
    path.write_text(_POISONED.replace("BAD", bad))
    return path


def settle(run: Path, **entries) -> Path:
    """Makes a copied or moved run one that was trained where it is now, and sets other entries of its config.json."""
    path = run / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"folder": str(run)} | entries))
    return run


def metrics(run: Path) -> list[dict]:
    """The lines of metrics.jsonl, without what the clock says."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in ("seconds", "images_per_second")} for row in rows]


def checkpoint(run: Path, step: int, folder: str = "checkpoints") -> dict[str, np.ndarray]:
    """Every array of a checkpoint by its name: parameters, optimizer states, averages, key and step."""
    import jax

    tree = ocp.StandardCheckpointer().restore((run / folder / str(step) / "default").absolute())
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def assert_same_bits(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    assert len(a) > 20
    for name in a:
        assert a[name].dtype == b[name].dtype, name
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)

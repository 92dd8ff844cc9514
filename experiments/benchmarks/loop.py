"""The whole training loop beside its bare step, and the time from the command to the first step: the default run's."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gan_jax.data import load
from gan_jax.game import init_state
from gan_jax.training import run_folder
from gan_jax.training.experiment import load_experiment
from gan_jax.training.program import choose_steps_per_call, make_program

_EXPERIMENT = Path(__file__).parents[1] / "unconditional" / "dcgan_digits.py"
_COMMAND = (sys.executable, "-c", "from gan_jax.commands.main import main; main()", "train", str(_EXPERIMENT))


def overhead(*, steps: int, blocks: int) -> dict[str, Any]:
    """Images a second of `gan-jax train` over those of its step alone, in turn. The loop saves, draws and records."""
    experiment = load_experiment(_EXPERIMENT)
    settings = experiment.config()
    data = load(settings.dataset, resolution=settings.resolution, data_dir=None)
    game, _ = run_folder.build(experiment, settings, data.info)
    per_call = choose_steps_per_call()
    program = make_program(game, steps_per_call=per_call, devices=1)
    rng = np.random.default_rng(0)
    batches = rng.integers(0, len(data.train), (per_call, settings.batch_size), dtype=np.int32)
    on_device = {"image": jax.device_put(data.train.images), "label": jax.device_put(data.train.labels)}
    state = jax.jit(lambda: init_state(game, jax.random.key(0)))()
    state, _ = program(state, on_device, batches, per_call)

    bare, loop = [], []
    for _ in range(blocks):
        start = time.perf_counter()
        for _ in range(steps // per_call):
            state, _ = program(state, on_device, batches, per_call)
        jax.block_until_ready(state)
        bare.append(steps * settings.batch_size / (time.perf_counter() - start))
        with tempfile.TemporaryDirectory() as folder:
            flags = ("--steps", str(steps), "--workdir", f"{folder}/run")
            subprocess.run([*_COMMAND, *flags], check=True, stdout=subprocess.DEVNULL)
            last = json.loads((Path(folder) / "run" / "metrics.jsonl").read_text().splitlines()[-1])
            loop.append(last["step"] * settings.batch_size / last["seconds"])
    ratios = sorted(a / b for a, b in zip(loop, bare, strict=True))
    return {
        "bare_images_per_second": statistics.median(bare),
        "loop_images_per_second": statistics.median(loop),
        "ratio": statistics.median(ratios),
        "ratio_spread": (ratios[0], ratios[-1]),
    }


def start(*, repeats: int) -> dict[str, Any]:
    """Seconds from the command to its first step, with an empty cache of compiled programs and with a full one."""
    cold, warm = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            cold.append(_first_step(folder, "a"))
            warm.append(_first_step(folder, "b"))
    return {"cold": sorted(cold), "warm": sorted(warm)}


def _first_step(folder: str, run: str) -> float:
    environment = os.environ | {"GAN_JAX_CACHE": f"{folder}/cache", "PYTHONUNBUFFERED": "1"}
    began = time.perf_counter()
    command = [*_COMMAND, "--steps", "50", "--workdir", f"{folder}/{run}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("compiled in"):
                return time.perf_counter() - began
    raise RuntimeError("the command ended without a step")

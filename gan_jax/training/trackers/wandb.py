"""Weights & Biases. `pip install 'gan-jax[wandb]'` brings its package."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from gan_jax.training.trackers.tracker import Run


class Wandb:
    """Sends a run to Weights & Biases, or with WANDB_MODE=offline writes what `wandb sync RUN/wandb/*run-*` sends.

    WANDB_PROJECT, WANDB_ENTITY and the other variables of wandb work as always; the project is gan-jax by default. Its
    metrics are drawn over `step`. A run that resumes goes on under the id that it keeps in RUN/wandb/id. Steps that it
    repeats after the last checkpoint are logged again, and have two points with the same numbers.
    """

    def __init__(self, run: Run):
        import wandb

        sends = wandb.setup().settings.mode not in ("offline", "dryrun", "disabled")
        if sends and not wandb.login(prompt=False):  # wandb.init would ask for a key in the middle of the progress bar
            raise RuntimeError("no API key: run `wandb login`, or set WANDB_API_KEY or WANDB_MODE=offline")
        kept = run.folder / "wandb" / "id"
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(secrets.token_hex(8))
        self._run = wandb.init(
            id=kept.read_text().strip(),
            resume="allow",
            project=os.environ.get("WANDB_PROJECT", "gan-jax"),
            name=run.name,
            config=dict(run.config),
            dir=run.folder,
            # It must not write over the progress bar. If the network is gone, the end of a run does not wait long.
            settings=wandb.Settings(console="off", silent=True, finish_timeout=60, finish_timeout_raises=True),
            allow_val_change=True,
        )
        self._run.define_metric("step", hidden=True)
        self._run.define_metric("*", step_metric="step")

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        self._run.log({**numbers, "step": step})

    def picture(self, step: int, path: Path) -> None:
        import wandb

        self._run.log({"samples": wandb.Image(str(path)), "step": step})

    def close(self) -> None:
        self._run.finish()

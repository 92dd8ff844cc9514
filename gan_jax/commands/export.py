"""gan-jax export: writes a run to a folder that can be shared, and read without its code."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.shared import Checkpoint, Trust, start_jax


@dataclass(frozen=True)
class Export:
    """Writes the networks of a run to a folder that can be shared: weights, programs, and a model card.

    The folder holds no Python code, so whoever gets it need not trust it. gan-jax sample and gan-jax translate take it
    in the place of a run. The weights of all players are there, with averages in the place of what they average."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""

    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """Folder to write. It must not exist yet, or be empty."""

    data_licence: Annotated[str | None, arg(metavar="NAME")] = None
    """Licence of the training data, such as CC-BY-4.0, for the model card."""

    checkpoint: Checkpoint = None

    trust: Trust = False


def export_command(arguments: list[str]) -> None:
    """Runs `gan-jax export RUN OUT [flags]`."""
    options = tyro.cli(Export, prog="gan-jax export", args=arguments)
    console = start_jax()

    from gan_jax.sharing import export_run
    from gan_jax.training.run_folder import load_run

    run = load_run(options.run, trust=options.trust)
    manifest = export_run(run, options.out, options.checkpoint, options.data_licence)
    for name, sizes in manifest.programs.items():
        if sizes.count is not None:
            console.print(f"the program {name} takes {sizes.count} at a time: its code cannot be traced for any number")
        if sizes.height:
            only = f"{sizes.height}x{sizes.width}"
            console.print(f"the program {name} takes images of {only} only: its code cannot be traced for any size")
    console.print(f"step {manifest.step} of {manifest.name}: {options.out}")

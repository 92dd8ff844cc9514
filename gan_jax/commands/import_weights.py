"""gan-jax import: makes an export of weights of pytorch-CycleGAN-and-pix2pix."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.shared import start_jax
from gan_jax.common.errors import UsageError


@dataclass(frozen=True)
class Import:
    """Makes a folder for gan-jax translate of a generator of pytorch-CycleGAN-and-pix2pix, such as latest_net_G.pth.

    The file is read without running the pickles in it. It says itself which network it is: a ResNet or a U-Net of any
    size, with instance or batch normalization."""

    weights: Annotated[Positional[Path], arg(metavar="WEIGHTS.pth")]
    """File of the generator's weights."""

    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """Folder to write. It must not exist yet, or be empty."""

    direction: Literal["AtoB", "BtoA"] = "AtoB"
    """Direction in which the generator translates."""

    back: Annotated[Path | None, arg(metavar="WEIGHTS.pth")] = None
    """File of the generator that translates back: latest_net_G_B.pth beside latest_net_G_A.pth. With both, the weights
    have the names of a CycleGAN run."""

    dropout: bool = True
    """Whether a U-Net has dropout, as it does unless it was trained with --no_dropout. For a ResNet the file tells."""


def import_command(arguments: list[str]) -> None:
    """Runs `gan-jax import WEIGHTS.pth OUT [flags]`."""
    options = tyro.cli(Import, prog="gan-jax import", args=arguments)
    console = start_jax()

    from gan_jax.sharing import import_generators

    files = {options.direction: options.weights}
    if options.back is not None:
        if options.direction != "AtoB":
            raise UsageError("--back goes from B to A, so --direction cannot be BtoA too")
        files["BtoA"] = options.back
    for way, description in import_generators(files, options.out, options.dropout).items():
        console.print(f"{way}: {description}: {options.out}")

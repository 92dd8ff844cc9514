"""gan-jax show: writes a page about runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from gan_jax.common.errors import UsageError
from gan_jax.common.files import write_text

_NAME = "page.html"


@dataclass(frozen=True)
class Show:
    """Writes a page about a run, or about several runs beside each other: one HTML file, which needs no network.

    It has the samples over training, curves that zoom, the evaluation beside real data, what looks wrong, and the
    settings. Only files are read: no code of a run is executed, and runs that train are not disturbed. A sweep stands
    for its members."""

    runs: Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN ...")]
    """The folders of runs."""

    out: Annotated[Path | None, arg(metavar="PAGE.html")] = None
    """Where to write: page.html by default, in the folder of the run, or here if there are several."""


def show_command(arguments: list[str]) -> None:
    """Runs `gan-jax show RUN ...`."""
    options = tyro.cli(Show, prog="gan-jax show", args=arguments)
    if not options.runs:
        raise UsageError("give the folder of a run: gan-jax show RUN")

    from gan_jax.commands.output import output
    from gan_jax.viewing import page_of

    path = options.out or (options.runs[0] / _NAME if len(options.runs) == 1 else Path(_NAME))
    if path.is_dir():
        raise UsageError(f"--out {path} is a folder, and a page is a file: {path / _NAME}")
    write_text(path, page_of(options.runs))
    output(soft_wrap=True, markup=False).print(f"written to {path} ({path.stat().st_size / 2**20:.1f} MB)")

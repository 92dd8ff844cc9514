"""gan-jax sweep: trains an experiment with many seeds and settings at once, and compares them."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import UseAppendAction, arg

from gan_jax.commands.shared import parse_experiment, start_jax

if TYPE_CHECKING:
    from gan_jax.training import Settings

_NOTE = (
    "Trains many runs and compares them. Runs that differ only in seeds and in settings of type float are trained by "
    "one compiled program. The folder of the sweep is --workdir: runs/EXPERIMENT_sweep by default."
)


def sweep_command(arguments: list[str]) -> None:
    """Runs `gan-jax sweep EXPERIMENT.py [flags]`."""
    experiment, options = parse_experiment("sweep", arguments, _options, _NOTE)
    console = start_jax()

    from gan_jax.sweeps.members import parse_varied
    from gan_jax.sweeps.sweep import sweep

    varied = parse_varied([word for words in options.vary for word in words], experiment.config)
    sweep(experiment, options.settings, options.seeds, varied, console)


def _options(config: "type[Settings]") -> type:
    """A dataclass of the experiment's own flags and those of a sweep."""
    seeds = arg(help="Number of seeds: --seed and those that follow it.")
    vary = arg(
        help="A setting and the values to try: numbers, true and false, choices or texts, by its type. Several "
        "settings can be given, and every combination of their values is trained. Values of type float are trained at "
        "once, and others one after the other.",
        metavar="NAME=V1,V2,...",
    )
    fields: list[Any] = [
        ("settings", Annotated[config, arg(name="")]),
        ("seeds", Annotated[int, seeds], dataclasses.field(default=8)),
        ("vary", Annotated[tuple[tuple[str, ...], ...], UseAppendAction, vary], dataclasses.field(default=())),
    ]
    return dataclasses.make_dataclass("Sweep", fields, frozen=True, kw_only=True)

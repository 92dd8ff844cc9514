"""gan-jax explore: a page on which a trained run is explored."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.shared import Checkpoint, Trust, start_jax
from gan_jax.common.errors import UsageError, refused

if TYPE_CHECKING:
    from gan_jax.game import Game
    from gan_jax.training.run_folder import Run
    from gan_jax.viewing import LatentPage, TranslationPage

_EXAMPLES = 24


@dataclass(frozen=True)
class Explore:
    """Opens a page in the browser on which a trained run is explored. Ctrl-C ends it.

    Sliders and a pad walk through the latents, two seeds are mixed, a class and a truncation are chosen, and pictures
    are saved in RUN/explored with their latents. If the run translates images, an image is drawn or chosen, and
    translated at once. The page is for this machine alone."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""

    port: int = 0
    """Port of the page on 127.0.0.1: 0 is any that is free."""

    browser: bool = True
    """Open the browser. Its address is printed in any case."""

    data_dir: Path | None = None
    """Folder of prepared TFDS datasets: $TFDS_DATA_DIR or ~/tensorflow_datasets by default."""

    checkpoint: Checkpoint = None

    trust: Trust = False


def explore_command(arguments: list[str]) -> None:
    """Runs `gan-jax explore RUN [flags]`."""
    options = tyro.cli(Explore, prog="gan-jax explore", args=arguments)
    if not 0 <= options.port < 2**16:
        raise UsageError(f"--port must be at least 0 and below {2**16}, not {options.port}")
    console = start_jax()

    import webbrowser

    from gan_jax.training.run_folder import load_run
    from gan_jax.viewing import serve

    run = load_run(options.run, trust=options.trust)
    game, step, networks = run.restore(options.checkpoint)
    title = f"{options.run.resolve().name}, step {step:,}"
    if game.translate:
        page = _translations(title, run, game, networks, options)
    elif len(run.info.example_shape) != 3:
        raise UsageError(f"{options.run}: images are explored, and the run has {run.info.kind}")
    else:
        page = _latents(title, run, game, networks)

    def ready(address: str) -> None:
        console.print(f"{address} shows {title}; Ctrl-C ends it")
        if options.browser:
            webbrowser.open(address)

    try:
        serve(page.add_to, options.port, ready)
    except KeyboardInterrupt:
        console.print("ended")


def _latents(title: str, run: "Run", game: "Game", networks: dict[str, Any]) -> "LatentPage":
    from gan_jax.inference import Explorer
    from gan_jax.viewing import LatentPage

    with refused(run.folder):
        explorer = Explorer(game, networks)
    return LatentPage(title, game, explorer, run.info.classes, run.folder / "explored")


def _translations(
    title: str, run: "Run", game: "Game", networks: dict[str, Any], options: Explore
) -> "TranslationPage":
    import numpy as np

    from gan_jax.data import load, take
    from gan_jax.inference import make_translator
    from gan_jax.viewing import TranslationPage

    data = load(run.settings.dataset, resolution=run.settings.resolution, data_dir=options.data_dir)
    split = data.test if len(data.test) else data.train
    rows = np.arange(min(_EXAMPLES, len(split)))
    found = take(split, rows, rows)
    return TranslationPage(
        title,
        {name: make_translator(game, networks, name) for name in game.translate},
        {name: found["image" if name == "AtoB" else "target"] for name in game.translate},
    )

"""gan-jax evaluate: evaluates a trained run on held-out data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.shared import Checkpoint, Trust, check_seed, start_jax


@dataclass(frozen=True)
class Evaluate:
    """Evaluates a checkpoint of a run and writes the figures to RUN/evaluation.json.

    Samples are compared with held-out data, and so are real training data for reference. If the run is conditional, a
    classifier says which samples look like their class. If the run translates images, translations of held-out images
    are compared with their targets."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""

    seed: int = 1
    """Random seed of the latents, or of the noise in translations."""

    data_dir: Path | None = None
    """Folder of prepared TFDS datasets: $TFDS_DATA_DIR or ~/tensorflow_datasets by default."""

    checkpoint: Checkpoint = None

    trust: Trust = False


def evaluate_command(arguments: list[str]) -> None:
    """Runs `gan-jax evaluate RUN [flags]`."""
    options = tyro.cli(Evaluate, prog="gan-jax evaluate", args=arguments)
    check_seed(options.seed)
    console = start_jax()

    from gan_jax.data import load
    from gan_jax.evaluation import evaluate_game
    from gan_jax.training.run_folder import load_run, write_evaluation

    run = load_run(options.run, trust=options.trust)
    game, step, networks = run.restore(options.checkpoint)
    data = load(run.settings.dataset, resolution=run.settings.resolution, data_dir=options.data_dir)
    if changes := run.data_changes(data):
        console.print(f"warning: the data are not those that the run was trained on: {'; '.join(changes)}")
    evaluation = evaluate_game(data, game, networks, options.seed)
    evaluation.report(console)
    path = write_evaluation(run.folder, step, options.seed, evaluation.to_json())
    console.print(f"written to {path}")

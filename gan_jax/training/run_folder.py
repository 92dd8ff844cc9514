"""The run folder: its contents, and the run that it holds.

It contains config.json (see `config_file`), experiment.py (a copy of the experiment), modules/ (the imported modules
that are not installed), metrics.jsonl, TensorBoard events, samples/, curves.png, checkpoints/, best/, evaluation.json,
and `lock` (see `lock`). If the code is changed on purpose, history/ keeps the code of before.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax

from gan_jax.common.errors import UsageError, UserError
from gan_jax.common.files import write_text
from gan_jax.data import DataInfo, Dataset, fingerprint
from gan_jax.game import Game, State, freeze, init_state, networks
from gan_jax.training import config_file, older_runs, same_run, saved_state
from gan_jax.training import settings as settings_module
from gan_jax.training.best import BEST
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.experiment import Experiment, load_experiment
from gan_jax.training.saved_state import host_like, to_device
from gan_jax.training.settings import Settings

CHECKPOINTS = "checkpoints"
_EVALUATION = "evaluation.json"


@dataclass(frozen=True)
class Run:
    """A run folder with the experiment, settings and data of its run. config: the contents of config.json."""

    folder: Path
    experiment: Experiment
    settings: Settings
    info: DataInfo
    config: dict[str, Any]

    def restore(self, checkpoint: int | Literal["best"] | None = None) -> tuple[Game, int, dict[str, Any]]:
        """Returns the game, and the step and networks of a checkpoint, as `Game.sample` takes them.

        checkpoint: the step of the checkpoint, "best" for the one that evaluations found best, or None for the newest
            intact one.

        Nothing in the folder is changed, so a run can be restored while it trains. Raises UserError if there is no such
        checkpoint, or if it cannot be read.
        """
        game, abstract = build(self.experiment, self.settings, self.info)
        folder = self.folder / (BEST if checkpoint == "best" else CHECKPOINTS)
        step = None if checkpoint == "best" else checkpoint
        if checkpoint == "best" and not saved_state.steps(folder):
            raise UserError(f"{self.folder} has no best checkpoint: --evaluate-every keeps one while a run trains")
        like, upgrade = host_like(abstract), _upgrade(self.config)
        saved = saved_state.restore_beside_a_writer(
            folder, step, lambda step: saved_state.restore(folder, step, like, upgrade)
        )
        state = to_device(saved, abstract)
        return game, int(state.step), networks(state)

    def data_changes(self, dataset: Dataset) -> list[str]:
        """Returns what differs between the data that the run was trained on and `dataset`. Empty if that is unknown."""
        return same_run.changed_data(self.config, fingerprint(dataset))


def build(experiment: Experiment, settings: Settings, info: DataInfo) -> tuple[Game, State]:
    """Builds the experiment's game. Returns it with the shapes of its state.

    A ValueError of the game or its networks for an invalid setting becomes a UsageError.
    """
    for flag, effect in (("flip", "mirrors"), ("jitter", "enlarges and cuts")):
        if getattr(settings, flag) and len(info.example_shape) != 3:
            raise UsageError(f"--{flag} {effect} images, and {settings.dataset} has {info.kind}")
    try:
        game = build_game(experiment, settings, info)
        if game.translate and info.target_shape is None:
            raise ValueError(f"its game translates images, and {settings.dataset} has no targets")
        if game.classes is not None and game.classes != len(info.classes):
            raise ValueError(
                f"its game is of {game.classes} classes, not of the {len(info.classes)} that {settings.dataset} has"
            )
        return game, jax.eval_shape(lambda: init_state(game, jax.random.key(0)))
    except ValueError as error:
        raise UsageError(f"{experiment.path.name}: {error}") from error


def check_labels(experiment: Experiment, settings: Settings, game: Game) -> None:
    """Raises UsageError for labels that are hidden from a conditional game. It would generate images of no class."""
    if game.classes is not None and settings.labels_per_class is not None:
        raise UsageError(
            f"{experiment.path.name}: its game is conditional and needs the label of every image, and "
            "--labels-per-class hides some: that is for games such as semi_supervised.py"
        )


def build_game(experiment: Experiment, settings: Settings, info: DataInfo) -> Game:
    """Builds the experiment's game, with the frozen arrays of the settings. Settings may be traced values."""
    return freeze(experiment.build(settings, info), settings.freeze)


def create(
    folder: Path,
    experiment: Experiment,
    settings: Settings,
    data: dict[str, Any],
    sweep: dict | None = None,
    start: dict | None = None,
) -> dict[str, Any]:
    """Writes config.json, experiment.py and modules/. Returns the contents of config.json.

    data: what `describe_data` returns.
    sweep: the settings that a sweep varies.
    start: what the history says of the start.

    Raises UserError if they cannot be written.
    """
    config = {
        "format": config_file.FORMAT,
        "experiment": experiment.name,
        "path": str(experiment.path.resolve()),
        "modules": sorted(experiment.modules),
        "settings": settings_module.to_json(settings),
        "data": data,
        "versions": config_file.versions(),
        "git_commit": config_file.git_commit(experiment.path.parent),
        **same_run.devices(),
        "history": [config_file.event(0, **(start or {}))],
    }
    if sweep is not None:
        config["sweep"] = sweep
    # config.json comes last, since it makes a folder a run.
    same_run.write_code(folder, experiment)
    config_file.write_config(folder, config)
    return config


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """Returns what config.json says of the data: shapes, classes and a fingerprint, as plain values."""
    return config_file.data_to_json(dataset.info, fingerprint(dataset))


def load_run(folder: Path, trust: bool = False) -> Run:
    """Loads the run in `folder`, which runs the code of its experiment.

    trust: whether to run that code if the folder comes from elsewhere.

    Raises UsageError if there is no run, or if the folder comes from elsewhere and is not trusted.
    """
    config = config_file.read_config(folder)
    if "sweep" in config:
        raise UsageError(f"{folder} is a sweep: its members, in {folder / 'members'}, are runs")
    source = same_run.kept_text(folder, same_run.EXPERIMENT)
    if not trust and (reason := config_file.whence(folder, config)):
        raise UsageError(
            f"{folder} comes from elsewhere: {reason}. This command runs the code in it, {same_run.EXPERIMENT} and "
            f"{same_run.MODULES}/. Read this code, and give --trust if you trust it."
        )
    # The experiment is loaded with its original path, but with the copies of its modules.
    path, beside = Path(config["path"]), [folder / same_run.MODULES]
    if "modules" not in config:  # an older version, since which modules may have moved into subfolders
        older_runs.understand_old_names()
        beside = [path.parent, *sorted(other for other in path.parent.glob("*") if other.is_dir())]
    experiment = load_experiment(path, source, beside)
    try:
        settings = settings_module.from_json(experiment.config, config["settings"])
    except ValueError as error:
        raise UsageError(f"{folder / config_file.NAME}: {error}") from error
    return Run(folder, experiment, settings, config_file.data_from_json(config["data"]), config)


def write_evaluation(folder: Path, step: int, seed: int, figures: dict) -> Path:
    """Writes the figures, as plain values, for samples with a seed at a step to evaluation.json. Returns its path.

    The entries of the file are those of this evaluation. Those of other seeds, steps and settings are kept under
    "others".
    """
    path = folder / _EVALUATION
    new = {"step": step, "seed": seed, **figures}
    before = read_evaluations(folder)
    same = ("step", "seed", "settings")
    others = [each for each in before if any(each.get(name) != new.get(name) for name in same)]
    write_text(path, json.dumps({**new, "others": others}, indent=2) + "\n")
    return path


def restore_newest(checkpoints: Checkpoints, config: dict[str, Any], abstract: Any) -> Any | None:
    """Calls `Checkpoints.restore_newest` for a state like `abstract`. The run may be of an older version."""
    return checkpoints.restore_newest(host_like(abstract), _upgrade(config))


def _upgrade(config: dict[str, Any]) -> saved_state.Upgrade:
    return older_runs.upgrade_checkpoint if config.get("format", 1) < 2 else saved_state.as_it_is


def read_evaluations(folder: Path) -> list[dict[str, Any]]:
    """Returns the evaluations in a run folder, the newest one first. There are none in a file that cannot be read."""
    try:
        found = json.loads((folder / _EVALUATION).read_text())
    except (OSError, ValueError):
        return []
    if not isinstance(found, dict):
        return []
    others = found.pop("others", [])
    return [found, *(each for each in (others if isinstance(others, list) else ()) if isinstance(each, dict))]

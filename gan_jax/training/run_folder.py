"""The run folder: its contents, and the checks before a run is resumed.

It contains config.json (settings, versions, devices, commit), experiment.py (a copy of the experiment), modules/ (the
imported modules that are not installed), metrics.jsonl, TensorBoard events, samples/, curves.png, checkpoints/ and
evaluation.json. The config.json of a sweep also has the settings that it varies.
"""

import difflib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

import jax

from gan_jax.common.errors import UsageError, UserError
from gan_jax.common.files import write_aside
from gan_jax.data import DataInfo
from gan_jax.game import Game, State, init_state, networks
from gan_jax.training import older_runs
from gan_jax.training import settings as settings_module
from gan_jax.training.checkpoints import Checkpoints, host_like, to_device
from gan_jax.training.experiment import Experiment, load_experiment
from gan_jax.training.settings import Settings

# Increase this number when the contents of a run folder change, and make `older_runs` read the older format.
_FORMAT = 2

# The folder of the modules that the experiment imported.
_MODULES = "modules"

_PACKAGES = ("gan-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pillow")


@dataclass(frozen=True)
class Run:
    """A run folder with the experiment, settings and data of its run."""

    folder: Path
    experiment: Experiment
    settings: Settings
    info: DataInfo

    def restore(self) -> tuple[Game, int, dict[str, Any]]:
        """Returns the game, and the step and networks of the newest intact checkpoint, as `Game.sample` takes them."""
        game, abstract = build(self.experiment, self.settings, self.info)
        checkpoints = Checkpoints(self.folder / "checkpoints")
        saved = restore_newest(checkpoints, self.folder, abstract)
        checkpoints.close()
        if saved is None:
            raise UsageError(f"{self.folder} holds no checkpoint yet")
        state = to_device(saved, abstract)
        return game, int(state.step), networks(state)


def build(experiment: Experiment, settings: Settings, info: DataInfo) -> tuple[Game, State]:
    """Builds the experiment's game. Returns it with the shapes of its state.

    A ValueError of the game or its networks for an invalid setting becomes a UsageError.
    """
    for flag, effect in (("flip", "mirrors"), ("jitter", "enlarges and cuts")):
        if getattr(settings, flag) and len(info.example_shape) != 3:
            raise UsageError(f"--{flag} {effect} images, and {settings.dataset} has points")
    try:
        game = experiment.build(settings, info)
        if game.translate and info.target_shape is None:
            raise ValueError(f"its game translates images, and {settings.dataset} has no targets")
        if game.classes is not None and game.classes != len(info.classes):
            raise ValueError(
                f"its game is of {game.classes} classes, not of the {len(info.classes)} that {settings.dataset} has"
            )
        return game, jax.eval_shape(lambda: init_state(game, jax.random.key(0)))
    except ValueError as error:
        raise UsageError(f"{experiment.path.name}: {error}") from error


def check_same(folder: Path, experiment: Experiment, settings: Settings, sweep: dict | None = None) -> bool:
    """Whether `folder` holds this run. Raises UsageError with the differences if it holds another one.

    sweep: the settings that a sweep varies, as plain values. The folder must then hold this sweep.
    """
    path = folder / "config.json"
    if not path.exists():
        return False
    old = _read_config(folder)
    if ("sweep" in old) != (sweep is not None):
        kinds = ("a sweep", "a single run")
        there, here = kinds if sweep is None else kinds[::-1]
        raise UsageError(f"{folder} holds {there}, and this is {here}. Give another --workdir.")
    new_settings = json.loads(json.dumps(settings_module.to_json(settings) | (sweep or {})))
    old_settings = old["settings"] | old.get("sweep", {})
    differing = [
        f"{name} is {old_settings.get(name)!r} there and {new_settings.get(name)!r} here"
        for name in sorted(old_settings.keys() | new_settings.keys())
        if old_settings.get(name) != new_settings.get(name)
    ]
    if old["experiment"] != experiment.name:
        differing.insert(0, f"experiment is {old['experiment']!r} there and {experiment.name!r} here")
    else:
        differing += _changed_code(folder, old, experiment)
    if differing:
        raise UsageError(f"{folder} holds another run: {'; '.join(differing)}. Give another --workdir.")
    return True


def _changed_code(folder: Path, config: dict, experiment: Experiment) -> list[str]:
    """Returns the differences between the code in a run folder and an experiment of the same name."""
    source = (folder / "experiment.py").read_text()
    if source != experiment.source:
        return [f"the experiment's file has changed (first: {_first_change(source, experiment.source)!r})"]
    if "modules" not in config:  # older versions did not copy the modules
        return []
    there = {name: (folder / _MODULES / name).read_text() for name in config["modules"]}
    changed = []
    for name in sorted(there.keys() | experiment.modules.keys()):
        if name not in experiment.modules:
            changed.append(f"the experiment imported {name} there and does not here")
        elif name not in there:
            changed.append(f"the experiment imports {name} here and did not there")
        elif there[name] != experiment.modules[name]:
            first = _first_change(there[name], experiment.modules[name])
            changed.append(f"{name}, which the experiment imports, has changed (first: {first!r})")
    return changed


def _first_change(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    return next((line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")), "").strip()


def create(folder: Path, experiment: Experiment, settings: Settings, info: DataInfo, sweep: dict | None = None) -> None:
    """Writes config.json, experiment.py and modules/. Raises UserError if they cannot be written."""
    config = {
        "format": _FORMAT,
        "experiment": experiment.name,
        "path": str(experiment.path.resolve()),
        "modules": sorted(experiment.modules),
        "settings": settings_module.to_json(settings),
        "data": _data_to_json(info),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "devices": [str(device) for device in jax.devices()],
        "device_kind": jax.devices()[0].device_kind,
        "processes": jax.process_count(),
        "git_commit": _git_commit(experiment.path.parent),
    }
    if sweep is not None:
        config["sweep"] = sweep
    # config.json comes last, since it makes a folder a run.
    for name, text in experiment.modules.items():
        write_text(folder / _MODULES / name, text)
    write_text(folder / "experiment.py", experiment.source)
    write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")


def load_run(folder: Path) -> Run:
    """Loads the run in `folder`. Raises UsageError if there is none."""
    if not (folder / "config.json").exists():
        raise UsageError(f"{folder} is not a run: it has no config.json")
    config = _read_config(folder)
    if "sweep" in config:
        raise UsageError(f"{folder} is a sweep: its members, in {folder / 'members'}, are runs")
    # The experiment is loaded with its original path, but with the copies of its modules.
    path, beside = Path(config["path"]), [folder / _MODULES]
    if "modules" not in config:  # an older version, since which modules may have moved into subfolders
        older_runs.understand_old_names()
        beside = [path.parent, *sorted(other for other in path.parent.glob("*") if other.is_dir())]
    experiment = load_experiment(path, (folder / "experiment.py").read_text(), beside)
    settings = _settings_from_json(experiment.config, config["settings"])
    return Run(folder, experiment, settings, _data_from_json(config["data"]))


def write_evaluation(folder: Path, step: int, seed: int, figures: dict) -> Path:
    """Writes evaluation.json with the figures, as plain values, for samples with a seed at a step. Returns its path."""
    path = folder / "evaluation.json"
    write_text(path, json.dumps({"step": step, "seed": seed, **figures}, indent=2) + "\n")
    return path


def write_text(path: Path, text: str) -> None:
    """Writes a file atomically. Raises UserError if it cannot be written."""
    attempt(path, lambda: write_aside(path, lambda file: file.write(text.encode())))


def attempt(path: Path, write: Callable[[], Any]) -> None:
    """Calls `write`, which writes `path`. Raises UserError with the reason if it fails."""
    try:
        write()
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def restore_newest(checkpoints: Checkpoints, folder: Path, abstract: Any) -> Any | None:
    """Calls `Checkpoints.restore_newest` for a state like `abstract`. The run may be of an older version."""
    if _read_config(folder).get("format", 1) < _FORMAT:
        return checkpoints.restore_newest(host_like(abstract), older_runs.upgrade_checkpoint)
    return checkpoints.restore_newest(host_like(abstract))


def _read_config(folder: Path) -> dict:
    try:
        config = json.loads((folder / "config.json").read_text())
        if config.get("format", 1) < _FORMAT:
            config["settings"] = older_runs.upgrade_settings(config["settings"])
        return config
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {folder / 'config.json'}: {error}") from error


def _data_to_json(info: DataInfo) -> dict:
    data: dict[str, Any] = {"example_shape": info.example_shape, "classes": info.classes}
    return data if info.target_shape is None else {**data, "target_shape": info.target_shape, "paired": info.paired}


def _data_from_json(data: dict) -> DataInfo:
    target_shape = tuple(data["target_shape"]) if "target_shape" in data else None
    return DataInfo(tuple(data["example_shape"]), tuple(data["classes"]), target_shape, data.get("paired", True))


def _settings_from_json(config: type[Settings], values: dict) -> Settings:
    hints = get_type_hints(config)
    known = {field.name for field in fields(config)}
    unknown = values.keys() - known
    if unknown:
        raise UsageError(f"config.json has settings that the experiment does not: {', '.join(sorted(unknown))}")

    def restored(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(value)
        return Path(value) if isinstance(value, str) and hints[name] in (Path, Path | None) else value

    return config(**{name: restored(name, value) for name, value in values.items()})


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_commit(folder: Path) -> str | None:
    """Returns the commit of the experiment's repository, with "+" for uncommitted changes, or None without one."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None

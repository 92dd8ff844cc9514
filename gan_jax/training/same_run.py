"""Whether a run folder holds the run that is asked for, and what may change when a run goes on.

The settings in `FREE` change neither the game nor its data, so they may differ. Every other difference is refused,
unless the user asks for it by --change. What has changed is kept in the history of config.json.
"""

import dataclasses
import difflib
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import jax

from gan_jax.common.errors import UsageError
from gan_jax.common.files import write_text
from gan_jax.data import data_changes
from gan_jax.training import config_file
from gan_jax.training import settings as settings_module
from gan_jax.training.experiment import Experiment
from gan_jax.training.settings import Settings

# Settings that may differ when a run goes on. With more steps, a run is extended.
_EVALUATION = ("evaluate_every", "evaluate_samples", "evaluate_features")
FREE = frozenset(("steps", "log_every", "sample_every", "checkpoint_every", "keep", "track", *_EVALUATION))

# Not settings, but what --change may name too.
CODE = "code"

# The folder of the modules that the experiment imported.
MODULES = "modules"
EXPERIMENT = "experiment.py"

# These belong to a run. A folder that has them but no config.json has lost it.
_REMAINS = ("checkpoints", "metrics.jsonl", "evaluation.json")


def check_same(
    folder: Path,
    experiment: Experiment,
    settings: Settings,
    sweep: dict | None = None,
    may_change: Collection[str] = (),
) -> dict[str, Any] | None:
    """Returns the config.json of `folder` if it holds this run, or None if it holds no run.

    sweep: the settings that a sweep varies, as plain values. The folder must then hold this sweep, with the same steps.
    may_change: settings that may differ in addition to `FREE`; "code" stands for the experiment's code.

    Raises UsageError with the differences if it holds another run.
    """
    if not (folder / config_file.NAME).exists():
        if remains := [name for name in _REMAINS if (folder / name).exists()]:
            raise UsageError(
                f"{folder} has no config.json, but {' and '.join(remains)} of a run. Give another --workdir."
            )
        return None
    config = config_file.read_config(folder)
    if ("sweep" in config) != (sweep is not None):
        kinds = ("a sweep", "a single run")
        there, here = kinds if sweep is None else kinds[::-1]
        raise UsageError(f"{folder} holds {there}, and this is {here}. Give another --workdir.")
    free = FREE | set(may_change) if sweep is None else FREE - {"steps"}
    changed = {name: values for name, values in changes(config, settings, sweep).items() if name not in free}
    differing = [f"{name} is {there!r} there and {here!r} here" for name, (there, here) in changed.items()]
    if config["experiment"] != experiment.name:
        differing.insert(0, f"experiment is {config['experiment']!r} there and {experiment.name!r} here")
    elif CODE not in may_change:
        differing += changed_code(folder, config, experiment)
    if differing:
        raise UsageError(f"{folder} holds another run: {'; '.join(differing)}. {_advice(changed, differing, sweep)}")
    return config


def changes(config: dict[str, Any], settings: Settings, sweep: dict | None = None) -> dict[str, tuple[Any, Any]]:
    """Returns by name the values of settings, plain, that differ: (in config.json, here)."""
    here = _plain(settings_module.to_json(settings) | (sweep or {}))
    # A setting that an older version did not have had the effect of its default.
    defaults = {f.name: f.default for f in dataclasses.fields(settings) if f.default is not dataclasses.MISSING}
    there = _plain({name: x for name, x in defaults.items() if name in here}) | config["settings"]
    there |= config.get("sweep", {})
    names = sorted(here.keys() | there.keys())
    return {name: (there.get(name), here.get(name)) for name in names if there.get(name) != here.get(name)}


def check_data(folder: Path, config: dict[str, Any], data: dict, may_change: Collection[str] = ()) -> None:
    """Raises UsageError if the run was begun with data of another fingerprint than `data`, which may not change."""
    if "dataset" in may_change:
        return
    if differing := changed_data(config, data):
        spec = config["settings"].get("dataset")
        raise UsageError(
            f"{folder} was trained on other data of the name {spec}: {'; '.join(differing)}. Restore these data, give "
            f"another --workdir, or give --change dataset={spec} to go on with the data as they are now."
        )


def changed_data(config: dict[str, Any], data: dict) -> list[str]:
    """Returns the differences between the data that a run was begun with and those of the fingerprint `data`."""
    there = config["data"].get("fingerprint")
    return [] if there is None else data_changes(there, _plain(data))


def changed_code(folder: Path, config: dict[str, Any], experiment: Experiment) -> list[str]:
    """Returns the differences between the code in a run folder and an experiment of the same name."""
    source = kept_text(folder, EXPERIMENT)
    if source != experiment.source:
        return [f"the experiment's file has changed (first: {_first_change(source, experiment.source)!r})"]
    if "modules" not in config:  # older versions did not copy the modules
        return []
    there = {name: kept_text(folder, f"{MODULES}/{name}") for name in config["modules"]}
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


def kept_text(folder: Path, name: str) -> str:
    """Returns a file of the code that a run folder keeps. Raises UsageError if it is not there."""
    try:
        return (folder / name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{folder} does not keep the code of its run: {name}: {reason}") from error


def write_code(folder: Path, experiment: Experiment) -> None:
    """Writes experiment.py and modules/. Raises UserError if they cannot be written."""
    for name, text in experiment.modules.items():
        write_text(folder / MODULES / name, text)
    write_text(folder / EXPERIMENT, experiment.source)


def record_changes(
    folder: Path,
    config: dict[str, Any],
    experiment: Experiment,
    settings: Settings,
    data: dict[str, Any],
    step: int,
) -> dict[str, tuple[Any, Any]]:
    """Brings config.json up to date for a run that goes on at `step`, and adds what has changed to its history.

    data: what `config_file.data_to_json` returns.

    Returns what has changed by name, as (before, now). Code that is replaced is kept in the folder `history`.
    """
    here = {"versions": config_file.versions(), **devices()}
    update = {"settings": settings_module.to_json(settings), **here, "format": config_file.FORMAT}
    changed: dict[str, tuple[Any, Any]] = changes(config, settings)
    if differing := changed_code(folder, config, experiment):
        changed[CODE] = (str(_keep_code(folder, step)), "; ".join(differing))
        write_code(folder, experiment)
        update["modules"] = sorted(experiment.modules)
    if differing := changed_data(config, data["fingerprint"]):
        changed["data"] = (config["settings"].get("dataset"), "; ".join(differing))
    for name, version in here["versions"].items():
        if config.get("versions", {}).get(name, version) != version:
            changed[name] = (config["versions"][name], version)
    if len(config.get("devices", here["devices"])) != len(here["devices"]):
        changed["devices"] = (len(config["devices"]), len(here["devices"]))
    if changed or "fingerprint" not in config["data"] or config_file.whence(folder, config):
        entry = config_file.event(step, changed={name: list(values) for name, values in changed.items()})
        history = [*config["history"], *([entry] if changed else [])]
        update |= {"git_commit": config_file.git_commit(experiment.path.parent), "data": data, "history": history}
        config_file.write_config(folder, {**config, **update})
    return changed


def devices() -> dict[str, Any]:
    """Returns what config.json says of the devices."""
    found = jax.devices()
    return {
        "devices": [str(device) for device in found],
        "device_kind": found[0].device_kind,
        "processes": jax.process_count(),
    }


def _keep_code(folder: Path, step: int) -> Path:
    """Copies the code of a run to its folder `history`. Returns where it is, within `folder`."""
    kept = Path("history") / f"step_{step:08d}"
    if not (folder / kept).exists():  # it is there if the run was killed while it replaced the code
        aside = folder / "history" / ".tmp"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        shutil.copy2(folder / EXPERIMENT, aside)
        if (folder / MODULES).is_dir():
            shutil.copytree(folder / MODULES, aside / MODULES)
        aside.rename(folder / kept)
    return kept


def _advice(changed: dict[str, Any], differing: list[str], sweep: dict | None) -> str:
    if sweep is None and changed and len(changed) == len(differing):
        wanted = " ".join(f"{name}={_written(here)}" for name, (_, here) in changed.items())
        return f"Give another --workdir, or --change {wanted} to go on with these values."
    return "Give another --workdir."


def _written(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(values: Any) -> Any:
    return json.loads(json.dumps(values, default=str))


def _first_change(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    return next((line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")), "").strip()

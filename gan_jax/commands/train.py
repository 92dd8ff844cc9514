"""gan-jax train: trains an experiment, resumes a run, or goes on with other settings."""

import dataclasses
import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from tyro.conf import UseAppendAction, arg

from gan_jax.commands.shared import SEED, Trust, parse_experiment, parse_flags, start_jax
from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    from gan_jax.data import Dataset
    from gan_jax.game import Game
    from gan_jax.training import Settings
    from gan_jax.training.best import Evaluate, Evaluator
    from gan_jax.training.experiment import Experiment

# A run cannot change these: they say where it lies and how it began.
_FIXED = ("seed", "workdir", "data_dir", "init_from", "init_players", "init_optimizers")


def train_command(arguments: list[str]) -> None:
    """Runs `gan-jax train EXPERIMENT.py [flags]`. The flags are the fields of the experiment's Config, and --change.

    Or `gan-jax train RUN [flags]`, which resumes the run in a folder with the code and the settings that it keeps.
    """
    read = _kept if arguments and Path(arguments[0]).is_dir() else _given
    experiment, options = read(arguments)
    changes = [word for words in options.change for word in words]
    names = [_changed_name(word, experiment.config) for word in changes]
    if changes:
        # A change is the flag of the setting, with permission to differ from the run.
        flags = [flag for word in changes for flag in _flags(word, experiment.config)]
        experiment, options = read([*arguments, *flags])
    console = start_jax()

    from gan_jax.training.train import train

    train(experiment, options.settings, console, frozenset(names), _evaluator(options.settings))


def _evaluator(settings: "Settings") -> "Evaluator | None":
    """What evaluates the run while it trains, as `gan-jax evaluate` does. None if it is not evaluated."""
    if not settings.evaluate_every:
        return None
    from gan_jax.evaluation import Options, check_evaluation, evaluate_game
    from gan_jax.evaluation.features import CHOICES
    from gan_jax.evaluation.figures import figure
    from gan_jax.training.best import Judgement

    choice = settings.evaluate_features
    options = Options(count=settings.evaluate_samples, features=CHOICES[choice] if choice else None)

    def prepare(dataset: "Dataset", game: "Game") -> "Evaluate":
        check_evaluation(dataset, game, options)

        def evaluate(networks: dict[str, Any]) -> Judgement:
            found = evaluate_game(dataset, game, networks, SEED, options)
            figures = {name: found.figures[name] for name in found.measures}
            return Judgement(figures, figure(found.measures[0]).better == "higher", dict(found.settings))

        return evaluate

    return prepare


def _given(arguments: list[str]) -> "tuple[Experiment, Any]":
    return parse_experiment("train", arguments, _options)


def _kept(arguments: list[str]) -> "tuple[Experiment, Any]":
    """Returns the experiment that a run folder keeps, and options whose defaults are the settings that it keeps."""
    from gan_jax.training.run_folder import load_run

    folder = Path(arguments[0])
    run = load_run(folder, trust="--trust" in arguments)
    options = _options(run.experiment.config)
    default = options(settings=dataclasses.replace(run.settings, workdir=folder))
    parsed = parse_flags("train", arguments, options, run.experiment, default=default)
    if parsed.settings.workdir != folder:
        raise UsageError(f"--workdir {parsed.settings.workdir}: the run to resume is that in {folder}")
    return run.experiment, parsed


def _options(config: "type[Settings]") -> type:
    """A dataclass of the experiment's own flags, and of those about a run that goes on."""
    change = arg(
        help="Settings of a run to change from its newest checkpoint on, such as learning_rate=1e-4. The word code "
        "replaces the experiment's code. The history in config.json keeps what was changed, and at which step.",
        metavar="NAME=VALUE",
    )
    fields: list[Any] = [
        ("settings", Annotated[config, arg(name="")]),
        ("change", Annotated[tuple[tuple[str, ...], ...], UseAppendAction, change], dataclasses.field(default=())),
        ("trust", Trust, dataclasses.field(default=False)),
    ]
    return dataclasses.make_dataclass("Train", fields, frozen=True, kw_only=True)


def _changed_name(word: str, config: "type[Settings]") -> str:
    """Returns the name of the setting in a word such as "learning_rate=1e-4". Raises UsageError if it cannot change."""
    from gan_jax.training.same_run import CODE

    name, equals, _ = word.partition("=")
    name = name.strip().replace("-", "_")
    if name == CODE and not equals:
        return name
    names = [field.name for field in dataclasses.fields(config) if field.name not in _FIXED]
    if name in _FIXED:
        raise UsageError(f"--change {word}: a run cannot change its {name}")
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"settings are {', '.join(names)}"
        raise UsageError(f"--change {word}: the experiment has no such setting; {hint}")
    if not equals:
        raise UsageError(f"--change {word}: give its new value, {name}=VALUE")
    return name


def _flags(word: str, config: "type[Settings]") -> list[str]:
    """Returns the flags that set the setting in a word such as "learning_rate=1e-4"."""
    name, equals, value = word.partition("=")
    if not equals:
        return []
    name = name.strip().replace("_", "-")
    hint = get_type_hints(config)[name.replace("-", "_")]
    if hint is bool:
        if value.lower() not in ("true", "false"):
            raise UsageError(f"--change {word}: {value!r} is neither true nor false")
        return [f"--{name}" if value.lower() == "true" else f"--no-{name}"]
    takes_several = any(get_origin(each) is tuple for each in (hint, *get_args(hint)))
    return [f"--{name}", *(value.split(",") if takes_several else [value])]

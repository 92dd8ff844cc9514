"""The results of a sweep: a run folder for each member, a table and a picture of all."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.common.files import write_text
from gan_jax.data import Dataset
from gan_jax.evaluation import evaluate_game
from gan_jax.game import State
from gan_jax.reporting import Curve, Kind, Points, kind, save_sweep, smooth
from gan_jax.sweeps import statistics
from gan_jax.sweeps.members import Member
from gan_jax.sweeps.recorder import NEEDS, describe_failure
from gan_jax.sweeps.statistics import Combination, Outcome
from gan_jax.sweeps.varied_values import Value
from gan_jax.training import Settings, run_folder
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.config_file import read_config
from gan_jax.training.experiment import Experiment
from gan_jax.training.health import dead_at_the_end
from gan_jax.training.metrics_file import read_rows
from gan_jax.training.saved_state import to_device
from gan_jax.training.summary import RESULTS
from gan_jax.training.train import draw_samples

# The seed of the latents, which is the default of `gan-jax evaluate`.
_SEED = 1


@dataclass(frozen=True)
class Result:
    """The outcome of a member, and its lines of metrics.jsonl."""

    outcome: Outcome
    log: list[dict]


def write_members(
    folder: Path,
    population: Path,
    experiment: Experiment,
    settings: Settings,
    data: Dataset,
    members: Sequence[Member],
    states: State | None,
    console: Console,
) -> dict[str, Result]:
    """Writes the run folders of the members of a population. Returns their results by their names.

    folder: the folder of the sweep.
    population: the folder of the population.
    settings: the settings of the sweep.
    states: the final states of all these members, on the host, or None if every one has failed.

    Members that failed get no folder, since their states are useless. Folders from an earlier call are kept.
    """
    rows = read_rows(population / "metrics.jsonl", NEEDS)
    logs = [[_without_member(row) for row in rows if row["member"] == i] for i in range(len(members))]
    evaluated = True
    results = {}
    for i, (member, log) in enumerate(zip(members, logs, strict=True)):
        failure = next((row for row in log if "failed" in row), None)
        if failure:
            results[member.name] = Result(Outcome(member, describe_failure(failure), {}), log)
            continue
        run = folder / "members" / member.name
        run_settings = member.apply_to(settings)
        _write_member(run, experiment, run_settings, data, jax.tree.map(lambda x, i=i: x[i], states), log)
        if evaluated:
            console.print(f"evaluating member {i + 1} of {len(members)}: {run}")
            try:
                _evaluate(run, experiment, run_settings, data)
            except UsageError as error:
                console.print(f"the members are not evaluated: {error}")
                evaluated = False
        results[member.name] = Result(Outcome(member, None, _measures(run, log), dead_at_the_end(log)), log)
    return results


def write_comparison(folder: Path, results: Sequence[Result], console: Console) -> None:
    """Writes table.md, sweep.png and, at the end, results.json. Prints the table."""
    combinations = statistics.combine([result.outcome for result in results])
    write_text(folder / "table.md", statistics.to_markdown(combinations))
    _draw(combinations, {result.outcome.member.name: result.log for result in results}, folder / "sweep.png")
    write_text(folder / RESULTS, json.dumps(statistics.to_json(combinations), indent=2) + "\n")
    statistics.report(combinations, console)
    console.print(f"written to {folder}: table.md, sweep.png, {RESULTS}, members/")


def _without_member(row: dict) -> dict:
    """Returns the line as a single run would have it."""
    return {name: value for name, value in row.items() if name != "member"}


def _write_member(
    run: Path, experiment: Experiment, settings: Settings, data: Dataset, saved: State, log: Sequence[dict]
) -> None:
    if (run / "config.json").exists():  # it is written last
        return
    shutil.rmtree(run, ignore_errors=True)
    game, abstract = run_folder.build(experiment, settings, data.info)
    state = to_device(saved, abstract)
    checkpoints = Checkpoints(run / "checkpoints", settings.keep)
    try:
        checkpoints.save(int(state.step), saved)
        checkpoints.wait()
    finally:
        checkpoints.close()
    draw_samples(game, state, data, run)
    write_text(run / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in log))
    run_folder.create(run, experiment, settings, run_folder.describe_data(data))


def _evaluate(folder: Path, experiment: Experiment, settings: Settings, data: Dataset) -> None:
    if (folder / "evaluation.json").exists():
        return
    # The code is that of the sweep, and not what the folder holds: `load_run` would ask whether to trust it.
    run = run_folder.Run(folder, experiment, settings, data.info, read_config(folder))
    game, step, players = run.restore()
    evaluation = evaluate_game(data, game, players, _SEED)
    run_folder.write_evaluation(folder, step, _SEED, evaluation.to_json())


def _measures(run: Path, log: Sequence[dict]) -> dict[str, float]:
    path = run / "evaluation.json"
    figures = json.loads(path.read_text()) if path.exists() else {}
    measures = {name: figures[name] for name in figures.get("measures", ()) if figures[name] is not None}
    return measures | {name: float(np.mean(v[-max(1, round(len(v) / 10)) :])) for name, (_, v) in _losses(log).items()}


def _losses(log: Sequence[dict]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns by name the steps at which a loss was logged, and its values."""
    names = dict.fromkeys(name for row in log for name in row if kind(name) is Kind.LOSS)
    logged = {name: np.array([(row["step"], row[name]) for row in log if name in row], float) for name in names}
    return {name: (pairs[:, 0], pairs[:, 1]) for name, pairs in logged.items()}


def _draw(combinations: Sequence[Combination], logs: dict[str, list[dict]], path: Path) -> None:
    """Draws the losses over the steps, and at the end the first measure of the evaluation, or else the last losses."""
    curves: dict[str, list[Curve]] = {}
    results: dict[str, list[Points]] = {}
    for combination in combinations:
        label = ", ".join(map(_label, combination.values.values())) or "all members"
        finished = [_losses(logs[outcome.member.name]) for outcome in combination.finished]
        for name, (steps, _) in finished[0].items() if finished else ():
            spread = statistics.spread(np.array([smooth(losses[name][1]) for losses in finished]))
            curve = Curve(label, steps, spread.mean, spread.low, spread.high)
            curves.setdefault(statistics.title(name), []).append(curve)
        for name, spread in combination.spreads.items():
            points = Points(label, combination.numbers(name), spread.mean, spread.low, spread.high)
            results.setdefault(name, []).append(points)
    last = [name for name in results if not name.endswith("_loss")][:1] or list(results)
    if curves or last:
        labels = ", ".join(name.replace("_", " ") for name in combinations[0].values)
        titles = {name: f"{statistics.title(name)}, at the end" for name in last}
        save_sweep(curves, {titles[name]: results[name] for name in last}, labels, statistics.CONFIDENCE, path)


def _label(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)

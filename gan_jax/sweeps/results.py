"""The results of a sweep: a run folder for each member, a table and a picture."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset
from gan_jax.evaluation import evaluate_game
from gan_jax.game import State
from gan_jax.reporting import Curve, Kind, Points, kind, save_sweep, smooth
from gan_jax.sweeps import statistics
from gan_jax.sweeps.members import Member
from gan_jax.sweeps.recorder import describe_failure
from gan_jax.sweeps.statistics import Combination, Outcome
from gan_jax.training import Settings, run_folder
from gan_jax.training.checkpoints import Checkpoints, to_device
from gan_jax.training.experiment import Experiment
from gan_jax.training.recorder import read_rows
from gan_jax.training.train import draw_samples

RESULTS = "results.json"

# The seed of the latents, which is the default of `gan-jax evaluate`.
_SEED = 1


def write_results(
    folder: Path,
    experiment: Experiment,
    settings: Settings,
    data: Dataset,
    members: Sequence[Member],
    states: State,
    console: Console,
) -> None:
    """Writes the members' run folders, table.md, sweep.png and, at the end, results.json. Prints the table.

    states: the final states of all members, on the host.

    Members that failed get no folder, since their states are useless. Folders from an earlier call are kept.
    """
    rows = read_rows(folder / "metrics.jsonl")
    logs = [[_without_member(row) for row in rows if row["member"] == i] for i in range(len(members))]
    evaluated = True
    outcomes = []
    for i, (member, log) in enumerate(zip(members, logs, strict=True)):
        failure = next((row for row in log if "failed" in row), None)
        if failure:
            outcomes.append(Outcome(member, describe_failure(failure), {}))
            continue
        run = folder / "members" / member.name
        _write_member(run, experiment, member.apply_to(settings), data, jax.tree.map(lambda x, i=i: x[i], states), log)
        if evaluated:
            console.print(f"evaluating member {i + 1} of {len(members)}: {run}")
            try:
                _evaluate(run, data)
            except UsageError as error:
                console.print(f"the members are not evaluated: {error}")
                evaluated = False
        outcomes.append(Outcome(member, None, _measures(run, log)))

    combinations = statistics.combine(outcomes)
    run_folder.write_text(folder / "table.md", statistics.to_markdown(combinations))
    _draw(combinations, dict(zip([member.name for member in members], logs, strict=True)), folder / "sweep.png")
    run_folder.write_text(folder / RESULTS, json.dumps(statistics.to_json(combinations), indent=2) + "\n")
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
    checkpoints = Checkpoints(run / "checkpoints")
    try:
        checkpoints.save(int(state.step), saved)
        checkpoints.wait()
    finally:
        checkpoints.close()
    draw_samples(game, state, data, run)
    run_folder.write_text(run / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in log))
    run_folder.create(run, experiment, settings, data.info)


def _evaluate(folder: Path, data: Dataset) -> None:
    if (folder / "evaluation.json").exists():
        return
    game, step, players = run_folder.load_run(folder).restore()
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
        label = ", ".join(f"{value:g}" for value in combination.values.values()) or "all members"
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

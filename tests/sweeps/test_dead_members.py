"""A member of a sweep whose game dies: it goes on, and is named."""

import io
from collections.abc import Sequence

import numpy as np
from rich.console import Console

from gan_jax.sweeps import statistics
from gan_jax.sweeps.members import Member
from gan_jax.sweeps.recorder import NEEDS, MemberRecorder
from gan_jax.sweeps.statistics import Outcome
from gan_jax.training.health import dead_at_the_end
from gan_jax.training.metrics_file import MetricsFile, read_rows
from gan_jax.training.program import Packed
from gan_jax.training.recorder import Display

MEMBERS = [Member(0, {"learning_rate": rate}) for rate in (1e-4, 1e-1, 1e3)]
WHY = "the generator's gradients have been below 1e-08 since step 20"


def recorder(folder, start: int) -> tuple[MemberRecorder, io.StringIO]:
    console = Console(file=io.StringIO(), width=400)
    display, log = Display(console, 1000, start), MetricsFile(folder, start, NEEDS)
    options = {"start": start, "every": 20, "examples": 8, "fetch": lambda calls: calls}
    return MemberRecorder(log, display, MEMBERS, console, **options), console.file


def train(into: MemberRecorder, steps: range, losses: Sequence[float], norms: Sequence[float]) -> None:
    """Each member has these losses and norms of gradients at each step."""
    names = ("generator_loss", "generator_gradient_norm")
    for step in steps:
        into.add(step, 1, Packed(np.stack([losses, norms], -1)[None], names))
    into.record()
    into._lines.flush()


def test_members_die_one_by_one_and_say_the_same_after_a_resume(tmp_path):
    first, said = recorder(tmp_path, 0)
    train(first, range(400), [1.0, 1.0, 1.0], [1.0, 1.0, 0.0])
    assert first.dead is None
    assert said.getvalue().count(f"{MEMBERS[2].name} is dead at step 220: {WHY}\n") == 1
    rows = read_rows(tmp_path / "metrics.jsonl", NEEDS)
    assert [row for row in rows if "dead" in row] == [{"step": 220, "member": 2, "dead": WHY}]
    assert {row["step"] for row in rows if row["member"] == 2} == set(range(20, 420, 20))
    assert [dead_at_the_end([row for row in rows if row["member"] == i]) for i in range(3)] == [None, None, WHY]

    second, said = recorder(tmp_path, 300)
    train(second, range(300, 400), [1.0, 1.0, 1.0], [1.0, 1.0, 0.0])
    assert "is dead" not in said.getvalue()
    assert [row for row in read_rows(tmp_path / "metrics.jsonl", NEEDS) if "dead" in row] == [
        {"step": 220, "member": 2, "dead": WHY}
    ]


def test_a_sweep_is_dead_when_all_members_are_that_did_not_fail(tmp_path):
    into, _ = recorder(tmp_path, 0)
    train(into, range(240), [1.0, 1.0, 1.0], [1.0, 0.0, 0.0])
    assert into.dead is None
    train(into, range(240, 260), [np.nan, 1.0, 1.0], [1.0, 0.0, 0.0])
    assert into.dead == f"{MEMBERS[1].name}: {WHY}; {MEMBERS[2].name}: {WHY}"


def test_the_table_names_dead_members_and_counts_them():
    outcomes = [Outcome(MEMBERS[0], None, {"a": 1.0}), Outcome(MEMBERS[2], None, {"a": 2.0}, WHY)]
    combinations = statistics.combine(outcomes)
    assert f"- {MEMBERS[2].name} is dead: {WHY}. It is included." in statistics.to_markdown(combinations)
    assert MEMBERS[0].name + " is dead" not in statistics.to_markdown(combinations)
    members = statistics.to_json(combinations)["members"]
    assert [member["dead"] for member in members] == [None, WHY]
    assert combinations[1].spreads["a"].mean == 2

"""metrics.jsonl after damage, and what the recorder says of a game that dies, before and after a resume."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from gan_jax.training.metrics_file import MetricsFile, read_rows
from gan_jax.training.program import Packed
from gan_jax.training.recorder import Display, MetricsLog, Recorder

ROWS = [{"step": step, "generator_loss": step / 10} for step in (20, 40, 60)]


def write(path, *lines: bytes):
    path.write_bytes(b"".join(lines))
    return path


def line(row) -> bytes:
    return json.dumps(row).encode() + b"\n"


DAMAGE = [
    b"\x00\xff garbage\n",
    b'{"step": 40, "generator_lo\n',
    b"40\n",
    b"[1, 2]\n",
    b"null\n",
    b'{"generator_loss": 4.0}\n',
    b'{"step": "forty", "generator_loss": 4.0}\n',
    b'{"step": true, "generator_loss": 4.0}\n',
    b'{"step": -1, "generator_loss": 4.0}\n',
    b'{"step": 40, "generator_loss": [4.0]}\n',
    b'{"step": 40, "seconds": "long"}\n',
    b'{"step": 40, "seconds": ' + b"9" * 400 + b"}\n",
    b"[" * 100_000 + b"\n",
]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage[:30].decode(errors="replace"))
def test_only_the_damaged_lines_are_left_out_and_said(tmp_path, caplog, damage):
    path = write(tmp_path / "metrics.jsonl", line(ROWS[0]), damage, line(ROWS[1]), damage, line(ROWS[2]))
    assert read_rows(path) == ROWS
    (said,) = caplog.messages
    assert f"{path} has 2 damaged lines, the first of them is line 2" in said


@pytest.mark.parametrize("last", [b'{"step": 80, "gene', b"\x00" * 50, b""])
def test_an_incomplete_last_line_is_left_out_silently(tmp_path, caplog, last):
    assert read_rows(write(tmp_path / "metrics.jsonl", *map(line, ROWS), last)) == ROWS
    assert not caplog.messages


def test_a_missing_file_and_words_about_what_happened_are_not_damage(tmp_path, caplog):
    assert read_rows(tmp_path / "metrics.jsonl") == []
    rows = [
        {"step": 1, "images_per_second": None, "seconds": 1, "x": float("inf")},
        {"step": 2, "dead": "the samples"},
        {"step": 3, "alive": "again"},
        {"step": 4, "member": 0, "failed": "generator", "loss": "nan"},
    ]
    assert read_rows(write(tmp_path / "metrics.jsonl", *map(line, rows))) == rows
    assert not caplog.messages


def test_lines_of_a_sweep_need_a_member(tmp_path, caplog):
    path = write(tmp_path / "metrics.jsonl", line({"step": 1, "member": 0}), line({"step": 1}))
    assert read_rows(path, ("step", "member")) == [{"step": 1, "member": 0}]
    assert "1 damaged line," in caplog.text


def test_a_resume_keeps_damaged_lines_aside_and_goes_on_behind_the_others(tmp_path, caplog):
    for damage in (b"first", b"second"):
        path = write(tmp_path / "metrics.jsonl", line(ROWS[0]), damage + b"\n", line(ROWS[1]), line(ROWS[2]), b'{"st')
        file = MetricsFile(tmp_path, 40)
        file.add({"step": 60, "generator_loss": 7.0})
        file.close()
        assert read_rows(path) == [*ROWS[:2], {"step": 60, "generator_loss": 7.0}] == file.rows
    assert (tmp_path / "metrics.jsonl.damaged").read_bytes() == b"first\nsecond\n"
    assert [("line 2" in said, "metrics.jsonl.damaged" in said) for said in caplog.messages] == [(True, True)] * 2


def recorder(folder, start: int, log: type[MetricsFile] = MetricsFile):
    said = io.StringIO()
    display = Display(Console(file=said, width=400), 1000, start)
    return Recorder(log(folder, start), display, start=start, every=20, examples=8, fetch=lambda calls: calls), said


def train(into: Recorder, steps: range, norm: float) -> None:
    for step in steps:
        into.add(step, 1, Packed(np.array([[1.0, norm]]), ("generator_loss", "generator_gradient_norm")))
    into.record()


WHY = "the generator's gradients have been below 1e-08 since step 120"


def what_happened(folder) -> list[dict]:
    return [row for row in read_rows(folder / "metrics.jsonl") if "dead" in row or "alive" in row]


def test_a_death_and_a_recovery_are_each_said_once(tmp_path):
    into, said = recorder(tmp_path, 0)
    train(into, range(100), 1.0)
    train(into, range(100, 700), 0.0)
    assert into.dead == WHY
    train(into, range(700, 1000), 2.0)
    into._log.close()
    assert into.dead is None
    assert what_happened(tmp_path) == [{"step": 300, "dead": WHY}, {"step": 820, "alive": f"it is over that {WHY}"}]
    assert said.getvalue().count(f"the game is dead at step 300: {WHY}\n") == 1
    assert said.getvalue().count("the game is alive at step 820") == 1


@pytest.mark.parametrize("cut", [200, 280, 300, 400])
def test_a_run_that_was_resumed_says_the_same_at_the_same_step(tmp_path, cut):
    first, _ = recorder(tmp_path, 0)
    train(first, range(100), 1.0)
    train(first, range(100, 600), 0.0)
    first._log.close()
    whole = what_happened(tmp_path)
    second, _ = recorder(tmp_path, cut)
    assert (second.dead is not None) == (cut >= 300)
    train(second, range(cut, 600), 0.0)
    second._log.close()
    assert second.dead == first.dead == WHY
    assert what_happened(tmp_path) == whole == [{"step": 300, "dead": WHY}]
    assert [row["step"] for row in second._log.rows if "dead" not in row] == [*range(20, 601, 20)]


def test_the_progress_says_that_the_game_is_dead(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_jax.training.recorder._LINE_EVERY", 0.0)
    into, said = recorder(tmp_path, 0)
    train(into, range(200), 0.0)
    assert "DEAD" not in said.getvalue()
    train(into, range(200, 300), 0.0)
    into._log.close()
    assert "step 300/1000  DEAD  generator loss 1.000" in said.getvalue()


def test_measures_of_one_step_come_together(tmp_path):
    into, _ = recorder(tmp_path, 0)
    into.add(0, 1, Packed(np.array([[1.0]]), ("generator_loss",)))
    into.measured(1, {"accuracy_held_out": np.float32(0.5)})
    into.measured(1, {"sample_spread": 0.25})
    into.record()
    into._log.close()
    assert read_rows(tmp_path / "metrics.jsonl") == [{"step": 1, "accuracy_held_out": 0.5, "sample_spread": 0.25}]


def test_tensorboard_gets_the_numbers_and_pictures(tmp_path):
    from gan_jax.reporting import save_image

    log = MetricsLog(tmp_path, 0)
    log.add({"step": 20, "D(G(z))": 0.25, "images_per_second": None, "seconds": 1.0})
    log.add({"step": 40, "dead": "why"})
    save_image(np.full((8, 8, 1), 9, np.uint8), tmp_path / "a.png")
    log.picture(40, tmp_path / "a.png")
    log.close()
    (events,) = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    assert b"D_G_z" in content
    assert b"samples" in content
    assert b"dead" in content
    assert b"seconds" not in content

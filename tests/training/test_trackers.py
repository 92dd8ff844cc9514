"""Trackers: what they get, that training neither waits for them nor fails with them, and that a resume goes on."""

import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from support import tiny_gan
from support.command import finish, start

from gan_jax.common.errors import UsageError
from gan_jax.reporting import save_image
from gan_jax.training.recorder import MetricsLog
from gan_jax.training.trackers import Background, check_installed, numbers


class Listed:
    """A tracker that keeps what it gets."""

    def __init__(self):
        self.got = []

    def log(self, step, numbers):
        self.got.append((step, dict(numbers)))

    def picture(self, step, path):
        self.got.append((step, path))

    def close(self):
        self.got.append("closed")


def test_names_and_numbers():
    row = {
        "step": 20,
        "seconds": 1.5,
        "D(G(z))": 0.25,
        "D(x,G(x))": 1,
        "images_per_second": None,
        "G_loss": 2.0,
    }
    assert numbers(row) == {"D_G_z": 0.25, "D_x_G_x": 1.0, "G_loss": 2.0}
    assert numbers({"step": 20, "dead": "why"}) == {"dead": 1.0}
    assert numbers({"step": 20, "alive": "why"}) == {"dead": 0.0}


def test_calls_come_in_order_and_none_waits(tmp_path):
    begin, tracker = threading.Event(), Listed()

    def start():
        begin.wait()
        return tracker

    background = Background("listed", start)
    began = time.monotonic()
    for step in range(100):
        background.log(step, {"x": step / 2})
    background.picture(100, tmp_path)
    assert time.monotonic() - began < 1
    assert tracker.got == []
    begin.set()
    background.close()
    assert tracker.got == [*((step, {"x": step / 2}) for step in range(100)), (100, tmp_path), "closed"]


@pytest.mark.parametrize("where", ["start", "log", "close"])
def test_a_tracker_that_fails_is_one_warning(caplog, where):
    class Failing(Listed):
        def __getattribute__(self, name):
            if name == where:
                raise ConnectionError("the network is gone\nand more lines")
            return super().__getattribute__(name)

    def start():
        if where == "start":
            raise ConnectionError("the network is gone\nand more lines")
        return Failing()

    background = Background("wandb", start)
    for step in range(5):
        background.log(step, {})
    background.close()
    (said,) = caplog.messages
    assert said.startswith("wandb has failed")
    assert said.endswith(": the network is gone")


def test_the_end_of_a_run_does_not_wait_forever(caplog):
    forever = threading.Event()
    background = Background("mlflow", forever.wait, wait=0.05)
    began = time.monotonic()
    background.close()
    assert time.monotonic() - began < 5
    assert "mlflow has not taken all of this run" in caplog.text
    forever.set()


def test_a_missing_package_is_said_before_training(monkeypatch):
    monkeypatch.setattr("gan_jax.training.trackers.choices.find_spec", lambda name: None)
    check_installed(())
    with pytest.raises(UsageError, match=r"--track mlflow: .* pip install 'gan-jax\[mlflow\]'"):
        check_installed(("mlflow",))


def test_trackers_import_nothing_until_they_start():
    heavy = ("wandb", "mlflow", "tensorboardX", "torch")
    code = f"import sys, gan_jax.training.trackers; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def track(folder, start: int, name: str, steps: range, config: dict) -> None:
    log = MetricsLog(folder, start, (name,), config)
    for step in steps:
        log.add({"step": step, "D(G(z))": step / 100, "seconds": 1.0})
    save_image(np.full((8, 8, 1), 9, np.uint8), folder / "samples" / "a.png")
    log.picture(steps[-1], folder / "samples" / "a.png")
    log.close()


def test_wandb_goes_on_with_its_run(tmp_path, monkeypatch, caplog):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = tmp_path / "some run"
    track(run, 0, "wandb", range(20, 80, 20), {"learning_rate": 0.25, "steps": 60})
    track(run, 40, "wandb", range(60, 120, 20), {"learning_rate": 0.5, "steps": 100})
    wandb.teardown()  # as at the end of a process: its service has written all
    assert not caplog.messages
    # The names of the folders say the second too, and end otherwise where two begin in the same one.
    (id,) = {path.stem.removeprefix("run-") for path in (run / "wandb").glob("offline-run-*/*.wandb")}
    assert id == (run / "wandb" / "id").read_text()
    logged = [record for path in sorted((run / "wandb").glob("offline-run-*/*.wandb")) for record in stored(path)]
    steps = [int(item["step"]) for item in logged if "D_G_z" in item]
    assert steps == [20, 40, 60, 60, 80, 100]
    assert [float(item["D_G_z"]) for item in logged if "D_G_z" in item] == [step / 100 for step in steps]
    assert [int(item["step"]) for item in logged if any("samples" in name for name in item)] == [60, 100]


def stored(path):
    """The history in the file of an offline run, as name -> JSON.

    After 7 bytes of header it is a log of LevelDB: a checksum, a length and a type before each part of a record, and
    blocks of 32 KiB that no part crosses.
    """
    from wandb.proto import wandb_internal_pb2

    content, place, whole = path.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if 2**15 - place % 2**15 < 7:
            place += 2**15 - place % 2**15
            continue
        size, part = struct.unpack("<HB", content[place + 4 : place + 7])
        whole += content[place + 7 : place + 7 + size]
        place += 7 + size
        if part in (1, 4):  # a whole record, or the last part of one
            record = wandb_internal_pb2.Record.FromString(whole)
            whole = b""
            if record.WhichOneof("record_type") == "history":
                yield {item.key or "/".join(item.nested_key): item.value_json for item in record.history.item}


def test_mlflow_goes_on_with_its_run(tmp_path, monkeypatch, caplog):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "server").as_uri())
    run = tmp_path / "some run"
    track(run, 0, "mlflow", range(20, 80, 20), {"learning_rate": 0.25, "steps": 60})
    track(run, 40, "mlflow", range(60, 120, 20), {"learning_rate": 0.5, "steps": 100})
    assert not [record for record in caplog.records if record.name.startswith("gan_jax")]
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("gan-jax")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.run_id == (run / "mlflow" / "id").read_text()
    assert (found.info.run_name, found.info.status) == ("some run", "FINISHED")
    assert found.data.params == {"learning_rate": "0.25", "steps": "60"}
    history = client.get_metric_history(found.info.run_id, "D_G_z")
    assert sorted((point.step, point.value) for point in history) == [(s, s / 100) for s in (20, 40, 60, 60, 80, 100)]
    assert [file.path for file in client.list_artifacts(found.info.run_id, "samples")] == ["samples/a.png"]


def test_a_run_of_mlflow_that_is_gone_is_one_warning(tmp_path, monkeypatch, caplog):
    pytest.importorskip("mlflow").set_tracking_uri((tmp_path / "server").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    (tmp_path / "run" / "mlflow").mkdir(parents=True)
    (tmp_path / "run" / "mlflow" / "id").write_text("0" * 32)
    track(tmp_path / "run", 0, "mlflow", range(20, 60, 20), {})
    said = [record.getMessage() for record in caplog.records if record.name.startswith("gan_jax")]
    assert len(said) == 1
    assert "mlflow has failed" in said[0]
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
def test_a_run_is_followed_by_both_from_the_command(tmp_path):
    """In a process of its own, where both import and compile while jax does."""
    pytest.importorskip("wandb")
    pytest.importorskip("mlflow")
    uri = (tmp_path / "server").as_uri()  # its pictures lie there too
    arguments = ("train", tiny_gan.__file__, "--steps", 4, "--track", "wandb", "mlflow", "--workdir", tmp_path / "run")
    offline = {"WANDB_MODE": "offline", "MLFLOW_TRACKING_URI": uri, "MLFLOW_ALLOW_FILE_STORE": "true"}
    result = finish(start(*arguments, **offline))
    assert result.status == 0, result.err
    assert "has failed" not in result.err
    assert (tmp_path / "run" / "wandb" / "id").exists()
    assert (tmp_path / "run" / "mlflow" / "id").exists()
    assert list((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))

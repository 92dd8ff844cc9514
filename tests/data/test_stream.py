import itertools
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.streamed import Computed, Fatal, Witness

from gan_jax.common.errors import UserError
from gan_jax.data import Split, batch_indices, load, stream, take

pytestmark = pytest.mark.slow


def workers_alive():
    return [child for child in multiprocessing.active_children() if "prefetch" in child.name]


@pytest.fixture
def folder(tmp_path):
    for index in range(30):
        array = np.random.default_rng(index).integers(0, 256, (20, 24, 3), np.uint8)
        path = tmp_path / "images" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)
    return load(f"folder:{tmp_path}/images", resolution=16, memory_limit=0).train


@pytest.mark.parametrize(("workers", "start"), [(0, 0), (0, 5), (2, 3)])
def test_batches_are_those_of_their_steps(folder, workers, start):
    # The batch size does not divide the number of images, so batches cross the ends of epochs.
    batches = list(stream(folder, seed=4, start=start, batch_size=7, rows=slice(0, 7), workers=workers, batches=9))
    assert len(batches) == 9
    for step, batch in enumerate(batches, start):
        wanted = take(folder, batch_indices(4, step, 7, len(folder)))
        assert batch.keys() == wanted.keys() == {"image", "label"}
        np.testing.assert_array_equal(batch["image"], wanted["image"])
        np.testing.assert_array_equal(batch["label"], wanted["label"])
        assert (batch["image"].dtype, batch["label"].dtype) == (np.uint8, np.int32)
    assert not workers_alive()


@pytest.mark.parametrize("rows", [slice(4, 8), np.array([7, 0, 2])])
def test_a_process_gets_its_rows_of_the_global_batch(rows):
    split = Split(Computed(), None)
    for step, batch in enumerate(stream(split, seed=0, start=0, batch_size=8, rows=rows, workers=0, batches=10)):
        assert batch.keys() == {"image"}
        np.testing.assert_array_equal(batch["image"][:, 0, 0, 0], batch_indices(0, step, 8, 50)[rows])


def test_a_stream_has_no_end_unless_asked_for():
    split = Split(Computed(), None)
    batches = stream(split, seed=0, start=10**9, batch_size=8, rows=slice(None), workers=0)
    last = next(itertools.islice(batches, 99, None))
    np.testing.assert_array_equal(last["image"][:, 0, 0, 0], batch_indices(0, 10**9 + 99, 8, 50))
    batches.close()
    assert list(stream(split, seed=0, start=0, batch_size=8, rows=slice(None), workers=0, batches=0)) == []


def test_workers_decode_away_from_the_accelerator_and_end_with_the_stream():
    batches = stream(Split(Witness(), None), seed=0, start=0, batch_size=4, rows=slice(None), workers=1)
    assert next(batches)["image"].all()
    assert len(workers_alive()) == 1
    batches.close()
    assert not workers_alive()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_that_cannot_be_decoded_is_named(folder, workers):
    name = os.path.join(folder.images._root, folder.images._names[3])
    os.truncate(name, 200)
    with pytest.raises(UserError, match=name):
        list(stream(folder, seed=0, start=0, batch_size=8, rows=slice(None), workers=workers, batches=5))
    assert not workers_alive()


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")  # an ended process is listed as Z until its parent waits for it
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


SCRIPT = """
import multiprocessing, os, signal, sys, time
from support.streamed import Computed
from gan_jax.data import Split, stream

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs start without it
    batches = stream(Split(Computed(), None), seed=0, start=0, batch_size=4, rows=slice(None), workers=1)
    next(batches)
    print(multiprocessing.active_children()[0].pid, flush=True)
    {ending}
"""


@pytest.mark.parametrize(
    ("ending", "status"),
    [("pass", 0), ("os.kill(os.getpid(), signal.SIGKILL)", -9), ("os.killpg(0, signal.SIGINT); time.sleep(60)", -2)],
)
def test_workers_end_with_a_program_however_it_ends(tmp_path, ending, status):
    (tmp_path / "script.py").write_text(SCRIPT.format(ending=ending))
    result = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=100,
        start_new_session=True,
    )
    assert result.returncode == status, result.stderr
    assert "Exception ignored" not in result.stderr
    assert result.stderr.count("Traceback") == (status == -2)  # only from the main process
    worker, patience = int(result.stdout), time.monotonic() + 10
    while is_alive(worker):
        assert time.monotonic() < patience
        time.sleep(0.05)


def test_a_worker_that_dies_is_an_error_and_not_a_wait():
    with pytest.raises(UserError, match="process that decodes images died"):
        next(stream(Split(Fatal(), None), seed=0, start=0, batch_size=8, rows=slice(None), workers=1))

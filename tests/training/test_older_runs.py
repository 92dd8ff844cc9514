"""Run folders that version 0.1 wrote, kept as they were after 4 of 8 steps: they are sampled and resumed.

Each archive's metrics.jsonl has all 8 steps, as that version trained them.
"""

import json
import tarfile
from pathlib import Path

import pytest
from support.command import EXPERIMENTS, gan_jax, metrics

from gan_jax.training.older_runs import upgrade_checkpoint

pytestmark = pytest.mark.slow

ARCHIVES = Path(__file__).parent / "runs_of_version_1"


def unpack(name, folder):
    with tarfile.open(ARCHIVES / f"{name}.tgz") as archive:
        archive.extractall(folder, filter="data")
    # The experiments lay side by side then; by now they are in groups.
    config = json.loads((folder / name / "config.json").read_text())
    config["path"] = str(EXPERIMENTS / f"{name}.py")
    (folder / name / "config.json").write_text(json.dumps(config))
    return folder / name


# Latents have keys of their own since, and so other values. What D says of real images when the run goes on does not
# depend on them.
LATENTS = ("r1", "wgan")


# r1 is lazy, and did not remember its last penalty; wgan has old names of an argument and of a setting; cyclegan of
# entries of the memory; denoising imports pix2pix, which it did not keep.
@pytest.mark.parametrize("name", ["r1", "wgan", "cyclegan", "denoising"])
def test_it_is_resumed_where_it_stopped(capsys, tmp_path, name):
    run = unpack(name, tmp_path)
    before = metrics(run)
    result = gan_jax(capsys, "train", run)
    assert result.status == 0, result.err
    assert "at step 4 of 8" in result.out
    after = metrics(run)
    assert [row["step"] for row in after] == [row["step"] for row in before] == list(range(1, 9))
    if name in LATENTS:
        assert after[4]["D(x)"] == pytest.approx(before[4]["D(x)"], rel=1e-2)
        before = before[:4]
    for row, other in zip(after, before, strict=False):
        for key in other.keys() - {"discriminator_r1"}:
            # The same steps, but for other versions of jax, which round otherwise.
            assert row[key] == pytest.approx(other[key], rel=1e-3, abs=1e-5), (name, row["step"], key)


def test_it_is_sampled(capsys, tmp_path):
    run = unpack("wgan", tmp_path)
    result = gan_jax(capsys, "sample", run, "--count", 4, "--out", tmp_path / "grid.png")
    assert result.status == 0, result.err
    assert "step 4" in result.out


def test_it_is_extended(capsys, tmp_path):
    run = unpack("wgan", tmp_path)
    result = gan_jax(capsys, "train", run, "--steps", 9)
    assert result.status == 0, result.err
    config = json.loads((run / "config.json").read_text())
    assert config["format"] == 3
    assert config["history"][-1]["changed"]["steps"] == [8, 9]


def test_the_memory_of_a_lazy_regularizer_goes_where_it_is_now():
    at = ("memory", "discriminator", "0")
    saved = {(*at, "real"): 1.0, ("params", "last"): 2.0, ("memory", "history_A", "count"): 3.0}
    wanted = [(*at, "last"), (*at, "inner", "real"), ("params", "last"), ("memory", "pool_A", "count")]
    upgraded = upgrade_checkpoint(saved, wanted)
    assert upgraded.keys() == set(wanted)
    assert [float(upgraded[name]) for name in wanted] == [0.0, 1.0, 2.0, 3.0]

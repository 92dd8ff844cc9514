"""Starting a run from another one, or from an export: what is taken, what is not, and that it is said."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file
from support import tiny_gan
from support.command import EXPERIMENTS, SMALL, assert_same_bits, checkpoint, gan_jax, metrics, refused

TINY = tiny_gan.__file__


@pytest.fixture
def source(trained):
    return trained


def train(capsys, run, source, *arguments, steps=2):
    return gan_jax(
        capsys, "train", TINY, "--steps", steps, "--seed", 5, "--init-from", source, "--workdir", run, *arguments
    )


def group(arrays, *names):
    start = "".join(f"['{name}']" for name in names)
    return {name: array for name, array in arrays.items() if name.startswith(start)}


def same(a, b, *names):
    first, second = group(a, *names), group(b, *names)
    assert first.keys() == second.keys()
    assert first
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_all_networks_are_taken_and_optimizers_are_new(capsys, source, tmp_path):
    run = tmp_path / "run"
    result = train(capsys, run, source)
    assert result.status == 0, result.err
    assert f"generator: 4 arrays from {source}, step 4\n" in result.out
    assert f"discriminator: 4 arrays from {source}, step 4\n" in result.out
    before, after = checkpoint(source, 4), checkpoint(run, 0)
    assert same(before, after, "params")
    assert same(before, after, "ema")
    assert not same(before, after, "opt_state")
    assert all(not array.any() for array in group(after, "opt_state").values())
    assert after["['step']"] == 0
    assert not np.array_equal(before["['key']"], after["['key']"])  # that of --seed 5
    entry = json.loads((run / "config.json").read_text())["history"][0]
    assert (entry["start_from"], entry["start_from_step"]) == (str(source), 4)


def test_an_export_is_taken_with_its_averages(capsys, source, tmp_path):
    assert gan_jax(capsys, "export", source, tmp_path / "export").status == 0
    result = train(capsys, tmp_path / "run", tmp_path / "export")
    assert result.status == 0, result.err
    assert f"generator: 4 arrays from {tmp_path / 'export'}\n" in result.out
    before, after = checkpoint(source, 4), checkpoint(tmp_path / "run", 0)
    assert same(before, after, "params", "discriminator")
    assert same(before, after, "ema")
    averaged = {name.replace("['ema']['generator']['params']", ""): x for name, x in group(before, "ema").items()}
    taken = {name.replace("['params']['generator']", ""): x for name, x in group(after, "params", "generator").items()}
    assert all(np.array_equal(taken[name], averaged[name]) for name in taken)


def test_optimizers_are_taken_on_request(capsys, source, tmp_path):
    assert train(capsys, tmp_path / "run", source, "--init-optimizers").status == 0
    assert same(checkpoint(source, 4), checkpoint(tmp_path / "run", 0), "opt_state")


def test_chosen_players(capsys, source, tmp_path):
    assert train(capsys, tmp_path / "run", source, "--init-players", "discriminator").status == 0
    before, after = checkpoint(source, 4), checkpoint(tmp_path / "run", 0)
    assert same(before, after, "params", "discriminator")
    assert not same(before, after, "params", "generator")
    assert not same(before, after, "ema", "generator")


def test_it_does_not_need_the_other_run_afterwards_and_resumes_to_the_bit(capsys, source, tmp_path):
    shutil.copytree(source, tmp_path / "copy")
    run = tmp_path / "run"
    assert train(capsys, run, tmp_path / "copy", steps=4).status == 0
    whole, rows = checkpoint(run, 4), metrics(run)
    shutil.rmtree(tmp_path / "copy")
    for step in (2, 4):
        shutil.rmtree(run / "checkpoints" / str(step))
    result = gan_jax(capsys, "train", run)
    assert "resuming" not in result.out  # at step 0
    assert result.status == 0, result.err
    assert_same_bits(checkpoint(run, 4), whole)
    assert metrics(run) == rows


def test_other_layers_keep_their_initial_values_and_are_listed(capsys, source, tmp_path):
    run = tmp_path / "run"
    result = train(capsys, run, source, "--layers", 3)
    assert result.status == 0, result.err
    # The discriminator is the same. The generator's first layer is too; its second has another shape, its third is new.
    assert f"discriminator: 4 arrays from {source}, step 4\n" in result.out
    assert "generator: 2 arrays" in result.out
    for words in ("Dense_1/kernel ((4, 2) there and (4, 3) here)", "Dense_2/kernel (not there)"):
        assert words in result.out
    left = json.loads((run / "config.json").read_text())["history"][0]["left"]
    assert len(left["generator"]) == 4
    assert left["discriminator"] == {}


@pytest.mark.slow
def test_other_classes(capsys, tmp_path):
    """A conditional GAN of ten classes starts one of five: all but what belongs to the classes is taken."""
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    np.savez(tmp_path / "five.npz", images=images, labels=np.arange(40) % 5)
    experiment, runs = EXPERIMENTS / "labels" / "conditional.py", (tmp_path / "ten", tmp_path / "five")
    assert gan_jax(capsys, "train", experiment, *SMALL, "--steps", 1, "--workdir", runs[0]).status == 0
    other = ("--dataset", f"npz:{tmp_path / 'five.npz'}", "--init-from", runs[0])
    result = gan_jax(capsys, "train", experiment, *SMALL, *other, "--steps", 1, "--workdir", runs[1])
    assert result.status == 0, result.err
    left = json.loads((runs[1] / "config.json").read_text())["history"][0]["left"]
    # Labels are joined to the input: only the first kernels depend on their number.
    assert {player: list(arrays) for player, arrays in left.items()} == {
        "discriminator": ["network/Conv_0/kernel"],
        "generator": ["network/ConvTranspose_0/kernel"],
    }
    assert all(name in result.out for arrays in left.values() for name in arrays)


def test_what_there_is_nothing_to_take_from(capsys, source, tmp_path):
    run = tmp_path / "run"
    refused(train(capsys, run, tmp_path), "is neither a run, with checkpoints/, nor an export")
    refused(train(capsys, run, source, "--init-players", "critic"), "the players are", "discriminator")
    (tmp_path / "export").mkdir()
    save_file({"generator/params/Conv_0/kernel": np.zeros(3)}, tmp_path / "export" / "model.safetensors")
    result = train(capsys, run, tmp_path / "export")
    refused(result, "no array of discriminator or generator has the same name and shape there")
    (tmp_path / "export" / "model.safetensors").write_text("nothing")
    refused(train(capsys, run, tmp_path / "export"), "cannot read", "model.safetensors")
    refused(gan_jax(capsys, "train", TINY, "--init-optimizers", "--workdir", run), "give --init-from RUN too")
    assert not run.exists()
    refused(gan_jax(capsys, "sweep", TINY, "--init-from", source, "--workdir", run), "--init-from", "gan-jax train can")


def test_frozen_arrays_keep_their_values(capsys, source, tmp_path):
    run = tmp_path / "run"
    result = train(capsys, run, source, "--freeze", "discriminator/_Layers_0/Dense_0", "generator", steps=4)
    assert result.status == 0, result.err
    before, after = checkpoint(run, 0), checkpoint(run, 4)
    assert same(before, after, "params", "generator")
    changed = {
        name for name, x in group(before, "params", "discriminator").items() if not np.array_equal(x, after[name])
    }
    assert changed
    assert not any("Dense_0" in name for name in changed)
    # They are released again on purpose.
    assert gan_jax(capsys, "train", run, "--steps", 6, "--change", "freeze=generator").status == 0
    assert not same(after, checkpoint(run, 6), "params", "discriminator", "_Layers_0", "Dense_0")


def test_a_frozen_layer_that_does_not_exist(capsys, tmp_path):
    result = gan_jax(capsys, "train", TINY, "--freeze", "discriminator/Conv_9", "--workdir", tmp_path / "run")
    refused(result, "--freeze discriminator/Conv_9: there are no such arrays", "discriminator/_Layers_0")

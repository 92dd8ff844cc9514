"""The modules that an experiment imported: a run folder keeps them, uses them, and refuses a run of others."""

import json
import shutil
import sys

import numpy as np
import pytest
from support.command import gan_jax, refused, settle

from gan_jax.commands.main import main
from gan_jax.inference import sample_images
from gan_jax.training.run_folder import load_run

pytestmark = pytest.mark.slow

# Its samples lie about SHIFT, SCALE wide, whatever is trained.
EXPERIMENT = """
import contextlib
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax
import shifts
from lab.scales import SCALE

from gan_jax.game import Game, Outcome, Player
from gan_jax.training import Settings

with contextlib.suppress(ImportError):
    import extra
with contextlib.suppress(ImportError):
    import optional

@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    dataset: str = "ring"

def build(config, data):
    def init(key):
        return {"generator": {"params": jnp.zeros(data.dimensions)}}, {}

    def objective(params, state, batch, key):
        return jnp.mean((params["generator"] - batch["image"]) ** 2), Outcome({}, {})

    return Game(
        (Player("generator", objective, optax.sgd(0.1)),),
        init,
        latents=lambda key, count: jax.random.normal(key, (count, data.dimensions)),
        sample=lambda networks, latents: SCALE * latents + shifts.SHIFT,
    )
"""
NEIGHBOURS = {
    "lab/__init__.py": "",
    "lab/scales.py": '"""Scales."""\n\nSCALE = 0.25\n',
    "optional.py": "",
    "shifts.py": "SHIFT = 3.0\n",
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a finished run of two steps, its experiment and the experiment's neighbours."""
    folder = tmp_path_factory.mktemp("kept")
    for name, text in {"mine.py": EXPERIMENT, **NEIGHBOURS, "unused.py": "X = 1\n"}.items():
        write(folder / name, text)
    main([str(word) for word in arguments(folder)])
    return folder


@pytest.fixture
def copy(trained, tmp_path):
    """The same in another place; the run has the first place in its configuration."""
    copy = shutil.copytree(trained, tmp_path / "copy")
    settle(copy / "run")
    return copy


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def arguments(folder):
    return "train", folder / "mine.py", "--steps", 2, "--log-every", 1, "--workdir", folder / "run"


def test_every_module_is_kept_by_its_name_and_no_other(trained):
    run = trained / "run"
    assert json.loads((run / "config.json").read_text())["modules"] == sorted(NEIGHBOURS)
    kept = {str(path.relative_to(run / "modules")): path.read_text() for path in (run / "modules").rglob("*.*")}
    assert kept == NEIGHBOURS


def test_a_run_with_the_same_neighbours_goes_on(copy, capsys):
    result = gan_jax(capsys, *arguments(copy))
    assert result.status == 0, result.err
    assert "is complete" in result.out


CHANGES = {
    "a module": (
        {"shifts.py": "SHIFT = 4.0\n"},
        ["shifts.py, which the experiment imports, has changed (first: '-SHIFT = 3.0')"],
    ),
    "a submodule": (
        {"lab/scales.py": '"""Scales."""\n\n# Wider.\nSCALE = 0.5\n'},
        ["lab/scales.py, which the experiment imports, has changed (first: '-SCALE = 0.25')"],
    ),
    "a line more": (
        {"shifts.py": "SHIFT = 3.0\nOTHER = 1\n"},
        ["shifts.py, which the experiment imports, has changed (first: '+OTHER = 1')"],
    ),
    "one more": ({"extra.py": ""}, ["the experiment imports extra.py here and did not there"]),
    "one less": ({"optional.py": None}, ["the experiment imported optional.py there and does not here"]),
    "a neighbour's neighbour": (
        {"shifts.py": "from lab import more\nSHIFT = 3.0\n", "lab/more.py": ""},
        ["the experiment imports lab/more.py here", "shifts.py, which", "(first: '+from lab import more')"],
    ),
    "a package without __init__.py": (
        {"lab/__init__.py": None},
        ["the experiment imported lab/__init__.py there and does not here"],
    ),
    "the experiment itself": (
        {"mine.py": EXPERIMENT.replace("sgd(0.1)", "sgd(0.2)")},
        ["the experiment's file has changed (first: '-", "optax.sgd(0.1)"],
    ),
}


def change(folder, changes):
    for name, text in changes.items():
        if text is None:
            (folder / name).unlink()
        else:
            write(folder / name, text)


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_whose_neighbours_have_changed_does_not_go_on(copy, capsys, name):
    changes, words = CHANGES[name]
    change(copy, changes)
    before = {path: path.read_bytes() for path in (copy / "run").rglob("*") if path.is_file()}
    refused(gan_jax(capsys, *arguments(copy)), "holds another run", *words, "Give another --workdir")
    assert {path: path.read_bytes() for path in (copy / "run").rglob("*") if path.is_file()} == before


def test_what_the_experiment_does_not_import_may_change(copy, capsys):
    change(copy, {"unused.py": "X = 2\n", "lab/unused.py": ""})
    assert "is complete" in gan_jax(capsys, *arguments(copy)).out


def test_a_run_of_before_modules_were_kept_goes_on(copy, capsys):
    path = copy / "run" / "config.json"
    config = json.loads(path.read_text())
    del config["modules"]
    path.write_text(json.dumps(config))
    change(copy, {"shifts.py": "SHIFT = 4.0\n"})
    assert "is complete" in gan_jax(capsys, *arguments(copy)).out


def moved(copy, tmp_path):
    """The run in another place, and nothing left where it was."""
    (copy / "run").rename(tmp_path / "other_name")
    shutil.rmtree(copy)
    return settle(tmp_path / "other_name")


def edited(copy, tmp_path):
    change(copy, {"shifts.py": "SHIFT = 4.0\n", "lab/scales.py": "SCALE = 9.0\n", "extra.py": "1 / 0\n"})
    return copy / "run"


def gone(copy, tmp_path):
    shutil.rmtree(copy / "lab")
    for name in ("mine.py", "shifts.py", "optional.py"):
        (copy / name).unlink()
    return copy / "run"


@pytest.mark.parametrize("happens", [edited, gone, moved])
def test_a_run_is_sampled_and_evaluated_with_the_modules_that_it_kept(copy, tmp_path, capsys, monkeypatch, happens):
    # As if it had been trained there.
    config = copy / "run" / "config.json"
    config.write_text(config.read_text().replace(json.loads(config.read_text())["path"], str(copy / "mine.py")))
    drawn = []
    monkeypatch.setattr("gan_jax.inference.sample_picture", lambda samples, *rest: drawn.append(samples))
    monkeypatch.setattr("gan_jax.reporting.save_image", lambda *arguments: None)

    def used(run):
        for command in (("sample", run, "--count", 4), ("evaluate", run)):
            result = gan_jax(capsys, *command)
            assert result.status == 0, result.err
        return drawn[-1], (run / "evaluation.json").read_text()

    samples, figures = used(copy / "run")
    samples_since, figures_since = used(happens(copy, tmp_path))
    assert abs(samples - 3).max() < 4 * 0.25
    np.testing.assert_array_equal(samples_since, samples)
    assert figures_since == figures


def test_a_run_remembers_the_modules_that_it_kept(trained):
    run = load_run(trained / "run")
    assert run.experiment.modules == NEIGHBOURS
    assert run.experiment.path == trained / "mine.py"


def test_runs_of_different_neighbours_each_draw_with_their_own(trained, copy):
    write(copy / "run" / "modules" / "shifts.py", "SHIFT = -3.0\n")
    runs = [load_run(folder / "run") for folder in (trained, copy)]
    samples = []
    for run in runs:
        game, _, networks = run.restore()
        samples.append(sample_images(game, networks, 4, 0))
    np.testing.assert_allclose(samples[0] - samples[1], 6, rtol=1e-6)


def test_loading_a_run_writes_nothing_into_it(copy, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # as it is by default
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    game, step, networks = load_run(copy / "run").restore()
    assert step == 2
    sample_images(game, networks, 4, 0)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before

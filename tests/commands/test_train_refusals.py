"""What a user of gan-jax train can get wrong: one clear line each, the right exit status, and never a traceback."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import tiny_translation
from support.command import DIGITS, EXPERIMENTS, SMALL, checkpoint, finish, gan_jax, metrics, poisoned, refused, start

LABELS = EXPERIMENTS / "labels"
RING = EXPERIMENTS / "modes" / "ring.py"


def test_misspelt_flag(capsys):
    refused(gan_jax(capsys, "train", DIGITS, "--lerning-rate", "1e-3"), "--lerning-rate", "--learning-rate")


def test_value_of_the_wrong_type(capsys):
    refused(gan_jax(capsys, "train", DIGITS, "--steps", "many"), "--steps", "many")


def test_missing_experiment_file(capsys):
    refused(gan_jax(capsys, "train", Path(DIGITS).with_name("dcgan_digit.py")), "dcgan_digit.py", "dcgan_digits.py")


def test_an_experiment_file_that_is_in_a_folder_beside_it(capsys):
    named = Path(DIGITS).parents[1] / "dcgan_digits.py"
    refused(gan_jax(capsys, "train", named), f"did you mean {DIGITS}?")


def test_flags_before_the_experiment(capsys):
    refused(gan_jax(capsys, "train", "--steps", "3"), "experiment's file comes first")


@pytest.mark.parametrize(
    ("source", "words"),
    [("def build(:\n", ["line 1"]), ("\nimport nowhere_at_all\n", ["line 2", "nowhere_at_all"]), ("x = 1", ["Config"]),
     ("from gan_jax.training import Settings\nclass Config(Settings): pass\n", ["build"]), ("\0", ["mine.py"])],
)  # fmt: skip
def test_broken_experiment(capsys, tmp_path, source, words):
    path = tmp_path / "mine.py"
    path.write_text(source)
    refused(gan_jax(capsys, "train", path), "mine.py", *words)


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *(("--steps", 0), ("--steps", -5), ("--batch-size", 0), ("--seed", -1)),
        *(("--log-every", 0), ("--sample-every", 0), ("--width", 0), ("--latent-size", -1)),
    ],
)
def test_numbers_out_of_range(capsys, tmp_path, flag, value):
    refused(gan_jax(capsys, "train", DIGITS, flag, value, "--workdir", tmp_path / "run"), flag, str(value))
    assert not (tmp_path / "run").exists()


def test_resolution_that_the_networks_cannot_have(capsys, tmp_path):
    result = gan_jax(capsys, "train", DIGITS, "--resolution", 18, "--workdir", tmp_path / "run")
    refused(result, "DCGAN cannot be built for images of 18x18", "the nearest sizes are 16x16 and 20x20")


def test_sizes_that_stylegan2_cannot_have(capsys, tmp_path):
    stylegan2 = EXPERIMENTS / "unconditional" / "stylegan2.py"
    for flag, words in (("--style", "the size of a style must be at least 1"), ("--most", "the most features of a")):
        refused(gan_jax(capsys, "train", stylegan2, flag, 0, "--workdir", tmp_path / "run"), words)
    assert not (tmp_path / "run").exists()


def test_a_batch_that_packs_do_not_divide(capsys, tmp_path):
    packing = EXPERIMENTS / "modes" / "packing.py"
    refused(
        gan_jax(capsys, "train", packing, "--batch-size", 63, "--workdir", tmp_path / "run"), "batch of 63 examples"
    )


def test_batch_size_that_the_devices_do_not_divide(tmp_path):
    process = start("train", DIGITS, "--batch-size", 12, "--workdir", tmp_path / "run", devices=8)
    refused(finish(process), "12", "8 devices")


@pytest.mark.parametrize("spec", ["digit", "tfds:", "mnist", "folder:/no/such/folder", "npz:/no/such.npz"])
def test_dataset_that_does_not_exist(capsys, tmp_path, spec):
    refused(gan_jax(capsys, "train", DIGITS, "--dataset", spec, "--workdir", tmp_path / "run"), spec.split(":")[-1])


def test_unreadable_image_in_a_folder(capsys, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(4):
        Image.fromarray(np.full((8, 8), i, np.uint8)).save(folder / f"{i}.png")
    (folder / "empty.png").touch()
    result = gan_jax(capsys, "train", DIGITS, "--dataset", f"folder:{folder}", "--workdir", tmp_path / "run")
    refused(result, "empty.png")
    assert not (tmp_path / "run").exists()


def test_workdir_of_another_configuration(capsys, tmp_path):
    run = tmp_path / "run"
    assert gan_jax(capsys, "train", DIGITS, *SMALL, "--steps", 2, "--workdir", run).status == 0
    result = gan_jax(capsys, "train", DIGITS, *SMALL, "--steps", 2, "--seed", 5, "--width", 8, "--workdir", run)
    refused(result, "seed is 0 there and 5 here", "width is 4 there and 8 here", "--workdir")

    changed = tmp_path / "dcgan_digits.py"
    changed.write_text(Path(DIGITS).read_text().replace("b1=0.5", "b1=0.9"))
    result = gan_jax(capsys, "train", changed, *SMALL, "--steps", 2, "--workdir", run)
    refused(result, "the experiment's file has changed", "adam")


@pytest.mark.slow
@pytest.mark.parametrize("per_call", [1, 20])
def test_a_loss_that_is_not_finite_stops_the_run(capsys, tmp_path, per_call):
    experiment, run = poisoned(tmp_path, "state.step == 32"), tmp_path / "run"
    arguments = (*SMALL, "--steps", 100, "--checkpoint-every", 10, "--steps-per-call", per_call)
    result = gan_jax(capsys, "train", experiment, *arguments, "--workdir", run)
    refused(result, "the loss of the generator became nan at step 33", status=1)
    # The last checkpoint is from before, and whole.
    steps = sorted(int(path.name) for path in (run / "checkpoints").iterdir())
    assert steps == [10, 20, 30]
    assert all(np.isfinite(value).all() for value in checkpoint(run, 30).values())
    assert metrics(run)[-1]["step"] == 32
    assert gan_jax(capsys, "sample", run, "--count", 1, "--out", tmp_path / "one.png").status == 0


def test_more_examples_than_there_are(capsys, tmp_path):
    result = gan_jax(capsys, "train", DIGITS, *SMALL, "--examples", 5000, "--workdir", tmp_path / "run")
    refused(result, "--examples must be from 1 to digits's 1348 training images, not 5000")
    assert not (tmp_path / "run").exists()


def test_a_workdir_that_cannot_be_made(capsys, tmp_path):
    (tmp_path / "file").touch()
    result = gan_jax(capsys, "train", DIGITS, *SMALL, "--steps", 2, "--workdir", tmp_path / "file" / "run")
    refused(result, "cannot write", "Not a directory", status=1)


@pytest.mark.slow
def test_a_full_disk(tmp_path):
    """A limit on the size of files fails the write of a checkpoint as a full disk does, when it is under way."""
    run = tmp_path / "run"
    arguments = ["train", DIGITS, *SMALL, "--width", "32", "--steps", "40", "--checkpoint-every", "20"]
    process = subprocess.run(
        [sys.executable, "-c", "from gan_jax.commands.main import main; main()", *arguments, "--workdir", str(run)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
        timeout=200,
    )
    assert process.returncode == 1, process.stderr
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("gan-jax: error: cannot write")
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize("name", ["conditional", "acgan", "semi_supervised"])
def test_data_without_labels_are_refused(capsys, tmp_path, gray_noise, name):
    run = tmp_path / "run"
    result = gan_jax(capsys, "train", LABELS / f"{name}.py", "--dataset", gray_noise, "--workdir", run)
    refused(result, "labels")
    assert not run.exists()


@pytest.mark.parametrize(
    ("classes", "message"), [(5, "of 5 classes, not of the 10"), (12, "of 12 classes, not of the 10")]
)
def test_a_game_of_other_classes_than_the_data_is_refused(capsys, tmp_path, classes, message):
    source = (LABELS / "conditional.py").read_text()
    (tmp_path / "other.py").write_text(source.replace("len(data.classes)", str(classes)))
    refused(gan_jax(capsys, "train", tmp_path / "other.py", "--workdir", tmp_path / "run"), message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("value", "message"), [(0, "at least 1, not 0"), (200, "of class")])
def test_labels_that_cannot_be_kept_are_refused(capsys, tmp_path, value, message):
    run = tmp_path / "run"
    arguments = "train", LABELS / "semi_supervised.py", "--labels-per-class", value, "--workdir", run
    refused(gan_jax(capsys, *arguments), message)
    assert not run.exists()


@pytest.mark.parametrize("name", ["acgan", "biggan", "conditional", "projection"])
def test_labels_are_not_hidden_from_a_conditional_game(capsys, tmp_path, name):
    run = tmp_path / "run"
    arguments = "train", LABELS / f"{name}.py", "--dataset", "digits", "--labels-per-class", 10, "--workdir", run
    refused(gan_jax(capsys, *arguments), "needs the label of every image, and --labels-per-class hides some")
    assert not run.exists()


def test_a_negative_weight_is_refused(capsys, tmp_path):
    run = tmp_path / "run"
    result = gan_jax(capsys, "train", LABELS / "acgan.py", "--class-weight", -1, "--workdir", run)
    refused(result, "at least 0, not -1.0")
    assert not run.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((RING, "--flip"), "--flip mirrors images, and ring has points"),
     ((RING, "--dataset", "digits"), "one of points, and the data are images"),
     ((DIGITS, "--dataset", "ring"), "one of images, and the data are points of 2 numbers")],
)  # fmt: skip
def test_what_points_and_images_cannot_share(capsys, tmp_path, arguments, words):
    result = gan_jax(capsys, "train", *arguments, "--workdir", tmp_path / "run")
    refused(result, words)
    assert not (tmp_path / "run").exists()


def test_what_translations_and_other_games_cannot_share(capsys, tmp_path):
    run, tiny = tmp_path / "run", tiny_translation.__file__
    refused(gan_jax(capsys, "train", tiny, "--dataset", "digits", "--workdir", run), "the data have no targets")
    unpaired = ("--pairs", "--dataset", "shuffled:edges:digits", "--workdir", run)
    refused(gan_jax(capsys, "train", tiny, *unpaired), "learns from pairs", "unpaired")
    refused(gan_jax(capsys, "train", DIGITS, "--jitter", "--dataset", "ring", "--workdir", run), "--jitter")
    assert not run.exists()

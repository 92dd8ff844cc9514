"""Texts from the shell: trained, sampled as lines, pictures and arrays, evaluated, exported and refused."""

import json

import numpy as np
import pytest
from PIL import Image
from support.command import EXPERIMENTS, gan_jax, refused

pytestmark = pytest.mark.slow

APPLICATIONS = EXPERIMENTS / "applications"
TINY = ("--width", 4, "--batch-size", 4, "--steps", 2, "--sample-every", 2, "--resolution", 24)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "lines.txt"
    path.write_text("".join(f"Line {i} of sixty\n" for i in range(60)))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, lines):
    from gan_jax.commands.main import main

    folder = tmp_path_factory.mktemp("texts") / "run"
    flags = (*TINY, "--dataset", f"text:{lines}", "--workdir", folder)
    main(["train", str(APPLICATIONS / "text_policy.py"), *map(str, flags)])
    return folder


def test_samples_are_lines_pictures_and_arrays(run, lines, tmp_path, capsys):
    assert Image.open(run / "samples" / "step_00000002.png").height == 20 * 33 - 1  # two columns of 20 lines
    for name in ("a.txt", "a.png", "a.gif", "a.npz"):
        result = gan_jax(capsys, "sample", run, "--count", 5, "--out", tmp_path / name)
        assert result.status == 0, result.err
    written = (tmp_path / "a.txt").read_text().split("\n")
    assert len(written) == 6
    assert set("".join(written)) <= set(lines.read_text().lower())
    arrays = np.load(tmp_path / "a.npz")
    assert arrays["texts"].tolist() == written[:5]
    again = ("--latents", tmp_path / "a.npz", "--out", tmp_path / "b.txt")
    assert gan_jax(capsys, "sample", run, *again).status == 0
    assert (tmp_path / "b.txt").read_text() == (tmp_path / "a.txt").read_text()


def test_evaluation_and_export(run, tmp_path, capsys):
    result = gan_jax(capsys, "evaluate", run)
    assert result.status == 0, result.err
    found = json.loads((run / "evaluation.json").read_text())
    assert found["measures"] == ["ngram_distance", "bits_per_character"]
    assert found["settings"]["count"] == 10
    assert len(found["texts"]) == 10
    assert all(text in result.out for text in found["texts"])
    exported = tmp_path / "exported"
    assert gan_jax(capsys, "export", run, exported).status == 0
    for source, name in ((run, "a.txt"), (exported, "b.txt")):
        assert gan_jax(capsys, "sample", source, "--count", 5, "--out", tmp_path / name).status == 0
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "b.txt").read_text()


@pytest.mark.parametrize("name", ["text_likelihood", "text_gumbel"])
def test_the_other_experiments_train_on_a_file_and_start_from_each_other(name, run, lines, tmp_path, capsys):
    flags = (*TINY, "--dataset", f"text:{lines}", "--init-from", run, "--init-players", "generator")
    result = gan_jax(capsys, "train", APPLICATIONS / f"{name}.py", *flags, "--workdir", tmp_path / "run")
    assert result.status == 0, result.err


def test_what_does_not_suit_texts_is_refused(run, digits_run, tmp_path, capsys):
    folder = f"{tmp_path}/folder/"
    refused(gan_jax(capsys, "sample", run, "--out", folder), "the samples are texts, and a folder holds single images")
    refused(gan_jax(capsys, "sample", run, "--interpolate", "--out", tmp_path / "a.png"), "noise for each character")
    refused(gan_jax(capsys, "sample", digits_run, "--out", tmp_path / "a.txt"), "images, and a .txt file holds texts")
    refused(gan_jax(capsys, "detect", run, tmp_path / "scores.csv"))
    experiment = APPLICATIONS / "text_gumbel.py"
    on_digits = ("train", experiment, "--dataset", "digits", "--workdir", tmp_path / "run")
    refused(gan_jax(capsys, *on_digits), "the experiment is one of texts, and the data are images")
    on_texts = ("train", EXPERIMENTS / "unconditional" / "dcgan_digits.py", "--dataset", "grammar", "--resolution", 32)
    refused(gan_jax(capsys, *on_texts, "--workdir", tmp_path / "run"), "one of images, and the data are texts")
    flipped = ("train", experiment, "--flip", "--workdir", tmp_path / "run")
    refused(gan_jax(capsys, *flipped), "--flip mirrors images, and grammar has texts")
    assert not list(tmp_path.iterdir())
